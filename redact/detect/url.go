package detect

// colon looks at colons: the scheme of a URL, addresses, and a key before a value.
func (s *Scanner) colon(i int) int {
	t := s.text
	next := at(t, i+1)
	if next == '/' && at(t, i+2) == '/' {
		return s.userinfo(i + 3)
	}
	prev := at(t, i-1)
	if next == ':' || isHex(next) && (isHex(prev) || prev == ':') {
		if at(t, i+3) == ':' && isHex(prev) {
			if end := s.mac(i); end > 0 {
				return end
			}
		}
		if end := s.ipv6(i); end > i {
			return end
		}
	}
	return s.assign(i)
}

// userinfo looks for a password in the authority of a URL, which starts at i. A user name alone is kept,
// as in ssh://git@host, unless it is long enough to be a token.
func (s *Scanner) userinfo(i int) int {
	t := s.text
	const longest, longestName = 2048, 20
	sep, sign, slash := 0, 0, false
	end := i
loop:
	for ; end < len(t) && end-i < longest; end++ {
		switch b := t[end]; {
		case b == ':' && sep == 0:
			sep = end
		case b == '@':
			sign = end
		case b == '/' || b == '?' || b == '#':
			// A slash ends the authority, but for a password that holds one: then no port comes before it.
			if sign > 0 || sep == 0 || digitsEnd(t, sep+1) == end || t[sep+1] == '[' {
				break loop
			}
			slash = true
		case isSpace(b) || b == '"' || b == '<' || b == '>' || b == '\'' && !slash && sep == 0:
			break loop
		}
	}
	if !s.on.Has(URLPassword) {
		return i
	}
	if sign == 0 {
		if end == len(t) && sep > 0 && sep+1 < end && !slash && t[sep+1] != '[' && t[i] != '[' && digitsEnd(t, sep+1) < end {
			s.add(URLPassword, sep+1, end) // cut off before its host: a port would be a number
		}
		return i
	}
	if sep > 0 && sep < sign {
		if sep+1 < sign && !ownMarker(t[sep+1:sign]) {
			s.add(URLPassword, sep+1, sign)
		}
		return sign + 1
	}
	if sign-i >= longestName && !slash && runEnd(t, i, cToken) == sign {
		s.add(URLPassword, i, sign)
		return sign + 1
	}
	return i
}
