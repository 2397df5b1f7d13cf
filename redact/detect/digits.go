package detect

// The number at an anchor, as groups of digits with one separator between two.
const maxGroups = 10

type groups struct {
	start, end [maxGroups]int  // of each group
	sep        [maxGroups]byte // the byte after each group but the last; ' ' for a space with brackets
	n          int
	digits     int // in all groups
}

// digits looks at the run of digits that starts at i; the byte before i is no digit.
func (s *Scanner) digits(i int) int {
	t := s.text
	e := digitsEnd(t, i)
	prev, next := at(t, i-1), at(t, e)
	if prev == '[' && (at(t, i-2) == '[' || at(t, i-2) == '3') {
		s.view = true // a terminal's colour as it is shown: ^[[31m, #033[31m
	}
	if isLetter(prev) {
		return s.glued(i, e)
	}
	if (prev == ' ' || prev == '-') && e-i <= 6 && isLetter(at(t, i-2)) {
		if end := s.nino(i - 3); end > 0 {
			return end
		}
	}
	if prev == '+' {
		if end := s.international(i-1, i); end > 0 {
			return end
		}
	}
	if e-i == 4 && next == '-' {
		if end := timestampEnd(t, i); end > 0 {
			return end
		}
	}
	if next == '-' || prev == '-' {
		if end := uuidEnd(t, i); end > 0 {
			return end
		}
	}
	if e-i <= 3 && next == '.' && isDigit(at(t, e+1)) {
		if end := s.ipv4(i); end > 0 {
			return end
		}
		if end := s.geo(i, e); end > 0 {
			return end
		}
	}
	if isLetter(next) || prev == '.' && isDigit(at(t, i-2)) || prev == '_' && isAlnum(at(t, i-2)) && e-i < 8 {
		return e
	}
	if end := s.number(i, e); end > 0 {
		return end
	}
	return e
}

// glued looks at digits right after letters: account and insurance numbers start that way; what else does
// is an identifier.
func (s *Scanner) glued(i, e int) int {
	if s.hint.Has(Geo) && at(s.text, e) == '.' { // N59.329323
		if end := s.geo(i, e); end > 0 {
			return end
		}
	}
	if e-i >= 2 && isLetter(at(s.text, i-2)) {
		if end := s.iban(i - 2); end > 0 {
			return end
		}
		if end := s.nino(i - 2); end > 0 {
			return end
		}
	}
	if e-i >= 13 {
		if end := s.labelledCard(i, e); end > 0 {
			return end
		}
	}
	if !s.on.Has(Digits) {
		return runEnd(s.text, e, cHex) // the rest of a hexadecimal identifier
	}
	return s.labelDigits(i, e)
}

// number tries the kinds that are plain numbers on the groups from i on; text[i:e] is the first.
func (s *Scanner) number(i, e int) int {
	first := e - i
	if first > 19 {
		return s.labelDigits(i, e)
	}
	var g groups
	s.group(&g, i)
	if g.digits < 4 {
		return 0
	}
	if end := s.card(&g); end > 0 {
		return end
	}
	if end := s.dashedNumber(&g); end > 0 {
		return end
	}
	if s.weak || s.hint != 0 {
		if end := s.evident(&g); end > 0 {
			return end
		}
	}
	return s.labelDigits(i, e)
}

// labelDigits takes runs of eight and more digits out of labels.
func (s *Scanner) labelDigits(i, e int) int {
	if e-i >= 8 && s.on.Has(Digits) && !hexToken(s.text, i, e) {
		s.add(Digits, i, e)
	}
	return e
}

// group reads the groups of digits from i on. A separator is one of space - . / or a bracket with a space
// or hyphen beside it.
func (s *Scanner) group(g *groups, i int) {
	t := s.text
	for g.n < maxGroups {
		e := digitsEnd(t, i)
		g.start[g.n], g.end[g.n] = i, e
		g.digits += e - i
		g.n++
		next, sep := separator(t, e)
		if next == 0 || !isDigit(at(t, next)) {
			if sep != '-' || at(t, next) != '(' || !isDigit(at(t, next+1)) {
				return
			}
			next, sep = next+1, ' ' // +46-(0)70
		}
		g.sep[g.n-1] = sep
		i = next
	}
}

