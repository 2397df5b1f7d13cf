package kafka

import (
	"context"
	"errors"
	"fmt"

	"github.com/logproc/logproc/internal/backoff"
	"github.com/logproc/logproc/pipeline"
	"github.com/logproc/logproc/rollup"
)

// reading is a goroutine that reads a partition ahead from an offset: while the caller works on an
// answer, the one after it is fetched and waits. It ends with its context or after an error that it
// hands over.
type reading struct {
	results chan result
	cancel  context.CancelFunc
	done    chan struct{}
}

// result is what a fetch came to: one of the three.
type result struct {
	answer answer
	lost   *rollup.Lost // what retention took; reading goes on after it
	err    error        // the end
}

// startReading begins a reading. The caller stops it.
func (p *partition) startReading(at position) *reading {
	ctx, cancel := context.WithCancel(p.ctx)
	r := &reading{results: make(chan result), cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(r.done)
		defer cancel()
		r.run(ctx, p, at)
	}()
	return r
}

// stop ends the reading and waits for it, so that nothing is left behind.
func (r *reading) stop() {
	r.cancel()
	<-r.done
}

// hand gives a result to the caller, or drops it when the reading is stopped.
func (r *reading) hand(ctx context.Context, res result) bool {
	select {
	case r.results <- res:
		return true
	case <-ctx.Done():
		if res.answer != nil {
			res.answer.drop()
		}
		return false
	}
}

func (r *reading) run(ctx context.Context, p *partition, at position) {
	f := p.newFetcher()
	defer f.close()
	pause := backoff.Backoff{Rand: p.src.cfg.Rand}
	judge := rangeJudge{p: p}
	for ctx.Err() == nil {
		a, err := f.fetch(ctx, at)
		var res result
		idle := false
		switch {
		case err == nil:
			p.wellAt(a.end())
			judge = rangeJudge{p: p}
			if a.empty() && !p.src.cfg.UntilEnd {
				a.drop()
				pause.Reset()
				continue
			}
			idle = a.after().offset == at.offset && !a.empty() // for an empty one the broker has waited
			res, at = result{answer: a}, a.after()
		default:
			res, at = p.recover(ctx, &judge, at, err)
			if res == (result{}) {
				if !pause.Wait(ctx) {
					return
				}
				continue
			}
		}
		if !r.hand(ctx, res) || res.err != nil {
			return
		}
		if !idle {
			pause.Reset()
		} else if !pause.Wait(ctx) { // an answer that brings nobody on must not be asked for without a pause
			return
		}
	}
}

// recover decides what to do after an error: end with it, tell of a loss and go on elsewhere, or (with an
// empty result) try again at the position it gives.
func (p *partition) recover(ctx context.Context, judge *rangeJudge, at position, err error) (result, position) {
	var out *rangeError
	if errors.As(err, &out) {
		var res result
		if res, at, err = judge.decide(ctx, at); err == nil {
			return res, at
		}
	}
	switch {
	case ctx.Err() != nil:
		return result{err: ctx.Err()}, at
	case errors.Is(err, pipeline.ErrTruncated), errors.Is(err, pipeline.ErrTopicChanged):
		return result{err: err}, at
	}
	if fatal := asFatal(err); fatal != nil {
		return result{err: fatal}, at
	}
	if p.ill(err) {
		return result{err: gaveUp(err, p.src.cfg.GiveUp)}, at
	}
	return result{}, at
}

// rangeJudge decides what it means that a broker does not have an offset. Beyond the end it asks twice,
// by fresh metadata, since a broker that is no longer the leader may not have the newest records.
type rangeJudge struct {
	p      *partition
	beyond int
}

func (j *rangeJudge) decide(ctx context.Context, at position) (result, position, error) {
	b, pl, err := j.p.src.cluster.bounds(ctx, j.p.tp, j.p.serial())
	j.p.sawSerial(pl.serial)
	if err != nil {
		return result{}, at, err
	}
	if err := pl.checkSame(j.p.tp, j.p.id); err != nil {
		return result{}, at, err
	}
	switch {
	case at.offset < b.start:
		j.p.src.cfg.Logger.Warn("records were deleted before they were read", "partition", j.p.tp.String(),
			"first", at.offset, "last", b.start-1)
		lost := &rollup.Lost{First: at.offset, Last: b.start - 1, Reason: rollup.LostRetention}
		return result{lost: lost}, position{offset: b.start, lastEpoch: -1}, nil
	case at.offset <= b.end:
		// It has come within range, or the broker has forgotten the epoch that we asked to compare.
		return result{}, position{offset: at.offset, lastEpoch: -1}, nil
	}
	if j.beyond++; j.beyond < 2 {
		return result{}, at, nil
	}
	err = fmt.Errorf("read %s at offset %d: %w: it ends at offset %d", j.p.tp, at.offset, pipeline.ErrTruncated, b.end)
	return result{}, at, err
}

// locate finds the leader, by fresh metadata when the last try failed.
func (p *partition) locate(ctx context.Context) (place, error) {
	pl, err := p.src.cluster.place(ctx, p.tp, p.serial())
	p.sawSerial(pl.serial) // whatever makes us ask again may be that this is out of date
	if err != nil {
		return pl, err
	}
	return pl, pl.checkSame(p.tp, p.id)
}
