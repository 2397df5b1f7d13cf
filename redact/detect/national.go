package detect

// dashedNumber looks for identity numbers that their dash makes evident: a personnummer (six or eight
// digits, - or +, four digits) and a social security number (three, two, four).
func (s *Scanner) dashedNumber(g *groups) int {
	t := s.text
	if g.n < 2 || g.sep[0] != '-' && g.sep[0] != '+' || joined(t, g.start[0]) {
		return 0
	}
	start := g.start[0]
	if n := g.len(0); (n == 6 || n == 8) && g.len(1) == 4 && g.end[0]+1 == g.start[1] {
		var buf [12]byte
		if s.on.Has(Personnummer) && !follows(t, g.end[1]) && personnummer(g.append(buf[:0], t, 2)) && s.alone(start, g.end[1]) {
			return s.add(Personnummer, start, g.end[1])
		}
		return 0
	}
	if g.n >= 3 && g.sep[0] == '-' && g.sep[1] == '-' && g.len(0) == 3 && g.len(1) == 2 && g.len(2) == 4 {
		var buf [12]byte
		if s.on.Has(SSN) && !follows(t, g.end[2]) && socialSecurity(g.append(buf[:0], t, 3)) && s.alone(start, g.end[2]) {
			return s.add(SSN, start, g.end[2])
		}
	}
	return 0
}

// joined says whether digits stand before the separator before start: 12-345-67-8901 is no number of ours.
func joined(t []byte, start int) bool {
	p := at(t, start-1)
	return (p == '-' || p == '+' || p == '/') && isDigit(at(t, start-2))
}

// follows says whether more digits are joined to a number that ends at end.
func follows(t []byte, end int) bool {
	n := at(t, end)
	return (n == '-' || n == '+' || n == '/' && at(t, end+1) != '\'') && isDigit(at(t, end+1))
}

// personnummer checks a Swedish identity number of ten or twelve digits: a real day, coordination numbers
// (day + 60) too, and Luhn over the last ten.
func personnummer(d []byte) bool {
	year := -1
	if len(d) == 12 {
		if c := number(d[:2]); c < 18 || c > 20 {
			return false
		}
		year = number(d[:4])
		d = d[2:]
	}
	if len(d) != 10 {
		return false
	}
	day := number(d[4:6])
	if day > 60 {
		day -= 60
	}
	return realDay(year, number(d[:2]), number(d[2:4]), day) && luhn(d)
}

// fodselsnummer checks a Norwegian identity number of eleven digits: day (+40 for D-numbers), month (+40,
// +65 or +80 for help and synthetic numbers), and its two check digits mod 11.
func fodselsnummer(d []byte) bool {
	if len(d) != 11 {
		return false
	}
	day, month := number(d[:2]), number(d[2:4])
	if day > 40 {
		day -= 40
	}
	switch {
	case month > 80:
		month -= 80
	case month > 65:
		month -= 65
	case month > 40:
		month -= 40
	}
	if !realDay(-1, number(d[4:6]), month, day) {
		return false
	}
	return weighted(d, [...]int{3, 7, 6, 1, 8, 9, 4, 5, 2, 1, 0}) && weighted(d, [...]int{5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1})
}

// weighted says whether the weighted sum of eleven digits is a multiple of eleven.
func weighted(d []byte, weights [11]int) bool {
	sum := 0
	for i, w := range weights {
		sum += w * int(d[i]-'0')
	}
	return sum%11 == 0
}

// socialSecurity checks the areas, groups and serials that the US has never issued.
func socialSecurity(d []byte) bool {
	if len(d) != 9 {
		return false
	}
	area := number(d[:3])
	return area != 0 && area != 666 && area < 900 && number(d[3:5]) != 0 && number(d[5:]) != 0
}

// realDay says whether the date exists. Without a century (year < 0) the two digits yy decide, and the
// 29th of February needs a yy that is a leap year in some century.
func realDay(year, yy, month, day int) bool {
	if month < 1 || month > 12 || day < 1 {
		return false
	}
	days := [...]int{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}[month-1]
	if month == 2 {
		leap := yy%4 == 0
		if year >= 0 {
			leap = year%4 == 0 && (year%100 != 0 || year%400 == 0)
		}
		if leap {
			days = 29
		}
	}
	return day <= days
}

// number is the value of decimal digits; at most nine.
func number(d []byte) int {
	v := 0
	for _, b := range d {
		v = v*10 + int(b-'0')
	}
	return v
}

// nino looks for a UK national insurance number that starts with two letters at i: six digits, a letter A
// to D, with a space or hyphen between any of its parts. Other groups than pairs are so in prose too
// ("by 123456 a day"), so that the letters must be capitals.
func (s *Scanner) nino(i int) int {
	t := s.text
	if !s.on.Has(NINO) || i < 0 || i > 0 && (isAlnum(t[i-1]) || t[i-1] == '_') || !ninoPrefix(lower(t[i]), lower(at(t, i+1))) {
		return 0
	}
	j, gaps, uneven := i+2, 0, false
	for n := 0; n <= 6; n++ {
		if b := at(t, j); (b == ' ' || b == '-') && j > i {
			j++
			gaps++
			uneven = uneven || n%2 == 1
		}
		if n < 6 && !isDigit(at(t, j)) {
			return 0
		}
		j++
	}
	end := j
	if c := lower(at(t, end-1)); c < 'a' || c > 'd' {
		return 0
	}
	if n := at(t, end); isAlnum(n) || n == '_' {
		return 0
	}
	if (uneven || gaps > 0 && gaps < 4) && !(isUpper(t[i]) && isUpper(t[i+1]) && isUpper(t[end-1])) {
		return 0
	}
	return s.add(NINO, i, end)
}

// ninoPrefix says whether HMRC gives out numbers with these two letters.
func ninoPrefix(a, b byte) bool {
	if !isLower(a) || !isLower(b) {
		return false
	}
	for _, c := range [...]byte{'d', 'f', 'i', 'q', 'u', 'v'} {
		if a == c || b == c {
			return false
		}
	}
	switch uint16(a)<<8 | uint16(b) {
	case 'b'<<8 | 'g', 'g'<<8 | 'b', 'k'<<8 | 'n', 'n'<<8 | 'k', 'n'<<8 | 't', 't'<<8 | 'n', 'z'<<8 | 'z':
		return false
	}
	return b != 'o'
}
