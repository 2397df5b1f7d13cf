package redact

import (
	"bytes"
	"math"
	"strconv"

	"github.com/logproc/logproc/redact/detect"
)

// stringValue handles the string at d.pos: the action on the whole of it, or what is found in it.
func (r *Redactor) stringValue(d *document, n int32, depth int) outcome {
	at := d.pos + 1
	raw, complete := d.skipString()
	result := whole
	if !complete {
		result = cutOff
	}
	f := &r.tree.at(n).field
	if f.Act != nil {
		return r.wholeString(d, raw, at, f.Act, n, result)
	}
	if f.Text != 0 && isProse(raw) {
		n = r.textNode(n, depth+1)
	}
	if d.plain && len(r.echoes) == 0 && !r.patterns {
		if r.tree.isClean(n, raw) {
			return result
		}
	}
	edits := len(r.edits)
	result = r.looked(d, raw, at, n, depth, result)
	if d.plain && complete && len(r.edits) == edits && len(r.echoes) == 0 && !r.patterns && result == whole {
		r.tree.noteClean(n, raw)
	}
	return result
}

// looked handles a string without an action on the whole: what is found in it.
func (r *Redactor) looked(d *document, raw []byte, at int, n int32, depth int, result outcome) outcome {
	f := &r.tree.at(n).field
	if d.plain && r.isCleanText(d, raw, at, f) {
		return result
	}
	if f.Hint&keyHints != 0 && isNumber(raw) && len(r.integer(raw)) != len(raw) && !r.numberIsClean(raw, f) {
		r.numberInString(raw, at, n)
		return result
	}
	if d.plain || bytes.IndexByte(raw, '\\') < 0 {
		r.prose(d.src, at, at+len(raw), n, depth, d.level)
		return result
	}
	base := len(r.edits)
	view := r.decoded(d, raw)
	r.mixed(view, 0, n, depth, d.level+1)
	r.mapEdits(r.edits[base:], raw, at)
	return result
}

// isCleanText is the fast way for a string without escapes: a look at its bytes that tells of most that
// there is nothing in them. False says nothing.
func (r *Redactor) isCleanText(d *document, text []byte, at int, f *Field) bool {
	if len(text) < minText {
		return f.Hint&^evident == 0 && !r.patterns && bytes.IndexByte(text, '=') < 0
	}
	if f.Hint&^evident != 0 || r.patterns || len(r.echoes) > 0 || len(text) > r.limits.ValueBytes {
		return false
	}
	if _, _, ok := detect.Harmless(d.src, at, f.On|f.Hint, f.Weak); ok || isTimestamp(text) {
		return true
	}
	if r.scanner.Candidate(text) {
		return false
	}
	return f.Keep || !d.equals && len(text) < minPair || bytes.IndexByte(text, ':') < 0 && bytes.IndexByte(text, '=') < 0 && bytes.IndexByte(text, '<') < 0
}

const (
	minText = 3  // shorter texts are no evidence of anything
	minPair = 12 // shorter texts hold no pair that is looked for: AccountID: x
)

// wholeString applies an action to a string.
func (r *Redactor) wholeString(d *document, raw []byte, at int, act *Action, n int32, result outcome) outcome {
	if act.Op == OpDrop && result == whole {
		r.hit(act, n)
		return removed
	}
	text, changed := r.operate(act, act.Kind, r.decoded(d, raw))
	if !changed {
		return result
	}
	r.hit(act, n)
	from := len(r.arena)
	r.arena = quote(r.arena, text)
	r.push(at, at+len(raw), r.arena[from:])
	return result
}

