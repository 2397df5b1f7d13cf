package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/logproc/logproc/rollup"
)

// progress is what a worker shows of its partition, published once per batch and per commit. It outlives
// the assignment, so that its counters never fall.
type progress struct {
	mu        sync.Mutex
	partition Partition
	assigned  bool
	err       error
	next      int64 // where the worker reads
	offset    int64 // what is committed
	end       int64
	fetched   uint64
	discarded uint64
	outcomes  rollup.Outcomes
	lost      map[rollup.LostReason]uint64
	moved     time.Time // when next last moved, or everything was read
	newest    int64     // the carrier's time of the newest record
}

// Status is a look at one partition.
type Status struct {
	rollup.TopicPartition
	TopicID  rollup.TopicID
	Assigned bool
	Offset   int64 // committed: the next offset to count
	Next     int64 // the next offset to read
	End      int64 // the newest known end of the log; -1 when unknown
	Lag      int64 // records between Offset and End at most; 0 when unknown
	// Fetched = Counted + DeadLettered + Skipped + Discarded + Pending, since the program started.
	Fetched   uint64
	Outcomes  rollup.Outcomes
	Discarded uint64 // read, and thrown away uncommitted to be read again (rebalance, store behind)
	Pending   uint64 // read and not committed yet
	Lost      map[rollup.LostReason]uint64
	// LagTime is the age of the newest record that was read, while more wait; IdleTime is how long the
	// partition has not moved although records wait.
	LagTime, IdleTime time.Duration
	Err               error // why it stopped, or what its source retries just now
}

// assign gives the progress of a partition that is being taken over.
func (p *Pipeline) assign(part Partition) *progress {
	p.mu.Lock()
	defer p.mu.Unlock()
	g := p.partitions[part.ID()]
	if g == nil {
		g = &progress{end: -1, lost: make(map[rollup.LostReason]uint64)}
		p.partitions[part.ID()] = g
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.partition, g.assigned, g.err, g.moved = part, true, nil, p.cfg.Now()
	return g
}

func (g *progress) update(w *worker, b *Batch, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.fetched += w.fetched
	g.discarded += w.discarded
	if b.End >= 0 {
		g.end = b.End
	}
	if w.next > g.next || w.next >= g.end {
		g.moved = now
	}
	g.next = w.next
	if n := len(b.Messages); n > 0 {
		g.newest = max(g.newest, b.Messages[n-1].Time)
	}
}

func (g *progress) committed(c *rollup.Commit) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.offset = c.Next
	g.next = max(g.next, c.Next)
	g.outcomes.Add(c.Outcomes)
	for _, l := range c.Lost {
		g.lost[l.Reason] += uint64(l.Last - l.First + 1)
	}
}

// discardPending books what was read and not committed as thrown away.
func (g *progress) discardPending() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.discarded += g.pending()
}

func (g *progress) pending() uint64 { return g.fetched - g.outcomes.Total() - g.discarded }

func (g *progress) finish(err error) {
	g.discardPending()
	g.mu.Lock()
	defer g.mu.Unlock()
	g.assigned, g.err = false, err
}

func (g *progress) status(id rollup.TopicPartition, now time.Time) Status {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := Status{
		TopicPartition: id, TopicID: g.partition.TopicID(), Assigned: g.assigned,
		Offset: g.offset, Next: g.next, End: g.end,
		Fetched: g.fetched, Outcomes: g.outcomes, Discarded: g.discarded, Pending: g.pending(),
		Lost: maps.Clone(g.lost), Err: g.err,
	}
	source := g.partition.Stats()
	s.End = max(s.End, source.End)
	if s.Err == nil {
		s.Err = source.Err
	}
	if s.End > s.Offset {
		s.Lag = s.End - s.Offset
	}
	if s.End > s.Next || s.Err != nil {
		s.IdleTime = max(now.Sub(g.moved), 0)
		if g.newest > 0 {
			s.LagTime = max(now.Sub(time.Unix(0, g.newest)), 0)
		}
	}
	return s
}

// Status gives every partition that this process has or had, ordered by topic and partition.
func (p *Pipeline) Status() []Status {
	now := p.cfg.Now()
	p.mu.Lock()
	all := maps.Clone(p.partitions)
	p.mu.Unlock()
	list := make([]Status, 0, len(all))
	for id, g := range all {
		list = append(list, g.status(id, now))
	}
	slices.SortFunc(list, func(a, b Status) int {
		return cmp.Or(cmp.Compare(a.Topic, b.Topic), cmp.Compare(a.Partition, b.Partition))
	})
	return list
}

// Stalled names the partitions that have not moved for limit although records wait, and those that
// stopped; nil when all is well.
func (p *Pipeline) Stalled(limit time.Duration) error {
	var errs []error
	for _, s := range p.Status() {
		switch {
		case s.Err != nil && !s.Assigned:
			errs = append(errs, fmt.Errorf("partition %s stopped: %w", s.TopicPartition, s.Err))
		case s.Assigned && s.IdleTime > limit:
			err := fmt.Errorf("partition %s has not moved for %s at offset %d (end %d)", s.TopicPartition, s.IdleTime.Round(time.Second), s.Next, s.End)
			if s.Err != nil {
				err = fmt.Errorf("%w: %w", err, s.Err)
			}
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// stopped gives the errors of the partitions that ended before their end.
func (p *Pipeline) stopped() error {
	var errs []error
	for _, s := range p.Status() {
		if s.Err != nil {
			errs = append(errs, s.Err)
		}
	}
	return errors.Join(errs...)
}

// admitStored fills the budget with the series of today and yesterday, so that after a restart the same
// keys are admitted as before.
func (p *Pipeline) admitStored(ctx context.Context) error {
	now := p.cfg.Now()
	recent := rollup.Query{From: rollup.BucketOf(now.Add(-48 * time.Hour).UnixNano()), To: rollup.BucketOf(now.Add(24 * time.Hour).UnixNano())}
	err := p.cfg.Store.Counts(ctx, recent, func(c rollup.Count) error {
		p.budget.admit(c.Key)
		return nil
	})
	if err != nil {
		return fmt.Errorf("read the known series from the store: %w", err)
	}
	return nil
}

// noMetrics is what shows nothing.
type noMetrics struct{}

func (noMetrics) Committed(*rollup.Commit, time.Duration) {}
func (noMetrics) Conflict(rollup.Outcome)                 {}
