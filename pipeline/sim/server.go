package sim

import (
	"errors"
	"slices"
	"time"

	"github.com/logproc/logproc/rollup"
)

// server is the store's side of the network: what it keeps, and all that it ever kept. What it does with a
// commit is rollup.PartitionState's business, as in the stores themselves.
type server struct {
	w      *world
	id     string // of its content
	lives  int
	away   bool
	behind time.Duration // its clock
	shards map[rollup.TopicPartition]*shard
}

// shard is what is kept of one partition.
type shard struct {
	log     func() *log // that the topic has now
	current *version
	past    []*version // oldest first, without current
	falls   int        // how often it fell back
}

// version is what a shard was at one time. It is never changed.
type version struct {
	state    rollup.PartitionState
	counts   []uint64  // by the oracle's number of the cell
	chapters []chapter // what the oracle has to count for it
}

// chapter is a range of offsets of one log; an operator's decision begins another one.
type chapter struct {
	log      *log
	from, to int64
	lost     []rollup.Lost
}

var errAway = errors.New("the store is away")

func newServer(w *world) *server {
	return &server{w: w, id: "store-0", shards: map[rollup.TopicPartition]*shard{}}
}

func (s *server) shard(tp rollup.TopicPartition) *shard {
	d := s.shards[tp]
	if d == nil {
		d = &shard{log: func() *log { return s.w.topic.logs[tp.Partition] }, current: &version{}}
		s.shards[tp] = d
	}
	return d
}

// clone gives a copy to be changed.
func (v *version) clone() *version {
	c := &version{state: v.state, counts: slices.Clone(v.counts), chapters: slices.Clone(v.chapters)}
	c.state.Ledger = v.state.Ledger.Clone()
	return c
}

// put makes v the current version.
func (d *shard) put(v *version) {
	d.past = append(d.past, d.current)
	d.current = v
}

// claim answers a claim.
func (s *server) claim(tp rollup.TopicPartition) (rollup.Claim, error) {
	if s.away {
		return rollup.Claim{}, errAway
	}
	d := s.shard(tp)
	v := d.current.clone()
	c := v.state.Claim(s.now())
	if c.Fence <= d.current.state.Fence {
		s.w.violate("claim of %s: fence %d after %d", tp, c.Fence, d.current.state.Fence)
	}
	d.put(v)
	s.w.see("claim")
	s.w.note("store claim %s fence=%d known=%v offset=%d resume=%d", partitionOf(tp), c.Fence, c.Known, c.Offset, c.Resume)
	return c, nil
}

// commit answers a commit that a worker of h has sent.
func (s *server) commit(c *rollup.Commit, h *handle) (rollup.Result, error) {
	if s.away {
		return rollup.Result{}, errAway
	}
	d := s.shard(c.TopicPartition)
	v := d.current.clone()
	was := d.current.state
	r := s.decide(v, c)
	s.w.see("commit " + r.Outcome.String())
	if r.Foreign {
		s.w.see("commit already, by another")
	}
	s.w.note("store commit %s by %d fence=%d [%d,%d) resume=%d: %s %d", partitionOf(c.TopicPartition), h.process.number, c.Fence, c.Base, c.Next, c.Resume, r.Outcome, r.Offset)
	if r.Outcome != rollup.Committed {
		if s.w.plan.bug.increments && r.Outcome == rollup.Already {
			s.count(v, c)
			d.put(v)
			s.check(d)
		}
		return r, nil
	}
	if s.w.plan.bug.offsetFirst {
		sent := *c
		c.Counts = nil
		s.w.later(10*time.Millisecond, func() { s.countLater(&sent, h) })
	}
	s.count(v, c)
	if !was.Known {
		s.begin(v, c, h)
	}
	s.extend(v, c, h.log, was.Ledger.TopicID)
	d.put(v)
	s.check(d)
	return r, nil
}

// decide has the stores' own code decide, unless it is a bug's business.
func (s *server) decide(v *version, c *rollup.Commit) rollup.Result {
	if decide := s.w.plan.bug.decide; decide != nil {
		return decide(v, c)
	}
	return v.state.Commit(c, s.now())
}

func (s *server) now() time.Time { return time.Now().Add(-s.behind) }

