package kafka

import (
	"context"
	"sync"
)

// budget bounds the bytes that are fetched or unpacked and not yet released, over all partitions.
//
// Answers wait in line for it. What a partition unpacks to go on goes first, and one partition at a
// time may overdraw for that if it holds no other batch: else all of the budget could be taken by
// answers that wait to be unpacked, and nothing would ever move.
type budget struct {
	mu        sync.Mutex
	max, used int64
	overdrawn *claim   // who may take more than there is
	urgent    []*claim // unpacking
	normal    []*claim // fetching
}

// claim is a number of bytes taken from a budget.
type claim struct {
	n         int64
	overdraws bool
	ready     chan struct{} // closed when the claim is granted
}

func newBudget(max int64) *budget { return &budget{max: max} }

// takeForAnswer waits until n bytes are free. More than the whole budget counts as the whole.
func (b *budget) takeForAnswer(ctx context.Context, n int64) (*claim, error) {
	return b.take(ctx, &claim{n: min(n, b.max), ready: make(chan struct{})}, &b.normal)
}

// takeForBatch does the same for a batch to unpack; alone tells that its partition holds no other.
func (b *budget) takeForBatch(ctx context.Context, n int64, alone bool) (*claim, error) {
	return b.take(ctx, &claim{n: min(n, b.max), overdraws: alone, ready: make(chan struct{})}, &b.urgent)
}

func (b *budget) take(ctx context.Context, c *claim, line *[]*claim) (*claim, error) {
	b.mu.Lock()
	*line = append(*line, c)
	b.grant()
	b.mu.Unlock()
	select {
	case <-c.ready:
		return c, nil
	default:
	}
	select {
	case <-c.ready:
		return c, nil
	case <-ctx.Done():
		b.giveUp(c)
		return nil, ctx.Err()
	}
}

// giveUp takes a claim out of its line, or back if it was granted just now.
func (b *budget) giveUp(c *claim) {
	b.mu.Lock()
	defer b.mu.Unlock()
	select {
	case <-c.ready:
		b.free(c)
	default:
		b.urgent, b.normal = without(b.urgent, c), without(b.normal, c)
	}
	b.grant()
}

// resize corrects a claim that was an estimate. It does not wait: the bytes are there already.
func (b *budget) resize(c *claim, n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.used += n - c.n
	c.n = n
	b.grant()
}

// release gives a claim's bytes back.
func (b *budget) release(c *claim) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.free(c)
	b.grant()
}

func (b *budget) free(c *claim) {
	b.used -= c.n
	if b.overdrawn == c {
		b.overdrawn = nil
	}
}

// grant serves the lines in order, the urgent one first.
func (b *budget) grant() {
	for len(b.urgent) > 0 {
		i := b.nextUrgent()
		if i < 0 {
			break
		}
		c := b.urgent[i]
		b.urgent = without(b.urgent, c)
		b.used += c.n
		close(c.ready)
	}
	for len(b.normal) > 0 && !b.blocked() && b.fits(b.normal[0]) {
		c := b.normal[0]
		b.normal = without(b.normal, c)
		b.used += c.n
		close(c.ready)
	}
}

// nextUrgent finds the first claim that fits, else the first that may overdraw.
func (b *budget) nextUrgent() int {
	if b.fits(b.urgent[0]) {
		return 0
	}
	if b.overdrawn != nil {
		return -1
	}
	for i, c := range b.urgent {
		if c.overdraws {
			b.overdrawn = c
			return i
		}
	}
	return -1
}

// blocked tells whether a partition waits to unpack that holds nothing else. (One that holds a batch
// and asks for more waits for itself, and shall not hold up the others.)
func (b *budget) blocked() bool {
	for _, c := range b.urgent {
		if c.overdraws {
			return true
		}
	}
	return false
}

func (b *budget) fits(c *claim) bool { return b.used == 0 || b.used+c.n <= b.max }

// inUse gives the bytes that are taken just now.
func (b *budget) inUse() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.used
}

func without(line []*claim, c *claim) []*claim {
	for i := range line {
		if line[i] == c {
			return append(line[:i], line[i+1:]...)
		}
	}
	return line
}
