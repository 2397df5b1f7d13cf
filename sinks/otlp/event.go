package otlp

import (
	"slices"

	tracepb "go.opentelemetry.io/proto/slim/otlp/trace/v1"

	"github.com/logproc/logproc/correlate"
)

// maxEvents is the most events of one span: a span must fit into what receivers take at once.
const maxEvents = 512

// attach adds the records that are no part of a call to the spans, spans[0] being the root's.
func attach(t *correlate.Timeline, spans []span, sides []side) {
	lists := make([][]*correlate.Event, len(spans))
	for i := range t.Events {
		if e := &t.Events[i]; !e.Frame.Client() && !e.Frame.Server() {
			at := serving(sides, e) + 1
			lists[at] = append(lists[at], e)
		}
	}
	for i, list := range lists {
		kept := mostTelling(list)
		for _, e := range kept {
			spans[i].Events = append(spans[i].Events, spanEvent(e))
		}
		spans[i].DroppedEventsCount = uint32(len(list) - len(kept))
	}
	spans[0].DroppedEventsCount += uint32(max(t.Records-len(t.Events), 0)) // beyond the bound of events of a request
}

// serving gives the server's side during which its service logged an event: none when there is not exactly one, because
// ordinary records do not say which host they are of.
func serving(sides []side, e *correlate.Event) int {
	found := none
	for i := range sides {
		s := &sides[i]
		if !s.server || e.Service.String() == "" || s.service != e.Service.String() || !s.holds(e.Time) {
			continue
		}
		if found != none {
			return none
		}
		found = i
	}
	return found
}

// mostTelling leaves out what is too much: the latest, and those below a warning before others.
func mostTelling(list []*correlate.Event) []*correlate.Event {
	if len(list) <= maxEvents {
		return list
	}
	attention := 0
	for _, e := range list {
		if e.Level.Attention() {
			attention++
		}
	}
	attention = min(attention, maxEvents)
	rest := maxEvents - attention
	return slices.DeleteFunc(list, func(e *correlate.Event) bool {
		room := &rest
		if e.Level.Attention() {
			room = &attention
		}
		*room--
		return *room < 0
	})
}

func spanEvent(e *correlate.Event) *tracepb.Span_Event {
	var a attributes
	a.word("level", e.Level.String())
	a.text("service.name", e.Service)
	if e.HasDuration {
		a.millis("duration_ms", float64(e.Duration))
	}
	if e.HasStatus {
		a.number("status", int64(e.Status))
	}
	return &tracepb.Span_Event{TimeUnixNano: stamp(e.Time), Name: named(e.Key), Attributes: a}
}
