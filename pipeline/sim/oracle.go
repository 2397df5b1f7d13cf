package sim

import (
	"fmt"
	"slices"
	"time"

	"github.com/logproc/logproc/rollup"
)

// oracle knows what each record counts as. It adds up whole logs anew, by a reading of the rules of its own, and
// believes nothing that a worker says but which records were lost, after having looked.
type oracle struct {
	cells  map[cell]int
	names  []cell
	sums   sums     // reused
	groups []*group // reused
}

// key is what an event is counted by.
type key struct{ service, level, msg string }

// cell is a key in a bucket.
type cell struct {
	key
	bucket rollup.Bucket
}

// unreadable is the cell of all lines that could not be read, whatever their time.
const unreadable = 0

func newOracle() *oracle {
	o := &oracle{cells: map[cell]int{}}
	o.number(cell{key: key{msg: rollup.MsgUnparsed}})
	return o
}

func (o *oracle) number(c cell) int {
	if c.msg == rollup.MsgUnparsed {
		c = cell{key: key{msg: rollup.MsgUnparsed}}
	}
	n, known := o.cells[c]
	if !known {
		n = len(o.names)
		o.cells[c] = n
		o.names = append(o.names, c)
	}
	return n
}

func (o *oracle) cellsOf(k key, event time.Time) cells {
	return cells{
		normal: o.number(cell{k, rollup.BucketOf(event.UnixNano())}),
		late:   o.number(cell{k, rollup.BucketLate}), future: o.number(cell{k, rollup.BucketFuture}),
	}
}

// sums are what records add up to. Fragments that were held when records after them were lost may or may not
// have been given up before somebody else read on, so that there is a range of what is right.
type sums struct {
	counts           []uint64
	maybe            []uint64 // that may be counted as well
	counted, perhaps uint64
	deadMin, deadMax uint64
	skipMin, skipMax uint64
	newest           int64
	at               int64  // the carrier's time of the last record
	vague            bool   // newest is of another topic
	missing          []bool // by offset, of the chapter at hand
}

// group is a split record of which not all fragments were read.
type group struct {
	stream, split, index int // of its newest fragment
	parts                uint64
	whole                bool  // so far: nothing is missing, nothing is of another record
	maybe                bool  // a worker that took over could not read all of it any more
	line                 int64 // of its newest fragment
}

// idle is after how many lines without another fragment a split record is given up.
const idle = 40

// truth adds up all chapters of a partition's history.
func (o *oracle) truth(chapters []chapter) *sums {
	s := &o.sums
	*s = sums{counts: zeros(s.counts, len(o.names)), maybe: zeros(s.maybe, len(o.names)), missing: s.missing}
	for i := range chapters {
		s.vague = i > 0
		o.add(s, &chapters[i])
	}
	return s
}

func zeros(s []uint64, n int) []uint64 {
	s = slices.Grow(s[:0], n)[:n]
	clear(s)
	return s
}

// add adds up the records of one chapter.
func (o *oracle) add(s *sums, c *chapter) {
	s.missing = slices.Grow(s.missing[:0], int(c.to))[:c.to]
	clear(s.missing)
	for _, l := range c.lost {
		for offset := l.First; offset <= l.Last; offset++ {
			s.missing[offset] = true
		}
	}
	o.groups = o.groups[:0]
	line := int64(0)
	for offset := c.from; offset < c.to; offset++ {
		r := &c.log.records[offset]
		if s.missing[offset] {
			o.giveUpAll(s)
			continue
		}
		if r.kind != hole {
			line++
			s.at = r.time
			o.giveUpIdle(s, line)
			o.read(s, r, line)
		}
		if c.log.unread[offset] { // a loss to whoever read it again: what it held is given up
			for _, g := range o.groups {
				g.maybe = true
			}
		}
	}
}

