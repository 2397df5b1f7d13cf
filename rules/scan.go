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
	var t tokens
	last := kindHyphen
	for i, c := range key {
		k := kinds[c]
		s.all |= k
		if k&kindAlnum != 0 {
			t.add(k)
		} else {
			if t.length > 0 {
				s.identify(n.tokenEnd(&t))
			}
			switch {
			case k == kindHyphen:
				s.segments++
				s.empty = s.empty || last == kindHyphen
				s.edge = s.edge || last == kindUnderscore
				if s.first < 0 {
					s.first = i
				}
			case k == kindUnderscore:
				s.edge = s.edge || last == kindHyphen
			case c == '@' && i > 0 && i+1 < len(key):
				s.identify(idEmail)
			}
			if t.gap++; t.gap > 1 {
				t.numbers = 0
			}
		}
		last = k
	}
	s.identify(n.tokenEnd(&t))
	s.empty = s.empty || last == kindHyphen
	s.edge = s.edge || last == kindUnderscore
	if s.first < 0 {
		s.first = len(key)
	}
	return s
}

func (s *shape) identify(id identifier) {
	if s.identifier == noIdentifier {
		s.identifier = id
	}
}

// tokens follows the runs of letters and digits in a key.
type tokens struct {
	length  int  // of the token so far
	digits  int  // how many of it are digits
	run     int  // digits in a row up to here
	longest int  // longest such run in the token
	all     kind // classes in the token
	notHex  bool
	numbers int // tokens of digits only in a row, with one byte between them
	gap     int // bytes since the last token
}

func (t *tokens) add(k kind) {
	t.length++
	t.all |= k
	if k == kindDigit {
		t.digits++
		t.run++
		t.longest = max(t.longest, t.run)
		return
	}
	t.run = 0
	t.notHex = t.notHex || k&kindHexLetter == 0
}

// Bounds of what has no setting: numbers in a row make a date, a time, a version or an IP address; a
// long mixture of letters and digits is no word.
const (
	minNumbers     = 3
	minToken       = 16
	minTokenDigits = 4
)

// tokenEnd judges the token that ends here and makes t ready for the next.
func (n *Naming) tokenEnd(t *tokens) identifier {
	numbers := 0
	if t.length > 0 && t.digits == t.length {
		numbers = t.numbers + 1
	}
	id := noIdentifier
	switch {
	case t.longest >= n.minDigits:
		id = idNumber
	case !t.notHex && t.digits > 0 && t.length >= n.minHex:
		id = idHex
	case numbers >= minNumbers:
		id = idDate
	case t.length >= minToken && t.digits >= minTokenDigits:
		id = idToken
	}
	*t = tokens{numbers: numbers}
	return id
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
	case s.all&(kindOther|kindUpper|kindSpace) != 0 && (on.Has(RuleCharacters) || !printable(key)):
		return RuleCharacters
	case (s.edge || key[0] == '_') && on.Has(RuleCharacters):
		return RuleCharacters
	case len(key) > n.maxLength && on.Has(RuleLength) || len(key) > maxScan:
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
