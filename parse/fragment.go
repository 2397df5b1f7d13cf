package parse

import (
	"bytes"
	"encoding/binary"
)

// part says what a text is of its record. It depends on the line alone, never on what was held before:
// the joiner's state must be a function of the lines since the oldest held fragment.
type part uint8

const (
	partNone   part = iota // no fragment
	partMore               // more follows
	partMiddle             // a fragment if its record has begun, else none
	partWhole              // looks like a whole object; if it proves to be unfinished, more follows
	partLast               // the last fragment, or a whole record
)

// dockerFragment is the size of Docker's fragments, 16 KiB, less the bytes by which a character that
// was cut in two can change it.
const dockerFragment = 16<<10 - 4

// dockerPart tells Docker's fragments from whole lines. Docker ends every line with a newline, other
// shippers cut it off: a whole object is a record in either case.
func dockerPart(text []byte, maxDepth int) part {
	if len(text) == 0 || text[len(text)-1] == '\n' {
		return partLast
	}
	if text[0] >= '0' && text[0] <= '9' {
		if _, ok := parseCRI(text); ok {
			return partNone // its own tag says whether it is a fragment
		}
	}
	closed := text[len(text)-1] == '}'
	switch {
	case text[0] == '{' && closed:
		return partWhole
	case text[0] == '{' && scan(text, maxDepth) == isOpen, len(text) >= dockerFragment:
		return partMore
	case closed: // the rest of an object, its newline cut off
		return partLast
	}
	return partMiddle // Docker writes a part so when the application ends without a newline
}

// fragment reads a text that may be a part of a split record.
func (p *Parser) fragment(pt part, stream, text []byte) Reason {
	if pt == partWhole && scan(text, p.opt.MaxDepth) == isOpen {
		pt = partMore
	}
	if pt == partMore {
		p.streamKey(stream)
		time, known := p.layerTime()
		p.join.hold(p.joinKey, text, p.in.Offset, time, known)
		return Held
	}
	g := p.groupOf(stream)
	if pt == partNone || g == nil {
		return p.text(text)
	}
	if pt == partMiddle {
		if p.join.extend(g, text, p.in.Offset) {
			return Held
		}
		return p.text(text)
	}
	if t := trim(text); len(t) > 0 && t[0] == '{' && scan(t, p.opt.MaxDepth) == isObject {
		p.join.giveUp(g) // a whole object cannot be the end of another: that one's end never came
		return p.text(text)
	}
	return p.joinLast(g, text)
}

// groupOf gives the group of a stream, nil when nothing of it is held.
func (p *Parser) groupOf(stream []byte) *group {
	if p.join.open == 0 {
		return nil
	}
	p.streamKey(stream)
	return p.join.find(p.joinKey)
}

// joinLast reads a record of which the last fragment has come.
func (p *Parser) joinLast(g *group, text []byte) Reason {
	p.joined = len(g.offsets)
	p.wasJoined = true
	if g.timeKnown {
		l := &p.layers[p.n-1].rec
		l.Time, l.TimeState = g.time, Present
	}
	whole, ok := p.join.end(g, text)
	if !ok {
		return TooLong
	}
	return p.text(whole)
}

// layerTime gives the time that the envelope of a fragment names.
func (p *Parser) layerTime() (ns int64, known bool) {
	l := &p.layers[p.n-1].rec
	return l.Time, l.TimeState == Present
}

// What tells containers apart in the envelopes that name them.
var containerIDs = [...]Path{
	NewPath("container_id"), NewPath("container.id"), NewPath("kubernetes.docker_id"), NewPath("kubernetes.container_id"),
	NewPath("kubernetes.pod_id"), NewPath("kubernetes.pod_name"), NewPath("kubernetes.container_name"),
	NewPath("kubernetes.pod.uid"), NewPath("kubernetes.pod.name"), NewPath("kubernetes.container.name"),
	NewPath("docker.container_id"), NewPath("docker.id"), NewPath("log.file.path"), NewPath("file"), NewPath("filename"),
	NewPath("topic"), NewPath("partition"), NewPath("key"),
}

// streamKey makes p.joinKey of all that tells one stream of fragments from another: the carrier's stream,
// stdout or stderr, and the container. Each part goes with its length, so that two keys never run together.
func (p *Parser) streamKey(stream []byte) {
	p.joinKey = appendPart(p.joinKey[:0], p.in.Stream)
	p.joinKey = appendPart(p.joinKey, stream)
	kept := len(p.scratch)
	for i := range p.n {
		v := p.layers[i].rec.Object
		if v == nil {
			continue
		}
		for j, id := range containerIDs {
			if text, s := p.scalar(id.in(v)); s == Present {
				p.joinKey = append(p.joinKey, byte(j))
				p.joinKey = appendPart(p.joinKey, text)
			}
		}
	}
	p.scratch = p.scratch[:kept]
}

func appendPart(dst, text []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(text)))
	return append(dst, text...)
}

// sameKey is a name for what the joiner compares.
func sameKey(a, b []byte) bool { return bytes.Equal(a, b) }

// JoinedText gives, after OK or a failure, the text of the record that the last Parse joined from
// fragments, without the envelopes around them; nil when the line stands for itself. It is valid until the
// next Parse.
func (p *Parser) JoinedText() []byte {
	if p.joined == 0 {
		return nil
	}
	return p.join.whole
}
