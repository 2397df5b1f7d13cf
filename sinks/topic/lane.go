package topic

import (
	"context"
	"time"
)

// lane is a Writer's way to one partition of the topic: one open batch, and sealed ones that are sent one
// after the other, which keeps their order.
type lane struct {
	w         *Writer
	partition int32
	open      *batch
	ill       time.Time // since when a batch is being tried again; used by run only

	// Guarded by w.mu.
	queue   []*batch
	running bool
}

// reserve takes room for a record in the open batch.
func (l *lane) reserve(ctx context.Context, r *record) error {
	need := int64(r.bound())
	if l.open != nil && int64(len(l.open.raw))+need <= l.open.claim {
		return nil
	}
	return l.reserveMore(ctx, need)
}

// reserveMore enlarges the open batch's claim. When there is no room, all that is open is sent, because
// room comes only from acknowledgements.
func (l *lane) reserveMore(ctx context.Context, need int64) error {
	p := l.w.p
	if l.open != nil {
		more := (int64(len(l.open.raw)) + need - l.open.claim + grain - 1) / grain * grain
		if l.open.claim+more <= p.o.MaxInFlight && p.tryTake(more) {
			l.open.claim += more
			return nil
		}
		if err := l.w.sealAll(); err != nil {
			return err
		}
	}
	claim := min((need+grain-1)/grain*grain, p.o.MaxInFlight)
	if !p.tryTake(claim) {
		if err := l.w.sealAll(); err != nil {
			return err
		}
		if err := p.take(ctx, claim); err != nil {
			return err
		}
	}
	l.open = p.newBatch()
	l.open.claim = claim
	return nil
}

// bound is at least what the record takes in a batch.
func (r *record) bound() int {
	n := 64 + len(r.key) + len(r.value) + len(r.source) + len(SourceHeader) + len(r.encoded)
	for i := range r.headers {
		n += 20 + len(r.headers[i].Name) + len(r.headers[i].Value)
	}
	return n
}

// seal hands the open batch on to be sent.
func (l *lane) seal() error {
	w, b := l.w, l.open
	l.open = nil
	w.turn = (w.turn + 1) % w.p.partitions
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.failed != nil {
		w.p.recycle(b)
		return w.failed
	}
	w.pending++
	l.queue = append(l.queue, b)
	if !l.running {
		l.running = true
		w.work.Go(l.run)
	}
	return nil
}

// run sends what is queued and ends when there is nothing left.
func (l *lane) run() {
	for {
		b := l.next()
		if b == nil {
			return
		}
		err := l.deliver(l.w.ctx, b)
		l.w.p.recycle(b)
		if err != nil {
			l.recover()
			l.w.fail(err)
			continue // to drop the rest
		}
		l.w.acknowledged()
	}
}

// next takes the next batch, or gives nil and lets the lane rest.
func (l *lane) next() *batch {
	l.w.mu.Lock()
	defer l.w.mu.Unlock()
	if l.w.failed != nil {
		for _, b := range l.queue {
			l.w.p.recycle(b)
		}
		l.queue = nil
	}
	if len(l.queue) == 0 {
		l.running = false
		return nil
	}
	b := l.queue[0]
	copy(l.queue, l.queue[1:])
	l.queue[len(l.queue)-1] = nil
	l.queue = l.queue[:len(l.queue)-1]
	return b
}

// acknowledged counts a batch off.
func (w *Writer) acknowledged() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.pending--; w.pending == 0 {
		w.wake()
	}
}

func (p *Publisher) newBatch() *batch {
	b, _ := p.free.Get().(*batch)
	if b == nil {
		return &batch{}
	}
	b.raw, b.count, b.stamped = b.raw[:0], 0, false
	return b
}

// recycle gives a batch's room back and keeps its memory.
func (p *Publisher) recycle(b *batch) {
	if b.claim > 0 {
		p.giveBack(b.claim)
		b.claim = 0
	}
	if cap(b.raw) <= largestKept {
		p.free.Put(b)
	}
}
