package otlp

import (
	"math"
	"strings"

	"github.com/logproc/logproc/correlate"
	"github.com/logproc/logproc/redact"
)

// none is the index of no side: the root.
const none = -1

// side is one side of a call, which becomes a span.
type side struct {
	call    *correlate.Call
	of      *correlate.Side
	server  bool
	service string // redacted text, or a part of one
	start   int64  // Unix nanoseconds, by the side's own clock
	end     int64
	parent  int // index of a side, or none
}

func (s *side) kindName() string {
	if s.server {
		return "server"
	}
	return "client"
}

// finished reports whether the side's end is on record.
func (s *side) finished() bool { return s.of.Ended }

// holds reports whether a time of the side's own clock lies within it. Times may be truncated to milliseconds.
func (s *side) holds(t int64) bool {
	const slack = 1e6
	return t >= s.start-slack && (t <= s.end+slack || !s.finished())
}

// sidesOf gives the sides of all calls, in the calls' order, each with its parent.
func sidesOf(calls []correlate.Call) []side {
	services := callers(calls)
	var list []side
	for i := range calls {
		c := &calls[i]
		parent := none
		if c.Client.Seen() {
			parent = len(list)
			list = append(list, newSide(c, &c.Client, none, serviceOf(c.Client.Service, c.From.String())))
		}
		if c.Server.Seen() {
			s := newSide(c, &c.Server, parent, serviceOf(c.Server.Service, calledService(c.To.String(), services)))
			s.server = true
			list = append(list, s)
		}
	}
	nest(list)
	return list
}

// newSide gives a side whose span lasts as long as it says itself: times are often truncated, durations are not.
func newSide(c *correlate.Call, of *correlate.Side, parent int, service string) side {
	s := side{call: c, of: of, service: service, start: max(of.Start, 0), parent: parent}
	s.end = s.start
	if of.HasDuration && of.Duration > 0 {
		s.end += int64(min(float64(of.Duration)*1e6, math.MaxInt64/4))
	}
	return s
}

func serviceOf(known redact.Text, otherwise string) string {
	if known.String() != "" {
		return known.String()
	}
	return otherwise
}

// callers gives the services that call others.
func callers(calls []correlate.Call) map[string]bool {
	services := make(map[string]bool)
	for i := range calls {
		services[calls[i].From.String()] = true
	}
	return services
}

// calledService takes the operation off the name of what is called: down to a service that calls others in the same
// request, else the last part.
func calledService(to string, services map[string]bool) string {
	for name := to; name != ""; {
		if services[name] {
			return name
		}
		name = name[:max(strings.LastIndexByte(name, '.'), 0)]
	}
	if dot := strings.LastIndexByte(to, '.'); dot > 0 {
		return to[:dot]
	}
	return to
}

// nest hangs clients below the servers for which they were at work.
func nest(list []side) {
	for i := range list {
		if !list[i].server {
			list[i].parent = enclosing(list, i)
		}
	}
}

// enclosing gives the server's side of the same service and host that began last before the client's, and was not
// over; none when there is none.
func enclosing(list []side, client int) int {
	c, best := &list[client], none
	for i := range list {
		s := &list[i]
		if !s.server || s.call == c.call || s.service != c.service || !sameHost(s, c) || !s.holds(c.start) {
			continue
		}
		if (best == none || s.start > list[best].start) && !below(list, i, client) {
			best = i
		}
	}
	return best
}

func sameHost(a, b *side) bool { return a.of.Host == b.of.Host && a.of.Zone == b.of.Zone }

// below reports whether a side hangs below another. Calls that call each other in a circle exist, in logs at least.
func below(list []side, at, other int) bool {
	for ; at != none; at = list[at].parent {
		if at == other {
			return true
		}
	}
	return false
}
