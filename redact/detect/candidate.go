package detect

// The lanes that a byte counts in, sixteen bits each.
const (
	laneDigit = 1 << (16 * iota)
	laneSign  // signs that every finding with them needs: @ % & \ = : + and bytes that are not ASCII
	laneSpace // spaces, dots and hyphens
	laneLetter
)

var lanes = makeLanes()

func makeLanes() (t [256]uint64) {
	for b := range t {
		switch c := byte(b); {
		case isDigit(c):
			t[b] = laneDigit
		case isLetter(c):
			t[b] = laneLetter
		case c == ' ' || c == '.' || c == '-':
			t[b] = laneSpace
		case c >= 0x80 || c == '@' || c == '%' || c == '&' || c == '\\' || c == '=' || c == ':' || c == '+':
			t[b] = laneSign
		}
	}
	return t
}

// candidate counts the bytes that findings are made of. It has no branch per byte, so its cost does not
// depend on what the text looks like.
func candidate(text []byte) bool {
	const block = 1 << 15
	digits := uint64(0)
	for rest := text; len(rest) > 0; {
		n := min(len(rest), block)
		var acc uint64
		for _, b := range rest[:n] {
			acc += lanes[b]
		}
		if acc&(0xffff*laneSign) != 0 {
			return true
		}
		if digits += acc & 0xffff; digits >= 4 {
			return true
		}
		rest = rest[n:]
	}
	return longRun(text)
}

// longRun says whether the text holds a run of token characters that could be a key, a token or encoded
// text, the dashes of a PEM block, or the word Basic before a short credential.
func longRun(text []byte) bool {
	for i := 0; i < len(text); {
		if class[text[i]]&cToken == 0 {
			i++
			continue
		}
		e := i
		plain := true
		for e < len(text) && class[text[e]]&cToken != 0 {
			plain = plain && (isLower(text[e]) || text[e] == '-' || text[e] == '_' || text[e] == '/')
			e++
		}
		if e-i >= encodedLeast && (!plain || !proseToken(text[i:e])) || e-i >= 5 && text[i] == '-' || e-i == 5 && equalFold(text, i, "basic") {
			return true
		}
		i = e + 1
	}
	return false
}
