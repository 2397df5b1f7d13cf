package rollup

import (
	"context"
	"fmt"
	"slices"

	"github.com/logproc/logproc/redact"
)

// Fact is what is known of a service and env on a UTC day beside its counts: small numbers that only add up.
// Facts have no quarter-hours: a day of another zone takes those of the UTC day that most of it lies in.
type Fact struct {
	Kind         FactKind
	Service, Env redact.Text
	Name         redact.Text // what Kind says
	Day          int32       // see Bucket.UTCDay
	Slots        []Slot      // in ascending order of Index, no two the same
}

// Slot is one number of a Fact.
type Slot struct {
	Index uint16 // below MaxSlots
	N     uint64
}

// FactKind says what the facts tell. It is a closed set; the values are part of the stores' formats.
type FactKind uint8

// The kinds. The pipeline bounds their number: durations by its budget of series, the others by the rules that
// there are, per service and env.
const (
	FactDurations  FactKind = 1 // Name is a msg, the slots are those of exphist.Histogram
	FactRedactions FactKind = 2 // Name is a rule of the redaction policy, slot 0 is how often it was applied
	FactViolations FactKind = 3 // Name is a rule of the naming convention, slot 0 is how often it was broken
)

// MaxSlots bounds the slots of a fact.
const MaxSlots = 512

// FactQuery selects the facts of a kind of the UTC days in [From, To), and of one service or env when not nil.
type FactQuery struct {
	Kind     FactKind
	From, To int32
	Service  *string
	Env      *string
}

// Facts keeps facts and revisions beside the counts. Both change in the same atomic step as the counts.
type Facts interface {
	// Facts calls f for all selected facts, summed over the partitions, one call per Service, Env, Name and Day,
	// in no particular order, until f returns an error. f may keep nothing of Slots.
	Facts(ctx context.Context, q FactQuery, f func(Fact) error) error
	// Revisions gives the revision of each UTC day in [from, to) that has one. A day's revision is another
	// number after every commit that adds to the day's counts, and one that the day never had before; a day
	// that Expire deletes from has none. Counts that are read after a revision are at least as new as it: what
	// was derived of them still holds while the revision is the same.
	Revisions(ctx context.Context, from, to int32) (map[int32]uint64, error)
}

// Bounded does for a fact what Key.Bounded does for a key.
func (f Fact) Bounded() Fact {
	f.Service, f.Env, f.Name = bounded(f.Service), bounded(f.Env), bounded(f.Name)
	return f
}

// Key gives a key that stands for the fact's service, env and name.
func (f *Fact) Key() Key { return Key{Service: f.Service, Env: f.Env, Msg: f.Name} }

// Selects reports whether q asks for f.
func (q FactQuery) Selects(f *Fact) bool {
	return f.Kind == q.Kind && f.Day >= q.From && f.Day < q.To &&
		(q.Service == nil || *q.Service == f.Service.String()) && (q.Env == nil || *q.Env == f.Env.String())
}

func (f *Fact) check() error {
	next := 0
	for _, s := range f.Slots {
		if int(s.Index) < next || s.Index >= MaxSlots {
			return fmt.Errorf("%w: slot %d of a fact, expected %d to %d", ErrStep, s.Index, next, MaxSlots-1)
		}
		next = int(s.Index) + 1
	}
	return nil
}

// AddSlots adds slots to others, both in ascending order, and gives the result, which may use the memory of have.
func AddSlots(have, add []Slot) []Slot {
	at := 0
	for _, s := range add {
		for at < len(have) && have[at].Index < s.Index {
			at++
		}
		switch {
		case s.N == 0:
		case at < len(have) && have[at].Index == s.Index:
			have[at].N = Sum(have[at].N, s.N)
		default:
			have = slices.Insert(have, at, s)
		}
	}
	return have
}
