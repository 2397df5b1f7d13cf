package redact

import (
	"bytes"
	"slices"

	"github.com/logproc/logproc/redact/detect"
)

// evident are the hints for kinds of which Candidate sees the signs without any.
var evident = detect.Of(detect.Digits)

// find gives what the detectors find in text, valid until the next call. A field whose name is
// evidence is always looked at: what is evidence there need not look like anything.
func (r *Redactor) find(text []byte, f *Field) []detect.Span {
	if f.Hint&^evident == 0 && !r.scanner.Candidate(text) {
		return nil
	}
	spans := r.scanner.FindAll(text, f.On, f.Hint, f.Weak)
	if r.policy.exceptions.values != nil {
		spans = slices.DeleteFunc(spans, func(s detect.Span) bool { return r.policy.exempts(text[s.Start:s.End], s.Kind, r.service) })
	}
	return spans
}

// pushFindings pushes the edits that the findings in text ask for; at is its position.
func (r *Redactor) pushFindings(text []byte, at int, f *Field, n int32) {
	base := len(r.edits)
	for _, s := range r.find(text, f) {
		r.pushFound(text, s.Start, s.End, at, s.Kind, n)
	}
	if r.patterns {
		mid := len(r.edits)
		r.matches = r.policy.FindPatterns(r.matches[:0], r.out, text)
		for _, m := range r.matches {
			r.pushFinding(text, m.Start, m.End, at, m.Action, m.Action.Kind, n)
		}
		r.mergeEdits(base, mid)
	}
}

// pushFound pushes the edit for what a detector found in text, as the policy treats its kind.
func (r *Redactor) pushFound(text []byte, start, end, at int, kind detect.Kind, n int32) {
	act := r.policy.Detector(r.out, kind)
	if act == nil {
		act = &r.replaced[kind]
	}
	r.pushFinding(text, start, end, at, act, kind, n)
}

// pushFinding pushes the edit for one finding, [start, end) of text.
func (r *Redactor) pushFinding(text []byte, start, end, at int, act *Action, kind detect.Kind, n int32) {
	if act.Op == OpKeep {
		return
	}
	found := text[start:end]
	if act.Op == OpGeneralise && isNetwork(found, text[end:], act) {
		return
	}
	replacement, changed := r.operate(act, kind, found)
	if !changed {
		return
	}
	r.hit(act, n)
	r.push(at+start, at+end, replacement)
}

// pairs looks for keys with their values in text that is no JSON: "email":"…" of what was cut or is
// broken, key=value of logfmt and queries. What the policy says of the key is done to the value.
func (r *Redactor) pairs(src []byte, from, to int, n int32, depth int) {
	for i := from; i < to; i++ {
		next := bytes.IndexAny(src[i:to], "=:>")
		if next < 0 {
			return
		}
		i += next
		if src[i] == '>' && (i == from || src[i-1] != '-') {
			i = r.element(src, from, i, to, n, depth)
			continue
		}
		sign := i
		if src[i] == '>' {
			sign--
		}
		key, quoted := keyBefore(src[from:sign])
		value := detect.SignEnd(src[:to], sign)
		if key == nil || value == 0 {
			continue
		}
		start, end := valueAfter(src[:to], value)
		if start == end || detect.SaysNothing(src[start:end]) {
			continue
		}
		c := r.child(n, key, depth+1)
		f := r.tree.at(c).field
		switch {
		case f.acts():
			if src[i] == ':' && !quoted && !isStructured(src[:to], value, start, key) || isCount(f.Act, key, src[start:end]) {
				continue // "password: expired" of prose
			}
			r.pushFinding(src, start, end, 0, f.Act, f.Act.Kind, c)
		case f.Hint != 0 && f.Hint != r.tree.at(n).field.Hint:
			r.pushFindings(src[start:end], start, &f, c)
		default:
			continue
		}
		i = end - 1
	}
}

