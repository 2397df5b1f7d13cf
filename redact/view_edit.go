package redact

import "slices"

// edit replaces the bytes [start, end) of a text. Edits of one text are kept in order and never overlap.
type edit struct {
	start, end int
	text       []byte // in the redactor's arena or constant
}

// push adds an edit.
func (r *Redactor) push(start, end int, text []byte) {
	r.edits = append(r.edits, edit{start, end, text})
}

// build appends src with edits applied.
func build(dst, src []byte, edits []edit) []byte {
	pos := 0
	for _, e := range edits {
		dst = append(dst, src[pos:e.start]...)
		dst = append(dst, e.text...)
		pos = e.end
	}
	return append(dst, src[pos:]...)
}

// truncateEdits takes back all edits from base on that reach beyond position at.
func (r *Redactor) truncateEdits(base, at int) {
	n := len(r.edits)
	for n > base && r.edits[n-1].end > at {
		n--
	}
	r.edits = r.edits[:n]
}

// mergeEdits makes one ordered list of the two that begin at base and at mid. Where two overlap, their
// union is replaced, with the text of the one that begins first, or of the second list.
func (r *Redactor) mergeEdits(base, mid int) {
	if mid > base && mid < len(r.edits) {
		r.sortEdits(base)
	}
}

// sortEdits brings the edits from base on into order and joins those that overlap.
func (r *Redactor) sortEdits(base int) {
	if len(r.edits) < base+2 {
		return
	}
	all := r.edits[base:]
	slices.SortStableFunc(all, func(a, b edit) int { return a.start - b.start })
	kept := all[:1]
	for _, e := range all[1:] {
		last := &kept[len(kept)-1]
		if e.start >= last.end && (e.start > last.end || e.end > e.start) {
			kept = append(kept, e)
			continue
		}
		if e.start == last.start {
			last.text = e.text
		}
		last.end = max(last.end, e.end)
	}
	r.edits = r.edits[:base+len(kept)]
}
