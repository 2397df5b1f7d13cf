package rules

import (
	"bytes"
	"unicode"
	"unicode/utf8"
)

// kindPlain are the bytes that keys are made of, and most of every text: nothing to look at twice.
const kindPlain = kindAlnum | kindHyphen | kindUnderscore

// chunkLength gives the length of the chunk that a text begins with: up to the next gap that is neither
// inside quotes nor beside an at sign.
func chunkLength(text []byte) int {
	i := 0
	afterAt := false
	for i < len(text) {
		if kinds[text[i]]&kindPlain != 0 {
			i, afterAt = i+1, false
			continue
		}
		if n := quotedLength(text, i); n > 0 {
			i, afterAt = i+n, false
			continue
		}
		if n := atSign(text[i:]); n > 0 {
			i, afterAt = i+n, true
			continue
		}
		r, size := utf8.DecodeRune(text[i:])
		if !isGap(r) {
			i, afterAt = i+size, false
			continue
		}
		rest := bytes.TrimLeftFunc(text[i:], isGap)
		if !afterAt && atSign(rest) == 0 {
			return i
		}
		i, afterAt = len(text)-len(rest), false
	}
	return i
}

// atSign gives the length of an at sign, in the usual disguises too; 0 when there is none.
func atSign(text []byte) int {
	if len(text) == 0 {
		return 0
	}
	switch text[0] {
	case '@':
		return 1
	case '(', '[', '{', '<':
		const form = "(at)"
		if len(text) >= len(form) && text[1]|0x20 == 'a' && text[2]|0x20 == 't' && bytes.IndexByte([]byte(")]}>"), text[3]) >= 0 {
			return len(form)
		}
	case 0xef:
		for _, at := range []string{"\uff20", "\ufe6b"} {
			if bytes.HasPrefix(text, []byte(at)) {
				return len(at)
			}
		}
	}
	return 0
}

// quotes are the characters that quotedLength knows.
const quotes = "\"'`“„«"

// quotedLength gives the length of the quoted text that begins at i, quotes included; 0 when none does.
// A double or back quote that is never closed reaches to the end. A single quote counts when it is no
// apostrophe.
func quotedLength(c []byte, i int) int {
	closing := ""
	open, size := utf8.DecodeRune(c[i:])
	switch open {
	case '"', '`':
		closing = string(open)
	case '“', '„':
		closing = "”"
	case '«':
		closing = "»"
	case '\'':
		return singleQuoted(c, i)
	default:
		return 0
	}
	if n := bytes.Index(c[i+size:], []byte(closing)); n >= 0 {
		return size + n + len(closing)
	}
	return len(c) - i
}

func singleQuoted(c []byte, i int) int {
	if wordBefore(c, i) {
		return 0
	}
	for j := i + 1; j < len(c); j++ {
		if c[j] == '\'' && !wordAfter(c, j+1) {
			return j + 1 - i
		}
	}
	return 0
}

func wordBefore(c []byte, i int) bool {
	r, _ := utf8.DecodeLastRune(c[:i])
	return i > 0 && isWordRune(r)
}

func wordAfter(c []byte, i int) bool {
	r, _ := utf8.DecodeRune(c[i:])
	return i < len(c) && isWordRune(r)
}

// isWordRune reports whether a rune can be part of a word or number. Marks (accents) belong to the
// letter before them.
func isWordRune(r rune) bool {
	if r < utf8.RuneSelf {
		return kinds[byte(r)]&kindAlnum != 0
	}
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r))
}

