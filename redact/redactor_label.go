package redact

import (
	"strings"

	"github.com/logproc/logproc/redact/detect"
)

// labels makes Texts, remembering those of values that come again and again.
type labels struct {
	redactor *Redactor
	known    map[string]map[string]Text // by field and raw value
	size     int
}

// maxLabels bounds the Texts that are remembered.
const maxLabels = 8192

func newLabels(r *Redactor) *labels {
	return &labels{redactor: r, known: make(map[string]map[string]Text)}
}

// Label redacts the value of a field that is to be a label, a part of a summary or of a message: all
// detectors run, and in msg runs of eight or more digits go too. The Text may be kept. Values that were
// met before cost a look-up.
func (r *Redactor) Label(raw []byte, field string) Text {
	if len(raw) == 0 {
		return Text{}
	}
	l := r.texts
	if t, ok := l.known[field][string(raw)]; ok {
		return t
	}
	t := Text{l.redactor.labelText(raw, field)}
	if l.size >= maxLabels {
		clear(l.known)
		l.size = 0
	}
	of := l.known[field]
	if of == nil {
		of = make(map[string]Text)
		l.known[field] = of
	}
	of[string(raw)] = t
	l.size++
	return t
}

// labelText redacts raw, or withholds it.
func (r *Redactor) labelText(raw []byte, field string) (text string) {
	defer func() {
		if recover() != nil {
			r.hits.Withheld[Defect]++
			text = string(withheldMarker)
		}
	}()
	r.start(len(raw))
	n := r.child(r.root(nil), []byte(field), 1)
	f := &r.tree.at(n).field
	f.On |= detect.Of(detect.Digits)
	f.Weak, f.Keep = true, false
	value, _ := r.headerValue(Header{[]byte(field), raw}, r.root(nil))
	return strings.ToValidUTF8(string(value), "\uFFFD")
}
