package correlate

import (
	"slices"

	"github.com/logproc/logproc/correlate/id"
	"github.com/logproc/logproc/parse"
	"github.com/logproc/logproc/redact"
)

// Name is an id and how it is shown.
type Name struct {
	ID   id.ID
	Text redact.Text
}

// Timeline is all that is known of a request.
type Timeline struct {
	Requests []Name // its RequestIDs: one, or none where records have trace ids only
	Traces   []Name
	Events   []Event // in order
	Calls    []Call  // in the order in which they began

	First, Last int64 // times of the first and last event, Unix nanoseconds
	Records     int   // all records, also those whose events were beyond a bound
	Worst       parse.Level
	Services    []redact.Text // that have logged something, sorted
	// SharedTrace says that a trace of it belongs to another RequestID as well.
	SharedTrace bool
}

// Options of NewTimeline.
type Options struct {
	// Lagging reports whether records with times in a span may be missing for reasons of our own: we lag, or have
	// lost some. Nil: none are.
	Lagging func(from, to int64) bool
}

// NewTimeline puts events in order and finds the calls among them. The order in which they are given does not
// matter; the slice is taken over.
func NewTimeline(requests, traces []Name, events []Event, o Options) *Timeline {
	slices.SortFunc(events, func(a, b Event) int { return compare(&a, &b) })
	t := &Timeline{Requests: requests, Traces: withoutShort(traces), Records: len(events)}
	t.Calls = pair(events, o.Lagging)
	t.Events = order(events, t.Calls)
	for i := range t.Events {
		t.note(&t.Events[i], i == 0)
	}
	slices.SortFunc(t.Services, compareText)
	return t
}

func (t *Timeline) note(e *Event, first bool) {
	if first {
		t.First = e.Time
	}
	t.Last = e.Time
	t.Worst = max(t.Worst, e.Level)
	if e.Service.String() != "" && !slices.Contains(t.Services, e.Service) {
		t.Services = append(t.Services, e.Service)
	}
}

// Conflict reports whether the ids of the request contradict each other: several RequestIDs, several traces, or a
// trace that is of another request too.
func (t *Timeline) Conflict() bool { return len(t.Requests) > 1 || len(t.Traces) > 1 || t.SharedTrace }

// Framed reports whether all of its events are shown as frames of calls.
func (t *Timeline) Framed() bool {
	return len(t.Events) > 0 && !slices.ContainsFunc(t.Events, func(e Event) bool { return !e.ShowFrame })
}

// Incomplete counts the calls that did not end as they should.
func (t *Timeline) Incomplete() (n int) {
	for i := range t.Calls {
		if t.Calls[i].Verdict != Complete {
			n++
		}
	}
	return n
}

// withoutShort leaves out the short form of a trace whose full form is there too.
func withoutShort(traces []Name) []Name {
	return slices.DeleteFunc(traces, func(n Name) bool {
		return n.ID.Form == id.Short && slices.ContainsFunc(traces, func(m Name) bool { return m.ID.Form == id.Full && m.ID.Low() == n.ID })
	})
}
