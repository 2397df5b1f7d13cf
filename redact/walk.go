package redact

import "bytes"

// outcome says how far a value could be read.
type outcome uint8

const (
	whole     outcome = iota // to its end
	removed                  // to its end; the member or item that holds it must go
	cutOff                   // the text ended inside of it
	malformed                // it is not JSON: document.restart is where to go on with other means
)

// document is JSON text that is being walked: a record, or a string inside of one. The walker is
// tolerant: it reads what was cut off up to its end, and stops where something is no JSON.
type document struct {
	src     []byte
	pos     int
	restart int  // after malformed: the start of the member or item that is no JSON
	level   int  // encodings undone to get at src
	plain   bool // there is no backslash in src
	equals  bool // there may be key=value in its strings
}

// space skips white space.
func (d *document) space() {
	for d.pos < len(d.src) && d.src[d.pos] <= ' ' && isSpace(d.src[d.pos]) {
		d.pos++
	}
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }

func (d *document) bad(restart int) outcome {
	d.restart = restart
	return malformed
}

// walk redacts the value at d.pos, which is that of node n at a depth.
func (r *Redactor) walk(d *document, n int32, depth int) outcome {
	d.space()
	if d.pos >= len(d.src) {
		return cutOff
	}
	switch d.src[d.pos] {
	case '"':
		return r.stringValue(d, n, depth)
	case '{', '[':
		return r.container(d, n, depth)
	default:
		return r.bareValue(d, n)
	}
}

// container walks an object or array, unless an action takes it as a whole or it is too deep.
func (r *Redactor) container(d *document, n int32, depth int) outcome {
	if act := r.tree.at(n).field.Act; act != nil && !r.tree.at(n).field.Leaves {
		switch act.Op {
		case OpDrop, OpReplace, OpWithhold:
			r.hit(act, n)
			return r.hideContainer(d, act.Op, r.markerOf(act))
		}
	}
	if depth >= r.limits.Depth {
		r.hits.Withheld[BeyondDepth]++
		if r.limits.DropBeyond {
			return r.hideContainer(d, OpDrop, nil)
		}
		return r.hideContainer(d, OpWithhold, withheldMarker)
	}
	if d.src[d.pos] == '{' {
		return r.object(d, n, depth)
	}
	return r.array(d, n, depth)
}

// hideContainer replaces an object or array by a string, or has it removed.
func (r *Redactor) hideContainer(d *document, op Operator, marker []byte) outcome {
	start := d.pos
	complete := d.skipContainer()
	if op == OpDrop && complete {
		return removed
	}
	r.push(start, d.pos, r.quoted(marker))
	if !complete {
		return cutOff
	}
	return whole
}

// skipContainer moves behind an object or array, looking at nothing but brackets and strings. It
// reports whether the end was there.
func (d *document) skipContainer() bool {
	open := 0
	for d.pos < len(d.src) {
		switch d.src[d.pos] {
		case '"':
			if _, complete := d.skipString(); !complete {
				return false
			}
			continue
		case '{', '[':
			open++
		case '}', ']':
			open--
		}
		d.pos++
		if open == 0 {
			return true
		}
	}
	return false
}

// skipString moves behind the string at d.pos and gives its content as it is written. The last string
// of a text that was cut off has no end.
func (d *document) skipString() (raw []byte, complete bool) {
	start := d.pos + 1
	at := start
	for {
		end := bytes.IndexByte(d.src[at:], '"')
		if end < 0 {
			d.pos = len(d.src)
			return d.src[start:], false
		}
		end += at
		if d.plain || !escaped(d.src[start:end]) {
			d.pos = end + 1
			return d.src[start:end], true
		}
		at = end + 1
	}
}

// escaped reports whether text ends in an odd number of backslashes.
func escaped(text []byte) bool {
	n := len(text)
	for n > 0 && text[n-1] == '\\' {
		n--
	}
	return (len(text)-n)%2 == 1
}

// bareValue handles numbers and the words true, false and null.
func (r *Redactor) bareValue(d *document, n int32) outcome {
	start := d.pos
	for d.pos < len(d.src) && !endsBare[d.src[d.pos]] {
		d.pos++
	}
	raw := d.src[start:d.pos]
	switch {
	case isNumber(raw):
		return r.number(raw, start, n)
	case string(raw) == "true" || string(raw) == "false" || string(raw) == "null":
		return whole
	}
	return d.bad(start)
}

// endsBare are the bytes that end a value without quotes.
var endsBare = [256]bool{' ': true, '\t': true, '\n': true, '\r': true, ',': true, '}': true, ']': true, '"': true, ':': true, '{': true, '[': true}

// isNumber reports whether text is a number as JSON writes it.
func isNumber(text []byte) bool {
	i := 0
	if i < len(text) && text[i] == '-' {
		i++
	}
	whole := digitsEnd(text, i)
	if whole == i || text[i] == '0' && whole > i+1 {
		return false
	}
	i = whole
	if i < len(text) && text[i] == '.' {
		fraction := digitsEnd(text, i+1)
		if fraction == i+1 {
			return false
		}
		i = fraction
	}
	if i < len(text) && text[i]|0x20 == 'e' {
		i++
		if i < len(text) && (text[i] == '+' || text[i] == '-') {
			i++
		}
		exponent := digitsEnd(text, i)
		if exponent == i {
			return false
		}
		i = exponent
	}
	return i == len(text)
}

// digitsEnd gives where the digits end that begin at i.
func digitsEnd(text []byte, i int) int {
	for i < len(text) && isDigit(text[i]) {
		i++
	}
	return i
}