// number handles a number: as an action says, or when something is found in how it is written or in
// the whole number that it stands for. It becomes a string then, as the marker is none.
func (r *Redactor) number(raw []byte, at int, n int32) outcome {
	f := &r.tree.at(n).field
	for _, p := range r.echoes {
		if f.Act == nil && bytes.Equal(p.raw, r.integer(raw)) {
			r.push(at, at+len(raw), r.quoted(p.token))
			return whole
		}
	}
	if f.Act == nil && (f.Hint&^evident == 0 && isShortNumber(raw) || r.numberIsClean(raw, f)) {
		return whole
	}
	act := f.Act
	if act != nil && isCount(act, r.tree.at(n).plain, raw) {
		return whole
	}
	kind := detect.Custom
	if act != nil {
		kind = act.Kind
	} else {
		kind = r.numberKind
		if act = r.policy.Detector(r.out, kind); act == nil {
			act = &r.replaced[kind]
		}
	}
	if act.Op == OpDrop {
		r.hit(act, n)
		return removed
	}
	text, changed := r.operate(act, kind, r.integer(raw))
	if !changed {
		return whole
	}
	r.hit(act, n)
	if !isNumber(text) {
		text = r.quoted(text)
	}
	r.push(at, at+len(raw), text)
	return whole
}

// numberInString handles a string that is a number with a point or exponent: "4.47700900123e11".
func (r *Redactor) numberInString(raw []byte, at int, n int32) {
	kind := r.numberKind
	act := r.policy.Detector(r.out, kind)
	if act == nil {
		act = &r.replaced[kind]
	}
	text, changed := r.operate(act, kind, r.integer(raw))
	if changed {
		r.hit(act, n)
		r.push(at, at+len(raw), text)
	}
}

// isShortNumber reports whether a number has too few digits before the point to be evidence by itself.
func isShortNumber(raw []byte) bool {
	if raw[0] == '-' {
		raw = raw[1:]
	}
	whole := digitsEnd(raw, 0)
	return whole < 8 && (whole == len(raw) || raw[whole] == '.' && digitsEnd(raw, whole+1) == len(raw))
}

// numberIsClean looks at both forms of a number, and keeps the kind of what it finds in r.numberKind.
func (r *Redactor) numberIsClean(raw []byte, f *Field) bool {
	if found := r.find(raw, f); len(found) > 0 {
		r.numberKind = found[0].Kind
		return false
	}
	digits := raw
	if raw[0] == '-' {
		digits = raw[1:]
	}
	if whole := r.integer(digits); len(whole) != len(raw) {
		if found := r.find(whole, f); len(found) > 0 {
			r.numberKind = found[0].Kind
			return false
		}
	}
	return true
}

// integer gives the digits of a number that is whole, whatever way it is written, and others as they are.
func (r *Redactor) integer(raw []byte) []byte {
	if bytes.IndexByte(raw, '.') < 0 && bytes.IndexByte(raw, 'e') < 0 && bytes.IndexByte(raw, 'E') < 0 {
		return raw
	}
	from := len(r.arena)
	if r.arena = appendWhole(r.arena, raw); len(r.arena) == from {
		return raw
	}
	return r.arena[from:]
}

// maxDigits bounds the digits of a number written with an exponent; a longer one is nobody's number.
const maxDigits = 40

// appendWhole appends a decimal number without fraction and exponent; nothing when it is not whole.
func appendWhole(dst, raw []byte) []byte {
	mantissa, exponent := raw, 0
	if e := bytes.IndexAny(raw, "eE"); e >= 0 {
		n, err := strconv.Atoi(string(raw[e+1:]))
		if err != nil || n > maxDigits || n < -maxDigits {
			return dst
		}
		mantissa, exponent = raw[:e], n
	}
	before, after := mantissa, []byte(nil)
	if dot := bytes.IndexByte(mantissa, '.'); dot >= 0 {
		before, after = mantissa[:dot], mantissa[dot+1:]
	}
	point := len(before) + exponent // where the point is among all the digits
	digits := len(before) + len(after)
	at := func(i int) byte {
		switch {
		case i < len(before):
			return before[i]
		case i < digits:
			return after[i-len(before)]
		}
		return '0'
	}
	for i := max(point, 0); i < digits; i++ {
		if at(i) != '0' {
			return dst
		}
	}
	if point <= 0 || point > math.MaxInt16 {
		return dst
	}
	from := len(dst)
	for i := range point {
		if c := at(i); c != '0' || len(dst) > from {
			dst = append(dst, c)
		}
	}
	return dst
}
