package redact

// Which rule is for a field, from the first to the last:
//
//  1. rules of the file before rules of the built-in policy below it
//  2. an exact path, a path with wildcards, a name, an ending (the longest first)
//  3. rules for some services or outputs before rules for all
//  4. the order in the file
//
// One rule wins; fields without one follow the mode. rank packs this into a number, smaller is stronger.
type rank uint64

// The kinds of selectors, strongest first.
const (
	byPath = iota
	byWildcardPath
	byName
	byEnding
)

const noRank = ^rank(0)

func rankOf(builtIn bool, selector, length int, scoped bool, order int) rank {
	r := rank(selector)<<48 | rank(255-min(length, 255))<<40 | rank(order)
	if builtIn {
		r |= 1 << 60
	}
	if !scoped {
		r |= 1 << 36
	}
	return r
}

// asEnding gives the rank that the selector would have as an ending of that length.
func (r rank) asEnding(length int) rank {
	const selectorBits = rank(0xffff) << 40
	return r&^selectorBits | rank(byEnding)<<48 | rank(255-min(length, 255))<<40
}

// binding ties a selector to its rule.
type binding struct {
	rank  rank
	entry int32 // of the list that the selectors are for: rules or exceptions
}

type pathBinding struct {
	binding
	path pathPattern
}

// ending is a name with a star in front: it matches inside words too.
type ending struct {
	binding
	suffix string
}

func (r rank) selector() int { return int(r>>48) & 0xff }

// selectorSet finds the entries whose selectors are for a field.
type selectorSet struct {
	names    map[string][]binding // by compact name
	suffixes map[string][]binding // by the compact form of the last words
	endings  []ending
	paths    map[string][]pathBinding // by the compact form of the last key
	anyPaths []pathBinding            // those that end with a wildcard
}

func newSelectorSet() selectorSet {
	return selectorSet{names: make(map[string][]binding), suffixes: make(map[string][]binding), paths: make(map[string][]pathBinding)}
}

// visit calls yield for every selector that is for the field: name is the last key of path. With a nil
// path those with a path are taken to match when their last key does. It uses k's room.
func (s *selectorSet) visit(k *keyName, name []byte, path [][]byte, yield func(binding)) {
	k.set(name)
	for _, stem := range stems(k.compact()) {
		if len(stem) == 0 {
			continue
		}
		each(s.names[string(stem)], yield)
		for _, start := range k.starts[:k.words] {
			if int(start) < len(stem) {
				each(s.suffixes[string(stem[start:])], yield)
			}
		}
		for i := range s.endings {
			if e := &s.endings[i]; hasSuffix(stem, e.suffix) {
				yield(e.binding)
			}
		}
	}
	if len(s.paths) == 0 && len(s.anyPaths) == 0 {
		if dotted(name) {
			each(s.names[string(k.lastSegment(name))], yield)
		}
		return
	}
	last := k.compact()
	if dotted(name) {
		last = k.lastSegment(name)
		each(s.names[string(last)], yield)
	}
	for _, list := range [2][]pathBinding{s.paths[string(last)], s.anyPaths} {
		for i := range list {
			if path == nil || list[i].path.match(path) {
				yield(list[i].binding)
			}
		}
	}
}

// visitBare calls yield for the selectors of names and endings that are for the field without the words at its
// end that do not change what it names: phone_number_old_2 is as phone. A whole name counts as an ending then.
// It comes after visit, with the same k.
func (s *selectorSet) visitBare(k *keyName, name []byte, yield func(binding)) {
	if dotted(name) {
		k.set(name) // visit had the last part in k
	}
	if !k.unqualified() {
		return
	}
	bare := k.compact()
	loosely := func(b binding) {
		b.rank = b.rank.asEnding(len(bare))
		yield(b)
	}
	for _, stem := range stems(bare) {
		if len(stem) == 0 {
			continue
		}
		each(s.names[string(stem)], loosely)
		for _, start := range k.starts[:k.words] {
			if int(start) < len(stem) {
				each(s.suffixes[string(stem[start:])], yield)
			}
		}
		for i := range s.endings {
			if e := &s.endings[i]; hasSuffix(stem, e.suffix) {
				yield(e.binding)
			}
		}
	}
}

func each(list []binding, yield func(binding)) {
	for _, b := range list {
		yield(b)
	}
}

func hasSuffix(b []byte, suffix string) bool {
	return len(b) >= len(suffix) && string(b[len(b)-len(suffix):]) == suffix
}

// fieldSelector is one selector of an entry, for the checks of lint.
type fieldSelector struct {
	binding
	what  string   // "names[2]" below the entry
	text  string   // compact, of names and endings
	words []string // of names and suffixes
	path  pathPattern
	fuzzy bool // an ending that matches inside words
}

// add adds a selector to the set.
func (s *selectorSet) add(f *fieldSelector) {
	switch {
	case f.path != nil && isWildcard(f.path[len(f.path)-1]):
		s.anyPaths = append(s.anyPaths, pathBinding{f.binding, f.path})
	case f.path != nil:
		last := f.path[len(f.path)-1]
		s.paths[last] = append(s.paths[last], pathBinding{f.binding, f.path})
	case f.rank.selector() == byName:
		s.names[f.text] = append(s.names[f.text], f.binding)
	case f.fuzzy:
		s.endings = append(s.endings, ending{f.binding, f.text})
	default:
		s.suffixes[f.text] = append(s.suffixes[f.text], f.binding)
	}
}
