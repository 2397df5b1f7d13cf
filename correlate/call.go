package correlate

import (
	"cmp"
	"slices"

	"github.com/logproc/logproc/parse"
	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/rules"
)

// Call is a call between two services, as its two sides logged it.
type Call struct {
	From, To       redact.Text // client, and server with its operation
	Client, Server Side
	Verdict        Verdict
	Gap            parse.Millis // what the call took outside of the server; valid with HasGap
	HasGap         bool
}

// Error gives what went wrong by either side; empty when nothing did.
func (c *Call) Error() redact.Text {
	if c.Server.Error.String() != "" {
		return c.Server.Error
	}
	return c.Client.Error
}

// start is when the call began by the client's clock, or the server's when only that is known.
func (c *Call) start() int64 {
	if c.Client.Seen() {
		return c.Client.Start
	}
	return c.Server.Start
}

// pair finds the calls among events in the order of compare. lagging tells whether records of a span of time may be
// missing for reasons of our own.
func pair(events []Event, lagging func(from, to int64) bool) []Call {
	if !slices.ContainsFunc(events, func(e Event) bool { return e.Frame != rules.FrameNone }) {
		return nil
	}
	clients := sides(events, func(f rules.Frame) bool { return f == rules.FrameRequest },
		func(f rules.Frame) bool { return f == rules.FrameReply || f == rules.FrameTimeout })
	servers := sides(events, func(f rules.Frame) bool { return f == rules.FrameIn },
		func(f rules.Frame) bool { return f == rules.FrameOut })
	calls := join(clients, servers)
	for i := range calls {
		calls[i].judge(lagging)
	}
	slices.SortStableFunc(calls, func(a, b Call) int {
		return cmp.Or(cmp.Compare(a.start(), b.start()), compareText(a.To, b.To), compareText(a.From, b.From),
			cmp.Compare(a.Client.begin, b.Client.begin), cmp.Compare(a.Server.begin, b.Server.begin))
	})
	return calls
}
