// Package live runs an Engine inside a process: it takes observations from the workers, closes requests as their
// partitions go on, and stores what is to be kept.
//
// One goroutine owns the engine. Workers hand observations over in batches and wait while it is behind, so that memory
// stays bounded. Every so often what was closed is given out, in this order: first the timelines are stored, then a
// checkpoint of all inputs in one step, then the metrics grow. A crash in between repeats what was stored, with the
// same names, and never what was shown.
package live

import (
	"context"
	"log/slog"
	"time"

	"github.com/logproc/logproc/correlate"
	"github.com/logproc/logproc/rollup"
)

// Config says how a Correlator works. Store and Group are needed; for the rest, zero values mean the defaults given.
type Config struct {
	Engine correlate.Config // its Lagging is the Correlator's own
	Store  rollup.Documents
	// Group names the checkpoint: processes that share the work have one in common.
	Group string
	// Keep is how long a timeline is kept (default 7 days).
	Keep time.Duration
	// KeepAll keeps ids, times, services and verdicts of every other request too. It costs two or more documents for
	// each.
	KeepAll bool
	// Interval is how often what was closed is given out (default 1s).
	Interval time.Duration
	// Shown is told of closed requests once they are stored; nil for nobody.
	Shown Shown
	// Export takes requests that are kept in full, to show them elsewhere; nil for nobody.
	Export Exporter
	// Logger is told of trouble with the store and of ids that stand for too much (default: discard).
	Logger *slog.Logger
	Now    func() time.Time // default: time.Now
}

// Shown is told of closed requests once they are stored: metrics, exports. It must not block, and may keep what it is
// given, which must not be changed any more.
type Shown interface {
	Closed(closed []*correlate.Closed)
}

// Exporter takes requests once they are stored; after a crash some come again. It must not block, and may keep what it
// is given, which must not be changed any more.
type Exporter interface {
	Export(closed *correlate.Closed)
}

func (c *Config) setDefaults() {
	if c.Keep <= 0 {
		c.Keep = 7 * 24 * time.Hour
	}
	if c.Interval <= 0 {
		c.Interval = time.Second
	}
	if c.Engine.Lateness <= 0 {
		c.Engine.Lateness = time.Minute
	}
	if c.Engine.MaxAge <= 0 {
		c.Engine.MaxAge = time.Hour
	}
	if c.Engine.Limits.Events <= 0 {
		c.Engine.Limits.Events = 256
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
}

// queued is how many batches may wait for the engine.
const queued = 4

// Correlator owns an engine. Its methods are safe for concurrent use.
type Correlator struct {
	cfg   Config
	work  chan func(ctx context.Context) // done by the goroutine of Run, one after the other
	stats published
	ended chan struct{} // closed when Run is over

	// What follows belongs to the goroutine of Run.
	engine  *correlate.Engine
	inputs  map[correlate.Input]*source
	changed time.Time // when the inputs last changed
	dirty   bool      // something was added since the last checkpoint
	closed  []*correlate.Closed
	blind   []span
	warned  time.Time
}

// New makes a Correlator; nothing runs yet.
func New(cfg Config) *Correlator {
	cfg.setDefaults()
	c := &Correlator{
		cfg: cfg, work: make(chan func(context.Context), queued), ended: make(chan struct{}),
		inputs: make(map[correlate.Input]*source),
	}
	cfg.Engine.Lagging = c.lagging
	c.engine = correlate.NewEngine(cfg.Engine)
	return c
}

// Run works until ctx ends. What was closed and is not stored by then is found again at the next start.
func (c *Correlator) Run(ctx context.Context) {
	defer close(c.ended)
	tick := time.NewTicker(c.cfg.Interval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case f := <-c.work:
			f(ctx)
		case <-tick.C:
			c.tick(ctx)
		}
	}
}

// do has the goroutine of Run do something, and waits for it when asked to.
func (c *Correlator) do(ctx context.Context, wait bool, f func(ctx context.Context)) error {
	var done chan struct{}
	if wait {
		inner := f
		done = make(chan struct{})
		f = func(ctx context.Context) { inner(ctx); close(done) }
	}
	select {
	case c.work <- f:
	case <-ctx.Done():
		return ctx.Err()
	case <-c.ended:
		return errEnded
	}
	if !wait {
		return nil
	}
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-c.ended:
		return errEnded
	}
}

// tick does what time brings.
func (c *Correlator) tick(ctx context.Context) {
	c.reach()
	c.advance()
	c.giveOut(ctx)
	c.publish()
}

// settle is how long the engine waits for further inputs before it closes anything: those of a start or of a
// rebalance come one after the other.
const settle = 2 * time.Second

// maxClosed is how many closed requests wait before they are given out ahead of time.
const maxClosed = 4096

func (c *Correlator) advance() {
	if c.cfg.Now().Sub(c.changed) >= settle {
		c.engine.Advance(c.close)
	}
}

// close takes a closed request from the engine.
func (c *Correlator) close(closed *correlate.Closed) {
	c.closed = append(c.closed, closed)
	c.offender(closed)
}

// offenderPause is between two warnings of ids that stand for too much.
const offenderPause = time.Minute

// offender names an id that far too many records have: one that is shared, or is no id at all.
func (c *Correlator) offender(closed *correlate.Closed) {
	const many = 100
	if closed.Records < many*c.cfg.Engine.Limits.Events || c.cfg.Now().Sub(c.warned) < offenderPause {
		return
	}
	c.warned = c.cfg.Now()
	name := ""
	if names := append(closed.Requests, closed.Traces...); len(names) > 0 {
		name = names[0].Text.String()
	}
	c.cfg.Logger.Warn("an id is shared by too many records to be of one request; only the first of them are kept",
		"id", name, "records", closed.Records, "kept", len(closed.Events))
}

// Finish closes all requests when all inputs are read to their end, as at the end of the data, and stores what is to
// be kept. Call it when the workers are done.
func (c *Correlator) Finish(ctx context.Context) error {
	return c.do(ctx, true, func(ctx context.Context) {
		for _, s := range c.inputs {
			if !s.ended {
				return
			}
		}
		c.engine.Flush(c.close)
		c.dirty = true
		c.giveOut(ctx)
		c.publish()
	})
}
