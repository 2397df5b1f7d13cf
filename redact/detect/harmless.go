package detect

import (
	"encoding/binary"
	"math/bits"
)

// Words of eight bytes are looked at as a whole: what is computed of them is in the highest bit of each
// byte, or in all of its bits.
const (
	each = 0x0101010101010101 // times a byte: that byte eight times
	high = 0x80 * each
)

// Harmless looks at the text that begins at pos in src and ends before the next '"', and reports whether it
// is so plain that Find and FindAll would find nothing in it, for the same kinds and evidence and without a
// hint: a word, a number in hex, a name of a machine or task. False says nothing, and is the answer for all
// texts of 64 bytes and more. end is where the text ends, and no word with a digit in it, of letters and
// digits, is longer than word.
//
// Most values of log records are such, and never the same twice, so this has to be cheap: it takes eight
// bytes at a time, and runs are looked for in bit maps of the whole text.
func Harmless(src []byte, pos int, on Kinds, weak bool) (end, word int, ok bool) {
	var s shape
	if !s.read(src, pos) {
		return 0, 0, false
	}
	short := weak || on.Has(Digits) // what has fewer than nine digits counts too
	if s.hexID(short) && !(s.ibanLike() && ibanLength(src[pos], src[pos+1]) == s.length) {
		return pos + s.length, s.length, true
	}
	return pos + s.length, encodedLeast - 1, s.plainWord() || s.plainID(short)
}

// shape is where in a text of less than 64 bytes which bytes are: the lowest bit is the first byte.
type shape struct {
	length                 int
	digits, letters, marks uint64 // marks are hyphens and underscores
	dots                   int    // how many
	upper                  bool   // there is an upper-case letter
	beyondHex              bool   // there is a letter behind f
}

// read takes the text in up to the '"'. It gives up at the first byte of any other kind. It has few variables,
// so that all of them are in registers.
func (s *shape) read(src []byte, pos int) bool {
	src = src[pos:]
	var digits, letters, cases uint64
	for n := 0; n < 64; n += 8 {
		w := eightBytes(src, n)
		quote := zeroBytes(w ^ '"'*each)
		inside := (quote&-quote - 1) & high // all, where there is none
		digit := inRange(w, '0', '9') & inside
		folded := w | 0x20*each
		letter := inRange(folded, 'a', 'z') & inside
		cases |= letter&^(w<<2) | letter&(folded+(0x80-'g')*each)>>1
		digits |= bitMap(digit) << n
		letters |= bitMap(letter) << n
		if rest := inside &^ (digit | letter); rest != 0 && !s.others(w, rest, n) {
			return false
		}
		if quote != 0 {
			s.digits, s.letters = digits, letters
			s.upper, s.beyondHex = cases&high != 0, cases&(high>>1) != 0
			s.length = n + bits.TrailingZeros64(quote)/8
			return true
		}
	}
	return false
}

// others notes the bytes of w that rest marks, the first being the n-th of the text, and reports whether it knows
// them all.
func (s *shape) others(w, rest uint64, n int) bool {
	dot, mark := equal(w, '.')&rest, (equal(w, '-')|equal(w, '_'))&rest
	s.dots += bits.OnesCount64(dot)
	s.marks |= bitMap(mark) << n
	return rest&^(dot|mark) == 0 && w&rest == 0
}

// hexID reports whether the text is a word of hex digits, as ids are, without a run of digits that could be a
// number of a person, and no national insurance number.
func (s *shape) hexID(short bool) bool {
	switch {
	case s.upper || s.beyondHex || s.dots > 0 || s.marks != 0 || s.length == 9 && runs(s.digits, 6) != 0:
		return false
	case short:
		return runs(s.digits, 8) == 0
	}
	return runs(s.digits, 12) == 0 // a card number
}

// ibanLike reports whether the text begins as an IBAN does, with two letters and two digits.
func (s *shape) ibanLike() bool { return s.letters&3 == 3 && s.digits>>2&3 == 3 && s.length >= 15 }

// plainWord reports whether the text is one or several words that hold too little for anything: what
// candidate says of them.
func (s *shape) plainWord() bool {
	short := s.length < encodedLeast || s.digits == 0 && !s.upper
	return short && s.dots < 2 && bits.OnesCount64(s.digits) < 4 && bits.OnesCount64(s.marks) < 5 && runs(s.marks, 2) == 0
}

