package detect

import (
	"bytes"
	"encoding/base64"
)

// space looks at the end of words: "Bearer" and "Basic" are followed by a credential, and words for a
// secret by one in quotes or by what no word looks like.
func (s *Scanner) space(i int) int {
	t := s.text
	switch lower(at(t, i-1)) {
	case 'r':
		if equalFold(t, i-6, "bearer") && !isAlnum(at(t, i-7)) {
			return s.credential(i + 1)
		}
	case 'c':
		if equalFold(t, i-5, "basic") && !isAlnum(at(t, i-6)) {
			return s.credential(i + 1)
		}
	case 'd', 'e', 't', 'a', 'n', 'y', 's':
		if i > 1 && i+leastSpoken < len(t) && (class[t[i+leastSpoken]]&class[t[i+leastSpoken/2]]&cToken != 0 || t[i+1] == '\'' || t[i+1] == '"') &&
			s.weak && namesSecret(t[i-2:i]) {
			return max(s.spoken(i), i+1)
		}
	}
	return i + 1
}

// namesSecret says whether words for a secret, or one between them and the secret, end in the two letters:
// password, passwd, Passwort, secret, token, key, passphrase, salasana, adgangskode, is, was, by.
func namesSecret(end []byte) bool {
	switch uint16(end[0]|0x20)<<8 | uint16(end[1]|0x20) {
	case 'r'<<8 | 'd', 'w'<<8 | 'd', 'r'<<8 | 't', 'e'<<8 | 't', 'e'<<8 | 'n', 'e'<<8 | 'y', 's'<<8 | 'e', 'n'<<8 | 'a', 'd'<<8 | 'e',
		'i'<<8 | 's', 'a'<<8 | 's', 'b'<<8 | 'y':
		return true
	}
	return false
}

// spoken looks for a secret behind the space at i and a word that may name it; it gives its end, or 0.
func (s *Scanner) spoken(i int) int {
	if next := s.text[i+1]; next == '\'' || next == '"' {
		return s.quotedPassword(i)
	}
	return s.spokenKey(i)
}

// The lengths from which letters of both cases and digits in a row are taken for a password and for a key after
// the word for one.
const (
	leastSpoken = 8
	leastKey    = 20
)

// quotedPassword looks for a password in quotes behind the word for it and the space at i: SQL's
// PASSWORD 'x'. Quotes behind "token" are as often those of a parser's error.
func (s *Scanner) quotedPassword(i int) int {
	t := s.text
	if !s.weak || !isLetter(at(t, i-1)) {
		return 0
	}
	if e, _ := s.wordBefore(i, max(0, i-partBytes)); e&ePassword == 0 {
		return 0
	}
	start, end, _ := quotedValue(t, i+1)
	if end-start < 4 || end == len(t) || bytes.IndexByte(t[start:end], ' ') >= 0 || SaysNothing(t[start:end]) || ownMarker(t[start:end]) || t[i+1] == '"' && letters(t[start:end]) {
		return 0
	}
	return s.add(Secret, start, end)
}

// spokenKey looks for a key behind the space at i, and the words "secret", "api key", "token is" and the
// like before it: at least twenty characters with digits, capitals and small letters among them, eight after
// a word for passwords.
func (s *Scanner) spokenKey(i int) int {
	t := s.text
	end := runEnd(t, i+1, cToken)
	if !s.weak || end-i <= leastSpoken || !mixed(t[i+1:end]) || ownToken(t[i+1:end]) {
		return 0
	}
	key := false
	for j, n := i, 0; n < 4; n++ {
		w, ok := s.wordEndBefore(j, max(s.lastEnd(), i-contextBytes))
		if !ok || j-w > 2 {
			return 0
		}
		e, start := s.wordBefore(w, max(0, w-partBytes))
		if end-i > leastKey && (e&eSecret != 0 || key && e&eKeyed != 0) || e&ePassword != 0 && e&eSecret != 0 {
			return s.add(Secret, i+1, end)
		}
		key = key || e&eSecretTail != 0
		if e&(eFiller|eSecretTail|eKeyed) == 0 {
			return 0
		}
		j = start
	}
	return 0
}

