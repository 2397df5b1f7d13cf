package redact

import (
	"bytes"

	"github.com/logproc/logproc/redact/detect"
	"github.com/logproc/logproc/redact/keyring"
)

var (
	withheldMarker = []byte("<withheld>")
	null           = []byte("null")
)

// operate gives what is to stand in the place of text, and whether that is something else. What an
// operator made is left as it is by the same operator, so that redacting twice changes nothing.
func (r *Redactor) operate(act *Action, kind detect.Kind, text []byte) (replacement []byte, changed bool) {
	if len(text) == 0 || isMarker(text) {
		return text, false
	}
	switch act.Op {
	case OpKeep:
		return text, false
	case OpWithhold:
		return withheldMarker, true
	case OpMask:
		replacement = r.mask(text, act.Keep)
	case OpGeneralise:
		replacement = r.generalise(act, kind, text)
	case OpPseudonym:
		replacement = r.pseudonym(act, kind, text)
	default: // a finding that is dropped leaves its marker: its neighbours must not become one word
		replacement = r.markerOf(act)
	}
	return replacement, !bytes.Equal(replacement, text)
}

// isMarker reports whether text is a marker, whatever put it there: it says nothing that could be hidden.
func isMarker(text []byte) bool {
	if len(text) < 3 || text[0] != '<' || text[len(text)-1] != '>' {
		return false
	}
	_, known := detect.ParseKind(string(text[1 : len(text)-1]))
	return known || bytes.Equal(text, withheldMarker)
}

// markerOf gives the marker of an action.
func (r *Redactor) markerOf(act *Action) []byte {
	if act.Op == OpWithhold || act.Marker == "" {
		return withheldMarker
	}
	from := len(r.arena)
	r.arena = append(r.arena, act.Marker...)
	return r.arena[from:len(r.arena):len(r.arena)]
}

// stars stand for what a mask hides, however long it was.
var stars = []byte("****")

// mask hides all but the last keep characters, and everything of a value of up to twice as many.
func (r *Redactor) mask(text []byte, keep int) []byte {
	if rest, ok := bytes.CutPrefix(text, stars); ok && (len(rest) == 0 || runes(rest) == keep) {
		return text
	}
	if keep <= 0 || runes(text) <= 2*keep {
		return stars
	}
	tail := len(text)
	for range keep {
		tail = previousRune(text, tail)
	}
	from := len(r.arena)
	r.arena = append(append(r.arena, stars...), text[tail:]...)
	return r.arena[from:]
}

// runes counts characters; bytes that are no UTF-8 are one each.
func runes(text []byte) (n int) {
	for i := len(text); i > 0; n++ {
		i = previousRune(text, i)
	}
	return n
}

// previousRune gives where the character before position i begins.
func previousRune(text []byte, i int) int {
	for start := i - 1; start >= 0 && start >= i-4; start-- {
		if text[start]&0xc0 != 0x80 {
			return start
		}
	}
	return i - 1
}

// pseudonym gives the token of a value, and remembers it for the record's key.
func (r *Redactor) pseudonym(act *Action, kind detect.Kind, text []byte) []byte {
	if keyring.IsToken(text) {
		return text
	}
	if r.hasher == nil {
		return r.markerOf(act)
	}
	from := len(r.arena)
	r.arena = detect.Canonical(r.arena, kind, text)
	canonical := r.arena[from:len(r.arena):len(r.arena)]
	from = len(r.arena)
	r.arena = r.hasher.Pseudonym(r.arena, act.Prefix, act.Domain, canonical)
	token := r.arena[from:len(r.arena):len(r.arena)]
	if len(r.tokens) < cap(r.tokens) {
		r.tokens = append(r.tokens, pseudonymised{text, token})
	}
	return token
}

// pseudonymised is a value of the record and its token.
type pseudonymised struct{ raw, token []byte }

// quoted gives text as a JSON string.
func (r *Redactor) quoted(text []byte) []byte {
	from := len(r.arena)
	r.arena = append(quote(append(r.arena, '"'), text), '"')
	return r.arena[from:]
}
