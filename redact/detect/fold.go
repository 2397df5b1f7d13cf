package detect

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// fold writes the text as a reader sees it: compatibility forms and accents undone, look-alikes of other
// scripts and digits of all scripts as ASCII, invisible characters and colours of a terminal left out. False when nothing changes.
func fold(v *View, t []byte) bool {
	v.reset()
	changed := false
	for i := 0; i < len(t); {
		if n := colour(t, i); n > 0 {
			changed = true
			i += n
			continue
		}
		if t[i] < utf8.RuneSelf {
			v.byte(t[i], i)
			i++
			continue
		}
		r, n := utf8.DecodeRune(t[i:])
		if n == 1 { // not UTF-8
			v.byte(t[i], i)
			i++
			continue
		}
		if foldRune(v, r, t[i:i+n], i) {
			changed = true
		}
		i += n
	}
	v.close(len(t))
	return changed
}

// Folded gives a name as a reader sees it: what a text's folded view shows.
func Folded(name []byte) []byte {
	var v View
	fold(&v, name)
	return v.Text
}

// colour is the length of a terminal's control sequence (ECMA-48, ESC [ numbers letter) at i, 0 when there is none.
func colour(t []byte, i int) int {
	if t[i] != 0x1b || at(t, i+1) != '[' {
		return 0
	}
	j := i + 2
	for isDigit(at(t, j)) || at(t, j) == ';' {
		j++
	}
	if !isLetter(at(t, j)) {
		return 0
	}
	return j + 1 - i
}

// foldRune appends what one rune looks like, and says whether that differs.
func foldRune(v *View, r rune, raw []byte, i int) bool {
	if invisible(r) {
		return true
	}
	if b := lookAlike(r); b != 0 {
		v.byte(b, i)
		return true
	}
	if d := norm.NFKC.Properties(raw).Decomposition(); len(d) > 0 {
		for len(d) > 0 {
			c, n := utf8.DecodeRune(d)
			switch b := lookAlike(c); {
			case unicode.Is(unicode.Mn, c):
			case b != 0:
				v.byte(b, i)
			default:
				v.bytes(d[:n], i)
			}
			d = d[n:]
		}
		return true
	}
	v.bytes(raw, i)
	return false
}

// invisible says whether a rune takes no place: formats, marks that stand alone, variation selectors.
func invisible(r rune) bool {
	return r == 0xad || r == 0x34f || r == 0x115f || r == 0x1160 || r == 0x3164 || r == 0x180e || r >= 0xfe00 && r <= 0xfe0f ||
		unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Mn, r)
}

// lookAlike is the ASCII character that a rune is taken for, 0 when there is none.
func lookAlike(r rune) byte {
	switch {
	case r >= 0xff01 && r <= 0xff5e:
		return byte(r - 0xff01 + '!')
	case r >= 0x2010 && r <= 0x2015, r == 0x2212, r == 0x2043, r == 0xfe58, r == 0xfe63, r == 0x30fc, r == 0x2011:
		return '-'
	case r == 0xa0, r >= 0x2000 && r <= 0x200a, r == 0x202f, r == 0x205f, r == 0x3000:
		return ' '
	case r == 0x3002, r == 0x2024, r == 0xff61, r == 0xb7:
		return '.'
	case r == 0xfe6b:
		return '@'
	case r == 0x201c, r == 0x201d, r == 0x201e, r == 0x201f, r == 0x2033, r == 0xab, r == 0xbb:
		return '"'
	case r == 0x2018, r == 0x2019, r == 0x201a, r == 0x2039, r == 0x203a, r == 0x2bc:
		return '\''
	case r >= 0x370 && r <= 0x58f:
		return letterAlike(r)
	case r > 0x7f && unicode.IsDigit(r):
		return decimal(r)
	}
	return letterAlike(r)
}

// decimal is the ASCII digit of a decimal digit in another script: they come in rows of ten, from zero.
func decimal(r rune) byte {
	zero := r
	for zero > r-9 && unicode.IsDigit(zero-1) {
		zero--
	}
	if r >= 0x1d7ce && r <= 0x1d7ff { // five rows without a gap
		return byte((r-0x1d7ce)%10) + '0'
	}
	return byte(r-zero)%10 + '0'
}

// letterAlike is the ASCII letter that a Cyrillic, Greek, Armenian or phonetic letter is taken for.
func letterAlike(r rune) byte {
	switch r {
	case 0x430, 0x251, 0x3b1:
		return 'a'
	case 0x42c, 0x15af:
		return 'b'
	case 0x441, 0x3f2:
		return 'c'
	case 0x501, 0x257:
		return 'd'
	case 0x435, 0x3b5, 0x4bd:
		return 'e'
	case 0x261, 0x581:
		return 'g'
	case 0x4bb, 0x570:
		return 'h'
	case 0x456, 0x131, 0x3b9:
		return 'i'
	case 0x458, 0x3f3:
		return 'j'
	case 0x43a, 0x3ba:
		return 'k'
	case 0x4cf, 0x2113:
		return 'l'
	case 0x43c:
		return 'm'
	case 0x43f, 0x578, 0x3b7:
		return 'n'
	case 0x43e, 0x3bf, 0x585:
		return 'o'
	case 0x440, 0x3c1:
		return 'p'
	case 0x51b:
		return 'q'
	case 0x433:
		return 'r'
	case 0x455:
		return 's'
	case 0x442, 0x3c4:
		return 't'
	case 0x3c5, 0x57d:
		return 'u'
	case 0x475, 0x3bd:
		return 'v'
	case 0x51d, 0x561:
		return 'w'
	case 0x445, 0x3c7:
		return 'x'
	case 0x443, 0x3b3, 0x4af:
		return 'y'
	case 0x1d22:
		return 'z'
	case 0x410, 0x391:
		return 'A'
	case 0x412, 0x392:
		return 'B'
	case 0x421, 0x3f9:
		return 'C'
	case 0x415, 0x395:
		return 'E'
	case 0x41d, 0x397:
		return 'H'
	case 0x406, 0x399, 0x4c0:
		return 'I'
	case 0x408:
		return 'J'
	case 0x41a, 0x39a:
		return 'K'
	case 0x41c, 0x39c:
		return 'M'
	case 0x39d:
		return 'N'
	case 0x41e, 0x39f, 0x555:
		return 'O'
	case 0x420, 0x3a1:
		return 'P'
	case 0x405, 0x54f:
		return 'S'
	case 0x422, 0x3a4:
		return 'T'
	case 0x425, 0x3a7:
		return 'X'
	case 0x423, 0x3a5, 0x4ae:
		return 'Y'
	case 0x396:
		return 'Z'
	}
	return 0
}
