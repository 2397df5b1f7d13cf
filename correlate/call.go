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

// join puts the two sides of calls together. Clients that have an answer choose first, as their durations say
// most; what is left is joined in the order in which it began.
func join(clients, servers []Side) []Call {
	byTo := make(map[redact.Text][]int)
	for i := range servers {
		byTo[servers[i].to] = append(byTo[servers[i].to], i)
	}
	for _, list := range byTo {
		slices.SortStableFunc(list, func(a, b int) int { return cmp.Compare(servers[a].Start, servers[b].Start) })
	}
	partner, taken := make([]int, len(clients)), make([]bool, len(servers))
	for i := range clients {
		partner[i] = -1
	}
	for _, answered := range []bool{true, false} {
		for i := range clients {
			if c := &clients[i]; answeredSide(c) == answered {
				if at := nearest(c, servers, byTo[c.to], taken, answered); at >= 0 {
					partner[i], taken[at] = at, true
				}
			}
		}
	}
	var calls []Call
	for i := range clients {
		call := Call{From: clients[i].from, To: clients[i].to, Client: clients[i], Server: Side{begin: -1, end: -1}}
		if partner[i] >= 0 {
			call.Server = servers[partner[i]]
		}
		calls = append(calls, call)
	}
	for i := range servers {
		if !taken[i] {
			calls = append(calls, Call{From: servers[i].from, To: servers[i].to, Client: Side{begin: -1, end: -1}, Server: servers[i]})
		}
	}
	return calls
}

func answeredSide(s *Side) bool { return s.Ended && !s.TimedOut && s.HasDuration }

// nearest gives the server's side that fits a client's best; -1 for none. One that ran while the client waited goes
// before any other: then the one that began soonest. Where no times fit, clocks differ, and the first is taken
// that did not take longer than the client waited.
func nearest(c *Side, servers []Side, candidates []int, taken []bool, answered bool) int {
	first, within, distance := -1, -1, int64(0)
	for _, at := range candidates {
		s := &servers[at]
		if taken[at] || s.from.String() != "" && c.from.String() != "" && s.from != c.from {
			continue
		}
		if answered && (!s.Ended || s.HasDuration && s.Duration > c.Duration+1) {
			continue
		}
		if first < 0 {
			first = at
		}
		inside := s.Start >= c.Start-stampSlack && (!c.Ended || c.TimedOut || s.End <= c.End+stampSlack)
		if d := abs(s.Start - c.Start); inside && (within < 0 || d < distance) {
			within, distance = at, d
		}
	}
	if within >= 0 {
		return within
	}
	if first < 0 && answered {
		return nearest(c, servers, candidates, taken, false)
	}
	return first
}
