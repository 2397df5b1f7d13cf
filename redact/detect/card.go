package detect

// card looks for a payment card number in the leading groups: one run, or groups as cards print them.
func (s *Scanner) card(g *groups) int {
	if !s.on.Has(Card) {
		return 0
	}
	var buf [24]byte
	if n := g.len(0); n >= 13 {
		if !s.weak && n == len(s.text) {
			return 0 // a kept field's whole value: its identifier happens to look like a card's
		}
		if n <= 19 && validCard(s.text[g.start[0]:g.end[0]]) && s.alone(g.start[0], g.end[0]) {
			return s.add(Card, g.start[0], s.fraction(g.end[0]))
		}
		return 0
	}
	sep := g.sep[0]
	if g.len(0) != 4 || sep != ' ' && sep != '-' && sep != '.' {
		return 0
	}
	number, best := append(buf[:0], s.text[g.start[0]:g.end[0]]...), 0
	for i := 1; i < g.n && g.sep[i-1] == sep && g.end[i-1]+1 == g.start[i]; i++ {
		if len(number)+g.len(i) > 19 {
			break
		}
		number = append(number, s.text[g.start[i]:g.end[i]]...)
		if cardGroups(g, i+1) && validCard(number) {
			best = i + 1
		}
		if g.len(i) < 3 {
			break
		}
	}
	if best == 0 || !s.alone(g.start[0], g.end[best-1]) {
		return 0
	}
	return s.add(Card, g.start[0], g.end[best-1])
}

// cardGroups says whether n groups are as cards print them: fours with a rest, or 4-6-5 and 4-6-4.
func cardGroups(g *groups, n int) bool {
	if n == 3 {
		return g.len(1) == 6 && (g.len(2) == 5 || g.len(2) == 4)
	}
	for i := 0; i < n-1; i++ {
		if g.len(i) != 4 {
			return false
		}
	}
	return n >= 4 && g.len(n-1) <= 4
}

// fraction extends the end of a number over a fraction of zeros.
func (s *Scanner) fraction(end int) int {
	if at(s.text, end) == '.' && zeroFraction(s.text, end) {
		return runEnd(s.text, end+1, cDigit)
	}
	return end
}

// track looks for the first track of a magnetic stripe, %B4111…^NAME^2512…?, whose number is text[i:e].
func (s *Scanner) track(i, e int) int {
	const longest = 64
	t := s.text
	if at(t, i-2) != '%' || lower(t[i-1]) != 'b' || at(t, e) != '^' || !validCard(t[i:e]) {
		return 0
	}
	end := e
	for end < len(t) && end-e < longest && t[end] != '?' && t[end] != '"' && t[end] != '\n' {
		end++
	}
	if at(t, end) != '?' {
		for end = e; end < len(t) && !isSpace(t[end]) && t[end] != '"'; end++ {
		}
	}
	return s.add(Card, i, end)
}

// labelledCard looks for a card number right after a word for cards: PAN4111….
func (s *Scanner) labelledCard(i, e int) int {
	if end := s.track(i, e); end > 0 {
		return end
	}
	start := runStart(s.text, i, cLetter, 8)
	if !cardWord(s.text[start:i]) {
		return 0
	}
	if start > 0 && isAlnum(s.text[start-1]) || isAlnum(at(s.text, e)) || !validCard(s.text[i:e]) {
		return 0
	}
	return s.add(Card, i, e)
}

// cardWord says whether the letters are a label that cards are glued to.
func cardWord(word []byte) bool {
	for _, label := range [...]string{"pan", "card", "cc", "ccn", "cardno"} {
		if len(word) == len(label) && equalFold(word, 0, label) {
			return true
		}
	}
	return false
}

// validCard checks issuer, length and Luhn of a number of digits only.
func validCard(d []byte) bool {
	return len(d) >= 13 && len(d) <= 19 && issued(d) && luhn(d)
}

// luhn checks the digit sum of ISO/IEC 7812.
func luhn(d []byte) bool {
	sum, double := 0, false
	for i := len(d) - 1; i >= 0; i-- {
		v := int(d[i] - '0')
		if double {
			v *= 2
			if v > 9 {
				v -= 9
			}
		}
		sum += v
		double = !double
	}
	return sum%10 == 0
}

// issuer is a range of six-digit prefixes and the lengths, as bits, that its cards have.
type issuer struct {
	from, to uint32
	lengths  uint32
}

const (
	len13to19 = 1<<13 | 1<<14 | 1<<15 | 1<<16 | 1<<17 | 1<<18 | 1<<19
	len16to19 = 1<<16 | 1<<17 | 1<<18 | 1<<19
)

// issuers are the published ranges. None starts with 1, so times since 1970 in milliseconds, microseconds
// and nanoseconds are no cards.
var issuers = [...]issuer{
	{220000, 220499, len16to19},                     // Mir
	{222100, 272099, 1 << 16},                       // Mastercard, 2-series
	{300000, 305999, 1<<14 | len16to19},             // Diners Club
	{309500, 309599, 1<<14 | len16to19},             // Diners Club
	{340000, 349999, 1 << 15},                       // American Express
	{352800, 358999, len16to19},                     // JCB
	{360000, 369999, 1<<14 | len16to19},             // Diners Club
	{370000, 379999, 1 << 15},                       // American Express
	{380000, 399999, 1<<14 | len16to19},             // Diners Club
	{400000, 499999, 1<<13 | 1<<16 | 1<<18 | 1<<19}, // Visa
	{500000, 509999, len13to19},                     // Maestro, Verve, RuPay
	{510000, 559999, 1 << 16},                       // Mastercard
	{560000, 589999, len13to19},                     // Maestro
	{600000, 609999, len16to19},                     // Discover, RuPay, Hipercard
	{620000, 629999, len16to19},                     // UnionPay
	{630400, 630499, len13to19},                     // Maestro
	{633300, 633399, len16to19},                     // Maestro
	{636000, 639999, len16to19},                     // InterPayment, InstaPayment, Maestro
	{644000, 659999, len16to19},                     // Discover, RuPay, Troy
	{670000, 679999, len13to19},                     // Maestro
}

// issued says whether a known issuer has numbers with this prefix and length.
func issued(d []byte) bool {
	var prefix uint32
	for _, b := range d[:6] {
		prefix = prefix*10 + uint32(b-'0')
	}
	for _, r := range issuers {
		if prefix <= r.to {
			return prefix >= r.from && r.lengths>>len(d)&1 != 0
		}
	}
	return false
}
