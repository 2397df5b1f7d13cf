package pipeline

import (
	"encoding/binary"

	"github.com/logproc/logproc/correlate/id"
	"github.com/logproc/logproc/internal/exphist"
	"github.com/logproc/logproc/parse"
	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/rollup"
	"github.com/logproc/logproc/rules"
)

// tally is what a worker's records add up to since the last commit. One worker owns it, so it has no
// lock. A record whose series was met before costs one map look-up and no allocation.
type tally struct {
	naming   *rules.Naming
	budget   *budget
	redactor *redact.Redactor // makes the labels
	policy   *redact.Policy   // names the rules that the redactor applies

	horizon rollup.Horizon
	now     int64         // the clock, in Unix nanoseconds, looked at once per batch
	limit   int64         // the latest event time that is believed of the record at hand
	newest  int64         // the newest event time so far; it outlives commits
	bucket  rollup.Bucket // of the event at hand
	day     int32         // of that bucket, noDay when it belongs to none
	last    *series       // of the event that was counted last

	// known finds a series by what the record says, as composed by key(). It holds admitted series only:
	// invalid keys and keys beyond the budget are without number, and are resolved each time.
	known     map[string]*series
	admitted  map[rollup.Key]*series // by what they count under; several known keys can share one
	durations map[operation]*durations
	days      map[serviceDay]*dayTally
	services  map[redact.Text]*serviceTally
	labels    map[string]redact.Text // names of services and envs that were met
	scratch   []byte                 // the composed key of the record at hand
	form      []byte                 // the shape of an invalid key
	formKey   []byte

	resets int // how many batches were committed or discarded: the clock of what is idle

	// What changed since the last commit.
	dirty          []*series
	dirtyDurations []*durations
	dirtyServices  []*serviceTally
	dirtyDays      []*dayTally
	slots          []rollup.Slot // of the facts
	forms          map[string]*rollup.Form
	dead           [parse.ReasonCount]uint64
	untimed        uint64
	late, future   uint64
}

// maxForms bounds the distinct forms of invalid keys between two commits; further ones are left out of
// the list of frequent forms (their events count all the same).
const maxForms = 256

// maxKnown bounds the look-up table: the same series can be reached by several spellings of a service
// that is beyond the budget.
const maxKnown = 300_000

// maxLooks bounds the trace ids that are read for an exemplar, per series and commit.
const maxLooks = 8

// maxKnownKey is the longest entry of that table, in bytes.
const maxKnownKey = 512

type series struct {
	key       rollup.Key
	service   *serviceTally
	durations *durations // of the day at hand; nil until the first one
	today     *dayTally  // the same
	// Events come in nearly the order of time: almost all fall into the bucket of the one before.
	bucket rollup.Bucket
	n      uint64
	others map[rollup.Bucket]uint64
	// exemplar is the first event since the last commit that names a trace.
	exemplar rollup.Exemplar
	looks    int // for it
	dirty    bool
	used     int // resets when it was last dirty
	gone     bool
}

type operation struct {
	service, env, msg redact.Text
	day               int32
}

type durations struct {
	operation
	histogram exphist.Histogram
	exemplar  rollup.Exemplar // of the longest since the last commit
	dirty     bool
	used      int
	gone      bool
}

type serviceTally struct {
	name       redact.Text
	violations [rules.RuleCount]uint64
	overflowed uint64
	dirty      bool
}

func newTally(naming *rules.Naming, b *budget, r *redact.Redactor, h rollup.Horizon) *tally {
	return &tally{
		horizon:   h,
		limit:     h.Limit(0, 0),
		bucket:    rollup.BucketLate,
		day:       noDay,
		naming:    naming,
		budget:    b,
		redactor:  r,
		known:     make(map[string]*series),
		admitted:  make(map[rollup.Key]*series),
		durations: make(map[operation]*durations),
		days:      make(map[serviceDay]*dayTally),
		services:  make(map[redact.Text]*serviceTally),
		labels:    make(map[string]redact.Text),
		forms:     make(map[string]*rollup.Form),
	}
}

// carrier tells the time of the message whose records come next; 0 when it has none.
func (t *tally) carrier(ns int64) { t.limit = t.horizon.Limit(ns, t.now) }

// add counts one record.
func (t *tally) add(r *parse.Record) {
	t.place(r.Time)
	t.compose(r)
	s := t.known[string(t.scratch)]
	if s == nil {
		s = t.resolve(r)
	}
	t.count(s)
	if s.exemplar.Time == 0 && s.looks < maxLooks && len(r.TraceID) > 0 {
		s.exemplar = exemplarOf(r, 1)
		s.looks++
	}
	if r.DurationState == parse.Present && s.key.Msg != redact.Const(rollup.MsgInvalid) {
		t.observe(s, r)
	}
	if r.TimeState != parse.Present {
		t.untimed++
	}
	if broken := t.naming.CheckFields(r); broken != 0 {
		t.violate(s, broken)
	}
}