func (o *oracle) read(s *sums, r *record, line int64) {
	i := slices.IndexFunc(o.groups, func(g *group) bool { return g.stream == r.stream })
	switch r.kind {
	case whole:
		s.count(r)
	case bad:
		s.dead(r.time)
	case part:
		if i < 0 {
			o.groups = append(o.groups, &group{stream: r.stream, split: r.split, index: -1, whole: true})
			i = len(o.groups) - 1
		}
		g := o.groups[i]
		g.whole = g.isNext(r)
		g.parts, g.index, g.line = g.parts+1, r.index, line
	case last:
		if i < 0 {
			s.dead(r.time)
			return
		}
		g := o.groups[i]
		o.groups = slices.Delete(o.groups, i, i+1)
		switch {
		case g.maybe:
			s.skipMax += g.parts
			s.maybe[s.place(r)]++
			s.perhaps++
			s.deadMax += 1 + g.parts
		case g.isNext(r):
			s.skipMin, s.skipMax = s.skipMin+g.parts, s.skipMax+g.parts
			s.count(r)
		default:
			s.skipMin, s.skipMax = s.skipMin+g.parts, s.skipMax+g.parts
			s.dead(r.time)
		}
	}
}

// isNext tells whether a fragment goes on where a whole group ends.
func (g *group) isNext(r *record) bool { return g.whole && g.split == r.split && g.index+1 == r.index }

// giveUpIdle gives up what has waited too long for its rest.
func (o *oracle) giveUpIdle(s *sums, line int64) {
	o.groups = slices.DeleteFunc(o.groups, func(g *group) bool {
		if line-g.line <= idle {
			return false
		}
		s.giveUp(g)
		return true
	})
}

// giveUpAll is what a loss does: the rest of what is held may be in it.
func (o *oracle) giveUpAll(s *sums) {
	for _, g := range o.groups {
		s.giveUp(g)
	}
	o.groups = o.groups[:0]
}

func (s *sums) giveUp(g *group) {
	s.deadMax += g.parts
	if !g.maybe {
		s.deadMin += g.parts
		s.newest = max(s.newest, s.at)
	}
}

// count counts an event. Whether one that is late among the first of a topic that was created again is taken for
// late depends on how much of the former topic the store still knows.
func (s *sums) count(r *record) {
	s.counted++
	if s.vague && r.event < r.time-int64(horizon.Retention) {
		s.maybe[r.cells.late]++
		s.maybe[r.cells.normal]++
		return
	}
	s.counts[s.place(r)]++
}

// place gives the cell that an event belongs to.
func (s *sums) place(r *record) int {
	switch {
	case r.event > r.time+int64(horizon.Skew):
		return r.cells.future
	case r.event >= s.newest:
		s.newest = r.event
	case r.event < s.newest-int64(horizon.Retention):
		return r.cells.late
	}
	s.vague = false
	return r.cells.normal
}

func (s *sums) dead(at int64) {
	s.newest, s.vague = max(s.newest, at), false
	s.deadMin++
	s.deadMax++
}

// check compares what is stored of a partition with the truth; empty when it is that.
func (o *oracle) check(v *version) string {
	want, got := o.truth(v.chapters), &v.state.Ledger
	dead := uint64(0)
	for i := range want.counts {
		n := uint64(0)
		if i < len(v.counts) {
			n = v.counts[i]
		}
		if i == unreadable {
			dead = n
		} else if truth := want.counts[i]; n < truth || n > truth+want.maybe[i] {
			return fmt.Sprintf("%d events of %v are counted below offset %d, there are %d", n, o.names[i], got.Offset, truth)
		}
	}
	out := got.Outcomes
	switch {
	case dead < want.deadMin || dead > want.deadMax:
		return fmt.Sprintf("%d unreadable lines are counted below offset %d, there are %d to %d", dead, got.Offset, want.deadMin, want.deadMax)
	case out.Counted < want.counted || out.Counted > want.counted+want.perhaps || out.DeadLettered != dead || out.Skipped < want.skipMin || out.Skipped > want.skipMax:
		return fmt.Sprintf("the ledger has %d counted, %d dead-lettered and %d skipped below offset %d; there are %d, %d and %d to %d",
			out.Counted, out.DeadLettered, out.Skipped, got.Offset, want.counted, dead, want.skipMin, want.skipMax)
	}
	return o.checkLost(want, v)
}

// checkLost compares the ranges that are booked as lost. Those of a topic that was created again are booked with those
// of the former one, so that they are only looked at before.
func (o *oracle) checkLost(want *sums, v *version) string {
	lost, booked := uint64(0), uint64(0)
	for _, missing := range want.missing {
		if missing {
			lost++
		}
	}
	for _, n := range v.state.Ledger.LostOffsets {
		booked += n
	}
	if len(v.chapters) == 1 && lost != booked {
		return fmt.Sprintf("%d offsets are booked as lost, %d were", booked, lost)
	}
	return ""
}
