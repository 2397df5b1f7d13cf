// Package sourcetest is the conformance suite of pipeline.Source: what every source must do, whatever it
// reads from.
//
// A test of a source implements Log and calls Run.
package sourcetest

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/logproc/logproc/pipeline"
)

// Record is what a test writes.
type Record struct {
	Key   []byte
	Value []byte // nil is a tombstone, for logs that have them
	Time  time.Time
}

// Options say how a source reads.
type Options struct {
	UntilEnd bool
	Latest   bool      // start behind what is there
	Since    time.Time // start at the first record of this time or later, unless zero
}

// Log is an empty log of Partitions partitions under test.
type Log interface {
	// Append writes records to a partition, as one batch where the log has batches.
	Append(t testing.TB, partition int32, records ...Record)
	// Source makes a source that reads the whole log.
	Source(t testing.TB, o Options) pipeline.Source
}

// Partitions is the number of partitions a Log has.
const Partitions = 2

// Suite is the conformance suite for one kind of source.
type Suite struct {
	// Log makes an empty log.
	Log func(t testing.TB) Log
	// Tombstones tells that the log keeps records without a value, EmptyValues that the source tells them
	// from empty ones, Keys that the log keeps keys and times.
	Tombstones, EmptyValues, Keys bool
	// Endless tells that a source without UntilEnd waits for more at the end.
	Endless bool
	// StartAt tells that a source can begin at the end or at a time.
	StartAt bool
}

// patience bounds every wait of the suite.
const patience = 30 * time.Second

// Run runs the suite.
func (s Suite) Run(t *testing.T) {
	t.Run("order and completeness", s.testOrder)
	t.Run("many small batches", s.testSmallBatches)
	t.Run("move to", s.testMoveTo)
	t.Run("resume inside of a batch", s.testResume)
	t.Run("keys, times and tombstones", s.testContent)
	t.Run("empty log", s.testEmpty)
	t.Run("release in any order", s.testReleaseOrder)
	t.Run("work that ends early", s.testEarlyEnd)
	t.Run("cancelled", s.testCancel)
	if s.Endless {
		t.Run("waits for more", s.testWaits)
		t.Run("cancelled while waiting", s.testCancelWaiting)
		t.Run("deadline while waiting", s.testDeadline)
	}
	if s.StartAt {
		t.Run("start latest", s.testLatest)
		t.Run("start at a time", s.testSince)
	}
}

// RunSource runs a source with work until Run returns, and fails the test on an error or when it takes
// too long.
func RunSource(t testing.TB, src pipeline.Source, work func(ctx context.Context, p pipeline.Partition)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := src.Run(ctx, work); err != nil {
		t.Fatalf("Run: %v", err)
	}
	if ctx.Err() != nil {
		t.Fatal("Run did not come to an end in time")
	}
}

// Got is a copy of a message.
type Got struct {
	Offset int64
	Time   int64
	Key    string
	Value  string
	Nil    bool
}

// Copy copies a message, which is not valid beyond its batch.
func Copy(m pipeline.Message) Got {
	return Got{Offset: m.Offset, Time: m.Time, Key: string(m.Key), Value: string(m.Value), Nil: m.Value == nil}
}

// Collect reads a partition from an offset to its end and checks what every batch must keep to.
func Collect(ctx context.Context, t testing.TB, p pipeline.Partition, from int64) []Got {
	t.Helper()
	p.MoveTo(from)
	var all []Got
	at := from
	for {
		b, err := p.Next(ctx)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Errorf("%s: Next at %d: %v", p.ID(), at, err)
			return all
		}
		CheckBatch(t, p, b, at)
		for _, m := range b.Messages {
			all = append(all, Copy(m))
		}
		at = b.Next
		p.Committed(at, "")
		b.Release()
	}
}

// CheckBatch checks a batch that was read at an offset.
func CheckBatch(t testing.TB, p pipeline.Partition, b *pipeline.Batch, at int64) {
	t.Helper()
	if b.Next <= at {
		t.Errorf("%s: batch at %d leads to %d, which is no progress", p.ID(), at, b.Next)
	}
	previous := at - 1
	for _, m := range b.Messages {
		if m.Offset <= previous || m.Offset >= b.Next {
			t.Errorf("%s: offset %d after %d in a batch that ends before %d", p.ID(), m.Offset, previous, b.Next)
		}
		previous = m.Offset
	}
	for _, l := range b.Lost {
		if l.First > l.Last || l.Last >= b.Next {
			t.Errorf("%s: lost %d to %d in a batch that ends before %d", p.ID(), l.First, l.Last, b.Next)
		}
	}
	if b.End >= 0 && b.End < b.Next {
		t.Errorf("%s: the end %d is below the batch's end %d", p.ID(), b.End, b.Next)
	}
}
