package live

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/logproc/logproc/correlate"
	"github.com/logproc/logproc/rollup"
)

// errEnded is the answer when Run is over.
var errEnded = errors.New("correlation has ended")

// Assignment is a partition that a worker has taken over.
type Assignment struct {
	rollup.TopicPartition
	TopicID rollup.TopicID
	// Source tells inputs apart that come through one partition, each with a time of its own; empty for the only one.
	Source string
	Resume int64        // where it is read from when no checkpoint says otherwise
	Fence  rollup.Fence // of the worker's claim: an older owner's checkpoint does not replace that of a newer one
	// Behind reports whether records of the partition wait that were not handed over yet. It is called now and then
	// and must not block.
	Behind func() bool
}

// key names the assignment in the checkpoint.
func (a *Assignment) key() string {
	if a.Source == "" {
		return a.String()
	}
	return a.String() + sourceSeparator + a.Source
}

// sourceSeparator cannot be part of a topic's name.
const sourceSeparator = "<"

// Observed is an observation of the record at an offset.
type Observed struct {
	Offset int64
	correlate.Observation
}

// Handover is what a worker has read since its last one.
type Handover struct {
	Observed []Observed // in the order of their offsets; taken over
	Next     int64      // everything below it was observed
	Lost     bool       // records were lost before the end of it
}

// Input is where one worker hands its observations over. It belongs to one goroutine.
type Input struct {
	c        *Correlator
	in       correlate.Input
	readFrom int64
	free     chan []Observed
}

// source is what the goroutine of Run knows of an input.
type source struct {
	Assignment
	ended  bool
	named  time.Time // when the last observation came
	any    time.Time // when the last handover came
	latest int64     // event time of the last observation
	lost   bool      // the next observation shows where a loss ends
	stall  bool      // it was passed over because it does not move
}

// Open begins with a partition, where the checkpoint says that its last owner was.
func (c *Correlator) Open(ctx context.Context, a Assignment) (*Input, error) {
	i := &Input{c: c, free: make(chan []Observed, queued+1)}
	var err error
	failed := c.do(ctx, true, func(ctx context.Context) { err = c.open(ctx, a, i) })
	if err = errors.Join(failed, err); err != nil {
		return nil, fmt.Errorf("begin to correlate %s: %w", a.TopicPartition, err)
	}
	return i, nil
}

func (c *Correlator) open(ctx context.Context, a Assignment, i *Input) error {
	from, err := c.load(ctx, a)
	if err != nil {
		return err
	}
	c.changed = c.cfg.Now()
	i.in = c.engine.ResumeInput(from.InputCheckpoint)
	i.readFrom = from.ReadFrom
	c.inputs[i.in] = &source{Assignment: a, named: c.changed, any: c.changed}
	if from.Fresh {
		// Stored before the first record is counted: else a crash could leave it counted and forgotten.
		return c.retry(ctx, "store the checkpoint", func() error { return c.save(ctx) })
	}
	return nil
}

// ReadFrom gives the offset from which the partition has to be read, so that open requests come back. It may be
// below or above Assignment.Resume.
func (i *Input) ReadFrom() int64 { return i.readFrom }

// HandOver hands over what was read, waiting while the engine is behind, and gives an empty slice for the next
// observations. An error means that ctx, or the Correlator, has ended: nothing was taken.
func (i *Input) HandOver(ctx context.Context, h Handover) ([]Observed, error) {
	if err := i.c.do(ctx, false, func(ctx context.Context) { i.c.take(ctx, i, h) }); err != nil {
		return h.Observed, err
	}
	select {
	case free := <-i.free:
		return free, nil
	default:
		return make([]Observed, 0, cap(h.Observed)), nil
	}
}

// take does a handover.
func (c *Correlator) take(ctx context.Context, i *Input, h Handover) {
	s := c.inputs[i.in]
	s.any = c.cfg.Now()
	if n := len(h.Observed); n > 0 {
		for o := range h.Observed {
			c.engine.Add(i.in, h.Observed[o].Offset, &h.Observed[o].Observation, c.close)
		}
		s.named, s.latest, c.dirty = s.any, h.Observed[n-1].Time, true
	}
	c.engine.Skip(i.in, h.Next)
	c.seen(i.in, s, h)
	clear(h.Observed)
	select {
	case i.free <- h.Observed[:0]:
	default:
	}
	c.advance()
	if len(c.closed) >= maxClosed {
		c.giveOut(ctx)
	}
}

// Flush has nothing to do: what was handed over is read again after a crash, until it is given out.
func (i *Input) Flush(context.Context) error { return nil }

// End says that the partition has come to its end for good. Its requests stay open for those of other partitions.
func (i *Input) End() {
	_ = i.c.do(context.Background(), false, func(context.Context) { i.c.inputs[i.in].ended = true })
}

// Close gives the partition up: somebody else goes on with it, from a checkpoint that is stored now if the store lets
// it in time.
func (i *Input) Close(ctx context.Context) {
	_ = i.c.do(ctx, true, func(run context.Context) {
		i.c.giveOut(ctx)
		i.c.engine.RemoveInput(i.in)
		delete(i.c.inputs, i.in)
		i.c.blind = slices.DeleteFunc(i.c.blind, func(b span) bool { return b.input == i.in && b.to == math.MaxInt64 })
		i.c.changed = i.c.cfg.Now()
		i.c.publish()
	})
}
