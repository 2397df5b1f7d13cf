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

	"github.com/logproc/logproc/internal/backoff"
	"github.com/logproc/logproc/rollup"
)

// progress is what a worker shows of its partition, published once per batch and per commit. It outlives
// the assignment, so that its counters never fall.
type progress struct {
	mu        sync.Mutex
	partition Partition
	assigned  bool
	err       error // why the partition stopped although it is ours
	storeErr  error // what the store answers just now
	next      int64 // where the worker reads
	offset    int64 // what is committed
	end       int64
	fetched   uint64
	discarded uint64
	// What is pending is counted by the worker, not derived, so that the balance proves something.
	uncommitted uint64 // records with an outcome
	held        uint64 // fragments without one
	outcomes    rollup.Outcomes
	lost        map[rollup.LostReason]uint64
	waiting     time.Time // since when there is something to do and nothing has moved; zero: all is well
	newest      int64     // the carrier's time of the last record
	shown       int64     // the high-water offset: everything below it has been in this process's metrics
	shownOf     rollup.TopicID
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
	// partition has not moved although there is something to do.
	LagTime, IdleTime time.Duration
	Stopped           bool  // it waits for an operator, or for the next start
	Err               error // why it stopped, or what is being retried just now
}

// Balanced reports whether every record that was fetched is accounted for.
func (s *Status) Balanced() bool { return s.Fetched == s.Outcomes.Total()+s.Discarded+s.Pending }

// assign gives the progress of a partition that is being taken over.
func (p *Pipeline) assign(part Partition) *progress {
	p.mu.Lock()
	defer p.mu.Unlock()
	g := p.partitions[part.ID()]
	if g == nil {
		g = &progress{lost: make(map[rollup.LostReason]uint64)}
		p.partitions[part.ID()] = g
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.partition, g.assigned, g.err, g.storeErr = part, true, nil, nil
	g.end, g.newest, g.waiting = -1, 0, p.cfg.Now()
	return g
}

// moveTo publishes a place that the worker has gone to, with nothing read yet. What it had read and not
// committed is thrown away.
func (g *progress) moveTo(offset, next int64, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.discardPending()
	g.offset, g.next, g.waiting = offset, next, now
}

func (g *progress) update(w *worker, b *Batch, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.fetched += w.fetched
	g.discarded += w.discarded
	g.uncommitted, g.held = w.outcomes.Total(), w.held
	if b.End >= 0 {
		g.end = b.End
	}
	g.next = w.next
	g.moved(now)
	if n := len(b.Messages); n > 0 {
		g.newest = b.Messages[n-1].Time
	}
}

// committed books a commit; shown is the high-water offset of the metrics, held is the number of fragments that stay pending.
func (g *progress) committed(c *rollup.Commit, shown int64, held uint64, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shown, g.shownOf = shown, c.TopicID
	g.offset, g.uncommitted, g.held = c.Next, 0, held
	g.next = max(g.next, c.Next)
	g.moved(now)
	g.outcomes.Add(c.Outcomes)
	for _, l := range c.Lost {
		g.lost[l.Reason] += uint64(l.Last - l.First + 1)
	}
}

// highWater gives the offset up to which this process has shown a topic; 0 for another one of that name.
func (g *progress) highWater(id rollup.TopicID) int64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shownOf != id {
		g.shown, g.shownOf = 0, id
	}
	return g.shown
}

// stop publishes why the partition waits for an operator, nil when it goes on.
func (g *progress) stop(err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.err = err
}

// storeTrouble publishes what the store answers, nil when it is well again.
func (g *progress) storeTrouble(err error, since time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if err != nil && g.storeErr == nil {
		g.waiting = since
	}
	g.storeErr = err
}

// finish books the end of the assignment: what is pending is left to the next owner.
func (g *progress) finish(err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.discardPending()
	g.assigned, g.err, g.storeErr = false, err, nil
}

func (g *progress) discardPending() {
	g.discarded += g.uncommitted + g.held
	g.uncommitted, g.held = 0, 0
}

// busy reports whether there is something to do as far as is known here. Held fragments wait for
// records that may never come.
func (g *progress) busy() bool { return g.end > g.next || g.uncommitted > 0 || g.storeErr != nil }

// behind reports whether records wait that were not read, or may wait.
func (g *progress) behind() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	source := g.partition.Stats()
	return max(g.end, source.End) > g.next || source.Err != nil || g.err != nil
}

// moved restarts the clock that tells idleness.
func (g *progress) moved(now time.Time) {
	g.waiting = time.Time{}
	if g.busy() {
		g.waiting = now
	}
}

func (g *progress) status(id rollup.TopicPartition, now time.Time) Status {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := Status{
		TopicPartition: id, TopicID: g.partition.TopicID(), Assigned: g.assigned,
		Offset: g.offset, Next: g.next, End: g.end,
		Fetched: g.fetched, Outcomes: g.outcomes, Discarded: g.discarded, Pending: g.uncommitted + g.held,
		Lost: maps.Clone(g.lost), Stopped: g.err != nil, Err: g.err,
	}
	if !g.assigned {
		return s
	}
	source := g.partition.Stats()
	s.End = max(s.End, source.End)
	if !s.Stopped {
		s.Err = errors.Join(g.storeErr, source.Err)
	}
	s.Lag = max(s.End-s.Offset, 0)
	// A partition that is at its end and has committed what it read waits for nobody. From the moment that
	// this is not so any more, it has something to do.
	busy := g.busy() || s.End > s.Next || s.Err != nil
	switch {
	case !busy:
		g.waiting = time.Time{}
	case g.waiting.IsZero():
		g.waiting = now
	}
	if busy {
		s.IdleTime = max(now.Sub(g.waiting), 0)
	}
	if s.End > s.Next && g.newest > 0 {
		s.LagTime = max(now.Sub(time.Unix(0, g.newest)), 0)
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

// Stalled names the partitions that have not moved for limit although there is something to do, and those
// that stopped; nil when all is well.
func (p *Pipeline) Stalled(limit time.Duration) error {
	var errs []error
	for _, s := range p.Status() {
		switch {
		case s.Stopped:
			errs = append(errs, fmt.Errorf("partition %s stopped: %w", s.TopicPartition, s.Err))
		case s.IdleTime > limit:
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
		if s.Stopped {
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
	for pause := (backoff.Backoff{Rand: p.cfg.Rand}); ; {
		err := p.cfg.Store.Counts(ctx, recent, func(c rollup.Count) error {
			p.budget.admit(c.Key)
			return nil
		})
		if err == nil {
			return nil
		}
		err = fmt.Errorf("read the known series from the store: %w", err)
		if !errors.Is(err, rollup.ErrAway) {
			return err
		}
		p.cfg.Logger.Warn("the store does not answer, trying again", "error", err)
		if !pause.Wait(ctx) {
			return err
		}
	}
}

// noMetrics is what shows nothing.
type noMetrics struct{}

func (noMetrics) Committed(*rollup.Commit, time.Duration) {}
func (noMetrics) Conflict(rollup.Outcome)                 {}