// element looks at <key>value</key>, where the sign at i ends the first tag, and gives where to go on.
func (r *Redactor) element(src []byte, from, i, to int, n int32, depth int) int {
	start := i
	for start > from && i-start <= maxPairKey && isKeyByte(src[start-1]) {
		start--
	}
	key, name := src[start:i], start
	if start > from && src[start-1] == ':' { // <ns:key>
		for name--; name > from && i-name <= maxPairKey && isKeyByte(src[name-1]); name-- {
		}
	}
	if len(key) == 0 || name == from || src[name-1] != '<' {
		return i
	}
	value := src[i+1 : to]
	length := bytes.IndexByte(value, '<')
	if length <= 0 || !bytes.HasPrefix(value[length+1:], []byte{'/'}) || !bytes.HasPrefix(value[length+2:], src[name:i]) {
		return i
	}
	c := r.child(n, key, depth+1)
	f := r.tree.at(c).field
	switch {
	case f.acts():
		r.pushFinding(src, i+1, i+1+length, 0, f.Act, f.Act.Kind, c)
	case f.Hint != 0:
		r.pushFindings(value[:length], i+1, &f, c)
	}
	return i + length
}

// isCount reports whether a value counts secrets and is none: tokens=512.
func isCount(act *Action, key, value []byte) bool {
	const most = 7 // digits
	n := len(key)
	return act.Kind == detect.Secret && n > 2 && key[n-1]|0x20 == 's' && key[n-2]|0x20 != 's' && len(value) <= most && digitsEnd(value, 0) == len(value)
}

// isStructured reports whether a word, a sign that ends at i and a value at start are a field and no prose: the value
// is in quotes or follows at once, or the word is none of a language: first_name, AccountID.
func isStructured(src []byte, i, start int, key []byte) bool {
	if start == i || isQuote(src[start-1]) {
		return true
	}
	for j, c := range key {
		if j > 0 && (c == '_' || c == '-' || isUpper(c) && isLower(key[j-1])) {
			return true
		}
	}
	return false
}

func isQuote(c byte) bool { return c == '"' || c == '\'' || c == '`' }

// maxPairKey bounds the keys that are looked for in text.
const maxPairKey = 64

// keyBefore gives the key that text ends in, in quotes or a word; nil when there is none.
func keyBefore(text []byte) (key []byte, quoted bool) {
	text = bytes.TrimRight(text, " \t")
	n := len(text)
	if n == 0 {
		return nil, false
	}
	if q := text[n-1]; isQuote(q) {
		start := bytes.LastIndexByte(text[max(0, n-1-maxPairKey):n-1], q)
		if start < 0 {
			return nil, false
		}
		start += max(0, n-1-maxPairKey) + 1
		return text[start : n-1], start < n-1
	}
	start := n
	for start > 0 && n-start <= maxPairKey && isKeyByte(text[start-1]) {
		start--
	}
	if n-start < 2 || n-start > maxPairKey || isDigit(text[start]) {
		return nil, false
	}
	return text[start:], false
}

func isKeyByte(c byte) bool {
	return isLower(c) || isUpper(c) || isDigit(c) || c == '_' || c == '-' || c == '.' || c >= 0x80
}

// valueAfter gives where the value begins and ends that follows a key's sign at i.
func valueAfter(src []byte, i int) (start, end int) {
	for i < len(src) && (src[i] == ' ' || src[i] == '\t') {
		i++
	}
	if i == len(src) {
		return i, i
	}
	if i+1 < len(src) && isLower(src[i]|0x20) && isQuote(src[i+1]) {
		i++ // u'…' and b'…' of Python
	}
	if q := src[i]; isQuote(q) {
		end := bytes.IndexByte(src[i+1:], q)
		if end < 0 {
			return i + 1, len(src)
		}
		return i + 1, i + 1 + end
	}
	end = i
	for end < len(src) && !endsValue[src[end]] {
		end++
	}
	return i, end
}

// endsValue are the bytes that end a value without quotes in text.
var endsValue = [256]bool{' ': true, '\t': true, '\n': true, '\r': true, ',': true, ';': true, '&': true, ')': true, '}': true,
	']': true, '"': true, '\'': true, '{': true, '[': true, '(': true, '\\': true}
