package detect

// iban looks for an account number whose country code starts at i: the country's length, any case, single
// spaces or hyphens between groups, and mod 97 = 1.
func (s *Scanner) iban(i int) int {
	t := s.text
	if !s.on.Has(IBAN) || i < 0 || !isDigit(at(t, i+3)) {
		return 0
	}
	if i > 0 && isAlnum(t[i-1]) && !(i >= 4 && equalFold(t, i-4, "iban") && (i == 4 || !isAlnum(t[i-5]))) {
		return 0
	}
	length := ibanLength(lower(t[i]), lower(t[i+1]))
	if length == 0 {
		return 0
	}
	end := ibanEnd(t, i, length)
	if end == 0 || isAlnum(at(t, end)) || !ibanMod97(t[i:end]) {
		return 0
	}
	return s.add(IBAN, i, end)
}

// ibanEnd walks over length letters and digits, and the single separators between them. A group of five
// and more letters is a word, and an account has at least eight digits.
func ibanEnd(t []byte, i, length int) int {
	digits, letters := 0, 0
	j := i
	for n := 0; n < length; {
		b := at(t, j)
		switch {
		case isDigit(b):
			digits++
			letters = 0
			n++
		case isLetter(b):
			letters++
			n++
		case (b == ' ' || b == '-') && isAlnum(at(t, j+1)):
			if letters >= 5 {
				return 0
			}
			letters = 0
		default:
			return 0
		}
		j++
	}
	if digits < 8 {
		return 0
	}
	return j
}

// ibanMod97 checks the two digits after the country.
func ibanMod97(b []byte) bool {
	rem, head, seen := 0, 0, 0
	for _, c := range b {
		if !isAlnum(c) {
			continue
		}
		if seen++; seen <= 4 {
			head = mod97(head, c)
			continue
		}
		rem = mod97(rem, c)
	}
	// The first four go last: two letters and two digits are six digits wide.
	return (rem*(1000000%97)+head)%97 == 1
}

// mod97 appends a letter (10 to 35) or digit to a remainder.
func mod97(rem int, c byte) int {
	if isDigit(c) {
		return (rem*10 + int(c-'0')) % 97
	}
	return (rem*100 + int(lower(c)-'a') + 10) % 97
}

// ibanLengths are the lengths of the countries of the SWIFT registry, and of those that use the format
// without being in it.
const ibanLengths = "ad24ae23al28at20az28ba20be16bg22bh22bi27br29by28ch21cr22cy28cz24de22dj27dk18do28ee20eg29es24fi18fk18fo18fr27" +
	"gb22ge22gi23gl18gr27gt28hn28hr21hu28ie22il23iq23is26it27jo30kw30kz20lb28lc32li21lt20lu20lv21ly25mc27md24me22mk19mn20mr27mt31mu30ni28nl18no15" +
	"om23pk24pl28ps29pt25qa29ro24rs22ru33sa24sc31sd18se24si19sk24sm27so23st25sv28tl23tn24tr26ua29va22vg24xk20ye30" +
	"ao25bf28bj28cf27cg27ci28cm27cv25dz26ga27gq27gw25ir26km27ma28mg27ml28mz25ne28sn28td27tg28"

// ibanLength is the length of the country's account numbers, 0 for countries without any.
func ibanLength(a, b byte) int {
	for i := 0; i+4 <= len(ibanLengths); i += 4 {
		if ibanLengths[i] == a && ibanLengths[i+1] == b {
			return int(ibanLengths[i+2]-'0')*10 + int(ibanLengths[i+3]-'0')
		}
	}
	return 0
}
