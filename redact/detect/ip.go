package detect

// ipv4 looks for an address at the digits at i and gives the end of what was read, or 0 when there are not
// four octets. Loopback, 0.0.0.0, netmasks and versions are read and not reported.
func (s *Scanner) ipv4(i int) int {
	t := s.text
	end, first, rest := octets(t, i)
	if end == 0 {
		return 0
	}
	if n := at(t, end); n == '.' && isDigit(at(t, end+1)) {
		return dottedEnd(t, end)
	}
	if i > 1 && t[i-1] == '.' && isDigit(t[i-2]) || (isLetter(at(t, end)) || at(t, end) == '_') && versionLike(t[i:end]) {
		return end
	}
	if unroutable(first, rest) || !s.on.Has(IP) {
		return end
	}
	if s.versionContext(i, end) {
		s.version = end
		return end
	}
	s.add(IP, i, end)
	return end
}

// IsIPv4 reports whether text as a whole is what Find finds as an IPv4 address, and as nothing else.
func IsIPv4(text []byte) bool {
	end, first, rest := octets(text, 0)
	return end > 0 && end == len(text) && !unroutable(first, rest)
}

// unroutable says whether an address is nobody's: loopback, 0.0.0.0, a netmask.
func unroutable(first, rest int) bool { return first == 127 || first == 0 && rest == 0 || first == 255 }

// octets reads four numbers up to 255 with dots between; the last three are given as one. Leading zeros
// are read only in three-digit octets, which some logs pad to.
func octets(t []byte, i int) (end, first, rest int) {
	for n := 0; ; n++ {
		start, v := i, 0
		for i < len(t) && isDigit(t[i]) && i-start < 4 {
			v = v*10 + int(t[i]-'0')
			i++
		}
		if i == start || i-start > 3 || v > 255 || t[start] == '0' && i-start == 2 {
			return 0, 0, 0
		}
		if n == 0 {
			first = v
		} else {
			rest = rest<<8 | v
		}
		if n == 3 {
			return i, first, rest
		}
		if at(t, i) != '.' {
			return 0, 0, 0
		}
		i++
	}
}

// dottedEnd is the end of a run of digits and dots.
func dottedEnd(t []byte, i int) int {
	for i < len(t) && (isDigit(t[i]) || t[i] == '.') {
		i++
	}
	return i
}

// versionContext says whether the dotted quad text[i:end] is a version: after a word for versions, after
// "name/" at the start of a product token, before a suffix such as -rc1, or in a row of versions. Words that
// name other things too, such as build and release, count only right before numbers as versions have them.
func (s *Scanner) versionContext(i, end int) bool {
	t := s.text
	if port(t, end) {
		return false
	}
	like := versionLike(t[i:end])
	switch {
	case s.version > 0 && i-s.version < 8 && like, at(t, end) == '-' && like && versionSuffix(t, end+1):
		return true
	case at(t, i-1) == '/':
		return at(t, end) != '/' && s.product(i-1, like)
	}
	j := i
	for n := 0; n < 3; n++ {
		w, ok := s.wordEndBefore(j, max(s.lastEnd(), i-40))
		if !ok || j-w > 3 {
			return false
		}
		e, start := s.wordBefore(w, max(0, w-partBytes))
		switch {
		case e&eVersion != 0:
			return like || n == 0 && w-start > 1
		case e&eRelease != 0:
			return n == 0 && like
		case upgrade(t, start, w):
			return like
		case n > 0 || !between(t[start:w]):
			return false
		}
		j = start
	}
	return false
}

// port says whether a port follows: addresses have one, versions have none.
func port(t []byte, i int) bool { return at(t, i) == ':' && isDigit(at(t, i+1)) }

// versionLike says whether a quad has the small numbers of a version, and not the first one of the private
// network that is met most.
func versionLike(quad []byte) bool {
	const largestMajor = 31
	for i := 0; i < len(quad); {
		e := digitsEnd(quad, i)
		n := number(quad[i:e])
		if n > 99 || i == 0 && (n > largestMajor || n == 10) {
			return false
		}
		i = e + 1
	}
	return true
}

// between says whether a word may stand between a word for versions, or one for their change, and the version.
func between(word []byte) bool {
	for _, w := range [...]string{"is", "was", "to", "from", "number", "new", "old"} {
		if len(word) == len(w) && equalFold(word, 0, w) {
			return true
		}
	}
	return false
}

// upgrade says whether the word says that a version changes.
func upgrade(t []byte, start, end int) bool {
	return end-start <= 12 && (equalFold(t, start, "upgrad") || equalFold(t, start, "downgrad"))
}

// versionSuffix says whether a word of pre-releases and packages starts at i.
func versionSuffix(t []byte, i int) bool {
	for _, w := range [...]string{"alpha", "beta", "rc", "snapshot", "release", "dev", "pre", "build", "deb", "ubuntu", "el", "patch", "final", "ga"} {
		if equalFold(t, i, w) {
			return true
		}
	}
	return false
}

// product says whether the name of a product, as in User-Agent, ends before the slash at i: letters and digits
// that start after a space, a quote or a bracket. Java writes hosts and their addresses the same way, so
// the name must be one that is known, or the numbers those of a version (like).
func (s *Scanner) product(i int, like bool) bool {
	t := s.text
	start := i
	for start > 0 && i-start < 40 && (isAlnum(t[start-1]) || t[start-1] == '-' || t[start-1] == '_') {
		start--
	}
	if start == i || !isLetter(t[start]) || !like && s.lookup(start, i)&(eVersion|eProduct) == 0 {
		return false
	}
	switch at(t, start-1) {
	case 0, ' ', '"', '\'', '(', '[', ',', ';', '=', '\t', '\n':
		return true
	}
	return false
}

