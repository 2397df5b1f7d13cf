package detect

// assign looks at the '=' or ':' at i: when the key before it names a secret, the value after it is one.
func (s *Scanner) assign(i int) int {
	t := s.text
	if !s.weak || t[i] == '=' && at(t, i+1) == '=' {
		return i + 1
	}
	start, end := keyBefore(t, i)
	if start == end {
		return i + 1
	}
	last := lower(t[end-1])
	if s.last[last>>6]>>(last&63)&1 == 0 {
		return i + 1
	}
	e := s.key(start, end)
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
	if n := s.value(i, k, e); n > 0 {
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

// keyBefore gives the key that ends before the sign at i: over spaces, a closing quote or bracket.
func keyBefore(t []byte, i int) (start, end int) {
	if t[i] == '=' && at(t, i-1) == ':' {
		i--
	}
	for n := 0; n < 2 && at(t, i-1) == ' '; n++ {
		i--
	}
	if b := at(t, i-1); b == '"' || b == '\'' || b == ']' || b == '`' {
		i--
		if at(t, i-1) == '\\' {
			i--
		}
	}
	start = i
	for start > 0 && i-start < partBytes && (isWordByte(t[start-1]) || t[start-1] == '_' || t[start-1] == '-' || t[start-1] == '.') {
		start--
	}
	return start, i
}

// key says what the last parts of a key name: password in db.password, userPassword and USER_PASSWORD,
// and api key in x-api-key; but nothing in passwordExpired and next_page_token.
func (s *Scanner) key(start, end int) evidence {
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

// value reports the value after the sign at i and gives its end, or 0 when it is none worth hiding.
func (s *Scanner) value(i int, k Kind, e evidence) int {
	t := s.text
	v := i + 1
	if at(t, v) == '>' {
		v++
	}
	colon := t[i] == ':'
	spaces := 0
	for at(t, v) == ' ' && spaces < 2 {
		v++
		spaces++
	}
	if v >= len(t) {
		return 0
	}
	start, end, quoted := quotedValue(t, v)
	if !quoted {
		if start = s.scheme(v, e); start != v {
			colon = false
		}
		if m := markerEnd(t, start); m > 0 && t[start] == '<' {
			return m
		}
		end = valueEnd(t, start)
		if e&eCookie != 0 {
			end = lineEnd(t, start)
		}
	}
	if value := t[start:end]; len(value) == 0 || ownMarker(value) || emptyWord(value) || short(value, k, e) {
		return 0
	}
	if !quoted && colon && spaces > 0 && e&eCookie == 0 && prose(t, start, end) {
		return 0
	}
	return s.add(k, start, end)
}

// quotedValue reads a value in quotes at v, which may be escaped, up to the same quote or the end of text.
func quotedValue(t []byte, v int) (start, end int, quoted bool) {
	escaped := t[v] == '\\'
	if escaped {
		v++
	}
	q := at(t, v)
	if q != '"' && q != '\'' && q != '`' {
		return v, v, false
	}
	for e := v + 1; e < len(t); e++ {
		switch {
		case t[e] == '\\' && escaped && at(t, e+1) == q:
			return v + 1, e, true
		case t[e] == '\\':
			e++
		case t[e] == q && !escaped:
			return v + 1, e, true
		}
	}
	return v + 1, len(t), true
}

// valueEnd is the end of a value without quotes. A comma, semicolon or closing bracket ends it only where
// no more of the value can follow, since passwords hold them.
func valueEnd(t []byte, i int) int {
	for ; i < len(t); i++ {
		switch b := t[i]; b {
		case '&', '"', '\'', '`', '<', '>', ' ', '\t', '\r', '\n':
			return i
		case ',', ';', ')', ']', '}', '|':
			if ends(t, i+1, b) {
				return i
			}
		case '\\':
			if n := at(t, i+1); n == '"' || n == 'n' || n == '\'' {
				return i
			}
		case '.', ':', '!', '?':
			if i+1 == len(t) && (b == '.' || b == ':') || b != '!' && b != '?' && isSpace(at(t, i+1)) {
				return i
			}
		}
	}
	return i
}

// ends says whether a value ends before the separator whose next byte is at i: at the end, before a space,
// a quote or another closing sign, and before the next key.
func ends(t []byte, i int, sep byte) bool {
	if i >= len(t) {
		return true
	}
	switch t[i] {
	case ' ', '\t', '\r', '\n', '"', '\'', ',', ';', ')', ']', '}', '&', '<', '\\':
		return true
	}
	if sep != ',' && sep != ';' && sep != '|' {
		return false
	}
	e := i
	for e < len(t) && e-i < 40 && (isWordByte(t[e]) || t[e] == '_' || t[e] == '-' || t[e] == '.') {
		e++
	}
	return e > i && (at(t, e) == '=' || at(t, e) == ':')
}

// lineEnd is the end of the line, or of the quotes around it.
func lineEnd(t []byte, i int) int {
	for i < len(t) && t[i] != '\n' && t[i] != '\r' && t[i] != '"' && t[i] != '<' {
		i++
	}
	return i
}

// scheme skips an authentication scheme at v: the credential comes after it.
func (s *Scanner) scheme(v int, e evidence) int {
	t := s.text
	if e&eSecret == 0 {
		return v
	}
	end := v
	for end < len(t) && end-v < 20 && (isAlnum(t[end]) || t[end] == '-') {
		end++
	}
	if at(t, end) != ' ' {
		return v
	}
	for _, w := range [...]string{"bearer", "basic", "digest", "token", "apikey", "negotiate", "ntlm", "hmac", "aws4-hmac-sha256", "sharedkey"} {
		if end-v == len(w) && equalFold(t, v, w) {
			return end + 1
		}
	}
	return v
}

// short says whether a value is no secret for its length: a small count as in "token: 3", or a word after
// a parameter that is only sometimes a secret, as in "?code=open".
func short(v []byte, k Kind, e evidence) bool {
	const longestWord = 8
	if k == Secret && e&(eSecret|eCookie) == 0 && len(v) < longestWord {
		return true
	}
	least := 4
	if k == OTP {
		least = 3
	}
	return digitsEnd(v, 0) == len(v) && len(v) < least
}

// prose says whether the value text[start:end] after "key: " is a word of a sentence: lower-case letters
// with another word behind it.
func prose(t []byte, start, end int) bool {
	for i := start; i < end; i++ {
		if !isLower(t[i]) && !(i == start && isLetter(t[i])) {
			return false
		}
	}
	return at(t, end) == ' ' && isLetter(at(t, end+1))
}

// emptyWord says whether a value says that there is none, or what became of it.
func emptyWord(v []byte) bool {
	var buf [12]byte
	if len(v) > len(buf) {
		return false
	}
	for i, b := range v {
		buf[i] = lower(b)
	}
	switch string(buf[:len(v)]) {
	case "true", "false", "null", "nil", "none", "undefined", "empty", "missing", "expired", "invalid", "required", "unset", "n/a", "na",
		"redacted", "[redacted]", "hidden", "masked", "wrong", "incorrect", "rejected", "denied", "failed", "changed", "updated", "ok", "yes",
		"no", "unknown", "not", "is", "must", "was", "has", "unexpected", "error", "reset", "removed", "refreshed", "revoked", "valid",
		"mismatch", "optional", "default", "string", "disabled", "enabled", "-", "{}", "[]", "()":
		return true
	}
	return false
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
