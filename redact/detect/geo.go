package detect

// geo looks for a position whose first coordinate is the decimal number at i, with e its decimal point:
// two decimals in range, and a word that says so, or the key's hint. Each coordinate is a finding.
func (s *Scanner) geo(i, e int) int {
	if !s.on.Has(Geo) || !s.weak && !s.hint.Has(Geo) {
		return 0
	}
	t := s.text
	end, places := decimalEnd(t, e)
	if places < 2 || at(t, i-1) == '.' || !within(t[i:e], 180) {
		return 0
	}
	start := signed(t, i)
	if s.hint.Has(Geo) {
		return s.add(Geo, start, end)
	}
	words := s.before(start)
	if words&(eGeo|eLat|eLon) == 0 || words&ePlace != 0 && places < 4 {
		return 0
	}
	partner, partnerEnd := s.partner(end, words)
	if partner == 0 && places >= 4 && len(t)-end < 2 {
		return s.add(Geo, start, end) // the other one was cut off
	}
	if partner == 0 || s.add(Geo, start, end) == 0 {
		return 0
	}
	return s.add(Geo, partner, partnerEnd)
}

// partner finds the second coordinate within the next bytes: after a word for a position right behind a
// separator, after "lat" behind "lon" and the other way round.
func (s *Scanner) partner(i int, words evidence) (int, int) {
	t := s.text
	stop := min(len(t), i+32)
	named := words&(eLat|eLon) == 0
	for j := i; j < stop; {
		switch b := t[j]; {
		case isDigit(b):
			e := digitsEnd(t, j)
			end, places := decimalEnd(t, e)
			if !named || e-j > 3 || places < 2 || !within(t[j:e], 180) {
				return 0, 0
			}
			return signed(t, j), end
		case isLetter(b):
			e := runEnd(t, j, cLetter)
			w := s.lookup(j, e)
			if words&eLat != 0 && w&eLon != 0 || words&eLon != 0 && w&eLat != 0 {
				named = true
			} else if e-j > 1 {
				return 0, 0
			}
			j = e
		default:
			j++
		}
	}
	return 0, 0
}

// decimalEnd reads the fraction whose point is at e and gives its end and its places.
func decimalEnd(t []byte, e int) (end, places int) {
	if at(t, e) != '.' {
		return e, 0
	}
	end = digitsEnd(t, e+1)
	if n := at(t, end); n == '.' && isDigit(at(t, end+1)) {
		return end, 0
	}
	return end, end - e - 1
}

// within says whether the digits are at most limit.
func within(d []byte, limit int) bool { return len(d) <= 3 && number(d) <= limit }

// signed takes the sign before a number along.
func signed(t []byte, i int) int {
	if b := at(t, i-1); b == '-' || b == '+' {
		return i - 1
	}
	return i
}
