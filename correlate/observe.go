package correlate

import (
	"math"

	"github.com/logproc/logproc/correlate/id"
	"github.com/logproc/logproc/parse"
	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/rules"
)

// Redact makes text of a field fit to be kept and shown; redact.Redactor.Label is one.
type Redact func(raw []byte, field string) redact.Text

// Observer makes observations of records. It belongs to one goroutine.
type Observer struct {
	matcher *rules.CallMatcher
	text    Redact
	ids     Redact
	buf     []byte

	requests, traces seenIDs
}

// NewObserver makes an observer. text redacts names, which come again and again, and ids redacts ids, which do not: a
// redactor that remembers what it has seen should not be given both.
func NewObserver(calls *rules.Calls, text, ids Redact) *Observer {
	return &Observer{matcher: calls.NewMatcher(), text: text, ids: ids, requests: newSeenIDs(), traces: newSeenIDs()}
}

// Names reports whether a record names a request, which costs no redaction.
func Names(r *parse.Record) (request, trace id.ID) {
	return id.Request(r.RequestID), id.Trace(r.TraceID)
}

// Observe makes an observation of a record; ok is false when the record names no request. It may be kept.
func (o *Observer) Observe(r *parse.Record) (obs Observation, ok bool) {
	request, trace := o.requests.of(r.RequestID, id.Request, o.requestText), o.traces.of(r.TraceID, id.Trace, o.traceText)
	if request.ID.IsZero() && trace.ID.IsZero() {
		return obs, false
	}
	obs.Request, obs.RequestText, obs.Trace, obs.TraceText = request.ID, request.Text, trace.ID, trace.Text
	obs.Event = o.Event(r)
	return obs, true
}

// Event makes the event of a record. It may be kept.
func (o *Observer) Event(r *parse.Record) Event {
	e := Event{
		Time: r.Time, Level: r.Level, Duration: r.Duration, HasDuration: r.DurationState == parse.Present,
		Service: o.text(r.Service, "service"), Key: o.text(r.Key, "msg"),
	}
	if r.StatusState == parse.Present && r.Status >= math.MinInt32 && r.Status <= math.MaxInt32 {
		e.Status, e.HasStatus = int32(r.Status), true
	}
	if call := o.matcher.Match(r); call != nil {
		o.frame(&e, call)
	}
	return e
}

func (o *Observer) frame(e *Event, call *rules.Call) {
	e.Frame, e.ShowFrame = call.Frame, call.ShowFrame
	e.Duration, e.HasDuration = call.Duration, call.HasDuration
	to := call.To
	if len(call.Operation) > 0 {
		o.buf = append(append(append(o.buf[:0], to...), '.'), call.Operation...)
		to = o.buf
	}
	e.From, e.To = o.text(call.From, "from"), o.text(to, "to")
	e.Host, e.Zone = o.text(call.Host, "host"), o.text(call.Zone, "az")
	e.Error = o.text(call.Error, "err")
}

// longestShown is the longest id that is shown as it was written, where the policy lets it.
const longestShown = 64

func (o *Observer) requestText(i id.ID, raw []byte) redact.Text { return o.idText(i, raw, "RequestID") }

func (o *Observer) traceText(i id.ID, raw []byte) redact.Text { return o.idText(i, raw, "TraceID") }

// idText gives an id as it is shown: as it was written, unless its normal form says more in fewer characters.
func (o *Observer) idText(i id.ID, raw []byte, field string) redact.Text {
	switch {
	case i.IsZero():
		return redact.Text{}
	case i.Form == id.Free:
		return o.ids(raw[:min(len(raw), longestShown)], field)
	case i.Form == id.Short || len(raw) > len("33eda743-f124-435c-71fc-3c872bbc98e6"):
		return o.ids([]byte(i.String()), field)
	}
	return o.ids(raw, field)
}
