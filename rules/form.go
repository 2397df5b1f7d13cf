package rules

import (
	"bytes"
	"unicode"
	"unicode/utf8"
)

// Bounds of a form: how much of a key is looked at, and the length of the result, in bytes.
const (
	maxFormScan = 512
	maxForm     = 120
)

// placeholder stands for what is not shown.
type placeholder string

const (
	formEmail  placeholder = "<email>"
	formURL    placeholder = "<url>"
	formIP     placeholder = "<ip>"
	formTime   placeholder = "<time>"
	formUUID   placeholder = "<uuid>"
	formHex    placeholder = "<hex>"
	formNumber placeholder = "<number>"
	formQuoted placeholder = "<quoted>"
	formToken  placeholder = "<token>"
	formWord   placeholder = "<word>"
)

var placeholders = [...]placeholder{formEmail, formURL, formIP, formTime, formUUID, formHex, formNumber, formQuoted, formToken, formWord}

// Form appends the shape of a key that breaks the convention, safe to be shown: words are kept, and
// everything that may identify somebody or something is replaced by <email>, <url>, <ip>, <time>,
// <uuid>, <hex>, <number>, <quoted>, <token> or <word>. The result is valid UTF-8 of at most 120 bytes
// without digits and control characters, the same for the same key, and Form of a form is the form.
//
// Nothing is decoded. A piece between spaces that holds an escape (percent, backslash, ampersand) or any
// character that is neither a letter nor plain ASCII is withheld as a whole, so that no spelling of an
// address comes through. Names are words like others: they are withheld where the words before them
// say that a name follows, and in sentences where they are written in upper case. A name in lower case
// without such a sign is not recognised.
func Form(dst, key []byte) []byte {
	start := len(dst)
	dst = appendForm(dst, key)
	if plainText(key) {
		return dst
	}
	if len(dst) == start { // nothing that can be seen
		return append(dst, formToken...)
	}
	// Quotes that do not pair up, disguises and broken characters can be cut in more than one way. The form
	// is what does not change any more when it is read again.
	var again [maxForm]byte
	for range maxFormTries {
		next := appendForm(again[:0], dst[start:])
		if bytes.Equal(next, dst[start:]) {
			return dst
		}
		dst = append(dst[:start], next...)
	}
	return append(dst[:start], formToken...)
}

// maxFormTries is how often a form is read again before all of it is withheld.
const maxFormTries = 4

// plainText reports whether a key has nothing that could be cut in more than one way.
func plainText(key []byte) bool {
	for _, c := range key {
		if c < ' ' || c >= 0x7f || c == '\'' || c == '"' || c == '`' || c == '@' || c == '<' {
			return false
		}
	}
	return true
}

// appendForm makes a form in one reading.
func appendForm(dst, key []byte) []byte {
	if len(key) > maxFormScan {
		key = trimRune(key[:maxFormScan])
	}
	key = bytes.TrimFunc(key, isGap)
	f := former{out: dst, start: len(dst), begin: true, sentence: bytes.IndexFunc(key, isGap) >= 0, firstEnd: -1}
	for len(key) > 0 && !f.full {
		n := chunkLength(key)
		f.chunk(key[:n])
		rest := bytes.TrimLeftFunc(key[n:], isGap)
		f.space = len(rest) < len(key)-n
		key = rest
	}
	return f.out
}

// trimRune takes an unfinished rune off the end.
func trimRune(b []byte) []byte {
	for i := 1; i < utf8.UTFMax && i <= len(b); i++ {
		if c := b[len(b)-i]; utf8.RuneStart(c) {
			if !utf8.FullRune(b[len(b)-i:]) {
				return b[:len(b)-i]
			}
			break
		}
	}
	return b
}

// isGap reports whether a rune separates words: white space and control characters.
func isGap(r rune) bool {
	if r < 0x7f {
		return r <= ' '
	}
	return unicode.IsSpace(r) || unicode.IsControl(r)
}

// former writes one form.
type former struct {
	out      []byte
	start    int
	space    bool // a space is due before the next piece
	full     bool // the next piece did not fit
	sentence bool // the key has several words: names may be among them
	begin    bool // at the beginning of a sentence, where any word may have a capital
	hold     int  // so many words are withheld from here on, because of the word before

	// The first word of a sentence, when it has a capital and is not common: it is part of a name if
	// the next word is one. firstEnd is -1 when there is none, or something came after it.
	firstStart, firstEnd int
}

// put writes a piece, or notes that the form is full. A piece is never cut.
func (f *former) put(piece []byte) {
	n := len(piece)
	if f.space {
		n++
	}
	if f.full || len(f.out)-f.start+n > maxForm {
		f.full = true
		return
	}
	if f.space {
		f.out = append(f.out, ' ')
		f.space = false
	}
	f.out = append(f.out, piece...)
}

