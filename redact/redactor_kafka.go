package redact

import "bytes"

// recordKey redacts the key of a Kafka record, after its value: a key that is one of the values that
// became pseudonyms becomes the same, so that the records of one account stay together.
func (r *Redactor) recordKey(key []byte, root int32) []byte {
	if len(key) == 0 {
		return key
	}
	if act := r.policy.KafkaKey(); act != nil {
		if act.Op == OpDrop {
			r.hit(act, root)
			return nil
		}
		text, changed := r.operate(act, act.Kind, key)
		if changed {
			r.hit(act, root)
		}
		return text
	}
	for _, p := range r.tokens {
		if bytes.Equal(p.raw, key) {
			return p.token
		}
	}
	if len(key) > r.limits.RecordBytes {
		r.hits.Withheld[BeyondRecord]++
		return withheldMarker
	}
	base := len(r.edits)
	r.text(key, root)
	if len(r.edits) == base {
		return key
	}
	r.key = build(r.key[:0], key, r.edits[base:])
	r.edits = r.edits[:base]
	return r.key
}

// recordHeaders leaves out the headers that the policy does not name, and treats the value of each
// other one as the field of its name.
func (r *Redactor) recordHeaders(headers []Header, root int32) []Header {
	r.headers = r.headers[:0]
	for _, h := range headers {
		if !r.policy.Header(h.Name) {
			continue
		}
		value, keep := r.headerValue(h, root)
		if keep {
			r.headers = append(r.headers, Header{h.Name, value})
		}
	}
	return r.headers
}

// headerValue redacts the value of a header that may stay; an action can still have it left out.
func (r *Redactor) headerValue(h Header, root int32) (value []byte, keep bool) {
	n := r.child(root, h.Name, 1)
	if act := r.tree.at(n).field.Act; act != nil {
		if act.Op == OpDrop {
			r.hit(act, n)
			return nil, false
		}
		text, changed := r.operate(act, act.Kind, h.Value)
		if changed {
			r.hit(act, n)
		}
		return text, true
	}
	if r.tree.at(n).field.Text != 0 && isProse(h.Value) {
		n = r.textNode(n, 2)
	}
	base := len(r.edits)
	r.mixed(h.Value, 0, n, 1, 0)
	if len(r.edits) == base {
		return h.Value, true
	}
	from := len(r.arena)
	r.arena = build(r.arena, h.Value, r.edits[base:])
	r.edits = r.edits[:base]
	return r.arena[from:len(r.arena):len(r.arena)], true
}
