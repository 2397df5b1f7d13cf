package detect

// add records a finding of kind k at text[start:end] and gives end, or 0 when it is none: the kind is off,
// or the bytes belong to one of our own pseudonyms.
func (s *Scanner) add(k Kind, start, end int) int {
	if !s.on.Has(k) || start >= end || insideOwnToken(s.text, start, end) {
		return 0
	}
	s.put(Span{start, end, k})
	return end
}

// put appends a span, merged with those at the tail that it overlaps.
func (s *Scanner) put(n Span) {
	for len(s.spans) > 0 {
		last := s.spans[len(s.spans)-1]
		if last.End <= n.Start && (last.Start != n.Start || last.End != n.End) {
			break
		}
		if n.End <= last.Start { // found by looking back: goes before the tail
			s.spans = s.spans[:len(s.spans)-1]
			s.put(n)
			s.spans = append(s.spans, last)
			return
		}
		n = merge(last, n)
		s.spans = s.spans[:len(s.spans)-1]
	}
	s.spans = append(s.spans, n)
}

// merge gives one span over two that overlap, so that no byte that either claims is shown. It is of the
// longer one's kind; of two equally long ones, of the kind with the stronger proof.
func merge(a, b Span) Span {
	k := a.Kind
	la, lb := a.End-a.Start, b.End-b.Start
	if lb > la || lb == la && b.Kind.rank() > a.Kind.rank() {
		k = b.Kind
	}
	return Span{min(a.Start, b.Start), max(a.End, b.End), k}
}

// lastEnd is the end of the last finding so far, the wall behind which no context word is looked for:
// once a finding is a marker, its text is no context either.
func (s *Scanner) lastEnd() int {
	if len(s.spans) == 0 {
		return 0
	}
	return s.spans[len(s.spans)-1].End
}

// ownMarker says whether the value is what redaction leaves: <email>, acc_k3_…, or stars.
func ownMarker(v []byte) bool {
	if len(v) == 0 {
		return false
	}
	if v[0] == '<' {
		return markerEnd(v, 0) == len(v)
	}
	if v[0] == '*' {
		return len(v) >= 3 && v[1] == '*' && v[2] == '*'
	}
	return ownToken(v)
}

// markerEnd is the end of a marker <word> that starts at i, or 0.
func markerEnd(t []byte, i int) int {
	j := i + 1
	for j < len(t) && j < i+32 && (isLower(t[j]) || t[j] == '_') {
		j++
	}
	if j > i+1 && at(t, j) == '>' {
		return j + 1
	}
	return 0
}

// ownToken says whether v is a pseudonym: lower-case domain, "_k" and the key's number, and at least
// sixteen letters and digits that are not all digits.
func ownToken(v []byte) bool {
	i := 0
	for i < len(v) && (isLower(v[i]) || v[i] == '_') && !(v[i] == '_' && at(v, i+1) == 'k' && isDigit(at(v, i+2))) {
		i++
	}
	if i == 0 || i+3 >= len(v) || v[i] != '_' {
		return false
	}
	j := digitsEnd(v, i+2)
	if j == i+2 || j-i > 12 || at(v, j) != '_' {
		return false
	}
	letters := 0
	for k := j + 1; k < len(v); k++ {
		switch {
		case isLower(v[k]):
			letters++
		case !isDigit(v[k]):
			return false
		}
	}
	return len(v)-j > 16 && letters > 0
}

// insideOwnToken says whether text[start:end] lies inside a pseudonym.
func insideOwnToken(t []byte, start, end int) bool {
	const longest = 128
	a := start
	for a > 0 && start-a < longest && (isAlnum(t[a-1]) || t[a-1] == '_') {
		a--
	}
	b := end
	for b < len(t) && b-end < longest && (isAlnum(t[b]) || t[b] == '_') {
		b++
	}
	return end-start < longest && ownToken(t[a:b])
}

// hexToken says whether the digits text[start:end] belong to an identifier of hexadecimal digits and
// hyphens: a UUID, a trace context, a span of hex groups. Such a token is never evidence of a number.
func hexToken(t []byte, start, end int) bool {
	const reach = 64
	a := start
	for a > 0 && start-a < reach && (isHex(t[a-1]) || t[a-1] == '-') {
		a--
	}
	b := end
	for b < len(t) && b-end < reach && (isHex(t[b]) || t[b] == '-') {
		b++
	}
	if a > 0 && isLetter(t[a-1]) || b < len(t) && isLetter(t[b]) {
		// The run goes on in letters that are not hexadecimal: only whole groups count.
		for a < start && t[a] != '-' {
			a++
		}
		for b > end && t[b-1] != '-' {
			b--
		}
	}
	return hexGroups(t[a:b])
}

// hexGroups says whether groups between hyphens look like an identifier's: one mixes letters and digits
// over at least four places, or the lengths are those of a UUID or of a trace context.
func hexGroups(token []byte) bool {
	var lens [8]int
	groups, mixed := 0, false
	for i := 0; i <= len(token); {
		j, digits := i, 0
		for j < len(token) && isHex(token[j]) {
			if isDigit(token[j]) {
				digits++
			}
			j++
		}
		if j-i >= 4 && digits > 0 && digits < j-i {
			mixed = true
		}
		if groups < len(lens) {
			lens[groups] = j - i
		}
		groups++
		i = j + 1
	}
	switch {
	case groups == 1:
		return false
	case groups == 5 && lens[0] == 8 && lens[1] == 4 && lens[2] == 4 && lens[3] == 4 && lens[4] == 12:
		return true
	case groups == 4 && lens[0] == 2 && lens[1] == 32 && lens[2] == 16 && lens[3] == 2:
		return true
	}
	return mixed
}
