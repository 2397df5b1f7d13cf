package redact

import "strings"

// FieldText redacts the value of a field as Apply does in a record, unlike Label, which takes every long number for
// one that identifies somebody. It is for ids, which come once: nothing is remembered.
// The Text may be kept; like any call, this one ends the validity of what Apply gave last.
func (r *Redactor) FieldText(raw []byte, field string) (text Text) {
	if len(raw) == 0 {
		return Text{}
	}
	defer func() {
		if recover() != nil {
			r.hits.Withheld[Defect]++
			text = Text{string(withheldMarker)}
		}
	}()
	r.start(len(raw))
	value, _ := r.headerValue(Header{[]byte(field), raw}, r.root(nil))
	return Text{strings.ToValidUTF8(string(value), "\uFFFD")}
}
