package detect

import (
	"unicode/utf16"
	"unicode/utf8"
)

// unescape undoes percent-encoding, HTML entities and backslash escapes once; false when there are none.
func unescape(v *View, t []byte) bool {
	v.reset()
	changed := false
	for i := 0; i < len(t); {
		r, n := rune(-1), 0
		switch t[i] {
		case '%':
			if hi, lo := hexValue(at(t, i+1)), hexValue(at(t, i+2)); hi >= 0 && lo >= 0 {
				v.byte(byte(hi<<4|lo), i)
				changed = true
				i += 3
				continue
			}
			if c := at(t, i+1); c == 'u' || c == 'U' { // %u0040, which browsers' escape() wrote
				if r = hex4(t, i+2); r >= 0 {
					n = 6
				}
			}
		case '&':
			r, n = entity(t, i)
		case '\\':
			r, n = escape(t, i)
		case '#', '^':
			r, n = shownEscape(t, i)
		}
		if n == 0 {
			v.byte(t[i], i)
			i++
			continue
		}
		var buf [utf8.UTFMax]byte
		v.bytes(buf[:utf8.EncodeRune(buf[:], r)], i)
		changed = true
		i += n
	}
	v.close(len(t))
	return changed
}

// entity reads an HTML entity at i and gives its length, 0 when it is none.
func entity(t []byte, i int) (rune, int) {
	if at(t, i+1) == '#' {
		return numericEntity(t, i)
	}
	for _, e := range [...]struct {
		name string
		r    rune
	}{{"amp;", '&'}, {"commat;", '@'}, {"period;", '.'}, {"plus;", '+'}, {"nbsp;", ' '}, {"quot;", '"'}, {"apos;", '\''}, {"lt;", '<'},
		{"gt;", '>'}, {"colon;", ':'}, {"equals;", '='}, {"lowbar;", '_'}, {"hyphen;", '-'}, {"dash;", '-'}, {"shy;", 0xad}, {"sol;", '/'}} {
		if hasPrefix(t[i+1:], e.name) {
			return e.r, 1 + len(e.name)
		}
	}
	return 0, 0
}

// numericEntity reads &#64; and &#x40; at i.
func numericEntity(t []byte, i int) (rune, int) {
	j, base := i+2, 10
	if b := at(t, j); b == 'x' || b == 'X' {
		j, base = j+1, 16
	}
	r, start := rune(0), j
	for ; j < len(t) && j-start < 8; j++ {
		d := hexValue(t[j])
		if d < 0 || d >= base {
			break
		}
		r = r*rune(base) + rune(d)
	}
	if j == start || r > utf8.MaxRune {
		return 0, 0
	}
	if at(t, j) == ';' { // readers do without
		j++
	}
	return r, j - i
}

// escape reads a backslash escape at i: those of JSON, \xHH, and the shell's \e and \033 before a bracket.
func escape(t []byte, i int) (rune, int) {
	switch b := at(t, i+1); b {
	case '"', '\\', '/', '\'':
		return rune(b), 2
	case 'n', 'r', 't':
		return ' ', 2
	case 'e':
		if at(t, i+2) == '[' {
			return 0x1b, 2
		}
	case '0':
		if hasPrefix(t[i+1:], "033[") {
			return 0x1b, 4
		}
	case 'x':
		if hi, lo := hexValue(at(t, i+2)), hexValue(at(t, i+3)); hi >= 0 && lo >= 0 {
			return rune(hi<<4 | lo), 4
		}
	case 'u':
		r := hex4(t, i+2)
		if r < 0 {
			return 0, 0
		}
		if utf16.IsSurrogate(r) && at(t, i+6) == '\\' && at(t, i+7) == 'u' {
			if both := utf16.DecodeRune(r, hex4(t, i+8)); both != utf8.RuneError {
				return both, 12
			}
		}
		return r, 6
	}
	return 0, 0
}

// shownEscape reads what syslog (#033[) and terminals (^[[) show of the escape character.
func shownEscape(t []byte, i int) (rune, int) {
	switch {
	case hasPrefix(t[i:], "#033["):
		return 0x1b, 4
	case hasPrefix(t[i:], "^[["):
		return 0x1b, 2
	}
	return 0, 0
}

// hex4 reads four hexadecimal digits, -1 when they are not.
func hex4(t []byte, i int) rune {
	r := rune(0)
	for j := i; j < i+4; j++ {
		d := hexValue(at(t, j))
		if d < 0 {
			return -1
		}
		r = r<<4 | rune(d)
	}
	return r
}
