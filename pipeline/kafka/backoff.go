package kafka

import (
	"context"
	"time"
)

// Limits of the pause between two tries.
const (
	backoffMin = 100 * time.Millisecond
	backoffMax = 10 * time.Second
)

// backoff gives growing pauses with jitter, so that many partitions do not come back at once.
type backoff struct {
	rand  func() float64
	tries int
}

// pause gives the next pause: between half of and the whole of a time that doubles.
func (b *backoff) pause() time.Duration {
	d := backoffMax
	if b.tries < 10 {
		d = min(backoffMin<<b.tries, backoffMax)
	}
	b.tries++
	return d/2 + time.Duration(b.rand()*float64(d/2))
}

// wait pauses, or gives false when ctx has ended.
func (b *backoff) wait(ctx context.Context) bool { return sleep(ctx, b.pause()) }

func (b *backoff) reset() { b.tries = 0 }

// sleep pauses, or gives false when ctx has ended.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}
