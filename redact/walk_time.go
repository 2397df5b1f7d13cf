package redact

import "encoding/binary"

// isTimestamp reports whether text is a time as RFC 3339 has it, in which nobody is named.
func isTimestamp(text []byte) bool {
	const seconds = len("2019-09-24T09:29:07")
	if len(text) < seconds+1 || len(text) > seconds+16 || !dateForm.fits(text) || !dayForm.fits(text[8:]) || !clockForm.fits(text[11:]) {
		return false
	}
	i := seconds
	if text[i] == '.' {
		end := digitsEnd(text, i+1)
		if end == i+1 || end > i+10 {
			return false
		}
		i = end
	}
	return len(text) == i+1 && text[i] == 'Z' ||
		len(text) == i+6 && (text[i] == '+' || text[i] == '-') && isDigit(text[i+1]) && isDigit(text[i+2]) && text[i+3] == ':' && isDigit(text[i+4]) && isDigit(text[i+5])
}

// The eight bytes from the beginning of a timestamp, from its day and from its hour on.
var dateForm, dayForm, clockForm = newForm("dddd-dd-"), newForm("ddTdd:dd"), newForm("dd:dd:dd")

// form tells eight bytes that are digits where it has a d, and what it has elsewhere, in a few steps. A digit has
// 3 in its upper half, and still has when 6 is added.
type form struct{ mask, want, six uint64 }

func newForm(text string) (f form) {
	for i, c := range []byte(text) {
		mask, want, six := uint64(0xff), uint64(c), uint64(0)
		if c == 'd' {
			mask, want, six = 0xf0, 0x30, 6
		}
		f.mask |= mask << (8 * i)
		f.want |= want << (8 * i)
		f.six |= six << (8 * i)
	}
	return f
}

// fits looks at the first eight bytes of text, which has as many.
func (f *form) fits(text []byte) bool {
	w := binary.LittleEndian.Uint64(text)
	return w&f.mask == f.want && (w+f.six)&f.mask == f.want
}
