package sim

import (
	"context"
	"slices"
	"time"

	"github.com/logproc/logproc/pipeline"
	"github.com/logproc/logproc/rollup"
)

// Bug is a defect that is planted to prove that the simulation finds it. The zero value is none.
type Bug struct {
	Name string

	// Of the store.
	decide      func(v *version, c *rollup.Commit) rollup.Result
	increments  bool // counts of a commit that is tried again are added again
	offsetFirst bool // the offset is stored first, the counts follow

	// Of what a worker uses. Those of the worker itself have a name only.
	claim  func(h *handle, c *rollup.Claim)
	commit func(h *handle, c *rollup.Commit, send func() (rollup.Result, error)) (rollup.Result, error)
	handle func(h *handle) pipeline.Partition

	unacknowledged bool // of the redacted topic: records count as written before they are acknowledged
}

// Bugs lists the bugs that this build can plant.
func Bugs() []Bug {
	return slices.Concat(storeBugs(), clientBugs(), partitionBugs(), workerBugs())
}

func storeBugs() []Bug {
	return []Bug{
		{Name: "skip the compare", decide: func(v *version, c *rollup.Commit) rollup.Result {
			if v.state.Known {
				v.state.Ledger.Offset = c.Base
			}
			return v.state.Commit(c, time.Now())
		}},
		{Name: "skip the fence", decide: func(v *version, c *rollup.Commit) rollup.Result {
			unfenced := *c
			unfenced.Fence = max(c.Fence, v.state.Fence)
			return v.state.Commit(&unfenced, time.Now())
		}},
		{Name: "a retry is a new increment", increments: true},
		{Name: "store the offset first, then the counts", offsetFirst: true},
	}
}

func clientBugs() []Bug {
	alter := func(f func(*rollup.Commit)) func(*handle, *rollup.Commit, func() (rollup.Result, error)) (rollup.Result, error) {
		return func(_ *handle, c *rollup.Commit, send func() (rollup.Result, error)) (rollup.Result, error) {
			f(c)
			return send()
		}
	}
	return []Bug{
		{Name: "ignore a conflict", commit: func(_ *handle, c *rollup.Commit, send func() (rollup.Result, error)) (rollup.Result, error) {
			r, err := send()
			if r.Outcome != rollup.Fenced {
				r = rollup.Result{Outcome: rollup.Committed, Offset: c.Next}
			}
			return r, err
		}},
		{Name: "show before the commit", commit: func(h *handle, c *rollup.Commit, send func() (rollup.Result, error)) (rollup.Result, error) {
			h.process.world.do(func() { h.show(c.Base, c.Next) })
			return send()
		}},
		{Name: "forget held fragments", commit: alter(func(c *rollup.Commit) { c.Resume = c.Next })},
		{Name: "do not book what is lost", commit: alter(func(c *rollup.Commit) { c.Lost = nil })},
		{Name: "a first commit from anywhere", commit: alter(func(c *rollup.Commit) { c.Known = false })},
		{Name: "stop when fenced", commit: func(_ *handle, _ *rollup.Commit, send func() (rollup.Result, error)) (rollup.Result, error) {
			r, err := send()
			if err == nil && r.Outcome == rollup.Fenced {
				err = errDead
			}
			return r, err
		}},
		{Name: "trust Kafka's offset", claim: func(h *handle, c *rollup.Claim) {
			h.process.world.do(func() {
				if copied, ok := h.process.world.group.copies[h.log.tp]; ok && c.Known && copied.log == h.log {
					c.Offset, c.Resume = copied.offset, copied.offset
				}
			})
		}},
		{Name: "forget the newest event", claim: func(_ *handle, c *rollup.Claim) { c.Newest = 0 }},
	}
}

func partitionBugs() []Bug {
	return []Bug{
		{Name: "follow latest after a lost store", handle: func(h *handle) pipeline.Partition {
			return deafTo{h, func(known bool) bool { return !known }}
		}},
		{Name: "ignore what others have shown", handle: func(h *handle) pipeline.Partition {
			return deafTo{h, func(known bool) bool { return known }}
		}},
		{Name: "do not wait for the redacted topic", unacknowledged: true},
		{Name: "take any topic of that name", handle: func(h *handle) pipeline.Partition { return anyTopic{h} }},
	}
}

// deafTo is a partition whose copy of the offset is not listened to.
type deafTo struct {
	*handle
	deaf func(known bool) bool
}

func (p deafTo) Copied(ctx context.Context, beyond int64) (offset int64, note string, ok bool, err error) {
	offset, note, ok, err = p.handle.Copied(ctx, beyond)
	return offset, note, ok && !p.deaf(p.claim.Known), err
}

// anyTopic is a partition that does not tell its topic's id.
type anyTopic struct{ *handle }

func (anyTopic) TopicID() rollup.TopicID { return "" }

// partition gives the partition that a worker with the bug uses.
func (b *Bug) partition(h *handle) pipeline.Partition {
	if b.handle == nil {
		return h
	}
	return b.handle(h)
}

// store gives the store that a process with the bug uses.
func (b *Bug) store(s rollup.Store, p *process) rollup.Store {
	if b.claim == nil && b.commit == nil {
		return s
	}
	return &wrongStore{Store: s, bug: b, process: p}
}

type wrongStore struct {
	rollup.Store
	bug     *Bug
	process *process
}

func (s *wrongStore) Claim(ctx context.Context, tp rollup.TopicPartition) (rollup.Claim, error) {
	c, err := s.Store.Claim(ctx, tp)
	if s.bug.claim != nil && err == nil {
		s.bug.claim(s.process.handle(tp), &c)
	}
	return c, err
}

func (s *wrongStore) Commit(ctx context.Context, c *rollup.Commit) (rollup.Result, error) {
	send := func() (rollup.Result, error) { return s.Store.Commit(ctx, c) }
	if s.bug.commit == nil {
		return send()
	}
	return s.bug.commit(s.process.handle(c.TopicPartition), c, send)
}
