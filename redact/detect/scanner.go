package detect

// Options of a Scanner.
type Options struct {
	Words   []Word // further context words; they add to the built-in ones
	Exclude []Word // words that take the built-in evidence of the same word and kind away
}

// Word is a context word (one word, any case, letters and digits only) that is evidence for a kind:
// Phone, IMSI, IMEI, Personnummer, Fodselsnummer, SSN, Geo, OTP or Secret.
type Word struct {
	Text string
	Kind Kind
}

// Scanner finds personal data in texts. Reuse it: its buffers grow to the texts it sees. One goroutine.
type Scanner struct {
	words map[string]evidence
	last  [4]uint64 // the last bytes of all words with evidence for an assignment

	text  []byte
	on    Kinds
	hint  Kinds
	weak  bool
	inner bool // the text is a decoded view: nobody else looks at the keys in it
	view  bool // a byte was seen that a decoded view may turn into something else
	spans []Span
	part  [partBytes]byte // the word being looked up

	version int // end of the last dotted quad that was taken for a version
	views   viewBuffers
}

// NewScanner builds a Scanner with the built-in words and those of the options.
func NewScanner(o Options) *Scanner {
	s := &Scanner{words: builtinWords()}
	for _, w := range o.Words {
		s.words[foldWord(w.Text)] |= evidenceOf(w.Kind)
	}
	for _, w := range o.Exclude {
		s.words[foldWord(w.Text)] &^= evidenceOf(w.Kind)
	}
	for word, e := range s.words {
		if word != "" && e&assignable != 0 {
			b := word[len(word)-1]
			s.last[b>>6] |= 1 << (b & 63)
		}
	}
	return s
}

// Find gives the findings in text, in order and without overlap. Where two overlap, one that covers the
// other wins, then the one with the stronger proof; a partial overlap gives one span over both.
//
// on are the kinds looked for. hint are kinds for which the field's key is evidence: a bare digit run is
// then a phone number, and for Secret, OTP, Name, Address, BirthDate and Account the whole value is the
// finding. weak false, for fields that are kept (request ids, times, versions), leaves only the kinds that
// need no evidence. The spans are valid until the next call.
func (s *Scanner) Find(text []byte, on, hint Kinds, weak bool) []Span {
	s.start(text, on, hint, weak)
	if hint&wholeValue != 0 && s.whole() {
		return s.spans
	}
	s.scan()
	return s.spans
}

func (s *Scanner) start(text []byte, on, hint Kinds, weak bool) {
	s.text, s.on, s.hint, s.weak = text, on|hint, hint, weak
	s.view, s.version = false, -1
	s.spans = s.spans[:0]
}

// scan is the pass: it stops at anchors, and each handler says where to go on.
func (s *Scanner) scan() {
	t := s.text
	for i := 0; i < len(t); {
		a := anchors[t[i]]
		if a == aNone {
			i++
			continue
		}
		switch a {
		case aDigit:
			i = s.digits(i)
		case aAt:
			i = s.email(i)
		case aColon:
			i = s.colon(i)
		case aEquals:
			i = s.assign(i)
		case aDash:
			i = s.dash(i)
		case aDot:
			i = s.dot(i)
		case aSpace:
			i = s.space(i)
		case aJ:
			i = s.jwt(i)
		case aA:
			i = s.awsKey(i)
		case aView:
			s.view = true
			i++
		}
	}
}

// Candidate is a table scan without validators: false means that Find and FindAll find nothing in text,
// whatever kinds are on, as long as there is no hint.
func (s *Scanner) Candidate(text []byte) bool {
	return candidate(text)
}

// whole makes the whole value a finding of the hinted kind, less surrounding space. Values that are
// already markers, and those that say nothing, are left; false then lets the pass go on.
func (s *Scanner) whole() bool {
	start, end := trim(s.text, 0, len(s.text))
	if start == end || ownMarker(s.text[start:end]) || emptyWord(s.text[start:end]) {
		return false
	}
	for k := Email; k < kindCount; k++ {
		if s.hint.Has(k) && wholeValue.Has(k) {
			s.spans = append(s.spans, Span{start, end, k})
			return true
		}
	}
	return false
}

// trim cuts spaces off both ends of t[start:end].
func trim(t []byte, start, end int) (int, int) {
	for start < end && isSpace(t[start]) {
		start++
	}
	for end > start && isSpace(t[end-1]) {
		end--
	}
	return start, end
}
