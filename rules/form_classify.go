package rules

import "bytes"

const (
	minFormHex = 8
	uuidLength = 36
)

// classify gives the placeholder of a chunk that is one value as a whole; "" for anything else.
func classify(core []byte) placeholder {
	switch {
	case len(core) == 0:
		return ""
	case isIPv4(core):
		return formIP
	case isClock(core):
		return formTime
	case isColonHex(core):
		return formIP
	case len(core) == uuidLength && isUUID(core):
		return formUUID
	case isQuantity(core):
		return formNumber
	}
	return ""
}

// isUUID reports whether a text begins with a UUID that ends there.
func isUUID(c []byte) bool {
	if len(c) < uuidLength || wordAfter(c, uuidLength) {
		return false
	}
	for i, b := range c[:uuidLength] {
		switch i {
		case 8, 13, 18, 23:
			if b != '-' {
				return false
			}
		default:
			if kinds[b]&(kindDigit|kindHexLetter) == 0 {
				return false
			}
		}
	}
	return true
}

// isIPv4 takes four numbers with dots, and a port or prefix length behind them.
func isIPv4(c []byte) bool {
	if i := bytes.IndexAny(c, ":/"); i >= 0 {
		if !onlyDigits(c[i+1:]) {
			return false
		}
		c = c[:i]
	}
	groups := 0
	for group := range bytes.SplitSeq(c, []byte(".")) {
		if !onlyDigits(group) || len(group) > 3 {
			return false
		}
		groups++
	}
	return groups == 4
}

func onlyDigits(c []byte) bool {
	for _, b := range c {
		if kinds[b] != kindDigit {
			return false
		}
	}
	return len(c) > 0
}

// isClock takes times of day, dates and both together: digits with colons, or with a date's hyphens.
func isClock(c []byte) bool {
	separators := 0
	for i, b := range c {
		switch {
		case kinds[b] == kindDigit || i > 0 && bytes.IndexByte([]byte("TZtz+.,"), b) >= 0:
		case b == ':' || (b == '-' || b == '/') && i >= 4:
			separators++
		default:
			return false
		}
	}
	dated := len(c) >= 10 && (c[4] == '-' || c[4] == '/') && c[4] == c[7]
	return kinds[c[0]] == kindDigit && separators > 0 && (dated || bytes.IndexByte(c, ':') > 0)
}

// isColonHex takes IPv6 addresses and hardware addresses.
func isColonHex(c []byte) bool {
	colons := 0
	for _, b := range c {
		switch {
		case b == ':':
			colons++
		case kinds[b]&(kindDigit|kindHexLetter) == 0 && b != '.':
			return false
		}
	}
	return colons >= 2
}

// maxUnit is the longest unit behind a number: ms, GiB, req.
const maxUnit = 3

// isQuantity takes a number with sign, fraction and unit.
func isQuantity(c []byte) bool {
	if c[0] == '+' || c[0] == '-' {
		c = c[1:]
	}
	if len(c) == 0 || kinds[c[0]] != kindDigit {
		return false
	}
	i := 0
	for i < len(c) && (kinds[c[i]] == kindDigit || c[i] == '.' || c[i] == ',') {
		i++
	}
	unit := c[i:]
	if string(unit) == "%" {
		return true
	}
	letters, _, _ := composition(unit)
	return len(unit) == 0 || letters && len(unit) <= maxUnit
}
