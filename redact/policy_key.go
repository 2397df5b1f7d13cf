package redact

import (
	"bytes"
	"unicode"

	"github.com/logproc/logproc/redact/detect"
)

// keyName is a field name cut into words: firstName, first_name, FIRST-NAME and "first name" are the same.
// The compact form has the words in lower case without anything between them.
type keyName struct {
	letters [maxKeyName]byte
	length  int
	starts  [maxWords]uint16 // where in letters each word begins
	words   int
}

// Bounds of what is looked at of a name: the end, where the meaning is.
const (
	maxKeyName = 256
	maxWords   = 24
)

// set reads a name.
func (k *keyName) set(name []byte) {
	if !isASCII(name) {
		name = plainForm(name)
	}
	if len(name) > maxKeyName {
		name = name[len(name)-maxKeyName:]
	}
	k.length, k.words = 0, 0
	for i, c := range name {
		if !isWordByte(c) {
			continue
		}
		if i == 0 || beginsWord(name, i) {
			k.begin()
		}
		if isUpper(c) {
			c += 'a' - 'A'
		}
		k.letters[k.length] = c
		k.length++
	}
}

// begin notes that a word begins; the first of too many is forgotten.
func (k *keyName) begin() {
	if k.words == maxWords {
		copy(k.starts[:], k.starts[1:])
		k.words--
	}
	k.starts[k.words] = uint16(k.length)
	k.words++
}

// compact gives the compact form, valid until the next set.
func (k *keyName) compact() []byte { return k.letters[:k.length] }

// beginsWord reports whether a word begins at i: after a separator, at the hump of a camel, and at the
// last capital of several before a small letter (APIKey). Digits belong to the word before them.
func beginsWord(name []byte, i int) bool {
	previous, c := name[i-1], name[i]
	switch {
	case !isWordByte(previous):
		return true
	case !isUpper(c):
		return false
	case !isUpper(previous):
		return true
	}
	// AccountIDs: the s of a plural makes no word of the D before it.
	plural := i+1 < len(name) && name[i+1] == 's' && (i+2 == len(name) || !isLower(name[i+2]))
	return i+1 < len(name) && isLower(name[i+1]) && !plural
}

// stems gives the compact name and, where they differ, the name without digits at its end (phone2)
// and without the s of a plural (accountIds).
func stems(compact []byte) [3][]byte {
	plain := compact
	for len(plain) > 0 && isDigit(plain[len(plain)-1]) {
		plain = plain[:len(plain)-1]
	}
	s := [3][]byte{compact}
	if len(plain) < len(compact) {
		s[1] = plain
	}
	if n := len(plain); n > 3 && plain[n-1] == 's' {
		s[2] = plain[:n-1]
	}
	return s
}

// unqualified cuts words off the end of the name that do not change what it names, and reports whether there were any.
func (k *keyName) unqualified() bool {
	before := k.words
	for k.words > 1 {
		last := k.starts[k.words-1]
		if !detect.Qualifier(k.letters[last:k.length]) {
			break
		}
		k.length = int(last)
		k.words--
	}
	return k.words < before
}

// compactOf gives the compact form of a name in a policy file.
func compactOf(name string) string {
	var k keyName
	k.set([]byte(name))
	return string(k.compact())
}

// plainForm undoes what makes a name look like another one: wide and accented letters, those of other
// scripts, and characters that cannot be seen.
func plainForm(name []byte) []byte {
	return bytes.Map(func(r rune) rune {
		if r < 0x80 {
			return r // capitals of ASCII begin words
		}
		return unicode.ToLower(r)
	}, detect.Folded(name))
}

func isASCII(b []byte) bool {
	for _, c := range b {
		if c >= 0x80 {
			return false
		}
	}
	return true
}

func isWordByte(c byte) bool { return isLower(c) || isUpper(c) || isDigit(c) || c >= 0x80 }
func isLower(c byte) bool    { return c >= 'a' && c <= 'z' }
func isUpper(c byte) bool    { return c >= 'A' && c <= 'Z' }
func isDigit(c byte) bool    { return c >= '0' && c <= '9' }
