package detect

// evident looks for numbers that count only with evidence: the field's key, or a word beside them.
func (s *Scanner) evident(g *groups) int {
	hint := hinted(s.hint)
	if g.digits < 4 || hint == 0 && (!s.weak || !s.possible(g)) {
		return 0
	}
	e := hint
	if s.weak {
		if e == 0 {
			e = s.before(g.start[0]) | s.inherited(g.start[0])
		}
		if e&(kinds|eOTP|eGeo) == 0 {
			e |= s.after(g.last())
		}
	}
	if e == 0 || e == eUnit {
		return 0
	}
	if e&eOTP != 0 {
		if end := s.code(g); end > 0 {
			return end
		}
	}
	if end := s.identity(g, e); end > 0 {
		return end
	}
	if e&(ePhone|eCall) != 0 {
		return s.phone(g, e, hint != 0)
	}
	return 0
}

// possible says whether the groups could be any kind at all; it spares the look at the words.
func (s *Scanner) possible(g *groups) bool {
	return g.digits >= 6 || g.n == 1 && s.on.Has(OTP)
}

// hinted turns the key's hints into evidence.
func hinted(hint Kinds) evidence {
	var e evidence
	if hint == 0 {
		return 0
	}
	for _, k := range [...]Kind{Phone, Personnummer, Fodselsnummer, SSN, IMSI, IMEI} {
		if hint.Has(k) {
			e |= evidenceOf(k)
		}
	}
	return e
}

// identity tries the identity numbers that e is evidence for, on the first groups whose digits make them up.
func (s *Scanner) identity(g *groups, e evidence) int {
	if e&(ePnr|eFnr|eSSN|eIMSI|eIMEI) == 0 || joined(s.text, g.start[0]) {
		return 0
	}
	var buf [24]byte
	for n := g.n; n > 0; n-- {
		if g.digitsOf(n) > 17 {
			continue
		}
		d := g.append(buf[:0], s.text, n)
		k := identityKind(d, e)
		if k == None || !s.on.Has(k) || follows(s.text, g.end[n-1]) && n == g.n || !s.alone(g.start[0], g.end[n-1]) {
			continue
		}
		if end := s.add(k, g.start[0], s.fraction(g.end[n-1])); end > 0 {
			return end
		}
	}
	return 0
}

// digitsOf is how many digits the first n groups have.
func (g *groups) digitsOf(n int) int {
	sum := 0
	for i := 0; i < n; i++ {
		sum += g.len(i)
	}
	return sum
}

// identityKind says which of the kinds that e is evidence for the digits are.
func identityKind(d []byte, e evidence) Kind {
	switch len(d) {
	case 9:
		if e&eSSN != 0 && socialSecurity(d) {
			return SSN
		}
		return zeroLost(d, e)
	case 10, 12:
		if e&(ePnr|eSSN) != 0 && personnummer(d) {
			return Personnummer
		}
		return zeroLost(d, e)
	case 11:
		if e&(eFnr|ePnr) != 0 && fodselsnummer(d) {
			return Fodselsnummer
		}
	case 14, 15, 16, 17:
		if e&eIMEI != 0 && (len(d) == 15 && luhn(d) || len(d) == 16) {
			return IMEI
		}
		if e&eIMSI != 0 && len(d) <= 15 {
			return IMSI
		}
	}
	return None
}

// zeroLost says which kind the digits are with the zero before them that a number in JSON does not have.
func zeroLost(d []byte, e evidence) Kind {
	var buf [12]byte
	d = append(append(buf[:0], '0'), d...)
	switch {
	case len(d) == 10 && e&ePnr != 0 && personnummer(d):
		return Personnummer
	case len(d) == 11 && e&(eFnr|ePnr) != 0 && fodselsnummer(d):
		return Fodselsnummer
	}
	return None
}

// code looks for a one-time code of four to eight digits.
func (s *Scanner) code(g *groups) int {
	if n := g.len(0); !s.on.Has(OTP) || n < 4 || n > 8 || !s.alone(g.start[0], g.end[0]) {
		return 0
	}
	return s.add(OTP, g.start[0], g.end[0])
}

// phone looks for a number in national form, or in international form without plus.
func (s *Scanner) phone(g *groups, e evidence, hint bool) int {
	t := s.text
	start := g.start[0]
	if dateGroups(g) {
		return 0
	}
	for n := 1; n < g.n; n++ {
		if g.sep[n-1] == '+' || g.len(0) >= 9 && g.sep[0] == ' ' || g.digitsOf(n+1) > 15 && g.digitsOf(n) >= 7 {
			g.cut(n)
		}
	}
	for n := g.n; n > 0; n-- {
		g.cut(n)
		end := g.end[n-1]
		if g.digits < 5 || g.digits > 17 || !s.alone(start, end) {
			continue
		}
		if !hint && !s.phoneForm(g, e) {
			continue
		}
		if start > 0 && t[start-1] == '(' {
			start--
			if at(t, end) == ')' {
				end++
			}
		}
		if start > 0 && t[start-1] == '+' {
			start--
		}
		return s.add(Phone, start, s.fraction(end))
	}
	return 0
}

// phoneForm says whether digits with a word beside them are a phone number: after a strong word any six to
// fifteen digits that are no time and no quantity; after a weak one only what phone numbers look like.
func (s *Scanner) phoneForm(g *groups, e evidence) bool {
	t := s.text
	if g.n == 2 && g.sep[0] == '.' || g.n == 1 && (epoch(g, t) || s.after(g.last()) == eUnit) {
		return false
	}
	var buf [32]byte
	d := g.append(buf[:0], t, g.n)
	first := d[0]
	switch {
	case len(d) > 2 && first == '0' && d[1] == '0':
		return validE164(d[2:])
	case first == '0':
		return len(d) >= 7 && len(d) <= 12
	case len(d) > 15:
		return false
	case e&ePhone != 0:
		return len(d) >= 6
	case g.n > 1 && g.len(0) == 3 && nanp(d):
		return true
	}
	return len(d) >= 10 && validE164(d)
}

// epoch says whether a bare run is a time since 1970 in seconds, milliseconds, microseconds or nanoseconds.
func epoch(g *groups, t []byte) bool {
	first, second := t[g.start[0]], at(t, g.start[0]+1)
	switch g.digits {
	case 10, 13, 16, 19:
		return first == '1' && second >= '0' && second <= '9'
	}
	return false
}

// dateGroups says whether the groups start with a date: 2019-09-24, 24/09/2019, 24.9.19.
func dateGroups(g *groups) bool {
	if g.n < 3 || g.sep[0] != g.sep[1] || g.sep[0] == ' ' {
		return false
	}
	a, b, c := g.len(0), g.len(1), g.len(2)
	return a == 4 && b <= 2 && c <= 2 || a <= 2 && b <= 2 && (c == 4 || c == 2)
}
