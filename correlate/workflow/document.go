package workflow

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/logproc/logproc/correlate/id"
	"github.com/logproc/logproc/redact"
)

// The shape in which an entity is stored and shown. Fields are only ever added; docs/tracing.md describes them.
type document struct {
	Workflow  string         `json:"workflow"`
	Entity    string         `json:"entity"`
	ID        idDocument     `json:"id"`
	State     string         `json:"state"`
	Since     int64          `json:"since_unix_ns"`
	Announced int64          `json:"announced_unix_ns,omitempty"`
	Trace     string         `json:"trace,omitempty"`
	Segments  int            `json:"segments"`
	LastTrace idDocument     `json:"last_trace_id"`
	Ended     bool           `json:"ended"`
	Problems  []string       `json:"problems"`
	Steps     []stepDocument `json:"steps"`
	Dropped   int            `json:"dropped_steps,omitempty"`
}

type idDocument struct {
	Hi   uint64  `json:"hi,string"`
	Lo   uint64  `json:"lo,string"`
	Form id.Form `json:"form"`
}

func idOf(i id.ID) idDocument { return idDocument{i.Hi, i.Lo, i.Form} }

func (d idDocument) id() id.ID { return id.ID{Hi: d.Hi, Lo: d.Lo, Form: d.Form} }

type stepDocument struct {
	State string `json:"state"`
	At    int64  `json:"at_unix_ns"`
	Trace string `json:"trace,omitempty"`
	Bad   bool   `json:"illegal,omitempty"`
}

// MarshalJSON gives the entity as it is stored and shown, without what is not settled yet.
func (n *Entity) MarshalJSON() ([]byte, error) {
	state, since, _ := n.State()
	d := document{
		Workflow: n.Workflow, Entity: n.Text.String(), ID: idOf(n.ID), LastTrace: idOf(n.trace), State: state.String(), Since: since, Announced: n.Announced,
		Trace: n.Trace.String(), Segments: n.Segments, Ended: n.Ended, Problems: n.Problems(), Steps: make([]stepDocument, 0, len(n.Steps)), Dropped: n.Dropped,
	}
	for _, s := range n.Steps {
		d.Steps = append(d.Steps, stepDocument{s.State.String(), s.At, s.Trace.String(), s.Bad})
	}
	return json.Marshal(d)
}

// Problems gives the names of what is wrong with the entity.
func (n *Entity) Problems() []string {
	list := []string{}
	for k, is := range n.Is {
		if is {
			list = append(list, Kind(k).String())
		}
	}
	return list
}

// errDocument is what is wrong with a stored entity, without anything of it.
var errDocument = errors.New("the stored entity cannot be read")

// Restore takes an entity back that was stored with MarshalJSON. One of a workflow that the rules do not know any more is
// left out.
func (e *Engine) Restore(stored []byte) error {
	var d document
	if err := json.Unmarshal(stored, &d); err != nil {
		return fmt.Errorf("%w, expected JSON as written by this program", errDocument)
	}
	for rule := range e.rules {
		w := &e.rules[rule]
		if w.Name != d.Workflow {
			continue
		}
		n := &Entity{
			Workflow: d.Workflow, ID: d.ID.id(), trace: d.LastTrace.id(), Text: redact.Stored(d.Entity), Announced: d.Announced,
			Trace: redact.Stored(d.Trace), Segments: d.Segments, Ended: d.Ended, Dropped: d.Dropped, rule: rule, state: w.StateOf([]byte(d.State)),
		}
		for _, s := range d.Steps {
			n.Steps = append(n.Steps, Step{State: redact.Stored(s.State), At: s.At, Trace: redact.Stored(s.Trace), Bad: s.Bad})
		}
		for k := range n.Is {
			for _, p := range d.Problems {
				n.Is[k] = n.Is[k] || p == Kind(k).String()
			}
		}
		if _, known := e.entities[key{n.Workflow, n.ID}]; !known && !n.ID.IsZero() {
			e.makeRoom()
			e.insert(n)
		}
		return nil
	}
	return nil
}

// RestoreAnnouncement takes back what Announcements gave.
func (e *Engine) RestoreAnnouncement(a Announcement) { e.announce(a) }
