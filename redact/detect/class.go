package detect

// Classes of bytes, as bits of the class table.
const (
	cDigit uint8 = 1 << iota
	cLetter
	cHex    // 0-9 a-f A-F
	cToken  // base64url and base64: letters digits + / _ -
	cLocal  // may stand inside the local part of an e-mail address
	cDomain // letters digits - . of a host name
	cSpace
	cHigh // not ASCII
)

// anchor says what the pass does at a byte; aNone is passed over.
type anchor uint8

const (
	aNone anchor = iota
	aDigit
	aAt
	aColon
	aEquals
	aDash
	aDot
	aSpace
	aJ
	aA
	aView // '%', '&', '\\', the escape character and bytes that are not ASCII: a decoded view may show more
)

var (
	class   = makeClasses()
	anchors = makeAnchors()
)

func makeClasses() (t [256]uint8) {
	for b := 'a'; b <= 'z'; b++ {
		t[b] = cLetter | cToken | cLocal | cDomain
		t[b-'a'+'A'] = t[b]
	}
	for b := '0'; b <= '9'; b++ {
		t[b] = cDigit | cHex | cToken | cLocal | cDomain
	}
	for b := 'a'; b <= 'f'; b++ {
		t[b] |= cHex
		t[b-'a'+'A'] |= cHex
	}
	for _, b := range "+/_-" {
		t[b] |= cToken
	}
	for _, b := range "._+-'~!#$*^" {
		t[b] |= cLocal
	}
	t['-'] |= cDomain
	t['.'] |= cDomain
	for _, b := range " \t\r\n\v\f" {
		t[b] |= cSpace
	}
	for b := 0x80; b < 0x100; b++ {
		t[b] = cHigh
	}
	return t
}

func makeAnchors() (t [256]anchor) {
	for b := '0'; b <= '9'; b++ {
		t[b] = aDigit
	}
	t['@'], t[':'], t['='], t['-'], t['.'], t[' '], t['J'], t['A'] = aAt, aColon, aEquals, aDash, aDot, aSpace, aJ, aA
	t['%'], t['&'], t['\\'], t[0x1b] = aView, aView, aView, aView
	for b := 0x80; b < 0x100; b++ {
		t[b] = aView
	}
	return t
}

func isDigit(b byte) bool  { return b-'0' < 10 }
func isLetter(b byte) bool { return (b|0x20)-'a' < 26 }
func isUpper(b byte) bool  { return b-'A' < 26 }
func isLower(b byte) bool  { return b-'a' < 26 }
func isAlnum(b byte) bool  { return class[b]&(cDigit|cLetter) != 0 }
func isHex(b byte) bool    { return class[b]&cHex != 0 }
func isSpace(b byte) bool  { return class[b]&cSpace != 0 }
func lower(b byte) byte {
	if isUpper(b) {
		return b | 0x20
	}
	return b
}

// hexValue is the value of a hexadecimal digit.
func hexValue(b byte) int {
	switch {
	case isDigit(b):
		return int(b - '0')
	case isHex(b):
		return int(b|0x20-'a') + 10
	}
	return -1
}

// at is the byte at i, or 0 outside the text.
func at(t []byte, i int) byte {
	if uint(i) < uint(len(t)) {
		return t[i]
	}
	return 0
}

// digitsEnd is the end of the run of digits that starts at i.
func digitsEnd(t []byte, i int) int {
	for i < len(t) && isDigit(t[i]) {
		i++
	}
	return i
}

// runEnd is the end of the run of bytes of the classes that starts at i.
func runEnd(t []byte, i int, classes uint8) int {
	for i < len(t) && class[t[i]]&classes != 0 {
		i++
	}
	return i
}

// runStart is the start of the run of bytes of the classes that ends before i, at most limit bytes back.
func runStart(t []byte, i int, classes uint8, limit int) int {
	stop := max(0, i-limit)
	for i > stop && class[t[i-1]]&classes != 0 {
		i--
	}
	return i
}

// equalFold says whether t has the lower-case word at i, in any case.
func equalFold(t []byte, i int, word string) bool {
	if i < 0 || i+len(word) > len(t) {
		return false
	}
	for j := 0; j < len(word); j++ {
		if lower(t[i+j]) != word[j] {
			return false
		}
	}
	return true
}
