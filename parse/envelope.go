package parse

import (
	"bytes"

	"github.com/valyala/fastjson"
)

// inner is what an envelope carries: a text, or an object that the shipper has decoded already.
type inner struct {
	text   []byte
	object *fastjson.Value
	// isKey marks a text that is the envelope's own key too: if it turns out to be no record, the
	// envelope is one, with this text as its key.
	isKey bool
	// split marks a text that may be a fragment; part says which.
	split     bool
	part      part
	stream    []byte
	tombstone bool
}

// envelope tells whether an object is an envelope, and what it carries. An object that has a key of
// its own is one only if that key begins like a record.
func (p *Parser) envelope(l *layer) (inner, bool) {
	f := &p.found
	if f.seen[fieldMark] != 0 && f.has(fieldMark, markTopic) && f.has(fieldMark, markPartition) &&
		f.has(fieldMark, markOffset) && f.has(fieldCarrier, carrierPayload) {
		return p.kcat(l)
	}
	if l.rec.KeyState == Present {
		if beginsRecord(l.rec.Key) {
			return inner{text: l.rec.Key, isKey: true}, true
		}
		if f.seen[fieldCarrier]&^(1<<carrierMessage) == 0 || !f.has(fieldMark, markAgent) {
			return inner{}, false
		}
		return p.decodedByFilebeat()
	}
	if f.seen[fieldCarrier] == 0 {
		return inner{}, false
	}
	return p.carriedWithoutKey(l)
}

// decodedByFilebeat finds the object beside the text that it was decoded from.
func (p *Parser) decodedByFilebeat() (inner, bool) {
	v := p.found.get(fieldCarrier, carrierJSON)
	return inner{object: v}, v != nil && p.isRecord(v)
}

// carriedWithoutKey looks at all carriers of an object that has no key.
func (p *Parser) carriedWithoutKey(l *layer) (inner, bool) {
	for c := carrierLogProcessed; c < carrierCount; c++ {
		v := p.found.get(fieldCarrier, c)
		if v == nil {
			continue
		}
		switch v.Type() {
		case fastjson.TypeObject:
			if c == carrierLogProcessed || p.isRecord(v) {
				return inner{object: v}, true
			}
		case fastjson.TypeString:
			text := v.GetStringBytes()
			if beginsRecord(text) || c == carrierLog && l.rec.LevelState == Absent {
				return p.logText(c, text), true
			}
		}
	}
	return inner{}, false
}

// logText is a text in a field that is no key; in "log" it may be a fragment.
func (p *Parser) logText(carrier int, text []byte) inner {
	in := inner{text: text}
	if carrier != carrierLog {
		return in
	}
	in.split = true
	in.stream = p.found.get(fieldMark, markStream).GetStringBytes()
	if tag := p.found.get(fieldMark, markLogtag).GetStringBytes(); len(tag) > 0 {
		in.part = criPart(tag)
	} else {
		in.part = dockerPart(text, p.opt.MaxDepth)
	}
	return in
}

// kcat reads the envelope of `kcat -J`: the payload is the line, and its time is the carrier's.
func (p *Parser) kcat(l *layer) (inner, bool) {
	if l.rec.TimeState == Present {
		p.carrierTime = l.rec.Time
	}
	l.rec = Record{Object: l.rec.Object}
	v := p.found.get(fieldCarrier, carrierPayload)
	switch v.Type() {
	case fastjson.TypeNull:
		return inner{tombstone: true}, true
	case fastjson.TypeString:
		return inner{text: v.GetStringBytes()}, true
	}
	return inner{object: v}, true
}

// unwrap reads what an envelope carries.
func (p *Parser) unwrap(l *layer, in inner) Reason {
	switch {
	case in.tombstone:
		return Tombstone
	case in.object != nil && in.object.Type() != fastjson.TypeObject:
		return NotObject
	case in.object != nil:
		return p.nested(in.object)
	case in.split && !p.wasJoined:
		return p.fragment(in.part, in.stream, in.text)
	case in.isKey:
		return p.unwrapKey(l, in.text)
	}
	return p.text(in.text)
}

// unwrapKey reads a key that begins like a record. If it is none, the object around it is the record: a
// free text may begin with a brace, and an application may log an object that is no log record.
func (p *Parser) unwrapKey(l *layer, text []byte) Reason {
	outer, depth, joined := l.rec, p.n, p.joined
	l.rec.Key, l.rec.KeyState = nil, Absent
	r := p.text(text)
	ownLevel := outer.LevelState == Present
	switch {
	case r == OK && (p.batch.active || p.n > depth+1 || !ownLevel || known(&p.layers[depth].rec)):
		return OK
	case r == Held || r == Truncated && !ownLevel:
		return r
	}
	if p.joined != joined { // the text was the end of a split record
		return r
	}
	p.n = depth
	l.rec = outer
	return OK
}

// known reports whether an object looks like a log record at all.
func known(rec *Record) bool {
	return rec.KeyState != Absent || rec.LevelState != Absent || rec.TimeState != Absent
}

// isRecord reports whether a decoded object has a key, which tells a record from an object that
// only describes one (ECS's "log").
func (p *Parser) isRecord(v *fastjson.Value) bool {
	o := v.GetObject()
	if o == nil {
		return false
	}
	for _, name := range p.fields.keyNames {
		if o.Get(name) != nil {
			return true
		}
	}
	return false
}

// beginsRecord reports whether a text begins like a record: with a brace, a cookie, or the header of CRI
// or syslog.
func beginsRecord(text []byte) bool {
	i := skipSpace(text, 0)
	if i == len(text) {
		return false
	}
	switch c := text[i]; {
	case c == '{':
		return true
	case c == '@':
		return bytes.HasPrefix(text[i:], []byte("@cee:"))
	case c == '<':
		_, ok := parseSyslog(trim(text))
		return ok
	case c >= '0' && c <= '9':
		_, ok := parseCRI(text[i:])
		return ok
	}
	return false
}
