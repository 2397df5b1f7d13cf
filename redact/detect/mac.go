package detect

// mac looks for a hardware address of six pairs with the separator that is at i, the first one, and gives
// its end; the zero and the broadcast address are read and not reported.
func (s *Scanner) mac(i int) int {
	t := s.text
	sep := t[i]
	start, end := i-2, i+15
	if at(t, i+3) != sep || start < 0 || end > len(t) || !s.on.Has(MAC) {
		return 0
	}
	for k := 0; k < 17; k++ {
		b := t[start+k]
		if k%3 == 2 && b != sep || k%3 != 2 && !isHex(b) {
			return 0
		}
	}
	return s.hardware(start, end, sep)
}

// ciscoMAC looks for a hardware address of three groups of four, with the first dot at i.
func (s *Scanner) ciscoMAC(i int) int {
	t := s.text
	start, end := i-4, i+10
	if start < 0 || end > len(t) || t[i+5] != '.' || !s.on.Has(MAC) {
		return 0
	}
	for k := 0; k < 14; k++ {
		if k%5 != 4 && !isHex(t[start+k]) {
			return 0
		}
	}
	return s.hardware(start, end, '.')
}

// hardware reports text[start:end] unless more groups follow or precede, as in a fingerprint.
func (s *Scanner) hardware(start, end int, sep byte) int {
	t := s.text
	if start > 0 && (isAlnum(t[start-1]) || t[start-1] == sep && groupBefore(t, start-1, sep)) {
		return 0
	}
	if n := at(t, end); isAlnum(n) || n == sep && isHex(at(t, end+1)) {
		return 0
	}
	zero, ones := true, true
	for _, b := range t[start:end] {
		if isHex(b) {
			zero = zero && b == '0'
			ones = ones && (b == 'f' || b == 'F')
		}
	}
	if zero || ones {
		return end
	}
	return s.add(MAC, start, end)
}

// groupBefore says whether a group of hexadecimal digits, and no other word, ends at i.
func groupBefore(t []byte, i int, sep byte) bool {
	start := runStart(t, i, cDigit|cLetter, 5)
	return (i-start == 2 || sep == '.' && i-start == 4) && runStart(t, i, cHex, 5) == start
}

// dash looks at hyphens: the first separator of a MAC address, the start of a PEM block.
func (s *Scanner) dash(i int) int {
	t := s.text
	switch {
	case at(t, i+1) == '-':
		return s.dashes(i)
	case at(t, i+1) == '>':
		return s.assign(i)
	case at(t, i+3) == '-' && isHex(at(t, i-1)):
		if end := s.mac(i); end > 0 {
			return end
		}
	}
	return i + 1
}

// dot looks at dots: the first separator of a MAC address in Cisco's form.
func (s *Scanner) dot(i int) int {
	if at(s.text, i+5) == '.' && isHex(at(s.text, i-1)) {
		if end := s.ciscoMAC(i); end > 0 {
			return end
		}
	}
	return i + 1
}

// dashes looks at a run of hyphens: -----BEGIN … PRIVATE KEY, and --password VALUE.
func (s *Scanner) dashes(i int) int {
	t := s.text
	e := i
	for e < len(t) && t[e] == '-' {
		e++
	}
	if e-i >= 5 && equalFold(t, e, "begin") {
		return s.privateKey(e-5, e)
	}
	if e-i == 2 && s.weak && (i == 0 || isSpace(t[i-1])) {
		return s.flag(e)
	}
	return e
}

// privateKey looks for a PEM block of a private key that starts at i, with its word BEGIN at word. It goes
// to the END line, or to the end of the text when that is missing.
func (s *Scanner) privateKey(i, word int) int {
	t := s.text
	label := word + len("begin")
	end := label
	for end < len(t) && end-label < 64 && (isAlnum(t[end]) || t[end] == ' ') {
		end++
	}
	if !contains(t[label:end], "PRIVATE KEY") || at(t, end) != '-' {
		return word
	}
	for j := end; j < len(t); j++ {
		if t[j] == '-' && hasPrefix(t[j:], "-----END") {
			for j += len("-----END"); j < len(t) && t[j] != '-' && t[j] != '\n'; j++ {
			}
			for j < len(t) && t[j] == '-' {
				j++
			}
			s.add(PrivateKey, i, j)
			return j
		}
	}
	s.add(PrivateKey, i, len(t))
	return len(t)
}

// contains says whether t holds the word.
func contains(t []byte, word string) bool {
	for i := 0; i+len(word) <= len(t); i++ {
		if hasPrefix(t[i:], word) {
			return true
		}
	}
	return false
}

// hasPrefix says whether t starts with the word.
func hasPrefix(t []byte, word string) bool {
	return len(t) >= len(word) && string(t[:len(word)]) == word
}
