package live

import (
	"math"
	"time"

	"github.com/logproc/logproc/correlate"
)

const (
	// quietAfter is how long an input names no request before the others do not wait for it.
	quietAfter = 5 * time.Second
	// stallAfter is how long they wait for one that should have something and does not move.
	stallAfter = time.Minute
	// clockSlack is how far behind the clock an input is believed to be that is read to its end.
	clockSlack = 5 * time.Second
)

// reach moves the time of inputs on that do not move it themselves.
func (c *Correlator) reach() {
	now := c.cfg.Now()
	lowest := int64(math.MaxInt64) // of those that move
	for in, s := range c.inputs {
		switch {
		case c.byClock(s, now):
			c.engine.Reach(in, now.Add(-c.cfg.Engine.Lateness-clockSlack).UnixNano())
		case !c.quiet(in, s, now):
			lowest = min(lowest, c.engine.InputTime(in))
		}
	}
	if lowest == math.MaxInt64 {
		return
	}
	for in, s := range c.inputs {
		if !c.byClock(s, now) && c.quiet(in, s, now) {
			c.engine.Reach(in, lowest)
		}
	}
}

// byClock reports whether the clock says how far an input is: it is read to its end, and what it holds is of the
// present, or nothing has come for so long that nothing more is expected.
func (c *Correlator) byClock(s *source, now time.Time) bool {
	if s.ended || s.Behind() {
		return false
	}
	age := now.Sub(time.Unix(0, s.latest))
	return s.latest != 0 && age < c.cfg.Engine.MaxAge || now.Sub(s.named) >= c.cfg.Engine.Lateness
}

// quiet reports whether the others need not wait for an input: it is read to its end, its records name no requests, or
// it does not move at all. What is missing of the last accuses nobody.
func (c *Correlator) quiet(in correlate.Input, s *source, now time.Time) bool {
	switch {
	case s.ended:
		return true
	case now.Sub(s.named) < c.patience(s):
		return false
	case s.any.After(s.named), !s.Behind():
		return true
	case now.Sub(s.any) < stallAfter:
		return false
	}
	if !s.stall {
		s.stall = true
		c.darken(span{from: c.engine.InputTime(in), to: math.MaxInt64, input: in})
	}
	return true
}

// patience is how long the others wait for an input that names no request. Of one that comes through a partition which it
// shares nobody knows whether it has more: then it is long enough for another worker to take it over.
func (c *Correlator) patience(s *source) time.Duration {
	if s.Source != "" {
		return max(quietAfter, c.cfg.Engine.Lateness)
	}
	return quietAfter
}

// span is a time of which records are missing for reasons of our own.
type span struct {
	from, to int64
	input    correlate.Input
}

// maxBlind bounds the spans that are remembered.
const maxBlind = 64

func (c *Correlator) darken(s span) {
	if len(c.blind) == maxBlind {
		c.blind = append(c.blind[:0], c.blind[1:]...)
	}
	c.blind = append(c.blind, s)
}

// seen notes what a handover says of missing records: where they begin, and where an input has overcome it.
func (c *Correlator) seen(in correlate.Input, s *source, h Handover) {
	if (s.lost || s.stall) && len(h.Observed) > 0 {
		for i := range c.blind {
			if b := &c.blind[i]; b.input == in && b.to == math.MaxInt64 {
				b.to = s.latest + int64(c.cfg.Engine.Lateness)
			}
		}
		s.lost, s.stall = false, false
	}
	if h.Lost && !s.lost {
		s.lost = true
		from := c.engine.InputTime(in)
		if from > math.MinInt64+int64(c.cfg.Engine.Lateness) {
			from -= int64(c.cfg.Engine.Lateness)
		}
		c.darken(span{from: from, to: math.MaxInt64, input: in})
	}
}

// lagging reports whether records of a time may be missing for reasons of our own.
func (c *Correlator) lagging(from, to int64) bool {
	for _, b := range c.blind {
		if from <= b.to && to >= b.from {
			return true
		}
	}
	return false
}
