package parse

import "bytes"

// verdict is what a scan says of a text.
type verdict uint8

const (
	isObject verdict = iota
	isOther          // JSON, but no object
	isBad            // no JSON
	isOpen           // JSON as far as it goes, but it ends too soon
	isDeep           // nested too deep
)

// reason maps a verdict to what a text is that cannot be a record.
func (v verdict) reason() Reason {
	switch v {
	case isOther:
		return NotObject
	case isOpen:
		return Truncated
	case isDeep:
		return TooDeep
	}
	return NotJSON
}

// scanner checks a text by fastjson's lenient grammar, without keeping anything of it. fastjson's own
// errors cannot be used: they quote the input, and for long or deep texts cost a thousand times its size.
type scanner struct {
	text     []byte
	at       int
	depth    int
	maxDepth int
	objects  [5]uint64 // bit d: the value open at depth d is an object
}

// scan says what text is. maxDepth is at most 300.
func scan(text []byte, maxDepth int) verdict {
	s := scanner{text: text, maxDepth: maxDepth}
	v := s.document()
	if v == isObject && text[skipSpace(text, 0)] != '{' {
		return isOther
	}
	return v
}

// document reads one value and what is around it; it gives isObject for any complete value.
func (s *scanner) document() verdict {
	v, nested := s.value()
	for v == isObject && (nested || s.depth > 0) {
		if nested {
			nested = false
			if closed := s.emptyClose(); !closed {
				v, nested = s.element()
				continue
			}
		}
		if s.depth == 0 {
			break
		}
		v, nested = s.afterValue()
	}
	if v == isObject && s.next() {
		return isBad // something follows
	}
	return v
}

// next skips space and reports whether anything follows.
func (s *scanner) next() bool {
	s.at = skipSpace(s.text, s.at)
	return s.at < len(s.text)
}

// value reads a value; nested is true when it was the start of an object or array.
func (s *scanner) value() (v verdict, nested bool) {
	if !s.next() {
		return isOpen, false
	}
	switch c := s.text[s.at]; c {
	case '{', '[':
		if s.depth == s.maxDepth {
			return isDeep, false
		}
		s.open(c == '{')
		return isObject, true
	case '"':
		return s.str(), false
	case 't':
		return s.word("true"), false
	case 'f':
		return s.word("false"), false
	case 'n', 'N':
		if len(s.text)-s.at >= 3 && bytes.EqualFold(s.text[s.at:s.at+3], []byte("nan")) {
			s.at += 3
			return isObject, false
		}
		return s.word("null"), false
	}
	return s.number(), false
}

func (s *scanner) open(object bool) {
	s.at++
	s.depth++
	bit := uint64(1) << (s.depth % 64)
	if object {
		s.objects[s.depth/64] |= bit
	} else {
		s.objects[s.depth/64] &^= bit
	}
}

func (s *scanner) inObject() bool { return s.objects[s.depth/64]&(1<<(s.depth%64)) != 0 }

// emptyClose closes the value that has just been opened, if its end follows at once.
func (s *scanner) emptyClose() bool {
	if s.next() && s.text[s.at] == s.closing() {
		s.at++
		s.depth--
		return true
	}
	return false
}

func (s *scanner) closing() byte {
	if s.inObject() {
		return '}'
	}
	return ']'
}

// element reads a value, in an object with its key.
func (s *scanner) element() (v verdict, nested bool) {
	if s.inObject() {
		if !s.next() {
			return isOpen, false
		}
		if s.text[s.at] != '"' {
			return isBad, false
		}
		if v := s.str(); v != isObject {
			return v, false
		}
		if !s.next() {
			return isOpen, false
		}
		if s.text[s.at] != ':' {
			return isBad, false
		}
		s.at++
	}
	return s.value()
}

// afterValue reads what follows a value inside an object or array.
func (s *scanner) afterValue() (v verdict, nested bool) {
	if !s.next() {
		return isOpen, false
	}
	switch s.text[s.at] {
	case ',':
		s.at++
		return s.element()
	case s.closing():
		s.at++
		s.depth--
		return isObject, false
	}
	return isBad, false
}

func (s *scanner) str() verdict {
	s.at++
	for {
		n := bytes.IndexByte(s.text[s.at:], '"')
		if n < 0 {
			return isOpen
		}
		slashes := 0
		for slashes < n && s.text[s.at+n-1-slashes] == '\\' {
			slashes++
		}
		s.at += n + 1
		if slashes%2 == 0 {
			return isObject
		}
	}
}

func (s *scanner) word(w string) verdict {
	rest := s.text[s.at:]
	if len(rest) < len(w) {
		if w[:len(rest)] == string(rest) {
			return isOpen
		}
		return isBad
	}
	if string(rest[:len(w)]) != w {
		return isBad
	}
	s.at += len(w)
	return isObject
}

func (s *scanner) number() verdict {
	start := s.at
	for s.at < len(s.text) && isNumberByte(s.text[s.at]) {
		s.at++
	}
	rest := s.text[s.at:]
	n := s.at - start
	if n == 0 || n == 1 && (s.text[start] == '-' || s.text[start] == '+') && len(rest) > 0 {
		if len(rest) < 3 || !bytes.EqualFold(rest[:3], []byte("inf")) && !bytes.EqualFold(rest[:3], []byte("nan")) {
			return isBad
		}
		s.at += 3
	}
	return isObject
}

func isNumberByte(c byte) bool {
	return c >= '0' && c <= '9' || c == '.' || c == '-' || c == 'e' || c == 'E' || c == '+'
}

// skipSpace gives the index of the first byte from i on that is no JSON white space.
func skipSpace(text []byte, i int) int {
	for i < len(text) && isSpace(text[i]) {
		i++
	}
	return i
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }

// trim cuts white space off both ends.
func trim(text []byte) []byte {
	for len(text) > 0 && isSpace(text[0]) {
		text = text[1:]
	}
	for len(text) > 0 && isSpace(text[len(text)-1]) {
		text = text[:len(text)-1]
	}
	return text
}

// trimLine cuts off white space before a line and its line feed.
func trimLine(text []byte) []byte {
	for len(text) > 0 && isSpace(text[0]) {
		text = text[1:]
	}
	if rest, ok := bytes.CutSuffix(text, []byte("\n")); ok {
		return bytes.TrimSuffix(rest, []byte("\r"))
	}
	return text
}

// trimBOM cuts off the byte order mark that some programs begin a file or a message with.
func trimBOM(text []byte) []byte { return bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")) }
