package detect

import "slices"

const (
	decodeLevels = 3  // encodings inside encodings that are undone
	encodedLeast = 16 // characters of the shortest base64 token that is looked into
)

// View is a text with an encoding undone, and where each of its bytes comes from.
type View struct {
	Text []byte
	off  []int32 // off[i] is where Text[i] starts in the original; one more for the end
}

// Original maps a span of the view to the bytes of the original that it was decoded from.
func (v *View) Original(sp Span) Span {
	end := sp.End
	for end < len(v.Text) && v.off[end] == v.off[sp.End-1] {
		end++ // a character that stands for several is hidden as a whole
	}
	return Span{int(v.off[sp.Start]), int(v.off[end]), sp.Kind}
}

func (v *View) reset() { v.Text, v.off = v.Text[:0], v.off[:0] }

// byte appends one byte that the original has at i.
func (v *View) byte(b byte, i int) {
	v.Text = append(v.Text, b)
	v.off = append(v.off, int32(i))
}

// bytes appends bytes that all come from i.
func (v *View) bytes(b []byte, i int) {
	for _, c := range b {
		v.byte(c, i)
	}
}

// copied appends t[from:to] as it is.
func (v *View) copied(t []byte, from, to int) {
	for i := from; i < to; i++ {
		v.byte(t[i], i)
	}
}

// close ends the view of an original of n bytes.
func (v *View) close(n int) { v.off = append(v.off, int32(n)) }

// viewBuffers are the views in use, by level.
type viewBuffers struct {
	unescaped, folded, token [decodeLevels]View
	found                    []Span // in the text at hand, in any order
	settled                  []Span
	marked                   View
}

// FindAll is Find on the text and on its decoded views: percent-encoding, HTML entities and backslash
// escapes; full-width letters, look-alikes, invisible characters; base64 tokens of at least sixteen
// characters that decode to text. They are undone up to three levels deep. A finding in a view hides the
// bytes it was decoded from, in a base64 token the whole token. What is left once the findings are markers
// has no more findings.
func (s *Scanner) FindAll(text []byte, on, hint Kinds, weak bool) []Span {
	spans := s.Find(text, on, hint, weak)
	if hint&wholeValue != 0 && len(spans) == 1 && spans[0].Kind != None && wholeValue.Has(spans[0].Kind) && hint.Has(spans[0].Kind) {
		return spans
	}
	viewed := s.view || encoded(text)
	if viewed {
		s.views.found = append(s.views.found[:0], spans...)
		s.decode(text, on, hint&^wholeValue, weak, 0)
		s.settle()
	}
	for n := 0; n < decodeLevels && (viewed && len(s.spans) > 0 || glued(text, s.spans)) && s.again(text, on, hint&^wholeValue, weak); n++ {
	}
	s.text = text
	return s.spans
}

// settle makes what was found, in any order, the spans in order and without overlap.
func (s *Scanner) settle() {
	slices.SortFunc(s.views.found, func(a, b Span) int { return a.Start - b.Start })
	s.spans = s.spans[:0]
	for _, sp := range s.views.found {
		s.put(sp)
	}
	s.inner = false
}

// again finds in the text with markers in place of the findings, and says whether that shows more: what
// touched a finding may stand alone then. So the redacted text has no findings of its own.
func (s *Scanner) again(text []byte, on, hint Kinds, weak bool) bool {
	v, last := &s.views.marked, 0
	v.reset()
	s.views.settled = append(s.views.settled[:0], s.spans...)
	for _, sp := range s.views.settled {
		v.copied(text, last, sp.Start)
		v.byte('<', sp.Start)
		for i := range len(kindNames[sp.Kind]) {
			v.byte(kindNames[sp.Kind][i], sp.Start)
		}
		v.byte('>', sp.Start)
		last = sp.End
	}
	v.copied(text, last, len(text))
	v.close(len(text))
	s.views.found = append(s.views.found[:0], s.Find(v.Text, on, hint, weak)...)
	s.decode(v.Text, on, hint, weak, 0)
	more := len(s.views.found) > 0
	for i, sp := range s.views.found {
		s.views.found[i] = v.Original(sp)
	}
	s.views.found = append(s.views.found, s.views.settled...)
	s.settle()
	return more
}

// glued says whether anything but space or quotes touches a finding, other than at the ends of the text.
func glued(text []byte, spans []Span) bool {
	for _, sp := range spans {
		if touches(at(text, sp.Start-1)) || touches(at(text, sp.End)) {
			return true
		}
	}
	return false
}

func touches(b byte) bool {
	return b != 0 && !isSpace(b) && b != '"' && b != '\'' && b != ',' && b != ';' && b != '(' && b != ')' && b != '[' && b != ']'
}

// decode looks at the views of text, whose own findings are known, and adds what they show to found.
func (s *Scanner) decode(text []byte, on, hint Kinds, weak bool, level int) {
	if level == decodeLevels {
		return
	}
	found := &s.views.found
	if s.view {
		for _, undo := range [...]struct {
			view *View
			make func(*View, []byte) bool
		}{{&s.views.unescaped[level], unescape}, {&s.views.folded[level], fold}} {
			if !undo.make(undo.view, text) {
				continue
			}
			mark := len(*found)
			s.inView(undo.view.Text, on, hint, weak, level)
			for i, sp := range (*found)[mark:] {
				(*found)[mark+i] = undo.view.Original(sp)
			}
		}
	}
	v := &s.views.token[level]
	for start, end := nextToken(text, 0); start < end; start, end = nextToken(text, end) {
		if insideOwnToken(text, start, end) || !decodeToken(v, text[start:end]) {
			continue
		}
		mark := len(*found)
		s.inView(v.Text, on, hint, weak, level)
		if len(*found) > mark {
			k := (*found)[mark].Kind
			for n := 0; n < 2 && at(text, end) == '='; n++ {
				end++
			}
			*found = append((*found)[:mark], Span{start, end, k})
		}
	}
}

// inView finds in a decoded text and in the views of it.
func (s *Scanner) inView(text []byte, on, hint Kinds, weak bool, level int) {
	s.inner = true
	s.views.found = append(s.views.found, s.Find(text, on, hint, weak)...)
	s.decode(text, on, hint, weak, level+1)
}

// encoded says whether the text holds a token that may be base64 of text.
func encoded(text []byte) bool {
	start, end := nextToken(text, 0)
	return start < end
}
