package exchange

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/logproc/logproc/correlate/live"
	"github.com/logproc/logproc/pipeline"
	"github.com/logproc/logproc/rollup"
)

// taker takes the batches of one partition. Each source partition that it holds records of is an input of its own: they
// are read at different speeds, so that only each for itself tells how far it is.
type taker struct {
	r       *Reader
	p       pipeline.Partition
	sources map[rollup.TopicPartition]*source
	told    time.Time    // when all inputs were told how far the partition is read
	next    atomic.Int64 // for behind, which others call
}

// source is what comes of one source partition.
type source struct {
	input *live.Input
	last  place
	buf   []live.Observed
}

// resume opens the inputs that the checkpoint knows, and gives where to read from.
func (t *taker) resume(ctx context.Context, start int64) (from int64, err error) {
	known, err := t.r.Engine.Sources(ctx, t.p.ID())
	if err != nil {
		return 0, err
	}
	from = start
	for i, text := range known {
		tp, ok := parseSource(text)
		if !ok {
			continue
		}
		s, err := t.open(ctx, tp, start)
		if err != nil {
			return 0, err
		}
		if at := s.input.ReadFrom(); i == 0 || at < from {
			from = at
		}
	}
	return from, nil
}

// open begins with a source partition.
func (t *taker) open(ctx context.Context, tp rollup.TopicPartition, at int64) (*source, error) {
	input, err := t.r.Engine.Open(ctx, live.Assignment{
		TopicPartition: t.p.ID(), TopicID: t.p.TopicID(), Source: tp.String(), Resume: at, Behind: t.behind,
	})
	if err != nil {
		return nil, fmt.Errorf("source %s: %w", tp, err)
	}
	s := &source{input: input, last: place{offset: -1}}
	t.sources[tp] = s
	return s, nil
}

// parseSource reads a source partition as it is in the checkpoint: topic/partition.
func parseSource(text string) (tp rollup.TopicPartition, ok bool) {
	at := strings.LastIndexByte(text, '/')
	if at < 0 {
		return tp, false
	}
	n, err := strconv.ParseInt(text[at+1:], 10, 32)
	return rollup.TopicPartition{Topic: text[:at], Partition: int32(n)}, err == nil
}

// behind reports whether records wait that were not handed over yet.
func (t *taker) behind() bool {
	s := t.p.Stats()
	return s.End < 0 || s.End > t.next.Load() || s.Err != nil
}

func (t *taker) take(ctx context.Context, b *pipeline.Batch) error {
	for i := range b.Messages {
		m := &b.Messages[i]
		from, observation, err := readRecord(m.Value)
		if err != nil {
			t.r.leaveOut(t.p, m.Offset, err)
			continue
		}
		s := t.sources[from.TopicPartition]
		if s == nil {
			if s, err = t.open(ctx, from.TopicPartition, m.Offset); err != nil {
				return err
			}
		}
		if from.after(s.last) { // else it was written twice
			s.last = from
			s.buf = append(s.buf, live.Observed{Offset: m.Offset, Observation: observation})
		}
	}
	return t.handOver(ctx, b)
}

// tellAfter is how often inputs of which nothing comes are told how far the partition is read.
const tellAfter = time.Second

func (t *taker) handOver(ctx context.Context, b *pipeline.Batch) (err error) {
	now := t.r.Now()
	all := now.Sub(t.told) >= tellAfter || len(b.Lost) > 0
	for _, s := range t.sources {
		if len(s.buf) == 0 && !all {
			continue
		}
		if s.buf, err = s.input.HandOver(ctx, live.Handover{Observed: s.buf, Next: b.Next, Lost: len(b.Lost) > 0}); err != nil {
			return err
		}
	}
	if all {
		t.told = now
	}
	t.next.Store(b.Next)
	return nil
}

// end says that the partition is read to its end for good.
func (t *taker) end() {
	for _, s := range t.sources {
		s.input.End()
	}
	clear(t.sources)
}

// close gives the partition up.
func (t *taker) close(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), t.r.DrainTimeout)
	defer cancel()
	for _, s := range t.sources {
		s.input.Close(ctx)
	}
}
