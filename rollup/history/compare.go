package history

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/rollup"
)

// comparer finds what has changed in a service and env.
type comparer struct {
	*ownerDays
	day     rollup.Date
	over    bool      // the day is over
	days    []float64 // scratch
	deviant []float64 // scratch
}

// compare fills the lists of what has changed.
func (c *comparer) compare(r *rollup.Report) {
	known := 0
	for back := 1; back <= NewDays; back++ {
		if c.present(back) {
			known++
		}
	}
	for _, row := range c.rows {
		switch {
		case row.n[0] == 0:
			if c.over && row.seen&1 == 0 {
				c.silent(row, r)
			}
		case known >= MinDays && row.seen&newMask == 0:
			r.NewKeys = append(r.NewKeys, rollup.NewKey{Msg: row.msg, Level: row.level, N: row.n[0]})
		case c.over:
			c.mover(row, r)
		}
	}
	slices.SortFunc(r.NewKeys, func(a, b rollup.NewKey) int {
		return cmp.Or(cmp.Compare(b.N, a.N), compareTexts(a.Msg, b.Msg))
	})
	slices.SortFunc(r.Silent, func(a, b rollup.SilentKey) int {
		return cmp.Or(b.Last.Compare(a.Last), cmp.Compare(b.Median, a.Median), compareTexts(a.Msg, b.Msg))
	})
	slices.SortFunc(r.Movers, func(a, b rollup.Mover) int {
		return cmp.Or(cmp.Compare(math.Abs(b.Score), math.Abs(a.Score)), compareTexts(a.Msg, b.Msg))
	})
}

// newMask has the bits of the days on which a new key was not seen.
const newMask = (1<<NewDays - 1) << 1

func compareTexts(a, b redact.Text) int { return strings.Compare(a.String(), b.String()) }

// weekday gives up to four days of a row, a week apart: day first, and those before it, scaled to the length of
// day to. The result is good until the next call.
func (c *comparer) weekday(row *row, first, to int) []float64 {
	c.days = c.days[:0]
	for d := first; d < span && len(c.days) < weeks; d += 7 {
		if c.present(d) {
			c.days = append(c.days, c.scaled(row, d, to))
		}
	}
	return c.days
}

func (c *comparer) mover(row *row, r *rollup.Report) {
	days := c.weekday(row, 7, 0)
	if len(days) < fewest {
		return
	}
	n, middle := float64(row.n[0]), median(days)
	if max(n, middle) < MoverRatio*min(n, middle) {
		return
	}
	if score(n, days, 1) < MoverScore && score(n, days, 1) > -MoverScore { // the usual case costs no spread
		return
	}
	if s := score(n, days, c.spread(row, 1)); math.Abs(s) >= MoverScore {
		r.Movers = append(r.Movers, rollup.Mover{Msg: row.msg, N: row.n[0], Median: middle, Score: s})
	}
}

// spread measures how much a key's days vary from the medians of their weekdays, in the four weeks that end with
// day newest.
func (c *comparer) spread(row *row, newest int) float64 {
	c.deviant = c.deviant[:0]
	for first := newest; first < newest+7; first++ {
		days := c.weekday(row, first, 0)
		if len(days) < fewest {
			continue
		}
		middle := level(median(days))
		for _, n := range days {
			c.deviant = append(c.deviant, level(n)-middle)
		}
	}
	if len(c.deviant) == 0 {
		return 1
	}
	return spread(c.deviant)
}

// silent lists a key that was not seen on the day, when enough of its events were to be expected since it was seen
// last: each day that it was silent counts with the median of its weekday. Days on which the service logged nothing
// say nothing, but for the day itself: others did log then.
func (c *comparer) silent(row *row, r *rollup.Report) {
	last := 1
	for last < span && row.seen>>last&1 == 0 {
		last++
	}
	if last == span {
		return
	}
	usual := c.spread(row, last) // more than 1 for a key that comes in bursts
	expected, reached, today := 0.0, -1, 0.0
	for back := last - 1; back >= 0; back-- {
		if back > 0 && !c.present(back) {
			continue
		}
		before := back + 7 // the first one of that weekday that is not part of the silence
		for before < last {
			before += 7
		}
		days := c.weekday(row, before, back)
		if len(days) < fewest {
			continue
		}
		middle := median(days)
		if back == 0 {
			today = middle
		}
		expected += middle
		if reached < 0 && expected >= SilentEvents*usual*usual {
			reached = back
		}
	}
	if reached < 0 || reached >= SilentDays {
		return
	}
	r.Silent = append(r.Silent, rollup.SilentKey{Msg: row.msg, Median: today, Last: c.day.AddDays(-last)})
}
