package exchange

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/logproc/logproc/correlate/live"
	"github.com/logproc/logproc/pipeline"
	"github.com/logproc/logproc/rollup"
)

// Reader brings what is in the topic to an engine.
type Reader struct {
	Source pipeline.Source
	Engine *live.Correlator
	Now    func() time.Time
	// DrainTimeout is how long a partition that is taken away may take for its last checkpoint.
	DrainTimeout time.Duration
	Logger       *slog.Logger

	unread atomic.Uint64
}

// Unread gives the number of records of the topic that were not understood, and left out.
func (r *Reader) Unread() uint64 { return r.unread.Load() }

// Run reads until ctx ends or the source does.
func (r *Reader) Run(ctx context.Context) error {
	if err := r.Source.Run(ctx, r.work); err != nil {
		return fmt.Errorf("read the correlation topic: %w", err)
	}
	return nil
}

// work does one partition.
func (r *Reader) work(ctx context.Context, p pipeline.Partition) {
	if err := r.read(ctx, p); err != nil && ctx.Err() == nil {
		r.Logger.Error("correlation topic: partition stopped", "partition", p.ID().String(), "error", err)
	}
}

func (r *Reader) read(ctx context.Context, p pipeline.Partition) error {
	start, err := p.Start(ctx)
	if err != nil {
		return fmt.Errorf("find the start of %s: %w", p.ID(), err)
	}
	t := &taker{r: r, p: p, sources: make(map[rollup.TopicPartition]*source)}
	defer func() { t.close(ctx) }()
	from, err := t.resume(ctx, start)
	if err != nil {
		return err
	}
	p.MoveTo(from)
	for {
		batch, err := p.Next(ctx)
		if errors.Is(err, io.EOF) {
			t.end()
			return nil
		}
		if err != nil {
			return err
		}
		err = t.take(ctx, batch)
		batch.Release()
		if err != nil {
			return err
		}
		p.Committed(t.next.Load(), "")
	}
}

// leaveOut counts a record that is not understood, and says so of the first.
func (r *Reader) leaveOut(p pipeline.Partition, offset int64, err error) {
	if r.unread.Add(1) == 1 {
		r.Logger.Error("correlation topic: a record is left out", "partition", p.ID().String(), "offset", offset, "error", err)
	}
}
