package redact

import "bytes"

// arrayState is what the walk through one array remembers.
type arrayState struct {
	items   int32 // the node of objects and arrays in it, noNode until there is one
	named   int32 // the node that the item before gives a name, noNode for none
	headers bool  // names and values in turn, as HTTP libraries have headers
	index   int
}

// array walks an array. An item that must go becomes null, so that the others keep their places.
func (r *Redactor) array(d *document, n int32, depth int) outcome {
	d.pos++
	d.space()
	if d.pos < len(d.src) && d.src[d.pos] == ']' {
		d.pos++
		return whole
	}
	s := arrayState{items: noNode, named: noNode, headers: r.holdsHeaders(n)}
	for ; ; s.index++ {
		d.space()
		start, base := d.pos, len(r.edits)
		switch o := r.walk(d, r.itemNode(d, n, depth, &s), depth+1); o {
		case cutOff:
			return o
		case malformed:
			r.truncateEdits(base, d.restart)
			return o
		case removed:
			r.edits = r.edits[:base]
			r.push(start, d.pos, null)
		}
		r.noteName(d.src[start:d.pos], n, depth, &s)
		d.space()
		if d.pos >= len(d.src) {
			return cutOff
		}
		switch d.src[d.pos] {
		case ',':
			d.pos++
		case ']':
			d.pos++
			return whole
		default:
			r.edits = r.edits[:base]
			return d.bad(start)
		}
	}
}

// itemNode gives the node of the item at d.pos: that of the array, of what is in it, or of the name before it.
func (r *Redactor) itemNode(d *document, n int32, depth int, s *arrayState) int32 {
	named := s.named
	s.named = noNode
	if d.pos >= len(d.src) {
		return n
	}
	if c := d.src[d.pos]; c == '{' || c == '[' {
		if s.items == noNode {
			s.items = r.child(n, item, depth+1)
		}
		return s.items
	}
	if named != noNode {
		return named
	}
	return n
}

// noteName takes an item that names the next one: ["--password", "x"], and in headers ["X-Api-Key", "x"]. Only
// names about which the policy has something to say count; a list of words is no list of pairs.
func (r *Redactor) noteName(raw []byte, n int32, depth int, s *arrayState) {
	if len(raw) < 4 || len(raw) > maxPairKey || raw[0] != '"' || raw[1] != '-' && (!s.headers || s.index%2 != 0) {
		return
	}
	name := bytes.TrimLeft(raw[1:len(raw)-1], "-")
	for _, c := range name {
		if !isKeyByte(c) {
			return
		}
	}
	if len(name) < 3 {
		return // -p is anything
	}
	c := r.child(n, name, depth+1)
	s.items = noNode // the node may be lent, and then it was the same
	if f := &r.tree.at(c).field; f.acts() || f.Hint != 0 && f.Hint != r.tree.at(n).field.Hint {
		s.named = c
	}
}

// holdsHeaders reports whether the array, or the one around it, has a name that ends in headers.
func (r *Redactor) holdsHeaders(n int32) bool {
	const name = "headers"
	for c := r.tree.at(n); ; c = r.tree.at(c.parent) {
		if isItem(c.plain) && c.parent != noNode {
			continue
		}
		at := len(c.plain) - len(name)
		return at >= 0 && bytes.EqualFold(c.plain[at:], []byte(name))
	}
}
