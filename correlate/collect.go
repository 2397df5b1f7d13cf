package correlate

import (
	"slices"
	"strings"
)

// Collector gathers the observations of one request, as a command does that looks for it. The zero value is
// ready.
type Collector struct {
	requests, traces []Name
	events           []Event
	records          int
}

// maxCollected bounds the events of a Collector: an id that is no id may be in every record.
const maxCollected = 20_000

// Add adds an observation. Of too many the events are only counted, see Timeline.Records.
func (c *Collector) Add(o *Observation) {
	if c.records++; c.records > maxCollected {
		return
	}
	c.requests = addName(c.requests, Name{o.Request, o.RequestText})
	c.traces = addName(c.traces, Name{o.Trace, o.TraceText})
	c.events = append(c.events, o.Event)
}

// Timeline gives the timeline of what was added; the collector must not be used any more.
func (c *Collector) Timeline(o Options) *Timeline {
	if c.records > len(c.events) {
		o.Lagging = func(int64, int64) bool { return true }
	}
	t := NewTimeline(c.requests, c.traces, c.events, o)
	t.Records = c.records
	return t
}

// addName adds a name to a sorted list; of several spellings of one id the first in the order of the alphabet stays.
func addName(list []Name, n Name) []Name {
	if n.ID.IsZero() {
		return list
	}
	for i := range list {
		if list[i].ID == n.ID {
			if compareText(n.Text, list[i].Text) < 0 {
				list[i].Text = n.Text
			}
			return list
		}
	}
	at, _ := slices.BinarySearchFunc(list, n, func(a, b Name) int { return strings.Compare(a.ID.String(), b.ID.String()) })
	return slices.Insert(list, at, n)
}
