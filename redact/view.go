package redact

import (
	"bytes"
	"encoding/binary"
	"unicode/utf16"
	"unicode/utf8"
)

// unescape appends what the content of a JSON string stands for. It is lenient: a backslash that begins
// no escape stands for itself, and \xHH is understood too. Lone surrogates become their three-byte
// form, so that nothing is lost.
func unescape(dst, raw []byte) []byte {
	for i := 0; i < len(raw); {
		next := bytes.IndexByte(raw[i:], '\\')
		if next < 0 {
			return append(dst, raw[i:]...)
		}
		dst = append(dst, raw[i:i+next]...)
		i += next
		var consumed int
		dst, consumed = escape(dst, raw[i:])
		i += consumed
	}
	return dst
}

// simpleEscapes are the escapes of one letter; zero is none.
var simpleEscapes = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// escape appends what the escape at the start of raw (a backslash) stands for and gives its length in raw.
func escape(dst, raw []byte) ([]byte, int) {
	if len(raw) < 2 {
		return append(dst, '\\'), 1
	}
	if c := simpleEscapes[raw[1]]; c != 0 {
		return append(dst, c), 2
	}
	switch raw[1] {
	case 'u':
		u, ok := hexValue(raw, 2, 4)
		if !ok {
			break
		}
		if utf16.IsSurrogate(u) {
			return surrogate(dst, raw, u)
		}
		return utf8.AppendRune(dst, u), 6
	case 'x':
		if u, ok := hexValue(raw, 2, 2); ok {
			return append(dst, byte(u)), 4
		}
	}
	return append(dst, '\\'), 1
}

// surrogate appends a pair of surrogates as one character, and a lone one in its three-byte form.
func surrogate(dst, raw []byte, high rune) ([]byte, int) {
	if len(raw) >= 12 && raw[6] == '\\' && raw[7] == 'u' {
		if low, ok := hexValue(raw, 8, 4); ok {
			if c := utf16.DecodeRune(high, low); c != utf8.RuneError {
				return utf8.AppendRune(dst, c), 12
			}
		}
	}
	return append(dst, 0xe0|byte(high>>12), 0x80|byte(high>>6)&0x3f, 0x80|byte(high)&0x3f), 6
}

// hexValue reads n hex digits of raw from position at on.
func hexValue(raw []byte, at, n int) (rune, bool) {
	if len(raw) < at+n {
		return 0, false
	}
	var v rune
	for _, c := range raw[at : at+n] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		v = v<<4 | rune(c)
	}
	return v, true
}

const hexDigits = "0123456789abcdef"

// quote appends text as the content of a JSON string.
func quote(dst, text []byte) []byte {
	for {
		n := plainLength(text)
		dst = append(dst, text[:n]...)
		if n == len(text) {
			return dst
		}
		switch c := text[n]; {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c < 0x20:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
		text = text[n+1:]
	}
}

// plainLength gives how many bytes text begins with that need no escape. It takes eight at a time: a byte below
// 0x20, or one that is zero after an exclusive or, borrows from its highest bit.
func plainLength(text []byte) int {
	const each, high = 0x0101010101010101, 0x8080808080808080
	i := 0
	for ; i+8 <= len(text); i += 8 {
		w := binary.LittleEndian.Uint64(text[i:])
		quotes, slashes := w^'"'*each, w^'\\'*each
		if ((w-0x20*each)&^w|(quotes-each)&^quotes|(slashes-each)&^slashes)&high != 0 {
			break
		}
	}
	for ; i < len(text); i++ {
		if c := text[i]; c < 0x20 || c == '"' || c == '\\' {
			return i
		}
	}
	return len(text)
}

// mapEdits turns edits of the unescaped view of raw into edits of the text that raw is at position at
// of. Untouched escapes stay as they were written; replacements are escaped.
func (r *Redactor) mapEdits(edits []edit, raw []byte, at int) {
	var scratch [8]byte
	i, pos := 0, 0 // of raw and of its view
	for k := range edits {
		e := &edits[k]
		for i < len(raw) && pos < e.start {
			consumed, produced := step(raw[i:], scratch[:0])
			if pos+produced > e.start {
				break // inside of one character: it goes as a whole
			}
			i, pos = i+consumed, pos+produced
		}
		start := i
		for i < len(raw) && pos < e.end {
			consumed, produced := step(raw[i:], scratch[:0])
			i, pos = i+consumed, pos+produced
		}
		from := len(r.arena)
		r.arena = quote(r.arena, e.text)
		*e = edit{start: at + start, end: at + i, text: r.arena[from:]}
	}
}

// step gives how many bytes of raw the next byte or escape takes, and how many it stands for.
func step(raw, scratch []byte) (consumed, produced int) {
	if raw[0] != '\\' {
		return 1, 1
	}
	out, consumed := escape(scratch, raw)
	return consumed, len(out)
}
