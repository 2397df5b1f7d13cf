package id

// Set is a set of ids in which a short trace id is the same as the full one whose low half it is. The zero Set is
// empty and ready.
type Set struct {
	ids  map[ID]struct{}
	lows map[ID]struct{} // of the full ids among them
}

// Add adds an id; the zero ID is left out.
func (s *Set) Add(i ID) {
	if i.IsZero() {
		return
	}
	if s.ids == nil {
		s.ids, s.lows = make(map[ID]struct{}), make(map[ID]struct{})
	}
	s.ids[i] = struct{}{}
	if i.Form == Full {
		s.lows[i.Low()] = struct{}{}
	}
}

// Has reports whether the id, or one that it is the short form of or the other way round, is in the set.
func (s *Set) Has(i ID) bool {
	if _, ok := s.ids[i]; ok {
		return true
	}
	var ok bool
	switch i.Form {
	case Short:
		_, ok = s.lows[i]
	case Full:
		_, ok = s.ids[i.Low()]
	}
	return ok
}

// Len gives the number of ids that were added.
func (s *Set) Len() int { return len(s.ids) }

// Each calls f for each id, in no order.
func (s *Set) Each(f func(ID)) {
	for i := range s.ids {
		f(i)
	}
}
