package redact

import (
	"bytes"
	"maps"
	"slices"
)

// Limit says why something was withheld though no rule named it. It is a closed set, for metric labels.
type Limit uint8

// The reasons.
const (
	BeyondDepth  Limit = iota // nested deeper than Limits.Depth
	BeyondLevels              // more encodings inside each other than Limits.DecodeLevels
	BeyondValue               // the part of a text behind Limits.ValueBytes
	BeyondRecord              // a record longer than Limits.RecordBytes
	BeyondWork                // more work than a record of its size may make
	NotJSON                   // a record that is no JSON, where the policy wants none
	Defect                    // the redactor itself failed: a defect worth reporting
	limitCount
)

var limitNames = [limitCount]string{"depth", "decode_levels", "value_bytes", "record_bytes", "work", "not_json", "defect"}

// String gives the reason as used in labels.
func (l Limit) String() string { return nameOf(limitNames[:], int(l)) }

// LimitCount is the number of reasons, for tables indexed by Limit.
const LimitCount = int(limitCount)

// Hit is how often a rule was applied to a field.
type Hit struct {
	Rule     int // for Policy.RuleName
	Field    string
	Operator Operator
	N        uint64
}

// Hits count what a Redactor did. They hold rules, field names and numbers, never a value; field names
// in which something was found are "_hidden", those beyond a bound "_other".
type Hits struct {
	Records  uint64 // records seen
	Changed  uint64 // records that left changed
	Bytes    uint64 // of the records' values
	Withheld [limitCount]uint64

	recent []RuleHits
	place  []int32 // of each rule in recent, from 1; 0: it is not there

	counts map[hitKey]*uint64
	names  []string // of fields
	known  map[string]int32
}

// RuleHits is how often a rule was applied.
type RuleHits struct {
	Rule int // for Policy.RuleName
	N    uint64
}

// Recent gives what was done since the last call, to tell whose records it was done to; most often it is
// nothing. The slice is good until the next record is redacted.
func (h *Hits) Recent() []RuleHits {
	recent := h.recent
	for _, r := range recent {
		h.place[r.Rule] = 0
	}
	h.recent = h.recent[:0]
	return recent
}

func (h *Hits) addRecent(rule int) {
	if rule < 0 { // no rule of the policy's
		return
	}
	for rule >= len(h.place) {
		h.place = append(h.place, 0)
	}
	if h.place[rule] == 0 {
		h.recent = append(h.recent, RuleHits{Rule: rule})
		h.place[rule] = int32(len(h.recent))
	}
	h.recent[h.place[rule]-1].N++
}

type hitKey struct {
	rule  int32
	field int32
	op    Operator
}

// maxHitFields bounds the field names that are told apart.
const maxHitFields = 4096

const (
	otherField = int32(iota)
	hiddenField
)

func newHits() *Hits {
	h := &Hits{counts: make(map[hitKey]*uint64), known: make(map[string]int32)}
	h.name([]byte("_other"))
	h.name([]byte("_hidden"))
	return h
}

func (h *Hits) name(path []byte) int32 {
	if n, ok := h.known[string(path)]; ok {
		return n
	}
	if len(h.names) >= maxHitFields {
		return otherField
	}
	n := int32(len(h.names))
	name := string(path)
	h.names, h.known[name] = append(h.names, name), n
	return n
}

// List gives the hits, the most frequent first.
func (h *Hits) List() []Hit {
	list := make([]Hit, 0, len(h.counts))
	for k, n := range maps.All(h.counts) {
		if *n > 0 {
			list = append(list, Hit{int(k.rule), h.names[k.field], k.op, *n})
		}
	}
	slices.SortFunc(list, func(a, b Hit) int {
		if a.N != b.N {
			if a.N > b.N {
				return -1
			}
			return 1
		}
		if a.Rule != b.Rule {
			return a.Rule - b.Rule
		}
		return bytes.Compare([]byte(a.Field), []byte(b.Field))
	})
	return list
}

// Reset sets all counts to zero, without giving the memory back.
func (h *Hits) Reset() {
	for _, n := range h.counts {
		*n = 0
	}
	h.Recent()
	h.Records, h.Changed, h.Bytes, h.Withheld = 0, 0, 0, [limitCount]uint64{}
}

// hit counts an action on a field.
func (r *Redactor) hit(act *Action, n int32) {
	at := r.tree.at(n)
	if at.lastHit == nil || at.lastRule != int32(act.Rule) {
		if at.name < 0 {
			at.name = r.hits.name(r.fieldName(n))
		}
		at.lastRule, at.lastHit = int32(act.Rule), r.hits.counter(hitKey{int32(act.Rule), at.name, act.Op})
	}
	*at.lastHit++
	r.hits.addRecent(act.Rule)
}

// counter gives the count of a key, made when it is not there.
func (h *Hits) counter(k hitKey) *uint64 {
	n := h.counts[k]
	if n == nil {
		n = new(uint64)
		h.counts[k] = n
	}
	return n
}

// fieldName gives the path of a field with dots, for the hits.
func (r *Redactor) fieldName(n int32) []byte {
	r.name = r.name[:0]
	path := r.pathOf(n)
	for at := n; at != noNode; at = r.tree.at(at).parent {
		if c := r.tree.at(at); !c.cleanKey || len(c.key) > maxPairKey && c.parent != noNode {
			return []byte("_hidden")
		}
	}
	for i, key := range path[1:] {
		if i > 0 {
			r.name = append(r.name, '.')
		}
		r.name = append(r.name, key...)
	}
	return r.name
}
