package correlate

import (
	"math"

	"github.com/logproc/logproc/parse"
	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/rules"
)

// Side is what one side of a call has logged of it. Its times are of one clock, that of its host.
type Side struct {
	Host, Zone  redact.Text
	Start, End  int64 // Unix nanoseconds; valid with Began and Ended, or worked out from the duration of the other end
	Began       bool  // the beginning is on record
	Ended       bool  // the end is on record: an answer, or that the client gave up
	TimedOut    bool  // the client gave up
	Duration    parse.Millis
	HasDuration bool
	Error       redact.Text
	Service     redact.Text // that logged it

	from, to   redact.Text
	measured   bool // Duration is what the side said, not the time between its events
	begin, end int  // indices of its events; -1 for none
}

// Seen reports whether the side has logged anything.
func (s *Side) Seen() bool { return s.Began || s.Ended }

// stampSlack is how far apart two times may be that were truncated to milliseconds.
const stampSlack = int64(1e6)

func nanos(d parse.Millis) int64 {
	if ns := float64(d) * 1e6; ns < math.MaxInt64/4 {
		return int64(ns)
	}
	return math.MaxInt64 / 4
}

// sides pairs the beginnings of one kind with their ends, of events in the order of compare. Ends choose the
// beginning of their host that their duration points at.
func sides(events []Event, begins func(rules.Frame) bool, ends func(rules.Frame) bool) []Side {
	var list []Side
	open := make(map[pairKey][]int) // indices into list, oldest first
	for i := range events {
		if e := &events[i]; begins(e.Frame) {
			open[keyOf(e)] = append(open[keyOf(e)], len(list))
			list = append(list, begun(e, i))
		}
	}
	for i := range events {
		e := &events[i]
		if !ends(e.Frame) {
			continue
		}
		key := keyOf(e)
		at := choose(list, open[key], e)
		if at < 0 {
			s := begun(e, -1)
			s.Began = false
			list = append(list, s)
			list[len(list)-1].finish(e, i)
			continue
		}
		list[open[key][at]].finish(e, i)
		open[key] = append(open[key][:at], open[key][at+1:]...)
	}
	return list
}

// pairKey is what a beginning and its end have in common.
type pairKey struct{ from, to, host redact.Text }

func keyOf(e *Event) pairKey { return pairKey{e.From, e.To, e.Host} }

func begun(e *Event, at int) Side {
	return Side{Host: e.Host, Zone: e.Zone, Start: e.Time, End: e.Time, Began: true, Service: e.Service, Error: e.Error,
		from: e.From, to: e.To, begin: at, end: -1}
}

func (s *Side) finish(e *Event, at int) {
	s.End, s.Ended, s.TimedOut, s.end = e.Time, true, e.Frame == rules.FrameTimeout, at
	s.Duration, s.HasDuration, s.measured = e.Duration, e.HasDuration, e.HasDuration
	if s.Error.String() == "" {
		s.Error = e.Error
	}
	switch {
	case !s.HasDuration && s.Began:
		s.Duration, s.HasDuration = parse.Millis(float64(s.End-s.Start)/1e6), s.End >= s.Start
	case s.HasDuration && !s.Began:
		s.Start = s.End - nanos(s.Duration)
	}
}

// choose gives which of the open beginnings an end belongs to; -1 for none.
func choose(list []Side, open []int, e *Event) int {
	best, distance := -1, int64(math.MaxInt64)
	for i, at := range open {
		start := list[at].Start
		if start > e.Time+stampSlack {
			break
		}
		if !e.HasDuration {
			return i // the oldest
		}
		if d := abs(e.Time - nanos(e.Duration) - start); d < distance {
			best, distance = i, d
		}
	}
	return best
}

func abs(n int64) int64 {
	if n < 0 {
		return -n
	}
	return n
}
