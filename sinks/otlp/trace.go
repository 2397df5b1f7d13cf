package otlp

import (
	"slices"
	"strings"

	tracepb "go.opentelemetry.io/proto/slim/otlp/trace/v1"

	"github.com/logproc/logproc/correlate"
	"github.com/logproc/logproc/parse"
	"github.com/logproc/logproc/redact"
)

// resource is what logged a span: texts, redacted.
type resource struct{ service, host, zone string }

// span is a span and what logged it.
type span struct {
	resource resource
	*tracepb.Span
}

// countSpans gives how many spans a request becomes.
func countSpans(c *correlate.Closed) uint64 {
	n := uint64(1)
	for i := range c.Calls {
		if c.Calls[i].Client.Seen() {
			n++
		}
		if c.Calls[i].Server.Seen() {
			n++
		}
	}
	return n
}

// spansOf makes the tree of a request: the root, then the sides of its calls in the order in which they began.
func spansOf(c *correlate.Closed) []span {
	ids, sides := newIDs(c.Timeline), sidesOf(c.Calls)
	spans := make([]span, 1, 1+len(sides))
	spans[0] = rootSpan(c, ids, sides)
	for i := range sides {
		s := callSpan(&sides[i])
		own := ids.side(&sides[i])
		s.TraceId, s.SpanId = ids.trace[:], own[:]
		spans = append(spans, s)
	}
	for i := range sides {
		spans[i+1].ParentSpanId = spans[sides[i].parent+1].SpanId
	}
	attach(c.Timeline, spans, sides)
	return spans
}

// rootSpan makes the span of the whole request.
func rootSpan(c *correlate.Closed, ids *ids, sides []side) span {
	root := span{Span: &tracepb.Span{
		TraceId: ids.trace[:], SpanId: ids.root[:], Kind: tracepb.Span_SPAN_KIND_INTERNAL, Name: rootName(c.Timeline, entry(sides)),
		StartTimeUnixNano: stamp(c.First), EndTimeUnixNano: stamp(c.Last),
		Links: links(c.Timeline, traceName(c.Timeline)),
	}}
	root.resource.service = "unknown_service" // OpenTelemetry's word for it
	if at := slices.IndexFunc(c.Events, func(e correlate.Event) bool { return e.Service != redact.Text{} }); at >= 0 {
		root.resource.service = c.Events[at].Service.String()
	}
	if e := entry(sides); e != nil {
		root.resource = resourceOf(e)
		if e.finished() { // the times of one clock, not of several
			root.StartTimeUnixNano, root.EndTimeUnixNano = stamp(e.start), stamp(e.end)
		}
	}
	root.Attributes = rootAttributes(c)
	if c.Worst >= parse.LevelError || slices.ContainsFunc(sides, func(s side) bool { return callStatus(&s) != nil }) {
		root.Status = &tracepb.Status{Code: tracepb.Status_STATUS_CODE_ERROR}
	}
	return root
}

// entry gives the side by which the request came in; nil when there is none, or more than one.
func entry(sides []side) (e *side) {
	for i := range sides {
		if sides[i].parent != none {
			continue
		}
		if e != nil {
			return nil
		}
		e = &sides[i]
	}
	return e
}

// rootName gives the operation by which the request came in, else the one that was called first, else the key of
// the first record.
func rootName(t *correlate.Timeline, entry *side) string {
	switch {
	case entry != nil:
		return named(entry.call.To)
	case len(t.Calls) > 0:
		return named(t.Calls[0].To)
	case len(t.Events) > 0:
		return named(t.Events[0].Key)
	}
	return "request"
}

// named gives the name of a span or an event, which must not be empty.
func named(t redact.Text) string {
	if t.String() == "" {
		return "unknown"
	}
	return clean(t.String())
}

func rootAttributes(c *correlate.Closed) (a attributes) {
	if len(c.Requests) > 0 {
		a.text("logproc.request_id", c.Requests[0].Text)
	}
	if len(c.Requests) > 1 { // in conflict
		a.names("logproc.request_ids", c.Requests)
	}
	if c.Reasons != 0 {
		a.words("logproc.reasons", strings.Split(c.Reasons.String(), ","))
	}
	a.word("logproc.worst_level", c.Worst.String())
	a.number("logproc.records", int64(c.Records))
	a.number("logproc.calls", int64(len(c.Calls)))
	a.number("logproc.calls.incomplete", int64(c.Incomplete()))
	a.flag("logproc.shared_trace", c.SharedTrace)
	a.flag("logproc.evicted", c.Evicted)
	a.flag("logproc.late", c.Late)
	return a
}

// links gives the request's further traces. Which span of theirs it is, nobody has logged.
func links(t *correlate.Timeline, own *correlate.Name) (list []*tracepb.Span_Link) {
	for i := range t.Traces {
		n := &t.Traces[i]
		if n == own || !isTrace(n) {
			continue
		}
		var a attributes
		a.text("logproc.trace_id", n.Text)
		trace := traceBytes(n.ID)
		list = append(list, &tracepb.Span_Link{TraceId: trace[:], SpanId: make([]byte, 8), Attributes: a})
	}
	slices.SortFunc(list, func(a, b *tracepb.Span_Link) int { return slices.Compare(a.TraceId, b.TraceId) })
	return list
}

// stamp makes a time as OpenTelemetry has it, which has none before 1970.
func stamp(t int64) uint64 { return uint64(max(t, 0)) }
