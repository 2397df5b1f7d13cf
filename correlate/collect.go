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
}

// Add adds an observation.
func (c *Collector) Add(o *Observation) {
	c.requests = addName(c.requests, Name{o.Request, o.RequestText})
	c.traces = addName(c.traces, Name{o.Trace, o.TraceText})
	c.events = append(c.events, o.Event)
}

// Len gives the number of observations.
func (c *Collector) Len() int { return len(c.events) }

// Timeline gives the timeline of what was added; the collector must not be used any more.
func (c *Collector) Timeline(o Options) *Timeline {
	return NewTimeline(c.requests, c.traces, c.events, o)
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