// separator reads what may stand between two groups at e and gives where the next group would start; 0
// when nothing there separates.
func separator(t []byte, e int) (int, byte) {
	switch b := at(t, e); b {
	case ' ':
		if at(t, e+1) == '(' {
			return e + 2, ' '
		}
		return e + 1, ' '
	case '-', '.', '/', '+':
		return e + 1, b
	case ')':
		if n := at(t, e+1); n == ' ' || n == '-' {
			return e + 2, ' '
		}
		return e + 1, ' '
	case '(':
		return e + 1, ' '
	}
	return 0, 0
}

// cut shortens the groups to the first n.
func (g *groups) cut(n int) {
	for g.n > n {
		g.n--
		g.digits -= g.end[g.n] - g.start[g.n]
	}
}

// len is the length of group i.
func (g *groups) len(i int) int { return g.end[i] - g.start[i] }

// last is the end of the last group.
func (g *groups) last() int { return g.end[g.n-1] }

// append appends the digits of the first n groups.
func (g *groups) append(dst, t []byte, n int) []byte {
	for i := 0; i < n; i++ {
		dst = append(dst, t[g.start[i]:g.end[i]]...)
	}
	return dst
}

// alone says whether the number text[start:end] stands alone: no letter, digit or decimal point beside it,
// and not a part of a hexadecimal identifier.
func (s *Scanner) alone(start, end int) bool {
	t := s.text
	if start > 0 {
		p := t[start-1]
		if isAlnum(p) || p == '.' && (start < 2 || !isLetter(t[start-2])) {
			return false
		}
	}
	n := at(t, end)
	if isAlnum(n) || n == '.' && isDigit(at(t, end+1)) && !zeroFraction(t, end) {
		return false
	}
	return !hexToken(t, start, end)
}

// zeroFraction says whether a fraction of zeros only stands at i: 46846500428.0 is the same number.
func zeroFraction(t []byte, i int) bool {
	j := i + 1
	for at(t, j) == '0' {
		j++
	}
	return j > i+1 && !isAlnum(at(t, j)) && at(t, j) != '.'
}

// timestampEnd is the end of a date and time as RFC 3339 writes them that starts at i, or 0. They are the
// most frequent digits in logs, and never personal.
func timestampEnd(t []byte, i int) int {
	if i+19 > len(t) || t[i+7] != '-' || (t[i+10] != 'T' && t[i+10] != ' ') || t[i+13] != ':' || t[i+16] != ':' {
		return 0
	}
	for _, j := range [...]int{5, 6, 8, 9, 11, 12, 14, 15, 17, 18} {
		if !isDigit(t[i+j]) {
			return 0
		}
	}
	e := i + 19
	if at(t, e) == '.' {
		e = digitsEnd(t, e+1)
	}
	if n := at(t, e); isDigit(n) || n == ':' {
		return 0
	}
	if n := at(t, e); (n == '+' || n == '-') && isDigit(at(t, e+1)) && isDigit(at(t, e+2)) {
		if at(t, e+3) == ':' && digitsEnd(t, e+4) == e+6 {
			return e + 6
		}
		if digitsEnd(t, e+1) == e+5 {
			return e + 5
		}
	}
	return e
}

// uuidEnd is the end of the UUID that has a group starting at i, or 0. They are frequent, and the groups
// of digits in them look like all sorts of numbers.
func uuidEnd(t []byte, i int) int {
	const length = 36
	for _, before := range [...]int{0, 9, 14, 19, 24} {
		start := i - before
		if start < 0 || start+length > len(t) || t[start+8] != '-' || t[start+13] != '-' || t[start+18] != '-' || t[start+23] != '-' {
			continue
		}
		hex := 0
		for _, b := range t[start : start+length] {
			if isHex(b) {
				hex++
			}
		}
		if hex == length-4 && !isAlnum(at(t, start-1)) && !isAlnum(at(t, start+length)) {
			return start + length
		}
	}
	return 0
}
