package detect

import "bytes"

// laneBits is the width of a lane: the count of a block's bytes fits, and a block is short, so that a long
// text with a sign early on is known to be a candidate early on.
const (
	laneBits  = 12
	laneFull  = 1<<laneBits - 1
	laneBlock = 64
)

// The lanes that a byte counts in.
const (
	laneDigit  = 1 << (laneBits * iota)
	laneSign   // @ % & \ = : + > and bytes that are not ASCII: one is enough to look closer
	laneHyphen // hardware addresses of letters only, PEM blocks, --password
	laneDot
	laneUpper
)

// leastQuoted is the length of the shortest text with a password in quotes, or a token.
const leastQuoted = 14

// spoken is what the words password, Passwort and passwd have in common.
var spoken = []byte("assw")

var lanes = makeLanes()

func makeLanes() (t [256]uint64) {
	for b := range t {
		switch c := byte(b); {
		case isDigit(c):
			t[b] = laneDigit
		case isUpper(c):
			t[b] = laneUpper
		case c == '-':
			t[b] = laneHyphen
		case c == '.':
			t[b] = laneDot
		case c >= 0x80 || c == '@' || c == '%' || c == '&' || c == '\\' || c == '=' || c == ':' || c == '+' || c == '>':
			t[b] = laneSign
		}
	}
	return t
}

// candidate counts the bytes that findings are made of. It has no branch per byte, so its cost does not
// depend on what the text looks like.
func candidate(text []byte) bool {
	const least = 4 // no number has fewer digits
	var digits, hyphens, dots, upper uint64
	for rest := text; len(rest) > 0; {
		n := min(len(rest), laneBlock)
		var acc uint64
		for _, b := range rest[:n] {
			acc += lanes[b]
		}
		digits += acc / laneDigit & laneFull
		hyphens += acc / laneHyphen & laneFull
		dots += acc / laneDot & laneFull
		upper += acc / laneUpper & laneFull
		if acc/laneSign&laneFull > 0 || digits >= least || hyphens >= 5 || dots >= 2 {
			return true
		}
		rest = rest[n:]
	}
	if hyphens >= 2 && bytes.Contains(text, []byte("--")) {
		return true
	}
	if len(text) < leastQuoted {
		return false
	}
	if i := bytes.IndexByte(text, '\''); i > 1 && text[i-1] == ' ' && isLetter(text[i-2]) {
		return true // PASSWORD 'x'
	}
	if digits > 0 && upper > 0 && bytes.Contains(text, spoken) {
		return true // password is Zq7…
	}
	if len(text) < encodedLeast || digits+upper == 0 && bytes.IndexByte(text, ' ') < 0 {
		return false
	}
	return longRun(text)
}

// longRun says whether the text holds a run of token characters that could be a key, a token or encoded
// text: not one of lower-case words only.
func longRun(text []byte) bool {
	// A run of encodedLeast bytes holds every encodedLeast-th byte of the text: only those are looked at.
	for p := encodedLeast - 1; p < len(text); p += encodedLeast {
		if class[text[p]]&cToken == 0 {
			continue
		}
		start := runStart(text, p, cToken, encodedLeast)
		end := runEnd(text, p, cToken)
		if end-start >= encodedLeast && !proseToken(text[start:end]) {
			return true
		}
		p = end - 1
	}
	return false
}
