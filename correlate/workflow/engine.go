package workflow

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/logproc/logproc/correlate/id"
	"github.com/logproc/logproc/rules"
)

// Config says how an Engine works; zero values mean the defaults given.
type Config struct {
	Lateness time.Duration // how far behind the watermark a record may come and still be put in order (default 1m)
	Keep     time.Duration // how long an entity is kept after its end (default 24h)
	Entities int           // most entities (default 100,000); beyond it those that ended go, then the oldest
	Steps    int           // most steps kept of an entity (default 100)
}

func (c Config) withDefaults() Config {
	if c.Lateness <= 0 {
		c.Lateness = time.Minute
	}
	if c.Keep <= 0 {
		c.Keep = 24 * time.Hour
	}
	if c.Entities <= 0 {
		c.Entities = 100_000
	}
	if c.Steps <= 1 {
		c.Steps = 100
	}
	return c
}

// key tells entities apart: one id may go through several workflows.
type key struct {
	workflow string
	id       id.ID
}

// Engine follows entities. It belongs to one goroutine.
type Engine struct {
	cfg       Config
	rules     []rules.Workflow
	entities  map[key]*Entity
	order     []*Entity // in the order in which they were first seen
	announced []Announcement
	settled   int64
	dropped   uint64
	late      uint64
}

// Announcement is a record that said that several will begin.
type Announcement struct {
	Workflow string
	At       int64 // Unix nanoseconds
	Count    int
	Seen     int // that have begun since
}

// NewEngine makes an engine without entities.
func NewEngine(w *rules.Workflows, cfg Config) *Engine {
	return &Engine{cfg: cfg.withDefaults(), rules: w.List(), entities: make(map[key]*Entity)}
}

// Dropped gives how many entities were given up, and announcements left out, because of a limit.
func (e *Engine) Dropped() uint64 { return e.dropped }

// Late gives how many records were not judged: they came too late, or too many of an entity at a time.
func (e *Engine) Late() uint64 { return e.late }

// Add takes an observation. It takes effect when Advance has passed its time.
func (e *Engine) Add(o *Observation) {
	w := &e.rules[o.Workflow]
	if o.Announces > 0 && o.Entity.IsZero() {
		e.announce(Announcement{Workflow: w.Name, At: o.Time, Count: o.Announces})
		return
	}
	entity := e.entities[key{w.Name, o.Entity}]
	if entity == nil {
		e.makeRoom()
		entity = &Entity{Workflow: w.Name, ID: o.Entity, Text: o.Text, rule: o.Workflow, state: -1}
		e.insert(entity)
	}
	if len(entity.pending) >= maxPending {
		e.late++
		return
	}
	at, _ := slices.BinarySearchFunc(entity.pending, o, func(a Observation, b *Observation) int {
		return cmp.Or(cmp.Compare(a.Time, b.Time), strings.Compare(a.State.String(), b.State.String()))
	})
	entity.pending = slices.Insert(entity.pending, at, *o)
}

// Bounds of what waits: records of one entity, and announcements.
const (
	maxPending       = 100_000
	maxAnnouncements = 1000
)

// announce notes an announcement, unless it is one that was read before.
func (e *Engine) announce(a Announcement) {
	known := slices.ContainsFunc(e.announced, func(b Announcement) bool { return a.Workflow == b.Workflow && a.At == b.At && a.Count == b.Count })
	switch {
	case known:
	case len(e.announced) >= maxAnnouncements:
		e.dropped++
	default:
		at, _ := slices.BinarySearchFunc(e.announced, a, func(a, b Announcement) int { return cmp.Compare(a.At, b.At) })
		e.announced = slices.Insert(e.announced, at, a)
	}
}

func (e *Engine) insert(entity *Entity) {
	e.entities[key{entity.Workflow, entity.ID}] = entity
	e.order = append(e.order, entity)
}

// makeRoom gives up an entity when there are as many as there may be: the oldest that ended, else the oldest.
func (e *Engine) makeRoom() {
	if len(e.order) < e.cfg.Entities {
		return
	}
	at := max(0, slices.IndexFunc(e.order, func(n *Entity) bool { return n.Ended }))
	e.forget(at)
	e.dropped++
}

func (e *Engine) forget(at int) {
	n := e.order[at]
	delete(e.entities, key{n.Workflow, n.ID})
	e.order = slices.Delete(e.order, at, at+1)
}

