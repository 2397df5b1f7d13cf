package rules

import (
	_ "embed"
	"slices"
	"time"

	"github.com/logproc/logproc/parse"
)

//go:embed workflows.yaml
var defaultWorkflows []byte

// DefaultWorkflowsFile gives the commented file to begin one of one's own with.
func DefaultWorkflowsFile() []byte { return slices.Clone(defaultWorkflows) }

// Workflows are long-running state machines that logs tell of. They are immutable and safe for concurrent use.
type Workflows struct {
	list  []Workflow
	paths []parse.Path
}

// List gives the workflows in the order of the file. They are shared: do not change them.
func (w *Workflows) List() []Workflow { return slices.Clone(w.list) }

// Workflow is one state machine.
type Workflow struct {
	Name   string
	Entity string  // the field that names what goes through the states
	States []State // sorted by name
	Loop   Loop
	// Announced is how long after its announcement work must have begun; 0: nothing announces it.
	Announced time.Duration

	conditions    []condition
	entity, state source
	announcement  []condition
	count         *parse.Path
}

// State is a state of a workflow.
type State struct {
	Name     string
	Initial  bool
	Terminal bool
	To       []int         // indices of the states that may follow
	Within   time.Duration // how long it may last; 0: for ever
}

// Loop is how often a state may be entered within a window; Visits 0: as often as it likes.
type Loop struct {
	Visits int
	Window time.Duration
}

// StateOf gives the index of a state by its name; -1 for one that the rules do not know.
func (w *Workflow) StateOf(name []byte) int {
	at, ok := slices.BinarySearchFunc(w.States, name, func(s State, name []byte) int { return slices.Compare([]byte(s.Name), name) })
	if !ok {
		return -1
	}
	return at
}

// May reports whether a state may follow another.
func (w *Workflow) May(from, to int) bool { return slices.Contains(w.States[from].To, to) }

// Progress is what a record says about a workflow. Its slices are valid until the matcher's next call, and no longer
// than the record.
type Progress struct {
	Workflow  int    // index into Workflows.List
	Entity    []byte // nil for an announcement of several
	State     []byte // nil for an announcement
	Announces int    // how many will begin; 0: the record tells of a state
}

// WorkflowMatcher finds records of workflows. It belongs to one goroutine.
type WorkflowMatcher struct {
	workflows *Workflows
	fields    fieldReader
	found     Progress
}

// NewMatcher gives a matcher of the rules.
func (w *Workflows) NewMatcher() *WorkflowMatcher {
	return &WorkflowMatcher{workflows: w, fields: newFieldReader(w.paths)}
}

// maxAnnounced bounds what one record can announce.
const maxAnnounced = 1_000_000

// Match gives what a record says about a workflow, of the first that it belongs to; nil when it is of none.
func (m *WorkflowMatcher) Match(r *parse.Record) *Progress {
	if r.Object == nil {
		return nil
	}
	m.fields.begin()
	for i := range m.workflows.list {
		w := &m.workflows.list[i]
		if len(w.announcement) > 0 && m.fields.fit(r, w.announcement) && m.announces(r, w) {
			m.found.Workflow = i
			return &m.found
		}
		if !m.fields.fit(r, w.conditions) {
			continue
		}
		entity, state := m.fields.source(r, &w.entity, w.conditions), m.fields.source(r, &w.state, w.conditions)
		if len(entity) > 0 && len(state) > 0 {
			m.found = Progress{Workflow: i, Entity: entity, State: state}
			return &m.found
		}
	}
	return nil
}

func (m *WorkflowMatcher) announces(r *parse.Record, w *Workflow) bool {
	if w.count == nil {
		m.found = Progress{Entity: m.fields.source(r, &w.entity, w.announcement), Announces: 1}
		return len(m.found.Entity) > 0
	}
	v := r.Get(*w.count)
	if v == nil {
		return false
	}
	n, err := v.Int()
	m.found = Progress{Announces: min(n, maxAnnounced)}
	return err == nil && n > 0
}
