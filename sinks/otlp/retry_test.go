package otlp

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	tracepb "go.opentelemetry.io/proto/slim/otlp/trace/v1"

	"github.com/logproc/logproc/correlate"
)

// refuser answers every upload in the same way.
type refuser struct {
	answer answer
	times  []time.Time
}

func (r *refuser) upload(context.Context, []*tracepb.ResourceSpans) answer {
	r.times = append(r.times, time.Now())
	return r.answer
}

func (*refuser) close() error { return nil }

// TestOneBatchIsNotTriedForEver runs in simulated time.
func TestOneBatchIsNotTriedForEver(t *testing.T) {
	for name, test := range map[string]struct {
		wait        time.Duration
		first, last time.Duration // bounds of the first pause, and of all
	}{
		"back-off":             {0, 100 * time.Millisecond, 6 * time.Minute},
		"as the receiver asks": {20 * time.Second, 20 * time.Second, 12 * time.Minute},
		"but not for ever":     {24 * time.Hour, maxWait, 36 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := &refuser{answer: answer{err: errors.New("away"), again: true, wait: test.wait}}
				e := start(Options{Random: func() float64 { return 1 }}.withDefaults(), r)
				e.Export(&correlate.Closed{Timeline: &correlate.Timeline{}, Reasons: correlate.Slow})
				time.Sleep(time.Hour)
				synctest.Wait()
				if n := e.stats.dropped[gaveUp].Load(); n != 1 || len(r.times) != maxTries+1 {
					t.Fatalf("%d spans given up after %d tries", n, len(r.times))
				}
				if first, all := r.times[1].Sub(r.times[0]), r.times[maxTries].Sub(r.times[0]); first != test.first || all > test.last {
					t.Errorf("the first pause was %s, all were %s", first, all)
				}
				if err := e.Close(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}