// plainID reports whether the text is a name of a machine, task or event of lower-case letters, digits, hyphens,
// underscores and at most one dot, in which no stretch could be base64 and no number is anybody's.
func (s *shape) plainID(short bool) bool {
	if s.upper || s.dots > 1 {
		return false
	}
	alnum := s.digits | s.letters
	begin := s.letters &^ (alnum << 1)                            // of words that begin with a letter
	behind := (s.letters + begin) &^ s.letters & (s.letters << 2) // the letters at their beginning, if there are two or more
	two := behind &^ (s.letters << 3)                             // and if there are just two
	digits, marks := bits.OnesCount64(s.digits), bits.OnesCount64(s.marks)
	switch {
	case runs(alnum, encodedLeast) != 0:
		return false
	case marks >= 5 && (digits > 0 || bits.OnesCount64(two) >= 6): // a hardware address
		return false
	case digits >= 8 && behind&s.digits&(s.digits>>1) != 0: // an IBAN
		return false
	case short: // a phone number, a one-time code: whatever a word beside it calls it
		return digits < 9 && !s.row(6) && !s.code()
	}
	return !s.row(9) && !s.rowAt(two, 6) // all but a national insurance number has nine digits
}

// row reports whether there are n digits without a letter between them.
func (s *shape) row(n int) bool {
	all := uint64(1)<<s.length - 1
	for left := all &^ s.letters; runs(left, n) != 0; {
		start := bits.TrailingZeros64(left)
		row := uint64(1)<<bits.TrailingZeros64(^(left>>start)) - 1
		if bits.OnesCount64(s.digits>>start&row) >= n {
			return true
		}
		left &^= row << start
	}
	return false
}

// rowAt reports whether there are n digits without a letter between them from one of the places on.
func (s *shape) rowAt(places uint64, n int) bool {
	for ; places != 0; places &= places - 1 {
		start := bits.TrailingZeros64(places)
		row := uint64(1)<<bits.TrailingZeros64(s.letters>>start) - 1
		if bits.OnesCount64(s.digits>>start&row) >= n {
			return true
		}
	}
	return false
}

// code reports whether there are four digits or more in a row with no letter beside them.
func (s *shape) code() bool {
	for left := runs(s.digits, 4) &^ (s.letters << 1); left != 0; left &= left - 1 {
		start := bits.TrailingZeros64(left)
		if s.digits<<1>>start&1 != 0 {
			continue // inside of a run
		}
		if end := start + bits.TrailingZeros64(^(s.digits >> start)); s.letters>>end&1 == 0 {
			return true
		}
	}
	return false
}

// runs marks the starts of all stretches of n ones in a bit map, n being at most 16.
func runs(ones uint64, n int) uint64 {
	have := 1
	for ; have*2 <= n; have *= 2 {
		ones &= ones >> have
	}
	return ones & (ones >> (n - have))
}

// eightBytes are the bytes from i on, the first the lowest, and zeros behind the end.
func eightBytes(src []byte, i int) uint64 {
	if i+8 <= len(src) {
		return binary.LittleEndian.Uint64(src[i:])
	}
	var end [8]byte
	copy(end[:], src[min(i, len(src)):])
	return binary.LittleEndian.Uint64(end[:])
}

// inRange marks the bytes from low to top, which are ASCII; bytes that are not may mark any byte behind
// them, and themselves.
func inRange(w uint64, low, top byte) uint64 {
	return (w + uint64(0x80-low)*each) &^ (w + uint64(0x7f-top)*each)
}

// equal marks the bytes that are b, with the same restriction.
func equal(w uint64, b byte) uint64 { return ^(w ^ uint64(b)*each + 0x7f*each) }

// zeroBytes marks the first byte that is zero, and perhaps others behind it.
func zeroBytes(w uint64) uint64 { return (w - each) &^ w & high }

// bitMap moves the highest bits of the eight bytes together; the others are zero.
func bitMap(w uint64) uint64 { return (w >> 7) * 0x0102040810204080 >> 56 }
