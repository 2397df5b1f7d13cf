// Package backoff pauses between tries at a Kafka broker.
package backoff

import (
	"context"
	"time"
)

// Limits of the pause between two tries.
const (
	Min = 100 * time.Millisecond
	Max = 10 * time.Second
)

// Backoff gives growing pauses with jitter, so that many partitions do not come back at once.
type Backoff struct {
	Rand  func() float64 // from 0 to below 1
	Tries int            // so far
}

// pause gives the next pause: between half of and the whole of a time that doubles.
func (b *Backoff) pause() time.Duration {
	d := Max
	if b.Tries < 10 {
		d = min(Min<<b.Tries, Max)
	}
	b.Tries++
	return d/2 + time.Duration(b.Rand()*float64(d/2))
}

// Wait pauses, or gives false when ctx has ended.
func (b *Backoff) Wait(ctx context.Context) bool { return Sleep(ctx, b.pause()) }

// Reset starts again with the shortest pause.
func (b *Backoff) Reset() { b.Tries = 0 }

// Sleep pauses, or gives false when ctx has ended.
func Sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}