// addUnreadable counts a line that is no record, under what its envelopes named.
func (t *tally) addUnreadable(r *parse.Record, reason parse.Reason) {
	t.place(r.Time)
	t.dead[reason]++
	key := t.keyOf(r)
	key.Msg = redact.Const(rollup.MsgUnparsed)
	t.count(t.series(key))
}

// place finds the bucket of an event.
func (t *tally) place(ns int64) {
	before := t.bucket
	if t.bucket, t.newest = t.horizon.Bucket(ns, t.limit, t.newest); t.bucket != before {
		t.day = dayOf(t.bucket)
	}
	switch t.bucket {
	case rollup.BucketLate:
		t.late++
	case rollup.BucketFuture:
		t.future++
	}
}

// keyOf gives the key of a record without its msg.
func (t *tally) keyOf(r *parse.Record) rollup.Key {
	return rollup.Key{Service: t.label(r.Service, "service", redact.Const(rollup.ServiceUnknown)), Env: t.label(r.Env, "env", redact.Text{}), Level: r.Level}
}

// compose puts service, env, level and key into t.scratch, each with its length, so that no two
// different ones give the same bytes.
func (t *tally) compose(r *parse.Record) {
	b := t.scratch[:0]
	b = binary.AppendUvarint(b, uint64(len(r.Service)))
	b = append(b, r.Service...)
	b = binary.AppendUvarint(b, uint64(len(r.Env)))
	b = append(b, r.Env...)
	b = append(b, byte(r.Level), byte(r.KeyState))
	t.scratch = append(b, r.Key...)
}

// resolve finds the series of a record that was not met before, or that has none of its own.
func (t *tally) resolve(r *parse.Record) *series {
	key := t.keyOf(r)
	rule := rules.RuleNone
	if r.KeyState != parse.Present {
		key.Msg = redact.Const(rollup.MsgMissing)
	} else if key.Msg, rule = t.msg(r); rule != rules.RuleNone {
		key.Msg = redact.Const(rollup.MsgInvalid)
	}
	s := t.series(key)
	switch {
	case rule != rules.RuleNone:
		s.service.violations[rule]++
		t.today(s, t.day).violations[rule]++
		t.touch(s.service)
		t.addForm(s, r)
		return s
	case s.key != key:
		// Named after the service that asked, which is the one to talk to; beyond the limit of services it
		// is _overflow itself.
		s.service.overflowed++
		t.touch(s.service)
		return s
	}
	// Names that are none have many spellings: those are resolved each time, and nothing raw is kept of them.
	if len(t.known) < maxKnown && len(t.scratch) <= maxKnownKey && isName(r.Service) && isName(r.Env) {
		t.known[string(t.scratch)] = s
	}
	return s
}

// msg gives a record's key as a label, or the rule that it breaks. Keys that begin like our own are none,
// whatever the rules say, and neither is a key with something in it that the policy hides.
func (t *tally) msg(r *parse.Record) (redact.Text, rules.Rule) {
	rule := t.naming.Check(r.Service, r.Key)
	switch {
	case rule != rules.RuleNone:
		return redact.Text{}, rule
	case r.Key[0] == '_':
		return redact.Text{}, rules.RuleCharacters
	}
	msg := t.redactor.Label(r.Key, "msg")
	if msg.String() != string(r.Key) {
		return msg, rules.RuleIdentifier
	}
	return msg, rules.RuleNone
}

// series gives the series under which events with key count, which is another one beyond the budget.
func (t *tally) series(key rollup.Key) *series {
	if s := t.admitted[key]; s != nil {
		return s
	}
	key = t.budget.admit(key)
	s := t.admitted[key]
	if s == nil {
		s = &series{key: key, service: t.service(key.Service)}
		t.admitted[key] = s
	}
	return s
}

func (t *tally) service(name redact.Text) *serviceTally {
	s := t.services[name]
	if s == nil {
		s = &serviceTally{name: name}
		t.services[name] = s
	}
	return s
}

// count counts the event that was placed last.
func (t *tally) count(s *series) {
	bucket := t.bucket
	t.last = s
	if !s.dirty {
		s.dirty, s.used = true, t.resets
		s.bucket, s.n = bucket, 0
		t.dirty = append(t.dirty, s)
	}
	if bucket == s.bucket {
		s.n++
	} else {
		s.elsewhere(bucket)
	}
}

// elsewhere counts an event of another bucket than the one before, and makes that the current one.
func (s *series) elsewhere(bucket rollup.Bucket) {
	if s.others == nil {
		s.others = make(map[rollup.Bucket]uint64)
	}
	s.others[s.bucket] += s.n
	s.bucket, s.n = bucket, s.others[bucket]+1
	delete(s.others, bucket)
}

func (t *tally) observe(s *series, r *parse.Record) {
	o := s.durations
	if o == nil || o.day != t.day {
		name := operation{s.key.Service, s.key.Env, s.key.Msg, t.day}
		if o = t.durations[name]; o == nil {
			o = &durations{operation: name}
			t.durations[name] = o
		}
		s.durations = o
	}
	if !o.dirty {
		o.dirty, o.used = true, t.resets
		t.dirtyDurations = append(t.dirtyDurations, o)
	}
	seconds := float64(r.Duration) / 1000
	o.histogram.Observe(seconds)
	if len(r.TraceID) > 0 && seconds > o.exemplar.Value {
		o.exemplar = exemplarOf(r, seconds)
	}
}