// ipv6 looks for an address around the colon at i, and gives where the pass goes on: behind the token of
// hexadecimal digits, colons and dots, or at i when the token needs another look.
func (s *Scanner) ipv6(i int) int {
	t := s.text
	const longest = 64
	start := i
	for start > 0 && i-start < longest && (isHex(t[start-1]) || t[start-1] == ':') {
		start--
	}
	end := i
	for end < len(t) && end-start < longest && (isHex(t[end]) || t[end] == ':' || t[end] == '.') {
		end++
	}
	if end-start >= longest {
		return runHexColon(t, end)
	}
	a, b := start, end
	if a > 0 && (isAlnum(t[a-1]) || t[a-1] == '_') { // "interface:fe80::1": a word's last letters look like a group
		for a < b && t[a] != ':' {
			a++
		}
		start = a
	}
	if a < b && t[a] == ':' && at(t, a+1) != ':' {
		a++
	}
	for b > a && (t[b-1] == '.' || t[b-1] == ':' && t[b-2] != ':') {
		b--
	}
	if b-a < 2 || a > 0 && a == start && (isAlnum(t[a-1]) || t[a-1] == '_') || isAlnum(at(t, b)) || at(t, b) == '_' {
		return 0
	}
	bracketed := at(t, a-1) == '['
	if !addressV6(t[a:b], bracketed) {
		if b = beforePort(t, a, b); b == a || !addressV6(t[a:b], bracketed) {
			return 0
		}
	}
	b = zoneEnd(t, b)
	s.add(IP, a, b)
	return max(b, end)
}

// beforePort is where the last group of digits, and the colon before it, start: what is left may be an
// address with its port. It is a when there is none.
func beforePort(t []byte, a, b int) int {
	for i := b; i > a; i-- {
		if t[i-1] == ':' {
			return i - 1
		}
		if !isDigit(t[i-1]) {
			break
		}
	}
	return a
}

// runHexColon is the end of the run of hexadecimal digits, colons and dots that goes on at i.
func runHexColon(t []byte, i int) int {
	for i < len(t) && (isHex(t[i]) || t[i] == ':' || t[i] == '.') {
		i++
	}
	return i
}

// zoneEnd takes a zone along: fe80::1%eth0.
func zoneEnd(t []byte, i int) int {
	if at(t, i) != '%' || !isAlnum(at(t, i+1)) {
		return i
	}
	for i++; i < len(t) && (isAlnum(t[i]) || t[i] == '.' || t[i] == '_' || t[i] == '-'); i++ {
	}
	return i
}

// addressV6 says whether b is an IPv6 address worth hiding. Loopback and the unspecified address are not;
// nor is what parses but looks like a ratio, a name in C++ or a fingerprint.
func addressV6(b []byte, bracketed bool) bool {
	a, ok := parseV6(b)
	if !ok || a.loopback() {
		return false
	}
	if bracketed {
		return true
	}
	if a.digits == 0 || a.compressed && a.firstLen < 3 && a.hexDigits < 5 {
		return false
	}
	return a.longest >= 3 || a.compressed
}

// v6 is a parsed address, and what its text looked like.
type v6 struct {
	words      [8]uint16
	compressed bool
	digits     int // decimal digits
	hexDigits  int // all digits
	firstLen   int // length of the first group
	longest    int // length of the longest group
}

func (a *v6) loopback() bool {
	for i := 0; i < 5; i++ {
		if a.words[i] != 0 {
			return false
		}
	}
	mapped := a.words[5] == 0xffff && (a.words[6]>>8 == 127 || a.words[6] == 0 && a.words[7] == 0)
	return mapped || a.words[5] == 0 && a.words[6] == 0 && a.words[7] <= 1
}

// parseV6 reads the forms of RFC 4291: eight groups, one run of them compressed, the last two as IPv4.
func parseV6(b []byte) (v6, bool) {
	var a v6
	n, gap, i := 0, -1, 0
	if len(b) >= 2 && b[0] == ':' && b[1] == ':' {
		gap, i, a.compressed = 0, 2, true
	}
	for i < len(b) {
		if n == 8 {
			return a, false
		}
		e := i
		v := 0
		for e < len(b) && isHex(b[e]) && e-i < 5 {
			v = v<<4 | hexValue(b[e])
			if isDigit(b[e]) {
				a.digits++
			}
			e++
		}
		if at(b, e) == '.' {
			end, first, rest := octets(b, i)
			if end != len(b) || n > 6 {
				return a, false
			}
			a.words[n], a.words[n+1] = uint16(first<<8|rest>>16), uint16(rest)
			n, i = n+2, end
			a.hexDigits += 4
			a.longest = max(a.longest, 4)
			break
		}
		if e == i || e-i > 4 {
			return a, false
		}
		if n == 0 && gap < 0 {
			a.firstLen = e - i
		}
		a.words[n], a.hexDigits, a.longest = uint16(v), a.hexDigits+e-i, max(a.longest, e-i)
		n++
		if e == len(b) {
			i = e
			break
		}
		i = e + 1
		if b[e] != ':' || i == len(b) {
			return a, false
		}
		if b[i] == ':' {
			if gap >= 0 {
				return a, false
			}
			gap, a.compressed = n, true
			i++
		}
	}
	if gap < 0 {
		return a, n == 8
	}
	if n > 7 {
		return a, false
	}
	for k := 0; k < n-gap; k++ {
		a.words[7-k], a.words[n-1-k] = a.words[n-1-k], 0
	}
	return a, true
}
