// Package workflow follows long-running work through its states, as rule files declare them: the state of each
// entity, what is stuck, what goes round in circles, what took a way that there is not, and what was announced and
// never began.
//
// Like its parent it looks at no clock: everything is a function of the records and of the event time that their inputs
// have reached. Records may come in any order within the lateness.
package workflow

import (
	"strconv"

	"github.com/logproc/logproc/correlate"
	"github.com/logproc/logproc/correlate/id"
	"github.com/logproc/logproc/parse"
	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/rules"
)

// Observation is what a record says about an entity. It may be kept.
type Observation struct {
	Workflow  int // index into rules.Workflows.List
	Entity    id.ID
	Text      redact.Text // the entity as it is shown
	State     redact.Text
	Announces int   // how many will begin; 0: the record tells of a state
	Time      int64 // Unix nanoseconds
	Trace     correlate.Name
}

// Observer makes observations of records. It belongs to one goroutine.
type Observer struct {
	matcher   *rules.WorkflowMatcher
	workflows []rules.Workflow
	text, ids correlate.Redact
}

// NewObserver makes an observer. text redacts names of states, ids those of entities.
func NewObserver(w *rules.Workflows, text, ids correlate.Redact) *Observer {
	return &Observer{matcher: w.NewMatcher(), workflows: w.List(), text: text, ids: ids}
}

// Observe makes an observation of a record; ok is false when the record belongs to no workflow.
func (o *Observer) Observe(r *parse.Record) (obs Observation, ok bool) {
	p := o.matcher.Match(r)
	if p == nil {
		return obs, false
	}
	w := &o.workflows[p.Workflow]
	obs = Observation{
		Workflow: p.Workflow, Entity: id.Request(p.Entity), Text: o.ids(p.Entity, w.Entity), State: o.text(p.State, "state"),
		Announces: p.Announces, Time: r.Time,
	}
	if trace := id.Trace(r.TraceID); !trace.IsZero() {
		obs.Trace = correlate.Name{ID: trace, Text: o.ids(r.TraceID, "TraceID")}
	} else if request := id.Request(r.RequestID); !request.IsZero() {
		obs.Trace = correlate.Name{ID: request, Text: o.ids(r.RequestID, "RequestID")}
	}
	return obs, obs.Announces > 0 || !obs.Entity.IsZero()
}

// Kind is what is wrong with an entity. It is a closed set, for metric labels.
type Kind uint8

// The kinds.
const (
	Stuck        Kind = iota // longer in a state than it may last
	Looping                  // one state entered again and again
	Illegal                  // a state that may not follow the one before, or that the rules do not know
	NeverStarted             // announced, and not begun in time
	kindCount
)

// KindCount is the number of kinds, for tables indexed by Kind.
const KindCount = int(kindCount)

var kindNames = [kindCount]string{"stuck", "looping", "illegal_transition", "never_started"}

// String gives the kind as used in labels.
func (k Kind) String() string {
	if k < kindCount {
		return kindNames[k]
	}
	return "kind(" + strconv.Itoa(int(k)) + ")"
}

// Finding is something wrong, or that it is over.
type Finding struct {
	Kind     Kind
	Resolved bool // it was found before, and is over
	Workflow string
	Entity   redact.Text // empty for an announcement of several
	State    redact.Text
	Before   redact.Text // the state before, of Illegal
	Since    int64       // when the state began, or the announcement was made; Unix nanoseconds
	At       int64       // when it was found, or was over
	Count    int         // visits of Looping; how many were announced of NeverStarted
	Seen     int         // how many of those have begun
	Trace    redact.Text // the trace that the entity's first record carried
}

// Step is a state that an entity was in.
type Step struct {
	State redact.Text
	At    int64 // Unix nanoseconds
	Trace redact.Text
	Bad   bool // it may not follow the step before
}

// Entity is what is known of one entity. It belongs to its Engine.
type Entity struct {
	Workflow  string
	ID        id.ID
	Text      redact.Text
	Steps     []Step      // the last ones; the first that was ever seen stays in front
	Dropped   int         // steps that are not kept any more
	Trace     redact.Text // that the first record carried
	Segments  int         // traces that it went through: a restart begins a new one
	Announced int64       // when it was announced, 0: it was not
	Ended     bool        // it is in a terminal state
	Is        [KindCount]bool

	rule    int
	state   int // index of the state; -1 for one that the rules do not know, or none
	pending []Observation
	changed bool
	trace   id.ID // of the last record
}

// State gives the state that the entity is in, and since when; ok is false when it has not begun.
func (e *Entity) State() (state redact.Text, since int64, ok bool) {
	if len(e.Steps) == 0 {
		return redact.Text{}, e.Announced, false
	}
	last := &e.Steps[len(e.Steps)-1]
	return last.State, last.At, true
}