// Advance applies what is settled now that the watermark has come to a time, and gives what is wrong to emit.
func (e *Engine) Advance(watermark int64, emit func(Finding)) {
	settled := watermark - int64(e.cfg.Lateness)
	if settled > watermark { // before all times
		return
	}
	e.settle(settled, emit)
}

// Flush applies everything, as at the end of the data, and judges it as of a time.
func (e *Engine) Flush(now int64, emit func(Finding)) { e.settle(now, emit) }

func (e *Engine) settle(now int64, emit func(Finding)) {
	e.settled = max(e.settled, now)
	e.start()
	for i := 0; i < len(e.order); i++ {
		entity := e.order[i]
		e.apply(entity, emit)
		e.overdue(entity, emit)
		if _, since, begun := entity.State(); begun && entity.Ended && since+int64(e.cfg.Keep) < e.settled && !entity.changed && len(entity.pending) == 0 {
			e.forget(i)
			i--
		}
	}
	e.expire(emit)
}

// apply takes the settled observations of an entity.
func (e *Engine) apply(n *Entity, emit func(Finding)) {
	taken := 0
	for ; taken < len(n.pending) && n.pending[taken].Time <= e.settled; taken++ {
		o := &n.pending[taken]
		if o.Announces > 0 {
			if n.Announced == 0 {
				n.Announced, n.changed = o.Time, true
			}
			continue
		}
		e.step(n, o, emit)
	}
	n.pending = slices.Delete(n.pending, 0, taken)
}

// step moves an entity to a state. The same state once more is no step: it is no progress.
func (e *Engine) step(n *Entity, o *Observation, emit func(Finding)) {
	w := &e.rules[n.rule]
	before, since, begun := n.State()
	if begun && o.Time < since {
		if !slices.ContainsFunc(n.Steps, func(s Step) bool { return s.At == o.Time && s.State == o.State }) {
			e.late++
		}
		return // read again, or too late to be put in order
	}
	if !o.Trace.ID.IsZero() && o.Trace.ID != n.trace {
		n.trace = o.Trace.ID
		n.Segments++
		if n.Trace.String() == "" {
			n.Trace = o.Trace.Text
		}
	}
	if begun && before == o.State {
		return
	}
	if n.Is[Stuck] {
		n.Is[Stuck] = false
		emit(n.finding(Stuck, o.Time, true))
	}
	if n.Is[NeverStarted] {
		n.Is[NeverStarted] = false
		emit(n.finding(NeverStarted, o.Time, true))
	}
	to := w.StateOf([]byte(o.State.String()))
	legal := to >= 0 && (begun && n.state >= 0 && w.May(n.state, to) || !begun && w.States[to].Initial || begun && n.state < 0)
	n.state, n.changed = to, true
	n.Ended = to >= 0 && w.States[to].Terminal
	n.add(Step{State: o.State, At: o.Time, Trace: o.Trace.Text, Bad: !legal}, e.cfg.Steps)
	n.Is[Illegal] = n.Is[Illegal] || !legal
	if !legal {
		f := n.finding(Illegal, o.Time, false)
		f.Before = before
		emit(f)
	}
	e.loop(n, w, emit)
}

// add appends a step; of those that are too many the second one goes, as the first says how it began.
func (n *Entity) add(s Step, most int) {
	if len(n.Steps) >= most {
		n.Steps = slices.Delete(n.Steps, 1, 2)
		n.Dropped++
	}
	n.Steps = append(n.Steps, s)
}

// loop finds out whether the present state was entered too often.
func (e *Engine) loop(n *Entity, w *rules.Workflow, emit func(Finding)) {
	if w.Loop.Visits == 0 {
		return
	}
	last := n.Steps[len(n.Steps)-1]
	visits := 0
	for _, s := range n.Steps {
		if s.State == last.State && s.At > last.At-int64(w.Loop.Window) {
			visits++
		}
	}
	switch looping := visits >= w.Loop.Visits; {
	case looping && !n.Is[Looping]:
		f := n.finding(Looping, last.At, false)
		f.Count = visits
		n.Is[Looping] = true
		emit(f)
	case n.Is[Looping] && n.Ended:
		n.Is[Looping] = false
		emit(n.finding(Looping, last.At, true))
	}
}

// finding describes what is wrong with an entity.
func (n *Entity) finding(k Kind, at int64, resolved bool) Finding {
	state, since, _ := n.State()
	return Finding{Kind: k, Resolved: resolved, Workflow: n.Workflow, Entity: n.Text, State: state, Since: since, At: at, Trace: n.Trace}
}
