package otlp

import (
	"context"
	"time"

	"github.com/logproc/logproc/correlate"
	"github.com/logproc/logproc/internal/backoff"
	"github.com/logproc/logproc/internal/crash"
)

// run sends requests until Close.
func (e *Exporter) run(ctx context.Context) {
	defer close(e.ended)
	for {
		c, ok := e.next()
		if !ok {
			return
		}
		for _, s := range e.spans(c) {
			e.batch.add(&s)
			if e.batch.full() {
				e.send(ctx)
			}
		}
		if len(e.queue) == 0 { // while one batch is under way, the next one gathers in the queue
			e.send(ctx)
		}
	}
}

// next waits for a request; ok is false at the end, when none is left.
func (e *Exporter) next() (c *correlate.Closed, ok bool) {
	select {
	case c := <-e.queue:
		return c, true
	case <-e.stop:
	}
	select {
	case c := <-e.queue:
		return c, true
	default:
		return nil, false
	}
}

// spans makes the spans of a request. A panic is a defect of ours, which costs this request only.
func (e *Exporter) spans(c *correlate.Closed) (list []span) {
	defer func() {
		if recover() != nil {
			e.o.Logger.Error("defect: a request made the program panic; please report it", "at", crash.Site())
			e.stats.drop(defect, countSpans(c))
			list = nil
		}
	}()
	return spansOf(c)
}

// maxTries is how often a batch is tried again: for about four minutes. What makes a proxy fail each time must not keep
// all others waiting.
const maxTries = 35

// send sends the batch, again and again while that may help.
func (e *Exporter) send(ctx context.Context) {
	defer e.batch.reset()
	if e.batch.spans == 0 {
		return
	}
	pause := backoff.Backoff{Rand: e.o.Random}
	for ctx.Err() == nil {
		a := e.try(ctx)
		switch {
		case a.err == nil:
			rejected := min(uint64(max(a.rejected, 0)), e.batch.spans)
			e.stats.drop(rejectedSpans, rejected)
			e.stats.exported.Add(e.batch.spans - rejected)
			return
		case !a.again:
			e.stats.drop(rejectedSpans, e.batch.spans)
			return
		case pause.Tries >= maxTries:
			e.stats.drop(gaveUp, e.batch.spans)
			return
		case a.wait > 0:
			pause.Tries++
			backoff.Sleep(ctx, min(a.wait, maxWait))
		default:
			pause.Wait(ctx)
		}
	}
	e.stats.drop(shutDown, e.batch.spans)
}

// maxWait bounds how long a receiver can tell us to wait.
const maxWait = time.Minute

// try sends the batch once. The log tells of the first failure, and of the end of failures.
func (e *Exporter) try(ctx context.Context) answer {
	ctx, cancel := context.WithTimeout(ctx, e.o.Timeout)
	defer cancel()
	a := e.client.upload(ctx, e.batch.list)
	switch {
	case a.err != nil:
		e.stats.failures.Add(1)
		if !e.failing {
			e.o.Logger.Warn("spans are not accepted by the OTLP receiver", "error", a.err, "again", a.again)
		}
	case e.failing:
		e.o.Logger.Info("spans are accepted by the OTLP receiver again")
	}
	e.failing = a.err != nil
	return a
}
