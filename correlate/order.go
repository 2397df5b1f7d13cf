package correlate

import (
	"github.com/logproc/logproc/redact"
)

// order puts events into the order of a timeline: by time, and within one time
//
//  1. START first,
//  2. the events of a call in the call's own order (REQ, IN, OUT, REP) where the clocks of its hosts can be trusted,
//  3. else what a host receives before what it sends: REP and IN before REQ before OUT,
//  4. else by server, client, host and so on, so that the order in which records came never matters.
//
// Clocks are trusted unless the times of the call contradict its durations: the way there or back seems to have
// taken longer than both together did (the gap), and the server's host is in no other call of the timeline
// that would speak for its clock.
//
// events are in the order of compare already; calls refer to them.
func order(events []Event, calls []Call) []Event {
	if len(calls) == 0 {
		return events
	}
	before := make([]int, len(events)) // the event that must come first; -1 for none
	for i := range before {
		before[i] = -1
	}
	hosts := hostsOf(calls)
	for i := range calls {
		chain(before, events, &calls[i], hosts)
	}
	ordered := make([]Event, 0, len(events))
	for i := 0; i < len(events); {
		end := i + 1
		for end < len(events) && events[end].Time == events[i].Time {
			end++
		}
		ordered = appendTied(ordered, events, i, end, before)
		i = end
	}
	return ordered
}

// appendTied appends the events i to end, which are of the same time. The chains of calls run forward, so there
// is always one that may come next.
func appendTied(ordered, events []Event, i, end int, before []int) []Event {
	placed := make([]bool, end-i)
	for range end - i {
		for at := i; at < end; at++ {
			first := before[at]
			waits := first >= i && first < end && !placed[first-i]
			if !placed[at-i] && !waits {
				placed[at-i] = true
				ordered = append(ordered, events[at])
				break
			}
		}
	}
	return ordered
}

// chain says which event of a call comes before which of the same time.
func chain(before []int, events []Event, c *Call, hosts map[redact.Text]int) {
	if c.clocksAgree() || hosts[c.Server.Host] > 1 {
		link(before, events, c.Client.begin, c.Server.begin, c.Server.end, c.Client.end)
		return
	}
	link(before, events, c.Client.begin, c.Client.end)
	link(before, events, c.Server.begin, c.Server.end)
}

// link puts events one after the other, each behind the last one before it that is of its time; -1 is none.
func link(before []int, events []Event, list ...int) {
	for i, at := range list {
		for j := i - 1; j >= 0 && at >= 0; j-- {
			if first := list[j]; first >= 0 && events[first].Time == events[at].Time {
				before[at] = first
				break
			}
		}
	}
}

// clocksAgree reports whether nothing contradicts that both hosts show the same time.
func (c *Call) clocksAgree() bool {
	if !c.HasGap || !c.Client.Began || !c.Server.Began {
		return true
	}
	gap := nanos(c.Gap)
	return c.Server.Start-c.Client.Start <= gap && c.Client.End-c.Server.End <= gap
}

// hostsOf counts the calls that each host takes part in.
func hostsOf(calls []Call) map[redact.Text]int {
	hosts := make(map[redact.Text]int)
	for i := range calls {
		client, server := calls[i].Client.Host, calls[i].Server.Host
		hosts[client]++
		if server != client {
			hosts[server]++
		}
	}
	return hosts
}