// exemplarOf makes an exemplar of a record that names a trace. When its trace id is no number of 64 or 128 bits,
// which no tracing system knows, it only has the value.
func exemplarOf(r *parse.Record, value float64) rollup.Exemplar {
	trace := id.Trace(r.TraceID)
	if trace.Form != id.Full && trace.Form != id.Short || r.Time == 0 {
		return rollup.Exemplar{Value: value}
	}
	return rollup.Exemplar{TraceHi: trace.Hi, TraceLo: trace.Lo, Short: trace.Form == id.Short, Value: value, Time: r.Time}
}

func (t *tally) violate(s *series, broken rules.RuleSet) {
	today := t.today(s, t.day)
	for rule := range today.violations {
		if broken.Has(rules.Rule(rule)) {
			s.service.violations[rule]++
			today.violations[rule]++
		}
	}
	t.touch(s.service)
}

func (t *tally) touch(s *serviceTally) {
	if !s.dirty {
		s.dirty = true
		t.dirtyServices = append(t.dirtyServices, s)
	}
}

// addForm remembers the shape of an invalid key, without what may identify someone.
func (t *tally) addForm(s *series, r *parse.Record) {
	t.form = rules.Form(t.form[:0], r.Key)
	b := binary.AppendVarint(t.formKey[:0], int64(t.bucket))
	b = append(append(b, s.key.Service.String()...), 0)
	b = append(append(b, s.key.Env.String()...), 0)
	t.formKey = append(b, t.form...)
	f := t.forms[string(t.formKey)]
	if f == nil {
		if len(t.forms) >= maxForms {
			return
		}
		f = &rollup.Form{Service: s.key.Service, Env: s.key.Env, Text: t.redactor.Label(t.form, "msg"), Bucket: t.bucket}
		t.forms[string(t.formKey)] = f
	}
	f.N++
}

// into hands everything counted since the last reset to c, which borrows it until the next reset.
func (t *tally) into(c *rollup.Commit) {
	c.Counts, c.Forms, c.Durations = c.Counts[:0], c.Forms[:0], c.Durations[:0]
	c.Violations, c.Overflowed, c.Exemplars = c.Violations[:0], c.Overflowed[:0], c.Exemplars[:0]
	for _, s := range t.dirty {
		if s.exemplar.Time != 0 {
			c.Exemplars = append(c.Exemplars, rollup.SeriesExemplar{Key: s.key, Exemplar: s.exemplar})
		}
		c.Counts = append(c.Counts, rollup.Count{Key: s.key, Bucket: s.bucket, N: s.n})
		for bucket, n := range s.others {
			c.Counts = append(c.Counts, rollup.Count{Key: s.key, Bucket: bucket, N: n})
		}
	}
	for _, f := range t.forms {
		c.Forms = append(c.Forms, *f)
	}
	for _, d := range t.dirtyDurations {
		c.Durations = append(c.Durations, rollup.Durations{Service: d.service, Env: d.env, Msg: d.msg, Histogram: &d.histogram, Exemplar: d.exemplar})
	}
	t.facts(c)
	for _, s := range t.dirtyServices {
		for rule, n := range s.violations {
			if n > 0 {
				c.Violations = append(c.Violations, rollup.Violations{Service: s.name, Rule: rules.Rule(rule).String(), N: n})
			}
		}
		if s.overflowed > 0 {
			c.Overflowed = append(c.Overflowed, rollup.Overflowed{Service: s.name, N: s.overflowed})
		}
	}
	c.DeadLetters = t.dead
	c.Newest, c.Untimed, c.Late, c.Future = t.newest, t.untimed, t.late, t.future
}

// reset forgets what was counted, because it is committed or because it is discarded, and keeps the
// look-up tables.
func (t *tally) reset() {
	for _, s := range t.dirty {
		s.dirty, s.n, s.exemplar, s.looks = false, 0, rollup.Exemplar{}, 0
		clear(s.others)
	}
	for _, d := range t.dirtyDurations {
		d.dirty, d.exemplar = false, rollup.Exemplar{}
		d.histogram.Reset()
	}
	for _, s := range t.dirtyServices {
		s.dirty, s.overflowed = false, 0
		clear(s.violations[:])
	}
	for _, d := range t.dirtyDays {
		d.reset()
	}
	t.dirty, t.dirtyDurations, t.dirtyServices, t.dirtyDays = t.dirty[:0], t.dirtyDurations[:0], t.dirtyServices[:0], t.dirtyDays[:0]
	clear(t.forms)
	clear(t.dead[:])
	t.untimed, t.late, t.future, t.last = 0, 0, 0, nil
	if t.resets++; t.resets%sweepEvery == 0 {
		t.sweep()
	}
}
