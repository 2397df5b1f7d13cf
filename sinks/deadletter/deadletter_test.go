package deadletter_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/logproc/logproc/parse"
	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/rollup"
	"github.com/logproc/logproc/sinks/deadletter"
)

var epoch = time.Date(2019, 9, 24, 12, 0, 0, 0, time.UTC)

func letter(partition int32, offset int64, reason parse.Reason) rollup.DeadLetter {
	return rollup.DeadLetter{TopicPartition: rollup.TopicPartition{Topic: "logs", Partition: partition}, Offset: offset,
		Time: epoch.Add(-time.Hour), Reason: reason, Service: redact.Const("ctrl"), Size: 17}
}

func lettersOf(partition int32, reason parse.Reason, from, n int64) (list []rollup.DeadLetter) {
	for i := range n {
		list = append(list, letter(partition, from+i, reason))
	}
	return list
}

// memory is a writer that keeps what it gets, or fails.
type memory struct {
	mu      sync.Mutex
	entries []deadletter.Entry
	err     error
	closed  int
}

func (m *memory) Write(_ context.Context, entries []deadletter.Entry) error {
	if !m.mu.TryLock() {
		return errors.New("two writes at the same time")
	}
	defer m.mu.Unlock()
	if m.err == nil {
		m.entries = append(m.entries, entries...)
	}
	return m.err
}

func (m *memory) Close() error { m.closed++; return m.err }

func newLetters(o deadletter.Options) *deadletter.Letters {
	o.Now = func() time.Time { return epoch }
	return deadletter.New(o)
}

func TestFloodsAreCutShort(t *testing.T) {
	var m memory
	l := newLetters(deadletter.Options{Writers: []deadletter.Writer{&m}, PerReason: 3})
	var flood []rollup.DeadLetter
	for i := range int64(10) {
		flood = append(flood, letter(1, i, parse.NotJSON), letter(2, 100+i, parse.NotJSON))
	}
	flood = append(flood, letter(1, 50, parse.TooLong))
	if err := l.Write(t.Context(), flood); err != nil {
		t.Fatal(err)
	}
	full, left := 0, map[string]uint64{}
	for _, e := range m.entries {
		if e.LeftOut == 0 {
			full++
			continue
		}
		left[fmt.Sprintf("%d %s %d-%d", e.Partition, e.Reason, e.Offset, e.LastOffset)] = e.LeftOut
	}
	if full != 7 || len(left) != 2 || left["1 not_json 3-9"] != 7 || left["2 not_json 103-109"] != 7 {
		t.Errorf("%d in full, left out %v", full, left)
	}
	if err := l.Write(t.Context(), lettersOf(1, parse.NotJSON, 60, 3)); err != nil || len(m.entries) != 12 {
		t.Errorf("the next commit: %d entries, %v", len(m.entries), err)
	}
}

func TestFailingWriterStopsNothing(t *testing.T) {
	full := errors.New("no space left on device")
	bad, good := &memory{err: full}, &memory{}
	l := newLetters(deadletter.Options{Writers: []deadletter.Writer{bad, good}})
	if err := l.Write(t.Context(), lettersOf(0, parse.NotJSON, 0, 5)); !errors.Is(err, full) || !errors.Is(l.Err(), full) {
		t.Errorf("error %v, kept %v", err, l.Err())
	}
	if len(good.entries) != 5 || l.Failed() != 5 || len(l.Recent()) != 5 {
		t.Errorf("%d written by the other, %d failed, %d kept", len(good.entries), l.Failed(), len(l.Recent()))
	}
	bad.err = nil
	if err := l.Write(t.Context(), lettersOf(0, parse.NotJSON, 5, 1)); err != nil || l.Err() != nil || l.Failed() != 5 {
		t.Errorf("when it is back: %v, %v, %d", err, l.Err(), l.Failed())
	}
}

func TestRecentIsARing(t *testing.T) {
	l := newLetters(deadletter.Options{Keep: 4})
	if len(l.Recent()) != 0 {
		t.Error("there are letters before the first")
	}
	next := int64(0)
	for _, n := range []int64{1, 2, 3, 9, 1, 0, 4} {
		if err := l.Write(t.Context(), lettersOf(0, parse.Empty, next, n)); err != nil {
			t.Fatal(err)
		}
		next += n
		recent := l.Recent()
		if want := min(next, 4); int64(len(recent)) != want {
			t.Fatalf("%d kept after %d", len(recent), next)
		}
		for i, e := range recent {
			if e.Offset != next-int64(len(recent))+int64(i) {
				t.Fatalf("after %d: entry %d has offset %d", next, i, e.Offset)
			}
		}
	}
}

func TestClose(t *testing.T) {
	m := &memory{}
	l := newLetters(deadletter.Options{Writers: []deadletter.Writer{m}})
	for range 2 {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
	if m.closed != 1 {
		t.Errorf("closed %d times", m.closed)
	}
	if err := l.Write(t.Context(), lettersOf(0, parse.Empty, 0, 2)); err == nil || l.Failed() != 2 {
		t.Errorf("after the end: %v, %d failed", err, l.Failed())
	}
	broken := newLetters(deadletter.Options{Writers: []deadletter.Writer{&memory{err: errors.New("broken")}}})
	if err := broken.Close(); err == nil {
		t.Error("no error")
	}
}

func TestConcurrentWrites(t *testing.T) {
	var m memory
	l := newLetters(deadletter.Options{Writers: []deadletter.Writer{&m}})
	var all sync.WaitGroup
	for p := range int32(8) {
		all.Go(func() {
			for i := range int64(50) {
				if err := l.Write(t.Context(), lettersOf(p, parse.NotJSON, i*3, 3)); err != nil {
					t.Error(err)
				}
				_ = l.Recent()
			}
		})
	}
	all.Wait()
	if len(m.entries) != 8*50*3 {
		t.Errorf("%d entries", len(m.entries))
	}
}
