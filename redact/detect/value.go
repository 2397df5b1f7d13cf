package detect

// value reports the value that starts at v, behind the sign at i, and gives its end, or 0 when it is none
// worth hiding.
func (s *Scanner) value(i, v int, k Kind, e evidence) int {
	t := s.text
	sign := v
	for v-sign < widestGap && (at(t, v) == ' ' || at(t, v) == '\t') {
		v++
	}
	if v >= len(t) {
		return 0
	}
	if t[i] == ':' && (t[v] == '\n' || t[v] == '|' || t[v] == '>' || t[v] == '\r') {
		return s.block(v, k)
	}
	v = typed(t, v)
	start, end, quoted := quotedValue(t, v)
	prosaic := t[i] == ':' && v > sign
	if !quoted {
		if start = s.scheme(v, e); start != v {
			prosaic = false
		}
		if m := markerEnd(t, start); m > 0 && t[start] == '<' {
			return m
		}
		end = valueEnd(t, start)
		switch {
		case e&eCookie != 0:
			end = lineEnd(t, start)
		case start != v && parameter(t, start) > 0:
			end = parametersEnd(t, start)
		}
	}
	if value := t[start:end]; len(value) == 0 || ownMarker(value) || emptyWord(value) || short(value, k, e) {
		return 0
	}
	if !quoted && prosaic && e&eCookie == 0 && prose(t, start, end) {
		return 0
	}
	return s.add(k, start, end)
}

// typed skips what PHP writes before the text at v: string(10) "…".
func typed(t []byte, v int) int {
	const word = "string("
	if !hasPrefix(t[v:], word) {
		return v
	}
	e := digitsEnd(t, v+len(word))
	if at(t, e) != ')' || at(t, e+1) != ' ' || at(t, e+2) != '"' {
		return v
	}
	return e + 2
}

// block reports the value of "key:" that stands indented on the next line, or after | or > on the next
// lines, as YAML has it. Another key there, or a sentence, is none.
func (s *Scanner) block(v int, k Kind) int {
	t := s.text
	literal := t[v] == '|' || t[v] == '>'
	for v < len(t) && (t[v] == '|' || t[v] == '>' || t[v] == '-' || t[v] == '+' || t[v] == '\r') {
		v++
	}
	start := indented(t, v)
	if start == 0 {
		return 0
	}
	end := lineEnd(t, start)
	for next := end; literal && next > 0; next = indented(t, next) {
		end = lineEnd(t, next)
	}
	first := runEnd(t, start, cToken|cHigh)
	if at(t, first) == ':' && (first+1 == end || at(t, first+1) == ' ') || prose(t, start, first) || emptyWord(t[start:end]) || ownMarker(t[start:end]) {
		return 0
	}
	return s.add(k, start, end)
}

// indented is where the text of the line begins that follows the line's end at i and is indented; 0 when
// there is none.
func indented(t []byte, i int) int {
	if at(t, i) == '\r' {
		i++
	}
	if at(t, i) != '\n' {
		return 0
	}
	e := i + 1
	for at(t, e) == ' ' || at(t, e) == '\t' {
		e++
	}
	if e == i+1 || e >= len(t) || isSpace(t[e]) {
		return 0
	}
	return e
}

// parameter is where the value begins of the parameter name=value at i, 0 when there is none: a token's
// padding ends in the sign too.
func parameter(t []byte, i int) int {
	e := i
	for isLetter(at(t, e)) || at(t, e) == '-' || at(t, e) == '_' {
		e++
	}
	if n := at(t, e+1); e == i || at(t, e) != '=' || n == 0 || n == '=' || isSpace(n) {
		return 0
	}
	return e + 1
}

// parametersEnd is the end of the list of parameters at i, as authentication schemes have them:
// username="u", response="…".
func parametersEnd(t []byte, i int) int {
	end := i
	for {
		v := parameter(t, i)
		if v == 0 {
			return end
		}
		if _, e, quoted := quotedValue(t, v); quoted {
			end = min(e+1, len(t))
			if at(t, e) == '\\' {
				end = min(e+2, len(t))
			}
		} else {
			for end = v; end < len(t) && t[end] != ',' && !isSpace(t[end]) && t[end] != '"' && t[end] != '\'' && t[end] != '<'; end++ {
			}
		}
		for i = end; at(t, i) == ',' || at(t, i) == ' '; i++ {
		}
	}
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
	if (k == OTP || e&eCookie != 0) && letters(v) {
		return true // what became of a code or a cookie: blocked, accepted
	}
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

// letters says whether v is lower-case letters only.
func letters(v []byte) bool {
	for _, b := range v {
		if !isLower(b) {
			return false
		}
	}
	return true
}

// SaysNothing says whether the value of a key says that there is none or what became of it, as in
// password=null, token: expired, pass=true, pin=***.
func SaysNothing(value []byte) bool { return emptyWord(value) || stars(value) }

// stars says whether v is stars only, as others mask values.
func stars(v []byte) bool {
	for _, b := range v {
		if b != '*' {
			return false
		}
	}
	return len(v) > 2
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
	if len(v) > 1 && (v[0] == '[' || v[0] == '(') && v[len(v)-1] != ']' && v[len(v)-1] != ')' {
		v = v[1:] // the value ended before the other bracket
	}
	if len(v) > 2 && v[0] == '<' && v[len(v)-1] == '>' {
		v = v[1 : len(v)-1]
	}
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