// wholeChunk gives the placeholder of a chunk that is not looked into: it has an at sign or is a URL, or
// has something that could be a disguise.
func wholeChunk(c []byte) placeholder {
	odd, at := false, false
	for i := 0; i < len(c); {
		if kinds[c[i]]&kindPlain != 0 {
			i++
			continue
		}
		if n := quotedLength(c, i); n > 0 {
			odd = odd || wordBefore(c, i) || wordAfter(c, i+n)
			i += n
			continue
		}
		if n := atSign(c[i:]); n > 0 {
			at = true
			i += n
			continue
		}
		r, size := utf8.DecodeRune(c[i:])
		switch {
		case r == utf8.RuneError || r == '\\' || r == '&' || r == '%' || isGap(r):
			odd = true
		case r >= utf8.RuneSelf && !isWordRune(r):
			odd = true
		case unicode.IsMark(r) && !wordBefore(c, i):
			odd = true
		}
		i += size
	}
	switch {
	case bytes.Contains(c, []byte("://")) || hasWWW(c):
		return formURL
	case at:
		return formEmail
	case odd:
		return formToken
	}
	return ""
}

func hasWWW(c []byte) bool {
	_, core, _ := trimPunctuation(c)
	return len(core) > 4 && bytes.EqualFold(core[:4], []byte("www."))
}

// trimPunctuation separates what surrounds a chunk from the chunk.
func trimPunctuation(c []byte) (lead, core, trail []byte) {
	i, j := 0, len(c)
	for i < j && bytes.IndexByte([]byte("([{*#"), c[i]) >= 0 {
		i++
	}
	for i < j && bytes.IndexByte([]byte(")]}*,;:.!?"), c[j-1]) >= 0 {
		j--
	}
	return c[:i], c[i:j], c[j:]
}

func placeholderAt(c []byte) placeholder {
	if len(c) == 0 || c[0] != '<' {
		return ""
	}
	for _, p := range placeholders {
		if len(c) >= len(p) && string(c[:len(p)]) == string(p) {
			return p
		}
	}
	return ""
}

// runLength gives the length of the letters, digits and apostrophes between letters that begin at i.
func runLength(c []byte, i int) int {
	n := 0
	for i+n < len(c) {
		r, size := utf8.DecodeRune(c[i+n:])
		if !isWordRune(r) && !(r == '\'' && n > 0 && letterAt(c, i+n-1) && letterAt(c, i+n+1)) {
			break
		}
		n += size
	}
	return n
}

// letterAt reports whether the byte at i is an ASCII letter.
func letterAt(c []byte, i int) bool {
	return i < len(c) && kinds[c[i]]&(kindLetter|kindUpper) != 0
}

// dottedLength gives the length of the run with dots inside that begins at i, as in host names; 0 when
// there is no dot between its words.
func dottedLength(c []byte, i int) int {
	n, dots, end := 0, 0, 0
	for i+n < len(c) {
		r, size := utf8.DecodeRune(c[i+n:])
		switch {
		case isWordRune(r):
			end = n + size
			if dots > 0 && wordAfter(c, i+n) {
				dots = 2
			}
		case r == '.':
			dots = max(dots, 1)
		case r != '-' && r != '_' && r != '\'': // which is written as a hyphen
			size = len(c)
		}
		n += size
	}
	if dots < 2 {
		return 0
	}
	return end
}

// valueLength gives the length of the value that begins at i: up to a separator of values.
func valueLength(c []byte, i int) int {
	n := 0
	for i+n < len(c) {
		if q := quotedLength(c, i+n); q > 0 {
			n += q
			continue
		}
		if bytes.IndexByte([]byte(",;)]}|"), c[i+n]) >= 0 {
			break
		}
		n++
	}
	return n
}

// composition tells what a run is made of: letters only, digits only, hexadecimal digits only.
func composition(run []byte) (letters, digits, hex bool) {
	letters, digits, hex = len(run) > 0, len(run) > 0, len(run) > 0
	for len(run) > 0 {
		r, size := utf8.DecodeRune(run)
		isDigit := unicode.IsNumber(r)
		letters = letters && !isDigit && (r == '\'' || isWordRune(r))
		digits = digits && isDigit
		hex = hex && r < utf8.RuneSelf && (kinds[byte(r)]&(kindDigit|kindHexLetter) != 0)
		run = run[size:]
	}
	return letters, digits, hex
}
