package boltstore

import (
	"context"
	"errors"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	bolt "go.etcd.io/bbolt"

	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/rollup"
)

func openForTest(t *testing.T) *Store {
	t.Helper()
	s, err := Open(filepath.Join(t.TempDir(), "counts.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// transactions gives the number of write transactions that the file has seen.
func transactions(t *testing.T, s *Store) (n int) {
	t.Helper()
	if err := s.db.View(func(tx *bolt.Tx) error { n = tx.ID(); return nil }); err != nil {
		t.Fatal(err)
	}
	return n
}

// awaitQueue waits until n steps are waiting.
func awaitQueue(s *Store, n int) {
	for {
		s.group.mu.Lock()
		waiting := len(s.group.waiting)
		s.group.mu.Unlock()
		if waiting == n {
			return
		}
		runtime.Gosched()
	}
}

func commitOf(partition int32, fence rollup.Fence, counts int) *rollup.Commit {
	c := &rollup.Commit{TopicPartition: rollup.TopicPartition{Topic: "logs", Partition: partition}, Fence: fence, Next: 10}
	for i := range counts {
		key := rollup.Key{Service: redact.Const("ctrl"), Env: redact.Const("anna"), Msg: redact.Const("order-paid")}
		c.Counts = append(c.Counts, rollup.Count{Key: key, Bucket: rollup.Bucket(i), N: 1})
	}
	return c
}

func TestWaitingCommitsShareATransaction(t *testing.T) {
	s := openForTest(t)
	const partitions = 48
	before := transactions(t, s)
	s.group.turn <- struct{}{} // somebody is writing
	var workers sync.WaitGroup
	for p := range int32(partitions) {
		workers.Go(func() {
			r, err := s.Commit(t.Context(), commitOf(p, 1, 3))
			if err != nil || r.Outcome != rollup.Committed {
				t.Errorf("partition %d: %v, %v", p, r, err)
			}
		})
	}
	awaitQueue(s, partitions)
	<-s.group.turn
	workers.Wait()
	if n := transactions(t, s) - before; n != 1 {
		t.Errorf("%d commits took %d transactions, want 1", partitions, n)
	}
}

func TestATransactionTakesNoMoreThanItsBound(t *testing.T) {
	s := openForTest(t)
	before := transactions(t, s)
	s.group.turn <- struct{}{}
	var workers sync.WaitGroup
	for p := range int32(3) {
		workers.Go(func() {
			if _, err := s.Commit(t.Context(), commitOf(p, 1, maxGroup/2+1)); err != nil {
				t.Error(err)
			}
		})
	}
	awaitQueue(s, 3)
	<-s.group.turn
	workers.Wait()
	if n := transactions(t, s) - before; n != 3 {
		t.Errorf("3 large commits took %d transactions, want 3", n)
	}
}

func TestAStepThatFailsFailsAlone(t *testing.T) {
	s := openForTest(t)
	broken := errors.New("cannot be done")
	s.group.turn <- struct{}{}
	var workers sync.WaitGroup
	for p := range int32(5) {
		workers.Go(func() {
			if _, err := s.Commit(t.Context(), commitOf(p, 1, 1)); err != nil {
				t.Error(err)
			}
		})
	}
	workers.Go(func() {
		if err := s.update(t.Context(), 1, func(*transaction) error { return broken }); !errors.Is(err, broken) {
			t.Errorf("got %v", err)
		}
	})
	awaitQueue(s, 6)
	<-s.group.turn
	workers.Wait()
	ledgers, err := s.Ledgers(t.Context())
	if err != nil || len(ledgers) != 5 {
		t.Errorf("%d ledgers, %v; want 5", len(ledgers), err)
	}
}

func TestAWaitingCommitEndsWithItsContext(t *testing.T) {
	s := openForTest(t)
	s.group.turn <- struct{}{}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, err := s.Commit(ctx, commitOf(0, 1, 1))
		done <- err
	}()
	awaitQueue(s, 1)
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	<-s.group.turn
	ledgers, err := s.Ledgers(t.Context())
	if err != nil || len(ledgers) != 0 {
		t.Errorf("the commit took effect: %v, %v", ledgers, err)
	}
}

func TestQuartersMerge(t *testing.T) {
	cells := func(pairs ...uint64) (list []cell) {
		for i := 0; i < len(pairs); i += 2 {
			list = append(list, cell{quarter: uint8(pairs[i]), n: pairs[i+1]})
		}
		return list
	}
	stored, err := appendMerged(nil, nil, cells(3, 1, 50, 300))
	if err != nil {
		t.Fatal(err)
	}
	stored, err = appendMerged(nil, stored, cells(0, 7, 3, 1, 3, 2, 49, 5, 95, 1<<63))
	if err != nil {
		t.Fatal(err)
	}
	want := []uint64{0, 7, 3, 4, 49, 5, 50, 300, 95, 1 << 63}
	for i := 0; i < len(want); i += 2 {
		quarter, n, rest, err := rollup.CutPair(stored)
		if err != nil || uint64(quarter) != want[i] || n != want[i+1] {
			t.Fatalf("pair %d: %d %d %v, want %d %d", i/2, quarter, n, err, want[i], want[i+1])
		}
		stored = rest
	}
	if len(stored) != 0 {
		t.Errorf("%d bytes are left", len(stored))
	}
}

func FuzzQuarters(f *testing.F) {
	f.Add([]byte{3, 1, 50, 0xac, 2}, uint8(7), uint64(1))
	f.Add([]byte{96, 1}, uint8(0), uint64(0))
	f.Add([]byte{1}, uint8(0), uint64(1))
	f.Add([]byte{1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1}, uint8(0), uint64(1))
	f.Fuzz(func(t *testing.T, stored []byte, quarter uint8, n uint64) {
		before, err := rollup.PairsTotal(stored)
		if err != nil {
			if !errors.Is(err, rollup.ErrCorrupt) {
				t.Fatalf("%v does not say that the file is corrupt", err)
			}
			return
		}
		merged, err := appendMerged(nil, stored, []cell{{quarter: quarter % 96, n: n}})
		if err != nil {
			t.Fatal(err)
		}
		after, err := rollup.PairsTotal(merged)
		if err != nil || after != rollup.Sum(before, n) {
			t.Fatalf("%d + %d = %d, %v", before, n, after, err)
		}
	})
}
