package detect

// assign looks at the sign at i, "=" or ":" or the start of "->": when the key before it names a secret, the
// value after it is one.
func (s *Scanner) assign(i int) int {
	t := s.text
	v := SignEnd(t, i)
	if !s.weak || v == 0 {
		return i + 1
	}
	start, end := keyBefore(t, i)
	if start == end {
		return i + 1
	}
	e := s.key(start, end)
	if e&eSecretTail != 0 && at(t, start-1) == ' ' {
		if before, _ := s.wordBefore(start-1, max(0, start-partBytes)); before&eKeyed != 0 {
			e = eSecret // "api key: x"
		}
	}
	k := None
	switch {
	case e&eOTP != 0:
		k = OTP
	case e&(eSecret|eCookie) != 0:
		k = Secret
	case e&(eQuery|personal) != 0 && t[i] == '=' && (at(t, start-1) == '?' || at(t, start-1) == '&'):
		k = parameterKind(e)
	case e&personal != 0 && s.inner && t[i] == ':' && at(t, start-1) == '"':
		k = parameterKind(e)
	}
	if k == None || !s.on.Has(k) {
		return i + 1
	}
	if n := s.value(i, v, k, e); n > 0 {
		return n
	}
	return i + 1
}

// parameterKind is the kind of a value that its key names.
func parameterKind(e evidence) Kind {
	switch {
	case e&eName != 0:
		return Name
	case e&eAddress != 0:
		return Address
	case e&eBirth != 0:
		return BirthDate
	case e&eAccount != 0:
		return Account
	}
	return Secret
}

// SignEnd is where the value begins behind the sign of an assignment that starts at i: =, :, :=, =>, ->, ==>;
// 0 when the sign compares, as "==" between spaces does.
func SignEnd(t []byte, i int) int {
	e := i + 1
	switch {
	case t[i] == ':' && at(t, e) == '=', t[i] == '-':
		return e + 1
	case t[i] == ':':
		return e
	}
	for at(t, e) == '=' {
		e++
	}
	switch {
	case at(t, e) == '>':
		return e + 1
	case e > i+1 && (e >= len(t) || isSpace(t[e])):
		return 0
	}
	return e
}

// widestGap bounds the spaces and tabs between a key, its sign and the value: some align them.
const widestGap = 24

// keyBefore gives the key that ends before the sign at i: over spaces, a closing quote or bracket.
func keyBefore(t []byte, i int) (start, end int) {
	for n := 0; n < widestGap && (at(t, i-1) == ' ' || at(t, i-1) == '\t'); n++ {
		i--
	}
	for n := 0; n < 2; n++ { // ["key"]
		b := at(t, i-1)
		if b != '"' && b != '\'' && b != '`' && (b != ']' || n > 0) {
			break
		}
		i--
		if at(t, i-1) == '\\' {
			i--
		}
		if b != ']' {
			break
		}
	}
	start = i
	for start > 0 && i-start < partBytes && (isWordByte(t[start-1]) || t[start-1] == '_' || t[start-1] == '-' || t[start-1] == '.') {
		start--
	}
	return start, i
}

// key says what a key names: password in db.password, userPassword and USER_PASSWORD, also before words
// that do not change it, as in password_new; but nothing in passwordExpired and next_page_token.
func (s *Scanner) key(start, end int) evidence {
	t := s.text
	for n := 0; n < 4; n++ {
		if last := lower(t[end-1]); s.last[last>>6]>>(last&63)&1 != 0 {
			if e := s.lastParts(start, end); e&assignable != 0 {
				return e
			}
		}
		part := lastPart(t, start, end)
		var buf [longestQualifier]byte
		if part <= start || end-part > len(buf) || !Qualifier(appendFolded(buf[:0], t[part:end])) {
			return 0
		}
		for end = part; end > start && !isWordByte(t[end-1]); {
			end--
		}
		if end == start {
			return 0
		}
	}
	return 0
}

// lastParts says what the last parts of a key name, api key in x-api-key.
func (s *Scanner) lastParts(start, end int) evidence {
	t := s.text
	p1 := lastPart(t, start, end)
	e := s.lookup(p1, end)
	p2, p2end := p1, p1
	for p2end > start && !isWordByte(t[p2end-1]) {
		p2end--
	}
	if p2end > start {
		p2 = lastPart(t, start, p2end)
		before := s.lookup(p2, p2end)
		switch {
		case e&eSecretTail != 0 && before&eKeyed != 0:
			return eSecret
		case e&eSecret != 0 && before&eBenign != 0:
			return 0
		}
		e |= s.lookup(p2, end)
		p3 := p2
		for p3 > start && !isWordByte(t[p3-1]) {
			p3--
		}
		if p3 > start {
			e |= s.lookup(lastPart(t, start, p3), end)
		}
	}
	return e
}

// lastPart is the start of the last part of a key: after a separator or at a camel-case hump.
func lastPart(t []byte, start, end int) int {
	i := end
	for i > start && isWordByte(t[i-1]) {
		i--
	}
	if i == end {
		return i
	}
	return partStart(t, i, end)
}

// flag looks at a command line's --name at e: the word after --password and the like is a secret.
func (s *Scanner) flag(e int) int {
	t := s.text
	end := e
	for end < len(t) && end-e < partBytes && (isAlnum(t[end]) || t[end] == '-' || t[end] == '_') {
		end++
	}
	if at(t, end) != ' ' || end == e || s.key(e, end)&eSecret == 0 {
		return e
	}
	v := end + 1
	stop := valueEnd(t, v)
	if v == stop || t[v] == '-' || t[v] == '<' || ownMarker(t[v:stop]) || emptyWord(t[v:stop]) {
		return e
	}
	if n := s.add(Secret, v, stop); n > 0 {
		return n
	}
	return e
}
