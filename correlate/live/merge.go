package live

import (
	"slices"

	"github.com/logproc/logproc/correlate"
)

// merge puts together what was stored of a request and what came of it since: some of it may be the same, read again
// after a restart. What is known in two parts accuses nobody that neither part accused.
func merge(before, since *correlate.Closed) *correlate.Closed {
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
	t := correlate.NewTimeline(union(before.Requests, since.Requests), union(before.Traces, since.Traces), events,
		correlate.Options{Lagging: func(int64, int64) bool { return true }})
	switch {
	case again == len(since.Events) && len(t.Calls) == len(before.Calls):
		t.Calls = before.Calls
	case again == len(before.Events) && len(t.Calls) == len(since.Calls):
		t.Calls = since.Calls
	}
	t.Records = max(before.Records+since.Records-again, len(events))
	t.Worst, t.SharedTrace = max(before.Worst, since.Worst), before.SharedTrace || since.SharedTrace
	return &correlate.Closed{
		Timeline: t, Reasons: before.Reasons | since.Reasons, Evicted: before.Evicted || since.Evicted,
		Expired: before.Expired || since.Expired, Late: before.Late && since.Late,
	}
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