// count adds the counts of a commit.
func (s *server) count(v *version, c *rollup.Commit) {
	for _, count := range c.Counts {
		k := key{service: count.Key.Service.String(), level: count.Key.Level.String(), msg: count.Key.Msg.String()}
		n := s.w.oracle.number(cell{k, count.Bucket})
		if over := n + 1 - len(v.counts); over > 0 {
			v.counts = append(v.counts, make([]uint64, over)...)
		}
		v.counts[n] += count.N
		switch count.Bucket {
		case rollup.BucketLate:
			s.w.see("late event")
		case rollup.BucketFuture:
			s.w.see("future event")
		}
	}
	if c.Resume < c.Next {
		s.w.see("fragment held over a commit")
	}
}

// countLater is the second half of a commit that is no atomic step.
func (s *server) countLater(c *rollup.Commit, h *handle) {
	if h.process.isDead() {
		return
	}
	d := s.shard(c.TopicPartition)
	v := d.current.clone()
	s.count(v, c)
	d.put(v)
	s.check(d)
}

// begin is the first commit of a shard that knew nothing.
func (s *server) begin(v *version, c *rollup.Commit, h *handle) {
	l := h.log
	v.chapters = append(v.chapters, chapter{log: l, from: c.Base, to: c.Base})
	switch {
	case h.copied.ok && h.copied.log == l && c.Base > h.copied.start:
		s.w.violate("%s begins at offset %d in a store that has lost everything, its group began at %d", c.TopicPartition, c.Base, h.copied.start)
	case !l.starts[c.Base] && l.began < 0:
		s.w.violate("%s begins at offset %d, which is no start that was given to it", c.TopicPartition, c.Base)
	}
	if l.began < 0 || c.Base < l.began {
		l.began = c.Base
	}
}

// extend takes a commit into what the oracle has to count.
func (s *server) extend(v *version, c *rollup.Commit, l *log, was rollup.TopicID) {
	last := &v.chapters[len(v.chapters)-1]
	if last.log != l && last.from == last.to && was == "" { // created again since an operator has decided
		last.log = l
		if l.began < 0 {
			l.began = last.from
		}
	}
	if last.log != l {
		s.w.violate("%s: counts of topic %s are added to those of %s", c.TopicPartition, l.id, last.log.id)
		return
	}
	last.to = v.state.Ledger.Offset
	if last.to > l.end() {
		s.w.violate("%s: counted up to %d, the log ends at %d", c.TopicPartition, last.to, l.end())
		last.to = l.end()
	}
	for _, lost := range c.Lost {
		s.w.see("lost " + string(lost.Reason))
		for offset := lost.First; offset <= lost.Last; offset++ {
			if offset < c.Base || offset >= c.Next || !l.isLost(offset) {
				s.w.violate("%s: offset %d is booked as lost by a commit of [%d,%d), and the log begins at %d", c.TopicPartition, offset, c.Base, c.Next, l.start)
				return
			}
		}
	}
	last.lost = append(slices.Clip(last.lost), c.Lost...)
	l.committed = max(l.committed, last.to)
	s.w.checkOutputs(last, c.Base)
}

// check compares a shard with the truth.
func (s *server) check(d *shard) {
	if wrong := s.w.oracle.check(d.current); wrong != "" {
		s.w.violate("%s: %s", d.current.state.Ledger.TopicPartition, wrong)
		s.w.dump(d.current)
	}
}

// setOffset is an operator's decision to go on at the beginning of the topic that is there now.
func (s *server) setOffset(tp rollup.TopicPartition, offset int64) {
	d := s.shard(tp)
	v := d.current.clone()
	if _, err := v.state.SetOffset(offset, s.now()); err != nil {
		s.w.violate("set offset of %s: %v", tp, err)
		return
	}
	l := d.log()
	v.chapters = append(v.chapters, chapter{log: l, from: offset, to: offset})
	d.put(v)
	if l.began < 0 || offset < l.began {
		l.began = offset
	}
	for i := offset; i < int64(len(l.shown)); i++ {
		l.shown[i].moved = true
	}
	s.w.see("operator's offset")
	s.w.note("store operator sets %s to %d of topic %s", partitionOf(tp), offset, l.id)
	s.check(d)
}

// partitions lists the shards in a fixed order.
func (s *server) partitions() []rollup.TopicPartition {
	var list []rollup.TopicPartition
	for i := range s.w.topic.logs {
		if tp := (rollup.TopicPartition{Topic: topicName, Partition: int32(i)}); s.shards[tp] != nil {
			list = append(list, tp)
		}
	}
	return list
}
