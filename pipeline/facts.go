package pipeline

import (
	"math"

	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/rollup"
	"github.com/logproc/logproc/rules"
)

// noDay is the day of events that belong to none.
const noDay = math.MinInt32

func dayOf(b rollup.Bucket) int32 {
	if !b.OfDay() {
		return noDay
	}
	return b.UTCDay()
}

type serviceDay struct {
	service, env redact.Text
	day          int32
}

// dayTally is what a service and env did on a UTC day, apart from its events: it becomes facts.
type dayTally struct {
	serviceDay
	violations [rules.RuleCount]uint64
	redactions []uint64 // by rule of the policy
	dirty      bool
	used       int
	gone       bool
}

// today gives the tally of a series' service and env on a day, and marks it.
func (t *tally) today(s *series, day int32) *dayTally {
	d := s.today
	if d == nil || d.day != day {
		name := serviceDay{s.key.Service, s.key.Env, day}
		if d = t.days[name]; d == nil {
			d = &dayTally{serviceDay: name}
			t.days[name] = d
		}
		s.today = d
	}
	if !d.dirty {
		d.dirty, d.used = true, t.resets
		t.dirtyDays = append(t.dirtyDays, d)
	}
	return d
}

// recordOf tells whose a record is. It is good until the next reset.
type recordOf struct {
	series *series // nil: nobody's
	day    int32
}

// counted tells whose the record is that was counted last.
func (t *tally) counted() recordOf { return recordOf{t.last, t.day} }

// redacted books what the redactor did to a record.
func (t *tally) redacted(of recordOf, hits []redact.RuleHits) {
	if len(hits) == 0 || of.series == nil {
		return
	}
	d := t.today(of.series, of.day)
	for _, h := range hits {
		for h.Rule >= len(d.redactions) {
			d.redactions = append(d.redactions, 0)
		}
		d.redactions[h.Rule] += h.N
	}
}

func (d *dayTally) reset() {
	d.dirty = false
	clear(d.violations[:])
	clear(d.redactions)
}

// facts hands the facts to c, which borrows them until the next call. Events that belong to no day have none.
func (t *tally) facts(c *rollup.Commit) {
	c.Facts, t.slots = c.Facts[:0], t.slots[:0]
	for _, d := range t.dirtyDurations {
		from := len(t.slots)
		d.histogram.Slots(func(slot int, n uint64) { t.slots = append(t.slots, rollup.Slot{Index: uint16(slot), N: n}) })
		t.fact(c, rollup.FactDurations, serviceDay{d.service, d.env, d.day}, d.msg, from)
	}
	for _, d := range t.dirtyDays {
		for rule, n := range d.violations {
			t.number(c, rollup.FactViolations, d.serviceDay, ruleLabel(rules.Rule(rule)), n)
		}
		for rule, n := range d.redactions {
			t.number(c, rollup.FactRedactions, d.serviceDay, t.policy.RuleLabel(rule), n)
		}
	}
}

// number adds a fact that is one number.
func (t *tally) number(c *rollup.Commit, kind rollup.FactKind, of serviceDay, name redact.Text, n uint64) {
	if n > 0 {
		t.slots = append(t.slots, rollup.Slot{N: n})
		t.fact(c, kind, of, name, len(t.slots)-1)
	}
}

// fact adds the fact whose slots are the last ones, beginning at from.
func (t *tally) fact(c *rollup.Commit, kind rollup.FactKind, of serviceDay, name redact.Text, from int) {
	if of.day == noDay || from == len(t.slots) {
		return
	}
	c.Facts = append(c.Facts, rollup.Fact{Kind: kind, Service: of.service, Env: of.env, Name: name, Day: of.day, Slots: t.slots[from:len(t.slots):len(t.slots)]})
}

// ruleLabel gives the name of a naming rule as a label.
func ruleLabel(r rules.Rule) redact.Text {
	switch r {
	case rules.RuleMissingKey:
		return redact.Const("missing_key")
	case rules.RuleIdentifier:
		return redact.Const("identifier")
	case rules.RuleFreeText:
		return redact.Const("free_text")
	case rules.RuleCharacters:
		return redact.Const("characters")
	case rules.RuleLength:
		return redact.Const("length")
	case rules.RuleSegments:
		return redact.Const("segments")
	case rules.RuleFirstSegment:
		return redact.Const("first_segment")
	case rules.RuleUnregistered:
		return redact.Const("unregistered")
	case rules.RuleRequiredField:
		return redact.Const("required_field")
	case rules.RuleFieldType:
		return redact.Const("field_type")
	}
	return redact.Const("none")
}
