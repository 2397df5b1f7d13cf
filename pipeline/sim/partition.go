package sim

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/logproc/logproc/pipeline"
	"github.com/logproc/logproc/rollup"
)

// handle is a partition that was assigned to a process. It implements pipeline.Partition, and is the actor who
// works on it: whatever is done for the partition draws from its random numbers.
type handle struct {
	process *process
	member  *member
	log     *log
	random  *rand.Rand
	atStart int64 // the copy of the offset as it was at the assignment; -1: none
	pos     int64

	// What its worker was told last, by which the outputs are judged.
	claim  rollup.Claim
	copied copiedView
	falls  int // of the store, when it answered the last commit
}

// copiedView is what a worker has learned from the copy of the offset.
type copiedView struct {
	ok     bool
	log    *log
	start  int64
	same   bool // it is of the store that the process talks to
	offset int64
}

// guard is the offset below which a worker must not show anything.
func (h *handle) guard() int64 {
	if c := h.copied; c.ok && c.same && c.log == h.log && h.claim.Known && h.claim.TopicID == h.log.id {
		return c.offset
	}
	return 0
}

func (h *handle) step(what string) error { return h.process.step(h.random, what) }

// pause takes time, and gives an error when it ends early.
func (h *handle) pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	case <-h.process.dead:
	}
	return h.ended(ctx)
}

func (h *handle) ended(ctx context.Context) error {
	h.process.moment(h.random)
	if h.process.isDead() {
		return errDead
	}
	return ctx.Err()
}

// ID implements pipeline.Partition.
func (h *handle) ID() rollup.TopicPartition { return h.log.tp }

// TopicID implements pipeline.Partition.
func (h *handle) TopicID() rollup.TopicID { return h.log.id }

// Start implements pipeline.Partition.
func (h *handle) Start(ctx context.Context) (start int64, err error) {
	if err := h.pause(ctx, between(h.random, time.Millisecond, 50*time.Millisecond)); err != nil {
		return 0, err
	}
	h.process.world.do(func() {
		if h.log.deleted {
			err = errChanged(h.log)
			return
		}
		start = h.log.start
		if h.process.world.plan.latest {
			start = h.log.end()
		}
		h.log.starts[start] = true
	})
	return start, err
}

// MoveTo implements pipeline.Partition.
func (h *handle) MoveTo(offset int64) { h.pos = offset }

// Next implements pipeline.Partition.
func (h *handle) Next(ctx context.Context) (b *pipeline.Batch, err error) {
	if err := h.step("before a fetch"); err != nil {
		return nil, err
	}
	for {
		if err := h.pause(ctx, between(h.random, time.Millisecond, 40*time.Millisecond)); err != nil {
			return nil, err
		}
		var more chan struct{}
		h.process.world.do(func() {
			b, err = h.read()
			more = h.log.more
		})
		if b != nil || err != nil {
			return b, err
		}
		select {
		case <-more:
		case <-ctx.Done():
		case <-h.process.dead:
		}
	}
}

func errChanged(l *log) error { return fmt.Errorf("read %s: %w", l.tp, pipeline.ErrTopicChanged) }

// read answers a fetch; nil when there is nothing new.
func (h *handle) read() (*pipeline.Batch, error) {
	l := h.log
	switch {
	case l.deleted:
		return nil, errChanged(l)
	case h.pos < l.start:
		return h.lost(l.start, rollup.LostRetention), nil
	case h.pos >= l.end():
		return nil, nil
	case l.records[h.pos].kind == corrupt:
		to := h.pos
		for to < l.end() && l.records[to].kind == corrupt {
			to++
		}
		return h.lost(to, rollup.LostCorrupt), nil
	}
	b := &pipeline.Batch{End: l.end(), Next: h.pos}
	from := h.pos
	if h.random.IntN(10) == 0 { // brokers answer with whole batches, which can begin earlier
		if from = max(l.start, from-h.random.Int64N(4)); from < h.pos {
			h.process.world.see("answer that begins earlier")
		}
	}
	for n := 1 + h.random.IntN(h.process.world.plan.batch); n > 0 && b.Next < l.end() && l.records[b.Next].kind != corrupt; n-- {
		b.Next++
	}
	h.fill(b, from)
	h.pos = b.Next
	return b, nil
}

func (h *handle) lost(to int64, reason rollup.LostReason) *pipeline.Batch {
	b := &pipeline.Batch{End: h.log.end(), Next: to, Lost: []rollup.Lost{{First: h.pos, Last: to - 1, Reason: reason}}}
	for offset := h.pos; offset < min(to, h.claim.Offset); offset++ {
		h.log.unread[offset] = true
	}
	h.pos = to
	return b
}

// fill puts the records from an offset on into a batch, in a buffer that is overwritten when it is given back.
func (h *handle) fill(b *pipeline.Batch, from int64) {
	for offset := from; offset < b.Next; offset++ {
		r := &h.log.records[offset]
		if r.kind == hole || r.kind == corrupt {
			continue
		}
		text := append(append(make([]byte, 0, len(r.key)+len(r.value)), r.key...), r.value...)
		b.Messages = append(b.Messages, pipeline.Message{
			Offset: offset, Time: r.time, Key: text[:len(r.key):len(r.key)], Value: text[len(r.key):], Size: len(r.value),
		})
	}
	b.Free = func() {
		for i := range b.Messages {
			for j := range b.Messages[i].Value {
				b.Messages[i].Value[j] = '~'
			}
		}
	}
}

// Committed implements pipeline.Partition.
func (h *handle) Committed(offset int64, note string) {
	if h.step("before the copy of the offset") == nil {
		h.member.note(h, offset, note)
	}
}

// Copied implements pipeline.Partition.
func (h *handle) Copied(ctx context.Context, beyond int64) (offset int64, note string, ok bool, err error) {
	h.copied = copiedView{}
	if h.atStart <= beyond {
		return 0, "", false, nil
	}
	if err := h.pause(ctx, between(h.random, time.Millisecond, 50*time.Millisecond)); err != nil {
		return 0, "", false, err
	}
	w := h.process.world
	if chance(h.random, w.plan.copies) && !w.isCalm() {
		w.do(func() { w.see("copy not read") })
		return 0, "", false, errTimeout
	}
	w.do(func() {
		c := w.group.copies[h.log.tp]
		offset, note, ok = c.offset, c.note, c.offset > beyond
		h.copied = copiedView{ok: ok, log: c.log, start: startOf(note), same: c.stateID == h.process.stateID, offset: offset}
	})
	return offset, note, ok, nil
}

// startOf reads from the note of a copy where counting began.
func startOf(note string) (start int64) {
	_, last, _ := strings.Cut(note, " start=")
	_, _ = fmt.Sscan(last, &start)
	return start
}

// Stats implements pipeline.Partition.
func (h *handle) Stats() pipeline.PartitionStats { return pipeline.PartitionStats{End: -1} }