// hide writes a placeholder, which counts as a word.
func (f *former) hide(p placeholder) {
	f.put([]byte(p))
	f.hold = max(f.hold-1, 0)
	f.begin = false
	f.firstEnd = -1
}

// punctuation writes a separator as it is. A gap inside of a chunk, between quotes that did not pair up in
// the end, is one like others.
func (f *former) punctuation(c byte) {
	switch {
	case isGap(rune(c)):
		f.space = len(f.out) > f.start
		return
	case c == '@' || c == '%' || c == '\\' || c == '&': // left over from what did not pair up either
		f.hide(formToken)
		return
	}
	if c == '\'' {
		c = '-' // a lone quote could pair up with another one when the form is read again
	}
	f.put([]byte{c})
	switch c {
	case '.', '!', '?', ':':
		f.begin = true
	}
	f.firstEnd = -1
}

// chunk writes what is between two gaps.
func (f *former) chunk(c []byte) {
	lead, core, trail := trimPunctuation(c)
	if p := classify(core); p != "" {
		f.separators(lead)
		f.hide(p)
		f.separators(trail)
		return
	}
	if p := wholeChunk(c); p != "" {
		f.hide(p)
		return
	}
	f.parts(c)
}

func (f *former) separators(punctuation []byte) {
	for _, c := range punctuation {
		f.punctuation(c)
	}
}

// parts writes a chunk piece by piece.
func (f *former) parts(c []byte) {
	for i := 0; i < len(c) && !f.full; {
		if p := placeholderAt(c[i:]); p != "" {
			f.hide(p)
			i += len(p)
			continue
		}
		if n := quotedLength(c, i); n > 0 {
			f.hide(formQuoted)
			i += n
			continue
		}
		if n := runLength(c, i); n > 0 {
			i += f.run(c, i, n)
			continue
		}
		if n := foreignLength(c[i:]); n > 0 {
			f.hide(formToken)
			i += n
			continue
		}
		f.punctuation(c[i])
		assigned := c[i] == '=' || c[i] == ':'
		i++
		if assigned && i < len(c) {
			i += f.assigned(c, i)
		}
	}
}

// foreignLength gives the length of the bytes beyond ASCII that a text begins with, whether they make up
// characters or not.
func foreignLength(c []byte) (n int) {
	for n < len(c) && c[n] >= utf8.RuneSelf {
		n++
	}
	return n
}

// run writes a run of letters and digits and gives the length of what it stood for.
func (f *former) run(c []byte, i, n int) int {
	if isUUID(c[i:]) {
		f.hide(formUUID)
		return uuidLength
	}
	if f.sentence {
		if dotted := dottedLength(c, i); dotted > 0 { // a host name, a file, a user name
			f.hide(formToken)
			return dotted
		}
	}
	run := c[i : i+n]
	switch letters, digits, hex := composition(run); {
	case letters && !jumbled(run):
		f.word(run)
	case digits:
		f.hide(formNumber)
	case hex && n >= minFormHex:
		f.hide(formHex)
	default:
		f.hide(formToken)
	}
	return n
}

// assigned writes the value after = or : and gives its length. Whatever it is, it is not shown; what
// is only punctuation is no value.
func (f *former) assigned(c []byte, i int) int {
	n := valueLength(c, i)
	value := c[i : i+n]
	switch _, digits, _ := composition(value); {
	case bytes.IndexFunc(value, isWordRune) < 0 && !bytes.ContainsAny(value, quotes):
		return 0
	case len(placeholderAt(value)) == n:
		f.hide(placeholderAt(value))
	case quotedLength(c, i) == n:
		f.hide(formQuoted)
	case digits:
		f.hide(formNumber)
	default:
		f.hide(formToken)
	}
	return n
}

// word writes a word, or withholds it because it may be a name.
func (f *former) word(w []byte) {
	if len(w) > maxWord {
		f.hide(formToken)
		return
	}
	role := roleOf(w)
	capital := isCapital(w)
	switch {
	case role == roleSensitive:
		f.hold = heldWords
	case f.hold > 0 && role == roleCommon:
		f.hold = 0
	case f.hold > 0 && role == roleOther:
		f.hide(formWord)
		return
	case f.sentence && !f.begin && capital && role == roleOther && !technical(w):
		f.name()
		return
	}
	first := f.sentence && f.begin && capital && role == roleOther
	at := len(f.out)
	if f.space {
		at++
	}
	f.put(w)
	f.begin, f.firstEnd = false, -1
	if first && !f.full {
		f.firstStart, f.firstEnd = at, len(f.out)
	}
}

// name withholds a word that looks like a name, and the one before it that began the sentence: of
// "John Smith" neither is shown.
func (f *former) name() {
	if f.firstEnd == len(f.out) {
		f.out = f.out[:f.firstStart]
		due := f.space
		f.space = false
		f.put([]byte(formWord))
		f.space = due
	}
	f.hide(formWord)
}