// credential looks for a token of at least sixteen characters at i. Lower-case words with hyphens are prose.
func (s *Scanner) credential(i int) int {
	t := s.text
	for at(t, i) == ' ' {
		i++
	}
	e := runEnd(t, i, cToken)
	for e < len(t) && (class[t[e]]&cToken != 0 || t[e] == '.' || t[e] == '~' || t[e] == '=') {
		e++
	}
	for e > i && t[e-1] == '.' {
		e--
	}
	if e-i < encodedLeast || proseToken(t[i:e]) || ownToken(t[i:e]) {
		return i
	}
	if n := s.add(Credential, i, e); n > 0 {
		return n
	}
	return i
}

// proseToken says whether a token is words: lower-case letters, joined by hyphens, underscores or slashes.
func proseToken(v []byte) bool {
	joints := 0
	for _, b := range v {
		switch {
		case b == '-' || b == '_' || b == '/' || b == '.':
			joints++
		case !isLower(b):
			return false
		}
	}
	return joints > 0
}

// jwt looks for a JSON web token around the J of "eyJ" at i: a header that decodes to a JSON object, a
// payload, and up to three more parts. What a cut left of a token counts from its second part on.
func (s *Scanner) jwt(i int) int {
	t := s.text
	start := i - 2
	if start < 0 || t[start] != 'e' || t[start+1] != 'y' {
		return i + 1
	}
	header := segmentEnd(t, start)
	if header-start < 8 || at(t, header) != '.' {
		return header
	}
	payload := segmentEnd(t, header+1)
	if payload-header < 8 || !jsonHeader(t[start:header]) {
		return header
	}
	end := payload
	for n := 0; n < 3 && at(t, end) == '.'; n++ {
		next := segmentEnd(t, end+1)
		if next == end+1 && (isAlnum(at(t, next)) || n > 0) {
			break
		}
		end = next
	}
	if t[end-1] == '.' && end == payload+1 && !(at(t, end) == 0 || isSpace(at(t, end))) {
		end--
	}
	if n := s.add(JWT, start, end); n > 0 {
		return n
	}
	return header
}

// segmentEnd is the end of the base64url run at i.
func segmentEnd(t []byte, i int) int {
	for i < len(t) && (isAlnum(t[i]) || t[i] == '-' || t[i] == '_') {
		i++
	}
	return i
}

// jsonHeader says whether the first bytes of a segment decode to the start of a JSON object with a key.
func jsonHeader(seg []byte) bool {
	var buf [96]byte
	n := min(len(seg), 128) / 4 * 4
	m, err := base64.RawURLEncoding.Decode(buf[:], seg[:n])
	if err != nil || m < 5 || buf[0] != '{' || buf[1] != '"' {
		return false
	}
	colon := false
	for _, b := range buf[:m] {
		if b < 0x20 {
			return false
		}
		colon = colon || b == ':'
	}
	return colon
}

// awsKey looks for an AWS access key id that starts at i, and for the secret of forty characters that is
// often written beside it.
func (s *Scanner) awsKey(i int) int {
	t := s.text
	const idLength = 20
	if i+idLength > len(t) || i > 0 && isAlnum(t[i-1]) || isAlnum(at(t, i+idLength)) || !awsPrefix(t[i:i+4]) {
		return i + 1
	}
	for _, b := range t[i+4 : i+idLength] {
		if !isUpper(b) && !isDigit(b) {
			return i + 1
		}
	}
	end := s.add(AWSKey, i, i+idLength)
	if end == 0 {
		return i + 1
	}
	for j := end; j < len(t) && j < end+48; j++ {
		if class[t[j]]&cToken == 0 || t[j] == '-' || t[j] == '/' && j == end {
			continue
		}
		e := runEnd(t, j, cToken)
		if e-j == 40 && mixed(t[j:e]) {
			return s.add(AWSKey, j, e)
		}
		j = e
	}
	return end
}

// awsPrefix says whether four letters start the identifiers that AWS gives to keys, users and roles.
func awsPrefix(p []byte) bool {
	switch string(p) {
	case "AKIA", "ASIA", "ABIA", "ACCA", "AGPA", "AIDA", "AIPA", "ANPA", "ANVA", "APKA", "AROA", "ASCA":
		return true
	}
	return false
}

// mixed says whether a token has digits, capitals and small letters.
func mixed(v []byte) bool {
	d, u, l := false, false, false
	for _, b := range v {
		d, u, l = d || isDigit(b), u || isUpper(b), l || isLower(b)
	}
	return d && u && l
}
