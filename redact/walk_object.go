package redact

import (
	"bytes"
	"strconv"
)

// objectState is what the walk through one object remembers.
type objectState struct {
	open    int    // where the object begins
	comma   int    // the comma behind the last member, -1 when every member so far is gone
	renamed int    // keys that were rewritten
	place   int    // of the next member in the order of the object's node
	named   []byte // {"key": "phone", "value": …}: the name that the value has
}

// object walks an object. A member that must go takes its comma with it.
func (r *Redactor) object(d *document, n int32, depth int) outcome {
	s := objectState{open: d.pos, comma: -1}
	d.pos++
	d.space()
	if d.pos < len(d.src) && d.src[d.pos] == '}' {
		d.pos++
		return whole
	}
	for {
		if r.quickMembers(d, n, &s) {
			return whole
		}
		d.space()
		start, base := d.pos, len(r.edits)
		o := r.member(d, n, depth, &s)
		if o == cutOff {
			return o
		}
		if o == malformed {
			r.truncateEdits(base, d.restart)
			return o
		}
		end := d.pos
		d.space()
		if d.pos < len(d.src) && d.src[d.pos] != ',' && d.src[d.pos] != '}' {
			r.edits = r.edits[:base]
			return d.bad(start)
		}
		if o == removed {
			r.edits = r.edits[:base]
			r.dropMember(d, start, end, s.comma)
		}
		if d.pos >= len(d.src) {
			return cutOff
		}
		d.pos++
		if d.src[d.pos-1] == '}' {
			return whole
		}
		if o != removed || s.comma >= 0 {
			s.comma = d.pos - 1
		}
	}
}

// dropMember takes a member out, with the comma before it, or, as long as no member is left, with the
// one behind it.
func (r *Redactor) dropMember(d *document, start, end, comma int) {
	switch {
	case comma >= 0:
		r.push(comma, end, nil)
	case d.pos < len(d.src) && d.src[d.pos] == ',':
		r.push(start, d.pos+1, nil)
	default:
		r.push(start, end, nil)
	}
}

// member walks one member of an object: its key and its value.
func (r *Redactor) member(d *document, n int32, depth int, s *objectState) outcome {
	start := d.pos
	if start >= len(d.src) {
		return cutOff
	}
	c, o := r.memberKey(d, n, depth, s)
	if o != whole {
		return o
	}
	d.space()
	if d.pos >= len(d.src) {
		return cutOff
	}
	if d.src[d.pos] != ':' {
		return d.bad(start)
	}
	d.pos++
	d.space()
	if d.pos >= len(d.src) {
		return cutOff
	}
	if r.tree.at(c).role != ordinary {
		c = r.namedValue(d, n, c, depth, s)
	}
	inside := d.src[d.pos] == '{' || d.src[d.pos] == '['
	o = r.walk(d, c, depth+1)
	if o == malformed && !inside {
		d.restart = start
	}
	return o
}

// memberKey reads the key of a member and gives its node.
func (r *Redactor) memberKey(d *document, n int32, depth int, s *objectState) (c int32, o outcome) {
	start := d.pos
	if d.src[start] != '"' {
		return noNode, d.bad(start)
	}
	if len(r.echoes) == 0 {
		if c = r.expectedKey(d, n, s.place); c != noNode {
			s.place++
			return c, whole
		}
	}
	raw, complete := d.skipString()
	key := r.decoded(d, raw)
	if !complete {
		r.cutKey(raw, start+1, key, n)
		return noNode, cutOff
	}
	c = r.child(n, key, depth+1)
	s.place = r.tree.follow(n, s.place, c)
	if !r.tree.at(c).cleanKey {
		if name := r.rewriteKey(d, raw, start+1, key, n, s); name != nil {
			c = r.child(n, name, depth+1) // what holds for the key that it is now, as it will the second time
		}
	} else if len(r.echoes) > 0 {
		base := len(r.edits)
		r.pushEchoes(raw, start+1)
		r.sortEdits(base)
	}
	return c, whole
}

// expectedKey moves behind the key at d.pos when it is the one that usually is in that place.
func (r *Redactor) expectedKey(d *document, n int32, place int) int32 {
	c := r.tree.expected(n, place)
	if c == noNode {
		return noNode
	}
	expected := &r.tree.nodes[c]
	end := d.pos + 1 + len(expected.key)
	if !expected.cleanKey || !expected.bare || end >= len(d.src) || d.src[end] != '"' || string(d.src[d.pos+1:end]) != string(expected.key) {
		return noNode
	}
	d.pos = end + 1
	return c
}

// role is what a key says of its neighbours: in {"key": "phone", "value": …}, as OTLP and others write
// attributes, the value is that of a field named phone.
type role uint8

const (
	ordinary role = iota
	nameOfValue
	valueOfName
)

func roleOf(key []byte) role {
	switch string(key) {
	case "key", "name", "field", "attribute", "header", "param", "label", "type", "k":
		return nameOfValue
	case "value", "val", "v":
		return valueOfName
	}
	return ordinary
}

// namedValue remembers a name for the value that follows, and gives the value the node of that name.
func (r *Redactor) namedValue(d *document, n, c int32, depth int, s *objectState) int32 {
	if r.tree.at(c).role == valueOfName {
		if s.named != nil {
			return r.child(n, s.named, depth+1)
		}
		return c
	}
	if d.src[d.pos] == '"' {
		at := d.pos
		raw, complete := d.skipString()
		d.pos = at
		if complete && len(raw) <= maxNodeKey {
			s.named = r.decoded(d, raw)
		}
	}
	return c
}

// decoded gives the content of a string without escapes, in the arena when there were any.
func (r *Redactor) decoded(d *document, raw []byte) []byte {
	if d.plain || bytes.IndexByte(raw, '\\') < 0 {
		return raw
	}
	from := len(r.arena)
	r.arena = unescape(r.arena, raw)
	return r.arena[from:len(r.arena):len(r.arena)]
}

// cutKey looks for findings in a key that the end of the text cuts off.
func (r *Redactor) cutKey(raw []byte, at int, key []byte, n int32) {
	base := len(r.edits)
	f := keyField(r.tree.at(n).field)
	r.pushFindings(key, 0, &f, n)
	r.mapEdits(r.edits[base:], raw, at)
}

// rewriteKey puts markers into a key, and a number behind it when the object has that key already. It
// gives the new key, nil when there is none.
func (r *Redactor) rewriteKey(d *document, raw []byte, at int, key []byte, n int32, s *objectState) []byte {
	f := keyField(r.tree.at(n).field)
	base := len(r.edits)
	r.pushFindings(key, 0, &f, n)
	if len(r.edits) == base {
		return nil
	}
	name := quote(nil, build(nil, key, r.edits[base:])) // such keys are rare: the allocations do no harm
	r.edits = r.edits[:base]
	s.renamed++
	unique, number := name, s.renamed
	for number > 1 && number == s.renamed || hasKey(d.src[s.open:], unique) {
		number = max(number, 2)
		unique = append(append(name[:len(name):len(name)], '#'), strconv.Itoa(number)...)
		number++
	}
	s.renamed = max(s.renamed, number-1)
	r.push(at, at+len(raw), unique)
	return unescape(nil, unique)
}

// hasKey reports whether text holds the key, as it is written.
func hasKey(text, key []byte) bool {
	for {
		i := bytes.Index(text, key)
		if i < 0 {
			return false
		}
		if i > 0 && text[i-1] == '"' && i+len(key) < len(text) && text[i+len(key)] == '"' {
			return true
		}
		text = text[i+1:]
	}
}
