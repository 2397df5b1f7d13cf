package otlp

import (
	tracepb "go.opentelemetry.io/proto/slim/otlp/trace/v1"

	"github.com/logproc/logproc/correlate"
	"github.com/logproc/logproc/redact"
)

func resourceOf(s *side) resource {
	return resource{s.service, s.of.Host.String(), s.of.Zone.String()}
}

// callSpan makes the span of one side of a call, but for its ids.
func callSpan(s *side) span {
	kind := tracepb.Span_SPAN_KIND_CLIENT
	if s.server {
		kind = tracepb.Span_SPAN_KIND_SERVER
	}
	return span{resourceOf(s), &tracepb.Span{
		Name: named(s.call.To), Kind: kind, StartTimeUnixNano: stamp(s.start), EndTimeUnixNano: stamp(s.end),
		Attributes: callAttributes(s), Status: callStatus(s),
	}}
}

func callAttributes(s *side) (a attributes) {
	c := s.call
	a.word("logproc.verdict", c.Verdict.String())
	if c.HasGap {
		a.millis("logproc.gap_ms", float64(c.Gap))
	}
	a.text("logproc.from", c.From)
	a.text("logproc.to", c.To)
	other := &c.Server
	if s.server {
		other = &c.Client
	}
	a.text("logproc.peer.host", other.Host)
	a.text("logproc.peer.zone", other.Zone)
	a.flag("logproc.timed_out", s.of.TimedOut)
	a.flag("logproc.unfinished", !s.finished())
	return a
}

// callStatus says what went wrong by a side; nil for nothing. What logs lack for reasons of our own, and clocks
// that are wrong, are no errors of anybody.
func callStatus(s *side) *tracepb.Status {
	message := s.of.Error
	failed := message != (redact.Text{})
	switch s.call.Verdict {
	case correlate.Complete, correlate.UnknownLagging, correlate.ClockSuspect:
	case correlate.ServerStuck:
		failed = true
	default: // the server has done its part, or was never asked
		failed = failed || !s.server
	}
	if !failed {
		return nil
	}
	if message == (redact.Text{}) {
		return &tracepb.Status{Code: tracepb.Status_STATUS_CODE_ERROR, Message: s.call.Verdict.String()}
	}
	return &tracepb.Status{Code: tracepb.Status_STATUS_CODE_ERROR, Message: clean(message.String())}
}
