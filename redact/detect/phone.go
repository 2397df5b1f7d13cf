package detect

// international looks for an E.164 number with its plus at i and its first digit at first.
func (s *Scanner) international(i, first int) int {
	t := s.text
	if !s.on.Has(Phone) || i > 0 && (isDigit(t[i-1]) || isLetter(t[i-1]) && s.before(i)&(ePhone|eCall) == 0) {
		return 0
	}
	var g groups
	s.phoneGroups(&g, first)
	var buf [32]byte
	best := 0
	for n := 1; n <= g.n; n++ {
		d := g.append(buf[:0], t, n)
		if n > 1 && g.len(1) == 1 && g.sep[0] == ' ' && at(t, g.start[1]) == '0' && at(t, g.end[1]) == ')' {
			d = append(g.append(buf[:0], t, 1), d[g.len(0)+1:]...) // +46 (0)70: the trunk zero is not dialled
		}
		if len(d) > 15 {
			break
		}
		if validE164(d) {
			best = n
			if full(d) && n < g.n && g.sep[n-1] == ' ' {
				break
			}
		}
	}
	if best == 0 || isAlnum(at(t, g.end[best-1])) || hexToken(t, first, g.end[best-1]) {
		return 0
	}
	end := g.end[best-1]
	if at(t, end) == '.' && isDigit(at(t, end+1)) && !zeroFraction(t, end) {
		return 0
	}
	return s.add(Phone, i, end)
}

// phoneGroups reads the groups of a phone number: those of a number, and no more digits than 17.
func (s *Scanner) phoneGroups(g *groups, i int) {
	s.group(g, i)
	for n := 1; n <= g.n; n++ {
		if n > 1 && g.sep[n-2] == '+' {
			g.cut(n - 1)
		}
	}
	for g.n > 1 && g.digits > 17 {
		g.cut(g.n - 1)
	}
}

// full says whether an E.164 number has all digits its country's numbers have, so that a further group
// after a space is something else.
func full(d []byte) bool {
	code := countryCode(d)
	if code == 0 {
		return false
	}
	_, longest := nationalLength(d[:code])
	return len(d)-code >= min(longest, 10)
}

// validE164 says whether the digits after a plus are a number: a known country code, and a national number
// of a length and start that the country has.
func validE164(d []byte) bool {
	if len(d) < 8 || len(d) > 15 {
		return false
	}
	code := countryCode(d)
	if code == 0 {
		return false
	}
	national := d[code:]
	shortest, longest := nationalLength(d[:code])
	if len(national) < shortest || len(national) > longest {
		return false
	}
	switch d[0] {
	case '1':
		return code != 1 || nanp(national)
	case '7':
		return national[0] >= '3'
	}
	return true
}

// nanp says whether ten digits follow the North American plan: area and exchange start with 2 to 9.
func nanp(d []byte) bool { return len(d) == 10 && d[0] >= '2' && d[3] >= '2' }

// countryCodes are the assigned codes of three digits, by their first two; a digit is a third one in use.
var countryCodes = map2digits("21:12368 22:0123456789 23:0123456789 24:0123456789 25:012345678 26:0123456789 29:01789 35:0123456789 " +
	"37:012345678 38:01235679 42:013 50:0123456789 59:0123456789 67:023456789 68:012356789 69:012 80:08 85:02356 87:08 88:012368 96:012345678 " +
	"97:012345679 99:234568")

// twoDigits are the assigned codes of two digits.
var twoDigits = map2digits("20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 81 82 84 86 90 91 92 93 94 95 98")

// map2digits reads a list of "ab" or "ab:xyz" into a bit set of x by ab; "ab" alone sets every bit.
func map2digits(list string) (t [100]uint16) {
	for i := 0; i+1 < len(list); {
		n := int(list[i]-'0')*10 + int(list[i+1]-'0')
		i += 2
		if i >= len(list) || list[i] != ':' {
			t[n] = 1<<10 - 1
		} else {
			for i++; i < len(list) && list[i] != ' '; i++ {
				t[n] |= 1 << (list[i] - '0')
			}
		}
		i++
	}
	return t
}

// countryCode is the length of the assigned country code that d starts with, or 0.
func countryCode(d []byte) int {
	if len(d) < 4 {
		return 0
	}
	if d[0] == '1' || d[0] == '7' {
		return 1
	}
	n := int(d[0]-'0')*10 + int(d[1]-'0')
	if twoDigits[n] != 0 {
		return 2
	}
	if countryCodes[n]>>(d[2]-'0')&1 != 0 {
		return 3
	}
	return 0
}

// nationalLength gives the shortest and longest national number of a country, without its trunk prefix.
// Where a plan is not listed, the widest that E.164 leaves.
func nationalLength(code []byte) (shortest, longest int) {
	switch number(code) {
	case 1, 7, 90, 91:
		return 10, 10
	case 33, 34, 41, 48, 351, 420, 31, 27, 40, 380, 966, 971:
		return 9, 9
	case 45, 47, 65, 852, 356, 371, 372, 370:
		return 7, 8
	case 44:
		return 9, 10
	case 46:
		return 7, 10
	case 49:
		return 6, 11
	case 43, 39:
		return 6, 13
	case 358:
		return 5, 12
	case 32, 353, 354, 30, 36:
		return 7, 10
	case 61, 64, 81, 82, 86:
		return 8, 11
	case 55:
		return 10, 11
	}
	return 6, 15 - len(code)
}
