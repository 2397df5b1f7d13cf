package pipeline

import (
	"context"
	"errors"
	"time"

	"github.com/logproc/logproc/internal/backoff"
	"github.com/logproc/logproc/parse"
	"github.com/logproc/logproc/rollup"
)

// retry calls f until it succeeds or ctx ends, and then gives f's last error. While it waits nothing is
// fetched: a store that is away holds the source back instead of losing records.
func retry[T any](ctx context.Context, w *worker, what string, f func() (T, error)) (T, error) {
	defer w.progress.storeTrouble(nil, time.Time{})
	for attempt := 0; ; attempt++ {
		value, err := f()
		if err == nil {
			if attempt > 0 {
				w.cfg.Logger.Info("the store answers again", "after", what, "attempts", attempt+1)
			}
			return value, nil
		}
		if ctx.Err() != nil || errors.Is(err, rollup.ErrStep) || errors.Is(err, rollup.ErrCorrupt) { // it will not pass
			return value, err
		}
		if attempt == 0 { // once, not once per try
			w.cfg.Logger.Error("the store does not take it, trying again", "what", what, "error", err)
			w.progress.storeTrouble(err, w.cfg.Now())
		}
		if !backoff.Sleep(ctx, w.backoff(attempt)) {
			return value, err
		}
	}
}

// backoff gives the pause before try attempt+1: doubling from 50 ms to 5 s, with up to half of it taken
// off at random, so that many workers do not come back at once.
func (w *worker) backoff(attempt int) time.Duration {
	d := min(50*time.Millisecond<<min(attempt, 10), 5*time.Second)
	return d - time.Duration(w.cfg.Rand()*float64(d/2))
}

func (p *Pipeline) newParser() *parse.Parser {
	parser, err := parse.New(p.cfg.Parse)
	if err != nil {
		panic(err) // New has checked the same options
	}
	return parser
}
