package detect

import "unicode/utf8"

// nextToken gives the next run of base64 characters from i on that is long enough and may be text; an empty
// one when there is none.
func nextToken(t []byte, i int) (start, end int) {
	// A run of encodedLeast bytes holds every encodedLeast-th byte of the text: only those are looked at.
	for p := i + encodedLeast - 1; p < len(t); p += encodedLeast {
		if class[t[p]]&cToken == 0 {
			continue
		}
		start = p
		for start > i && class[t[start-1]]&cToken != 0 {
			start--
		}
		end = runEnd(t, p, cToken)
		if end-start >= encodedLeast && mayBeText(t[start:end]) {
			return start, end
		}
		i = end
		p = end - 1
	}
	return 0, 0
}

// mayBeText says whether a token may encode text: every fourth character holds the high six bits of a byte,
// and printable ASCII and UTF-8 leave few values for them. ASCII gives a capital, mostly among the first.
func mayBeText(token []byte) bool {
	if !textHigh[token[0]] || !textHigh[token[4]] || !textHigh[token[8]] || !textHigh[token[12]] {
		return false
	}
	for _, b := range token[:min(len(token), 4*encodedLeast)] {
		if isUpper(b) {
			return true
		}
	}
	return false
}

// textHigh are the characters that the first of four can be when they encode text.
var textHigh = makeTextHigh()

func makeTextHigh() (t [256]bool) {
	for b := range t {
		v := base64Value(byte(b))
		t[b] = v >= 0x20>>2 && v != 0x80>>2 || v == '\n'>>2
	}
	return t
}

// base64Value is the value of a character of base64 or base64url, -1 for others.
func base64Value(b byte) int {
	switch {
	case isUpper(b):
		return int(b - 'A')
	case isLower(b):
		return int(b-'a') + 26
	case isDigit(b):
		return int(b-'0') + 52
	case b == '+' || b == '-':
		return 62
	case b == '/' || b == '_':
		return 63
	}
	return -1
}

// decodeToken decodes a token of either alphabet into the view; false unless all of it is printable text.
func decodeToken(v *View, token []byte) bool {
	v.reset()
	var acc uint32
	bits := 0
	for _, b := range token {
		acc = acc<<6 | uint32(base64Value(b))
		if bits += 6; bits >= 8 {
			bits -= 8
			c := byte(acc >> bits)
			if c < 0x20 && c != '\n' && c != '\r' && c != '\t' || c == 0x7f {
				return false
			}
			v.Text = append(v.Text, c)
		}
	}
	return utf8.Valid(v.Text)
}
