// Package storetest is the conformance suite that every rollup.Store passes.
package storetest

import (
	"context"
	"errors"
	"maps"
	"testing"

	"github.com/logproc/logproc/parse"
	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/rollup"
)

// Open makes an empty store for one test, and a function that lets go of the store given last, without
// a farewell where possible, and opens the same content again. The function is nil for a store that
// keeps nothing. Open sees to it that the store is closed at the end of the test.
type Open func(t *testing.T) (store rollup.Store, reopen func() rollup.Store)

// Run checks the contract of rollup.Store.
func Run(t *testing.T, open Open) {
	t.Run("Claim", func(t *testing.T) { testClaim(t, open) })
	t.Run("Outcomes", func(t *testing.T) { testOutcomes(t, open) })
	t.Run("Steps", func(t *testing.T) { testSteps(t, open) })
	t.Run("Counts", func(t *testing.T) { testCounts(t, open) })
	t.Run("Forms", func(t *testing.T) { testForms(t, open) })
	t.Run("Facts", func(t *testing.T) { testFacts(t, open) })
	t.Run("Revisions", func(t *testing.T) { testRevisions(t, open) })
	t.Run("Ledgers", func(t *testing.T) { testLedgers(t, open) })
	t.Run("Expire", func(t *testing.T) { testExpire(t, open) })
	t.Run("SetOffset", func(t *testing.T) { testSetOffset(t, open) })
	t.Run("Documents", func(t *testing.T) { testDocuments(t, open) })
	t.Run("StateID", func(t *testing.T) { testStateID(t, open) })
	t.Run("Concurrent", func(t *testing.T) { testConcurrent(t, open) })
	t.Run("Context", func(t *testing.T) { testContext(t, open) })
	t.Run("Closed", func(t *testing.T) { testClosed(t, open) })
	t.Run("Reopen", func(t *testing.T) { testReopen(t, open) })
	t.Run("Model", func(t *testing.T) { testModel(t, open) })
}

var logs0 = rollup.TopicPartition{Topic: "logs", Partition: 0}

// every selects all that a store holds.
var every = rollup.Everything()

func key(msg string) rollup.Key {
	return rollup.Key{Service: redact.Const("ctrl"), Env: redact.Const("anna"), Level: parse.LevelError, Msg: redact.Stored(msg)}
}

func count(msg string, bucket rollup.Bucket, n uint64) rollup.Count {
	return rollup.Count{Key: key(msg), Bucket: bucket, N: n}
}

// step is a commit of the records [base, next), all of them counted under one key.
func step(tp rollup.TopicPartition, fence rollup.Fence, base, next int64) *rollup.Commit {
	n := uint64(next - base)
	c := &rollup.Commit{TopicPartition: tp, Fence: fence, Base: base, Next: next, Resume: next}
	if n > 0 {
		c.Outcomes = rollup.Outcomes{Counted: n}
		c.Counts = []rollup.Count{count("order-paid", 7, n)}
	}
	return c
}

func claim(t *testing.T, s rollup.Store, tp rollup.TopicPartition) rollup.Claim {
	t.Helper()
	c, err := s.Claim(t.Context(), tp)
	if err != nil {
		t.Fatalf("claim %s: %v", tp, err)
	}
	return c
}

func commit(t *testing.T, s rollup.Store, c *rollup.Commit) rollup.Result {
	t.Helper()
	r, err := s.Commit(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// mustCommit commits c and fails the test when it is not taken.
func mustCommit(t *testing.T, s rollup.Store, c *rollup.Commit) {
	t.Helper()
	if got, want := commit(t, s, c), (rollup.Result{Outcome: rollup.Committed, Offset: c.Next}); got != want {
		t.Fatalf("commit %s [%d, %d): got %v, want %v", c.TopicPartition, c.Base, c.Next, got, want)
	}
}

// read gives the selected counts, and fails the test when a cell comes twice.
func read(t *testing.T, s rollup.Store, q rollup.Query) rollup.Tally {
	t.Helper()
	got := make(rollup.Tally)
	err := s.Counts(t.Context(), q, func(c rollup.Count) error {
		cell := rollup.Cell{Key: c.Key, Bucket: c.Bucket}
		if _, twice := got[cell]; twice {
			t.Errorf("%v came twice", cell)
		}
		got[cell] = c.N
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func wantCounts(t *testing.T, s rollup.Store, q rollup.Query, want ...rollup.Count) {
	t.Helper()
	tally := make(rollup.Tally)
	tally.Merge(want)
	if got := read(t, s, q); !maps.Equal(got, tally) {
		t.Errorf("counts of %+v:\n got %v\nwant %v", q, got, tally)
	}
}

func ledger(t *testing.T, s rollup.Store, tp rollup.TopicPartition) rollup.Ledger {
	t.Helper()
	ledgers, err := s.Ledgers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range ledgers {
		if l.TopicPartition == tp {
			return l
		}
	}
	t.Fatalf("no ledger of %s in %v", tp, ledgers)
	return rollup.Ledger{}
}

func testContext(t *testing.T, open Open) {
	s, _ := open(t)
	fence := claim(t, s, logs0).Fence
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Claim(over, logs0); !errors.Is(err, context.Canceled) {
		t.Errorf("Claim: %v", err)
	}
	if _, err := s.Commit(over, step(logs0, fence, 0, 5)); !errors.Is(err, context.Canceled) {
		t.Errorf("Commit: %v", err)
	}
	if err := s.Counts(over, every, func(rollup.Count) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("Counts: %v", err)
	}
	if err := s.Forms(over, every, func(rollup.Form) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("Forms: %v", err)
	}
	if _, err := s.Ledgers(over); !errors.Is(err, context.Canceled) {
		t.Errorf("Ledgers: %v", err)
	}
	mustCommit(t, s, step(logs0, fence, 0, 5)) // nothing was applied, no fence was issued
}

func testClosed(t *testing.T, open Open) {
	s, _ := open(t)
	fence := claim(t, s, logs0).Fence
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
	if _, err := s.Claim(t.Context(), logs0); err == nil {
		t.Error("Claim after Close succeeded")
	}
	if _, err := s.Commit(t.Context(), step(logs0, fence, 0, 5)); err == nil {
		t.Error("Commit after Close succeeded")
	}
	if err := s.Counts(t.Context(), every, func(rollup.Count) error { return nil }); err == nil {
		t.Error("Counts after Close succeeded")
	}
	if _, err := s.Ledgers(t.Context()); err == nil {
		t.Error("Ledgers after Close succeeded")
	}
}
