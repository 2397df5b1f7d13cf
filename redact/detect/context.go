package detect

// How far words count as evidence: in words and in bytes before a number, and after it.
const (
	contextWords = 5
	contextBytes = 64
	afterBytes   = 24
)

// before gives what the words before i say about the number at i: the nearest word that says anything
// decides, and "number", "id" or "code" says what the word before it says. The words end at the last finding, at
// a marker, and at the end of a line.
func (s *Scanner) before(i int) evidence {
	floor := max(s.lastEnd(), i-contextBytes)
	var pending, fallback evidence
	for n := 0; n < contextWords; n++ {
		end, ok := s.wordEndBefore(i, floor)
		if !ok {
			break
		}
		e, start := s.wordBefore(end, floor)
		if pending != 0 {
			if r := qualified(pending, e); r != 0 || e&eStop != 0 {
				return r
			}
			break
		}
		switch {
		case e&eNumber != 0:
			pending, fallback = eNumber, e&eCall
		case e&eID != 0:
			pending = eID
		case e&eCode != 0:
			pending = eCode
		case e&(kinds|eGeo|eLat|eLon|eOTP) != 0:
			return e
		case e&eStop != 0:
			return 0
		}
		i = start
	}
	return fallback
}

// qualified is what a word says in front of "number", "id" or "code".
func qualified(noun, e evidence) evidence {
	if e&eNational != 0 && noun != eCode {
		return ePnr | eFnr | eSSN
	}
	switch {
	case noun == eCode && e&eCodeFor != 0:
		return eOTP
	case noun == eCode:
		return 0
	case noun == eID && e&eParty != 0:
		return e & eCall // a caller's id is a number that calls
	case noun == eID:
		return e & (ePnr | eFnr | eSSN | eIMSI | eIMEI)
	case e&eParty != 0:
		return ePhone
	}
	return e & kinds
}

// wordBefore looks the word that ends at end up, and if it says nothing its last camel-case part; it also
// gives where that starts.
func (s *Scanner) wordBefore(end, floor int) (evidence, int) {
	start := end
	for start > floor && isWordByte(s.text[start-1]) {
		start--
	}
	if e := s.lookup(start, end); e != 0 {
		return e, start
	}
	part := partStart(s.text, start, end)
	return s.lookup(part, end), part
}

// wordEndBefore skips back over what stands between words and gives the end of the word before i; not
// ok at the floor, at a line's end, between parameters, and at a marker.
func (s *Scanner) wordEndBefore(i, floor int) (int, bool) {
	for ; i > floor; i-- {
		switch b := s.text[i-1]; {
		case isWordByte(b):
			return i, true
		case b == '\n' || b == '&' || b == ';' || b == '{' || b == '}' || b == '>' && (i < 2 || s.text[i-2] != '='):
			return 0, false
		}
	}
	return 0, false
}

// after gives what the words after a number say: a unit right behind it makes it a quantity, and a strong
// word among the next two is evidence.
func (s *Scanner) after(i int) evidence {
	t, stop := s.text, min(len(s.text), i+afterBytes)
	for n := 0; n < 2; {
		for i < stop && !isWordByte(t[i]) {
			if t[i] == '\n' || t[i] == '<' || t[i] == ',' || t[i] == ';' || t[i] == '&' {
				return 0
			}
			i++
		}
		end := i
		for end < stop && isWordByte(t[end]) {
			end++
		}
		e := s.lookup(i, end)
		if n == 0 && e&eUnit != 0 {
			return eUnit
		}
		if e&kinds&^eCall != 0 && at(t, end) != ':' && at(t, end) != '=' {
			return e & kinds &^ eCall
		}
		if i = end; e&eFiller == 0 || i >= stop {
			n++ // "is my" says nothing
		}
	}
	return 0
}

// inherited gives the evidence of the finding right before i, when only what joins the items of a list
// stands between: "phones 0701740655, 0701740638 and 0701740606".
func (s *Scanner) inherited(i int) evidence {
	if len(s.spans) == 0 {
		return 0
	}
	last := s.spans[len(s.spans)-1]
	if i <= last.End || i-last.End > 5 {
		return 0
	}
	switch string(s.text[last.End:i]) {
	case ", ", ",", "; ", ";", "/", " / ", "|", " | ", " and ", " or ", " och ", " og ", " und ", " & ", "\",\"", "','", "', '":
		return evidenceOf(last.Kind) & kinds
	}
	return 0
}
