package parse

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unsafe"

	"github.com/valyala/fastjson"
)

// maxRanks is the number of names a field can have: their presence is one word of bits.
const maxRanks = 64

// candidate is a way to find a field's value: under the key of its entry, read as kind says.
type candidate struct {
	kind kind
	rest Path    // for kindNested
	unit float64 // for durations: milliseconds per unit
}

// role is what an entry's key stands for: the rank-th candidate of a field.
type role struct {
	field field
	rank  uint8
}

// entry is a key that means something: its first role, which most have only, and the others; next is the
// next entry of the same bucket.
type entry struct {
	name  string
	first role
	next  uint16
	more  []role
}

// fieldTable finds the roles of a key in one look-up. It is immutable.
type fieldTable struct {
	candidates [fieldCount][]candidate
	keyNames   []string // the names of fieldKey
	entries    []entry  // entries[0] stands for none
	buckets    [1024]uint16
}

// found holds the values of the fields of one object: bit r of seen[f] says that values[f][r] is valid.
// A key that comes twice overwrites its value, so the last one wins, as in most JSON readers.
type found struct {
	seen   [fieldCount]uint64
	values [fieldCount][maxRanks]*fastjson.Value
}

func (f *found) has(field field, rank int) bool { return f.seen[field]&(1<<rank) != 0 }

// get gives the value under a carrier or mark, nil when there is none.
func (f *found) get(field field, rank int) *fastjson.Value {
	if !f.has(field, rank) {
		return nil
	}
	return f.values[field][rank]
}

func newFieldTable(own map[string][]string) (*fieldTable, error) {
	t := &fieldTable{entries: make([]entry, 1, 256)}
	names := builtin()
	if err := addOwn(&names, own); err != nil {
		return nil, err
	}
	byName := map[string]int{}
	for f := range names {
		for _, a := range names[f] {
			t.add(byName, field(f), a)
		}
		if len(t.candidates[f]) > maxRanks {
			return nil, fmt.Errorf("parse: too many aliases for one field: %d, expected at most %d with the built-in ones",
				len(t.candidates[f]), maxRanks)
		}
	}
	for _, a := range names[fieldKey] {
		t.keyNames = append(t.keyNames, a.name)
	}
	for i := 1; i < len(t.entries); i++ {
		h := bucketOf(t.entries[i].name)
		t.entries[i].next = t.buckets[h]
		t.buckets[h] = uint16(i)
	}
	return t, nil
}

// addOwn puts the user's aliases before the built-in ones.
func addOwn(names *[fieldCount][]alias, own map[string][]string) error {
	var errs []error
	for name, aliases := range own {
		f, ok := canonical[name]
		if !ok {
			errs = append(errs, fmt.Errorf("parse: aliases for %q: no such field, expected one of %s", name, canonicalNames()))
			continue
		}
		if slices.Contains(aliases, "") {
			errs = append(errs, fmt.Errorf("parse: aliases for %q: one is empty, expected the name of a JSON key", name))
		}
		names[f] = append(plain(aliases...), names[f]...)
	}
	return errors.Join(errs...)
}

func canonicalNames() string {
	var list []string
	for name := range canonical {
		list = append(list, name)
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}

// add adds an alias as a flat key and, when it is dotted, as a nested path split at any of its dots.
func (t *fieldTable) add(byName map[string]int, f field, a alias) {
	unit := 1.0
	if f == fieldDuration {
		unit = unitOfName(a.name)
	}
	t.addCandidate(byName, f, a.name, candidate{kind: a.kind, unit: unit})
	for i := range len(a.name) {
		if a.name[i] == '.' && i > 0 && i < len(a.name)-1 {
			t.addCandidate(byName, f, a.name[:i], candidate{kind: kindNested, rest: NewPath(a.name[i+1:]), unit: unit})
		}
	}
}

func (t *fieldTable) addCandidate(byName map[string]int, f field, key string, c candidate) {
	r := role{f, uint8(len(t.candidates[f]))}
	i, ok := byName[key]
	if !ok {
		i = len(t.entries)
		byName[key] = i
		t.entries = append(t.entries, entry{name: key, first: r})
	} else {
		t.entries[i].more = append(t.entries[i].more, r)
	}
	t.candidates[f] = append(t.candidates[f], c)
}

// bucketOf tells keys apart by what is cheapest to look at: their length and both ends.
func bucketOf(key string) uint {
	return (uint(len(key))*89 + uint(key[0])*7 + uint(key[len(key)-1])*31) & 1023
}

// note keeps the value of a key that means something.
func (t *fieldTable) note(f *found, key string, v *fastjson.Value) {
	if len(key) == 0 {
		return
	}
	for i := t.buckets[bucketOf(key)]; i != 0; {
		e := &t.entries[i]
		if e.name != key {
			i = e.next
			continue
		}
		f.set(e.first, v)
		for _, r := range e.more {
			f.set(r, v)
		}
		return
	}
}

// noteField is note for the keys that fastjson hands over one by one.
func (p *Parser) noteField(key []byte, v *fastjson.Value) {
	p.fields.note(&p.found, unsafe.String(unsafe.SliceData(key), len(key)), v) // the string is not kept
}

func (f *found) set(r role, v *fastjson.Value) {
	rank := r.rank & (maxRanks - 1)
	f.values[r.field][rank] = v
	f.seen[r.field] |= 1 << rank
}

// collect reads the keys of an object into p.found, one visit for all fields. bare says that no key
// holds an escape.
func (p *Parser) collect(v *fastjson.Value, bare bool) {
	p.found.seen = [fieldCount]uint64{}
	o := v.GetObject()
	if !bare || !p.layoutKnown {
		o.Visit(p.noteEach)
		return
	}
	t, f := p.fields, &p.found
	pairs := pairsOf(o)
	for i := range pairs {
		t.note(f, pairs[i].key, pairs[i].value)
	}
}
