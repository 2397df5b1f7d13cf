package detect

import "bytes"

// Canonical appends the form of a finding that pseudonyms are made of, so that one person or thing has one
// pseudonym however it is written: the digits of a phone number without plus, international prefix and
// trunk zero in brackets, an e-mail address with its domain in lower case, an IP address as sixteen bytes in
// hexadecimal, account, card and identity numbers without separators, all in one case. Other kinds are
// taken as they are, without surrounding space.
func Canonical(dst []byte, k Kind, raw []byte) []byte {
	switch k {
	case Phone:
		return canonicalPhone(dst, raw)
	case Email:
		return canonicalEmail(dst, raw)
	case IP:
		return canonicalIP(dst, raw)
	case Card, Fodselsnummer, SSN, IMSI, IMEI, Digits:
		return appendDigits(dst, raw)
	case Personnummer:
		return canonicalPersonnummer(dst, raw)
	case IBAN, NINO, MAC:
		for _, b := range raw {
			if isAlnum(b) {
				dst = append(dst, lower(b))
			}
		}
		return dst
	}
	start, end := trim(raw, 0, len(raw))
	return append(dst, raw[start:end]...)
}

func appendDigits(dst, raw []byte) []byte {
	if i := fractionStart(raw); i > 0 {
		raw = raw[:i]
	}
	for _, b := range raw {
		if isDigit(b) {
			dst = append(dst, b)
		}
	}
	return dst
}

// fractionStart is where a fraction of zeros at the end starts, or 0: 46846500428.0 is 46846500428.
func fractionStart(raw []byte) int {
	i := len(raw)
	for i > 0 && raw[i-1] == '0' {
		i--
	}
	if i > 1 && i < len(raw) && raw[i-1] == '.' && digitsEnd(raw, 0) == i-1 {
		return i - 1
	}
	return 0
}

func canonicalPhone(dst, raw []byte) []byte {
	mark := len(dst)
	plus := false
	if i := fractionStart(raw); i > 0 {
		raw = raw[:i]
	}
	for i, b := range raw {
		switch {
		case b == '+':
			plus = true
		case b == '0' && i > 0 && raw[i-1] == '(' && at(raw, i+1) == ')' && len(dst) > mark:
		case isDigit(b):
			dst = append(dst, b)
		}
	}
	if d := dst[mark:]; !plus && len(d) > 4 && d[0] == '0' && d[1] == '0' {
		return append(dst[:mark], d[2:]...)
	}
	return dst
}

func canonicalEmail(dst, raw []byte) []byte {
	sign := len(raw)
	for i, b := range raw {
		if b == '@' {
			sign = i
		}
	}
	dst = append(dst, raw[:sign]...)
	for _, b := range raw[sign:] {
		dst = append(dst, lower(b))
	}
	return dst
}

// canonicalPersonnummer gives ten digits where the century is not written, else twelve.
func canonicalPersonnummer(dst, raw []byte) []byte {
	mark := len(dst)
	dst = appendDigits(dst, raw)
	if len(dst)-mark == 12 { // the century is left out, so that both forms are one person
		return append(dst[:mark], dst[mark+2:]...)
	}
	return dst
}

func canonicalIP(dst, raw []byte) []byte {
	const hex = "0123456789abcdef"
	if i := bytes.IndexByte(raw, '%'); i >= 0 {
		raw = raw[:i]
	}
	var a v6
	if end, first, rest := octets(raw, 0); end == len(raw) && end > 0 {
		a.words[5], a.words[6], a.words[7] = 0xffff, uint16(first<<8|rest>>16), uint16(rest)
	} else {
		var ok bool
		if a, ok = parseV6(raw); !ok {
			return append(dst, raw...)
		}
	}
	for _, w := range a.words {
		dst = append(dst, hex[w>>12], hex[w>>8&15], hex[w>>4&15], hex[w&15])
	}
	return dst
}
