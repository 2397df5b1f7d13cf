package live

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/logproc/logproc/correlate"
	"github.com/logproc/logproc/internal/backoff"
	"github.com/logproc/logproc/rollup"
)

// giveOut stores what was closed and where the inputs are, and then shows it. When ctx ends before, nothing is shown,
// and it is tried again.
func (c *Correlator) giveOut(ctx context.Context) {
	if !c.dirty && len(c.closed) == 0 {
		return
	}
	if c.retry(ctx, "store timelines", func() error { return c.keep(ctx) }) != nil {
		return
	}
	if c.retry(ctx, "store the checkpoint", func() error { return c.save(ctx) }) != nil {
		return
	}
	if len(c.closed) > 0 && c.cfg.Shown != nil {
		c.cfg.Shown.Closed(c.closed)
	}
	c.export()
	c.closed, c.dirty = nil, false
}

// export hands on what is kept in full.
func (c *Correlator) export() {
	if c.cfg.Export == nil {
		return
	}
	for _, closed := range c.closed {
		if closed.Reasons != 0 {
			c.cfg.Export.Export(closed)
		}
	}
}

// putDocuments is how many documents are written in one step.
const putDocuments = 512

// keep stores the timelines that are to be kept.
func (c *Correlator) keep(ctx context.Context) error {
	var docs []rollup.Document
	expires := c.cfg.Now().Add(c.cfg.Keep)
	for _, closed := range c.closed {
		if closed.Reasons == 0 && !closed.Late && !c.cfg.KeepAll {
			continue
		}
		more, err := c.documents(ctx, closed)
		if err != nil {
			return err
		}
		for i := range more {
			more[i].Expires = expires
		}
		docs = append(docs, more...)
		if len(docs) >= putDocuments {
			if err := c.put(ctx, docs); err != nil {
				return err
			}
			docs = docs[:0]
		}
	}
	return c.put(ctx, docs)
}

func (c *Correlator) put(ctx context.Context, docs []rollup.Document) error {
	if len(docs) == 0 {
		return nil
	}
	if err := c.cfg.Store.PutDocuments(ctx, docs); err != nil {
		return fmt.Errorf("store %d documents: %w", len(docs), err)
	}
	return nil
}

// documents gives what is stored of a request: together with what is stored of it already, when it closed before.
func (c *Correlator) documents(ctx context.Context, closed *correlate.Closed) ([]rollup.Document, error) {
	key, ok := keyOf(closed.Timeline)
	if !ok {
		return nil, nil
	}
	before, err := c.cfg.Store.Document(ctx, requestPrefix+key)
	if err != nil {
		return nil, fmt.Errorf("read what is stored of a request: %w", err)
	}
	if before.Version == 0 && closed.Reasons == 0 && !c.cfg.KeepAll {
		return nil, nil // the rest of one that was not kept
	}
	whole := closed
	if before.Version > 0 {
		if earlier, err := correlate.ReadClosed(before.Value); err == nil {
			whole = merge(earlier, closed)
		}
	}
	docs := []rollup.Document{{Name: requestPrefix + key, Value: encode(whole)}}
	for _, name := range otherNames(whole.Timeline, key) {
		docs = append(docs, rollup.Document{Name: name})
	}
	return docs, nil
}

// encode gives a request's document. One that is too large loses its last events; its records stay counted.
func encode(c *correlate.Closed) []byte {
	for {
		value := correlate.AppendClosed(nil, c)
		if len(value) <= rollup.MaxDocumentValue || len(c.Events) == 0 {
			return value
		}
		shorter, timeline := *c, *c.Timeline
		timeline.Events = timeline.Events[:len(timeline.Events)/2]
		timeline.Calls = nil // others would be found among them
		shorter.Timeline = &timeline
		c = &shorter
	}
}

// retry tries until it succeeds or ctx ends. What can never succeed is given up, and said.
func (c *Correlator) retry(ctx context.Context, what string, f func() error) error {
	pause := backoff.Backoff{Rand: rand.Float64}
	for {
		err := f()
		switch {
		case err == nil:
			c.stats.trouble(nil)
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, rollup.ErrStep):
			c.cfg.Logger.Error("correlation: given up, as trying again cannot help: "+what, "error", err)
			return nil
		case pause.Tries == 0 && !errors.Is(err, errSwapped):
			c.cfg.Logger.Warn("correlation: trying again: "+what, "error", err)
		}
		c.stats.trouble(err)
		if !pause.Wait(ctx) {
			return ctx.Err()
		}
	}
}
