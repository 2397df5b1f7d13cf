package live

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/logproc/logproc/correlate"
	"github.com/logproc/logproc/correlate/id"
	"github.com/logproc/logproc/parse"
	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/rollup"
	"github.com/logproc/logproc/rules"
)

// Kept is a timeline as it is kept.
type Kept struct {
	*correlate.Timeline
	Reasons string // why it is kept: see correlate.Reasons
}

// The shape in which a timeline is stored. Fields are only ever added; docs/tracing.md describes them.
type document struct {
	Requests []nameDocument      `json:"requests,omitempty"`
	Traces   []nameDocument      `json:"traces,omitempty"`
	Reasons  string              `json:"reasons,omitempty"`
	Records  int                 `json:"records"`
	Worst    parse.Level         `json:"worst"`
	Shared   bool                `json:"shared_trace,omitempty"`
	Events   []eventDocument     `json:"events"`
	Verdicts []correlate.Verdict `json:"verdicts,omitempty"` // of the calls, in their order
}

type nameDocument struct {
	Hi   uint64  `json:"hi,string"`
	Lo   uint64  `json:"lo,string"`
	Form id.Form `json:"form"`
	Text string  `json:"text"`
}

type eventDocument struct {
	Time     int64         `json:"t"`
	Duration *parse.Millis `json:"ms,omitempty"`
	Status   *int32        `json:"status,omitempty"`
	Level    parse.Level   `json:"lvl"`
	Frame    rules.Frame   `json:"frame,omitempty"`
	Show     bool          `json:"show,omitempty"`
	Service  string        `json:"service,omitempty"`
	Key      string        `json:"msg,omitempty"`
	Host     string        `json:"host,omitempty"`
	Zone     string        `json:"az,omitempty"`
	From     string        `json:"from,omitempty"`
	To       string        `json:"to,omitempty"`
	Error    string        `json:"err,omitempty"`
}

// encode gives a timeline's document. One that is too large loses its last events; its records stay counted.
func encode(k Kept) ([]byte, error) {
	events := k.Events
	for {
		value, err := json.Marshal(documentOf(k, events))
		if err != nil {
			return nil, fmt.Errorf("encode a timeline: %w", err)
		}
		if len(value) <= rollup.MaxDocumentValue || len(events) == 0 {
			return value, nil
		}
		events = events[:len(events)/2]
	}
}

func documentOf(k Kept, events []correlate.Event) document {
	d := document{
		Requests: nameDocuments(k.Requests), Traces: nameDocuments(k.Traces), Reasons: k.Reasons,
		Records: k.Records, Worst: k.Worst, Shared: k.SharedTrace, Events: make([]eventDocument, 0, len(events)),
	}
	for i := range events {
		d.Events = append(d.Events, eventOf(&events[i]))
	}
	if len(events) == len(k.Events) { // else other calls are found among them
		for i := range k.Calls {
			d.Verdicts = append(d.Verdicts, k.Calls[i].Verdict)
		}
	}
	return d
}

func nameDocuments(names []correlate.Name) (list []nameDocument) {
	for _, n := range names {
		list = append(list, nameDocument{Hi: n.ID.Hi, Lo: n.ID.Lo, Form: n.ID.Form, Text: n.Text.String()})
	}
	return list
}

func eventOf(e *correlate.Event) eventDocument {
	d := eventDocument{
		Time: e.Time, Level: e.Level, Frame: e.Frame, Show: e.ShowFrame, Service: e.Service.String(), Key: e.Key.String(),
		Host: e.Host.String(), Zone: e.Zone.String(), From: e.From.String(), To: e.To.String(), Error: e.Error.String(),
	}
	if e.HasDuration {
		d.Duration = &e.Duration
	}
	if e.HasStatus {
		d.Status = &e.Status
	}
	return d
}

// errDocument is what is wrong with a stored timeline, without anything of it.
var errDocument = errors.New("the stored timeline cannot be read, expected JSON as written by this program")

// decode reads what encode has written.
func decode(value []byte) (Kept, error) {
	var d document
	if json.Unmarshal(value, &d) != nil {
		return Kept{}, errDocument
	}
	events := make([]correlate.Event, len(d.Events))
	for i := range d.Events {
		events[i] = d.Events[i].event()
	}
	t := correlate.NewTimeline(namesOf(d.Requests), namesOf(d.Traces), events, correlate.Options{})
	t.Records, t.Worst, t.SharedTrace = d.Records, d.Worst, d.Shared
	if len(d.Verdicts) == len(t.Calls) { // those that were given then, when more was known of what we lack
		for i := range t.Calls {
			t.Calls[i].Verdict = d.Verdicts[i]
		}
	}
	return Kept{Timeline: t, Reasons: d.Reasons}, nil
}

func namesOf(list []nameDocument) (names []correlate.Name) {
	for _, n := range list {
		names = append(names, correlate.Name{ID: id.ID{Hi: n.Hi, Lo: n.Lo, Form: n.Form}, Text: redact.Stored(n.Text)})
	}
	return names
}

func (d *eventDocument) event() correlate.Event {
	e := correlate.Event{
		Time: d.Time, Level: d.Level, Frame: d.Frame, ShowFrame: d.Show, Service: redact.Stored(d.Service), Key: redact.Stored(d.Key),
		Host: redact.Stored(d.Host), Zone: redact.Stored(d.Zone), From: redact.Stored(d.From), To: redact.Stored(d.To), Error: redact.Stored(d.Error),
	}
	if d.Duration != nil {
		e.Duration, e.HasDuration = *d.Duration, true
	}
	if d.Status != nil {
		e.Status, e.HasStatus = *d.Status, true
	}
	return e
}

// merge puts together what was stored of a request and what came of it since: some of it may be the same, read again
// after a restart.
func merge(before, since Kept) Kept {
	left := make(map[correlate.Event]int)
	for _, e := range before.Events {
		left[e]++
	}
	events, again := slices.Clone(before.Events), 0
	for _, e := range since.Events {
		if left[e] > 0 {
			left[e]--
			again++
			continue
		}
		events = append(events, e)
	}
	t := correlate.NewTimeline(union(before.Requests, since.Requests), union(before.Traces, since.Traces), events, correlate.Options{})
	t.Records = max(before.Records+since.Records-again, len(events))
	t.Worst, t.SharedTrace = max(before.Worst, since.Worst), before.SharedTrace || since.SharedTrace
	if again == len(since.Events) && len(t.Calls) == len(before.Calls) {
		t.Calls = before.Calls
	} else if again == len(before.Events) && len(t.Calls) == len(since.Calls) {
		t.Calls = since.Calls
	}
	reasons := since.Reasons
	if reasons == "" {
		reasons = before.Reasons
	}
	return Kept{Timeline: t, Reasons: reasons}
}

func union(a, b []correlate.Name) []correlate.Name {
	all := slices.Clone(a)
	for _, n := range b {
		if !slices.ContainsFunc(all, func(m correlate.Name) bool { return m.ID == n.ID }) {
			all = append(all, n)
		}
	}
	return all
}
