package parse

import "math"

// decimal is a number as written: ±mantissa × 10^exp.
type decimal struct {
	negative bool
	mantissa uint64
	exp      int
}

// maxExponent bounds exponents; numbers beyond are of no use in a log.
const maxExponent = 400

// parseDecimal reads all of text as a JSON number, somewhat leniently ("+1", "01", ".5"). Digits after the
// nineteenth are dropped. Infinity and NaN are no decimals.
func parseDecimal(text []byte) (d decimal, ok bool) {
	i := 0
	if len(text) > 0 && (text[0] == '-' || text[0] == '+') {
		d.negative = text[0] == '-'
		i++
	}
	digits, point := 0, -1
	for ; i < len(text); i++ {
		c := text[i]
		if c == '.' && point < 0 {
			point = digits
			continue
		}
		if c < '0' || c > '9' {
			break
		}
		digits++
		if d.mantissa < 1e18 {
			d.mantissa = d.mantissa*10 + uint64(c-'0')
		} else {
			d.exp++
		}
	}
	if digits == 0 {
		return d, false
	}
	if point >= 0 {
		d.exp -= digits - point
	}
	if i == len(text) {
		return d, true
	}
	exp, ok := parseExponent(text[i:])
	d.exp += exp
	return d, ok
}

// parseExponent reads what follows the digits: e, a sign, and at least one digit.
func parseExponent(text []byte) (exp int, ok bool) {
	if text[0] != 'e' && text[0] != 'E' {
		return 0, false
	}
	text = text[1:]
	negative := false
	if len(text) > 0 && (text[0] == '-' || text[0] == '+') {
		negative = text[0] == '-'
		text = text[1:]
	}
	if len(text) == 0 {
		return 0, false
	}
	for _, c := range text {
		if c < '0' || c > '9' {
			return 0, false
		}
		if exp < maxExponent {
			exp = exp*10 + int(c-'0')
		}
	}
	if negative {
		exp = -exp
	}
	return exp, true
}

// float gives the nearest number, or one beside it for more than 15 digits; infinity when too large.
func (d decimal) float() float64 {
	f := float64(d.mantissa)
	switch {
	case d.exp < -300: // in two steps, because 10^-308 is the smallest power
		f = f / 1e300 / math.Pow10(-d.exp-300)
	case d.exp < 0:
		f /= math.Pow10(-d.exp)
	case d.exp > 0 && d.mantissa != 0:
		f *= math.Pow10(d.exp)
	}
	if d.negative {
		return -f
	}
	return f
}

// scaled gives the number times 10^shift as an integer. Digits behind the point are cut off.
func (d decimal) scaled(shift int) (n int64, ok bool) {
	m := d.mantissa
	e := d.exp + shift
	for ; e < 0 && m != 0; e++ {
		m /= 10
	}
	for ; e > 0 && m != 0; e-- {
		if m > math.MaxInt64/10 {
			return 0, false
		}
		m *= 10
	}
	if m > math.MaxInt64 {
		return 0, false
	}
	if d.negative {
		return -int64(m), true
	}
	return int64(m), true
}

// integer gives the number if it is whole.
func (d decimal) integer() (n int64, ok bool) {
	for d.exp < 0 && d.mantissa != 0 {
		if d.mantissa%10 != 0 {
			return 0, false
		}
		d.mantissa /= 10
		d.exp++
	}
	return d.scaled(0)
}

// parseInteger reads all of text as a whole number.
func parseInteger(text []byte) (n int64, ok bool) {
	d, ok := parseDecimal(text)
	if !ok {
		return 0, false
	}
	return d.integer()
}
