package redact

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// minEcho is the length from which on a value that became a pseudonym is looked for in other fields.
const minEcho = 8

// findEchoes reports whether a value that became a pseudonym is also where no edit takes it away, in msg,
// say; r.echoes then has what to look for.
func (r *Redactor) findEchoes(src []byte, edits []edit) bool {
	echo := false
	for _, p := range r.tokens {
		known := slices.ContainsFunc(r.echoes, func(e pseudonymised) bool { return bytes.Equal(e.raw, p.raw) })
		if word, digit := idBytes(p.raw); !known && digit && len(p.raw) >= minEcho {
			r.echoes = append(r.echoes, p)
			echo = echo || !(word && r.ruledOut(src, p.raw)) && isLeft(src, edits, p.raw)
		}
	}
	if !echo {
		r.echoes = r.echoes[:0]
	}
	return echo
}

// shortWord is the length of words with a digit that quickMembers does not keep count of.
const shortWord = 15

// ruledOut reports whether a word cannot be left in src, a record: quickMembers has passed all of it but the bracket
// at its beginning and white space at its end, and left no word as long.
func (r *Redactor) ruledOut(src, word []byte) bool {
	return len(word) > r.word && r.passed+1 <= len(src) && skipSpace(src, r.passed+1) == len(src)
}

// idBytes reports whether a text is a word of letters and digits, and whether there is a digit in it. It has no
// branch on what a byte is, as in an id that cannot be foreseen. Inlined, its two results would live in memory and
// take five times as long.
//
//go:noinline
func idBytes(text []byte) (word, digit bool) {
	all, some := uint8(inWord), uint8(0)
	for _, c := range text {
		all &= idByte[c]
		some |= idByte[c]
	}
	return all != 0, some&isNumeral != 0
}

const (
	inWord = 1 << iota
	isNumeral
)

var idByte = func() (t [256]uint8) {
	for i := range t {
		if isAlphanumeric(byte(i)) {
			t[i] |= inWord
		}
		if isDigit(byte(i)) {
			t[i] |= isNumeral
		}
	}
	return t
}()

// isLeft reports whether raw is somewhere in src outside of all edits.
func isLeft(src []byte, edits []edit, raw []byte) bool {
	search := newSearch(raw)
	pos := 0
	for _, e := range edits {
		if search.in(src[pos:e.start]) {
			return true
		}
		pos = e.end
	}
	return search.in(src[pos:])
}

// search looks for a text of minEcho bytes or more. Every occurrence of it holds one of any len(text)-3 consecutive
// groups of four bytes, so of a log line only one group in so many is looked at, and only where that is, by its
// hashes, one of the text's, more than that. The idea is that of Wu and Manber ("A fast algorithm for multi-pattern
// searching", 1994); three words of 64 bits stand for their table, which would cost more to fill than there is
// to gain.
type search struct {
	text    []byte
	a, b, c uint64 // a bit for each group, by six bits of its hash each
}

const groupBytes = 4

func newSearch(text []byte) search {
	var a, b, c uint64
	for i := 0; i+groupBytes <= len(text); i++ {
		h := groupHash(text[i:])
		a |= 1 << (h & 63)
		b |= 1 << (h >> 6 & 63)
		c |= 1 << (h >> 12 & 63)
	}
	return search{text, a, b, c}
}

// groupHash gives 18 bits.
func groupHash(group []byte) uint32 { return binary.LittleEndian.Uint32(group) * 0x9e3779b1 >> 14 }

func (s *search) in(src []byte) bool {
	last := len(s.text) - groupBytes // where the last group begins
	for at := last; at+groupBytes <= len(src); at += last + 1 {
		h := groupHash(src[at:])
		if s.a>>(h&63)&(s.b>>(h>>6&63))&(s.c>>(h>>12&63))&1 != 0 && bytes.Contains(src[at-last:min(at+len(s.text), len(src))], s.text) {
			return true
		}
	}
	return false
}

// pushEchoes pushes edits for values in text that have become pseudonyms elsewhere in the record.
func (r *Redactor) pushEchoes(text []byte, at int) {
	for _, p := range r.echoes {
		for i := 0; ; {
			next := bytes.Index(text[i:], p.raw)
			if next < 0 {
				break
			}
			i += next
			end := i + len(p.raw)
			if isBounded(text, i, end) {
				r.push(at+i, at+end, p.token)
			}
			i = end
		}
	}
}

// isBounded reports whether text[start:end] is no part of a longer word.
func isBounded(text []byte, start, end int) bool {
	return (start == 0 || !isAlphanumeric(text[start-1])) && (end == len(text) || !isAlphanumeric(text[end]))
}

func isAlphanumeric(c byte) bool { return isLower(c) || isUpper(c) || isDigit(c) }
