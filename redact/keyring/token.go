package keyring

import "encoding/binary"

// Sizes of a token's parts in characters: <prefix>_k<id>_<digits>.
const (
	digestBytes = 16 // of the hash, in the digits
	digitCount  = 26 // five bits each
	maxPrefix   = 16
	maxIDDigits = 9
)

// MaxToken is the length of the longest token.
const MaxToken = maxPrefix + len("_k") + maxIDDigits + len("_") + digitCount

// minToken is the length of the shortest token.
const minToken = len("a_k0_") + digitCount

const digits = "abcdefghijklmnopqrstuvwxyz234567"

// ValidPrefix reports whether tokens can begin with prefix: a lower-case letter, then up to 15 more
// lower-case letters and digits.
func ValidPrefix(prefix string) bool {
	return prefix != "" && len(prefix) <= maxPrefix && prefixLength([]byte(prefix)) == len(prefix)
}

// ValidDomain reports whether domain can be used: it is not empty and holds no zero byte, which would let
// two pairs of domain and value be the same.
func ValidDomain(domain string) bool {
	for i := range len(domain) {
		if domain[i] == 0 {
			return false
		}
	}
	return domain != ""
}

// appendDigits appends 128 bits, five to a character, the last with two bits of filling.
func appendDigits(dst []byte, sum *[digestBytes]byte) []byte {
	high, low := binary.BigEndian.Uint64(sum[:8]), binary.BigEndian.Uint64(sum[8:])
	var out [digitCount]byte
	for i := range out {
		out[i] = digits[high>>59]
		high = high<<5 | low>>59
		low <<= 5
	}
	return append(dst, out[:]...)
}

// IsToken reports whether text is a token as a whole.
func IsToken(text []byte) bool {
	if len(text) < minToken { // most ids are not even as long
		return false
	}
	n := TokenLength(text)
	return n > 0 && n == len(text)
}

// TokenLength gives the length of the token that text begins with, 0 when it begins with none. The token
// has to end there: a letter, a digit or an underscore after it makes it something else. What stands
// before text is for the caller to look at.
func TokenLength(text []byte) int {
	n := prefixLength(text)
	if n == 0 || len(text) < n+len("_k0_")+digitCount || text[n] != '_' || text[n+1] != 'k' {
		return 0
	}
	id := idLength(text[n+2:])
	at := n + 2 + id
	if id == 0 || len(text) < at+1+digitCount || text[at] != '_' {
		return 0
	}
	end := at + 1 + digitCount
	if !areDigits(text[at+1:end]) || len(text) > end && isWord(text[end]) {
		return 0
	}
	return end
}

// prefixLength counts the characters of a prefix at the start of text, 0 when there is none.
func prefixLength(text []byte) int {
	if len(text) == 0 || text[0] < 'a' || text[0] > 'z' {
		return 0
	}
	n := 1
	for n < len(text) && n < maxPrefix && (text[n] >= 'a' && text[n] <= 'z' || isDecimal(text[n])) {
		n++
	}
	return n
}

// idLength counts the digits of a key id at the start of text, 0 when there is none.
func idLength(text []byte) int {
	n := 0
	for n < len(text) && n < maxIDDigits && isDecimal(text[n]) {
		n++
	}
	if n > 1 && text[0] == '0' {
		return 0
	}
	return n
}

// areDigits reports whether text is what appendDigits gives for some 128 bits.
func areDigits(text []byte) bool {
	for _, c := range text {
		if (c < 'a' || c > 'z') && (c < '2' || c > '7') {
			return false
		}
	}
	last := text[len(text)-1]
	if last >= 'a' {
		return (last-'a')%4 == 0
	}
	return (last-'2'+26)%4 == 0
}

func isDecimal(c byte) bool { return c >= '0' && c <= '9' }

func isWord(c byte) bool {
	return isDecimal(c) || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
}
