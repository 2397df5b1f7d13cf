package rules

import "unicode/utf8"

// maxScan is the number of bytes of a key that are looked at, and the longest key that any rule file
// can allow.
const maxScan = 1024

// kind is a class of bytes; the classes are bits so that several can be asked for at once.
type kind uint8

const (
	kindLetter kind = 1 << iota // a-z
	kindUpper                   // A-Z
	kindDigit
	kindHexLetter // a-f and A-F, with one of the above
	kindHyphen
	kindUnderscore
	kindSpace
	kindOther // punctuation, control characters and everything beyond ASCII
)

const kindAlnum = kindLetter | kindUpper | kindDigit

var kinds = func() (table [256]kind) {
	for c := range table {
		switch {
		case c >= 'a' && c <= 'z':
			table[c] = kindLetter
		case c >= 'A' && c <= 'Z':
			table[c] = kindUpper
		case c >= '0' && c <= '9':
			table[c] = kindDigit
		case c == '-':
			table[c] = kindHyphen
		case c == '_':
			table[c] = kindUnderscore
		case c == ' ' || c >= '\t' && c <= '\r':
			table[c] = kindSpace
		default:
			table[c] = kindOther
		}
		if c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F' {
			table[c] |= kindHexLetter
		}
	}
	return table
}()

// identifier is what kind of identifying content a key holds.
type identifier uint8

const (
	noIdentifier identifier = iota
	idEmail
	idNumber
	idHex
	idDate // or an address of four numbers: several numbers in a row
	idToken
)

var identifierNames = [...]string{"nothing", "an e-mail address", "a long number", "hexadecimal digits", "a date, time or address", "a random token"}

// String describes the identifier for messages.
func (i identifier) String() string { return identifierNames[i] }

// shape is what one pass over a key finds out.
type shape struct {
	segments   int
	first      int // length of the first segment
	all        kind
	empty      bool // an empty segment: hyphens at an end or next to each other
	edge       bool // an underscore at an end of a segment
	identifier identifier
}

// scan looks at every byte of the key once. Keys longer than maxScan are looked at up to there.
func (n *Naming) scan(key []byte) shape {
	if len(key) > maxScan {
		key = key[:maxScan]
	}
	s := shape{segments: 1, first: -1}
	numbers := 0 // tokens of digits only, with one byte between them
	for i := 0; i < len(key); {
		start, all := i, kind(0)
		for i < len(key) && kinds[key[i]]&kindAlnum != 0 {
			all |= kinds[key[i]]
			i++
		}
		s.all |= all
		if all&kindDigit == 0 {
			numbers = 0 // most tokens are words
		} else if s.identifier == noIdentifier {
			s.identifier = n.judge(key[start:i], &numbers)
		}
		end := i
		for i < len(key) && kinds[key[i]]&kindAlnum == 0 {
			s.separator(key, i)
			i++
		}
		if i-end > 1 {
			numbers = 0
		}
	}
	if s.first < 0 {
		s.first = len(key)
	}
	return s
}

// separator takes note of the byte at i, which is neither letter nor digit.
func (s *shape) separator(key []byte, i int) {
	c := key[i]
	s.all |= kinds[c]
	begins, ends := i == 0 || key[i-1] == '-', i+1 == len(key)
	switch c {
	case '-':
		s.segments++
		s.empty = s.empty || begins || ends
		s.edge = s.edge || i > 0 && key[i-1] == '_'
		if s.first < 0 {
			s.first = i
		}
	case '_':
		s.edge = s.edge || begins || ends
	case '@':
		if s.identifier == noIdentifier && i > 0 && !ends {
			s.identifier = idEmail
		}
	}
}

// Bounds of what has no setting: numbers in a row make a date, a time, a version or an IP address; a
// long mixture of letters and digits is no word.
const (
	minNumbers     = 3
	minToken       = 16
	minTokenDigits = 4
)

// judge tells whether a token with digits in it is an identifier, and counts the numbers in a row.
func (n *Naming) judge(token []byte, numbers *int) identifier {
	digits, run, longest, hex := 0, 0, 0, true
	for _, c := range token {
		k := kinds[c]
		if k != kindDigit {
			hex = hex && k&kindHexLetter != 0
			run = 0
			continue
		}
		digits++
		run++
		longest = max(longest, run)
	}
	if digits == len(token) {
		*numbers++
	} else {
		*numbers = 0
	}
	switch {
	case longest >= n.minDigits:
		return idNumber
	case hex && len(token) >= n.minHex:
		return idHex
	case *numbers >= minNumbers:
		return idDate
	case len(token) >= minToken && digits >= minTokenDigits:
		return idToken
	}
	return noIdentifier
}

// Check gives the first rule that the key of a service breaks, or RuleNone. It allocates nothing and
// keeps nothing of its arguments.
func (n *Naming) Check(service, key []byte) Rule {
	on := n.enabled(service)
	if len(key) == 0 {
		return only(on, RuleMissingKey)
	}
	s := n.scan(key)
	switch {
	case s.identifier != noIdentifier && on.Has(RuleIdentifier):
		return RuleIdentifier
	case s.all&kindSpace != 0 && on.Has(RuleFreeText):
		return RuleFreeText
	case s.all&(kindOther|kindUpper|kindSpace) != 0 && (on.Has(RuleCharacters) || !printable(key[:min(len(key), maxScan)])):
		return RuleCharacters
	case (s.edge || key[0] == '_') && on.Has(RuleCharacters):
		return RuleCharacters
	case (len(key) > n.maxLength && on.Has(RuleLength)) || len(key) > maxScan:
		return RuleLength
	case (s.empty || s.segments < n.minSegments || s.segments > n.maxSegments) && on.Has(RuleSegments):
		return RuleSegments
	case len(n.firsts) > 0 && on.Has(RuleFirstSegment) && !n.firstAllowed(service, key[:s.first]):
		return RuleFirstSegment
	case on.Has(RuleUnregistered) && !n.registered(service, key):
		return RuleUnregistered
	}
	return RuleNone
}

func only(on RuleSet, r Rule) Rule {
	if on.Has(r) {
		return r
	}
	return RuleNone
}

// printable reports whether a key can be a label value at all: valid UTF-8 without control characters.
// That holds even where the rule about characters is off.
func printable(key []byte) bool {
	for _, c := range key {
		if c < ' ' || c == 0x7f {
			return false
		}
	}
	return utf8.Valid(key)
}
