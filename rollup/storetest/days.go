package storetest

import (
	"errors"
	"fmt"
	"testing"

	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/rollup"
)

// testExpire deletes old days in small pieces; what belongs to no day, and newer days, stay.
func testExpire(t *testing.T, open Open) {
	s, reopen := open(t)
	c := step(logs0, claim(t, s, logs0).Fence, 0, 10)
	const keys, perDay = 50, 96
	var kept []rollup.Count
	for i := range keys {
		msg := fmt.Sprintf("key-%d", i)
		c.Counts = append(c.Counts, count(msg, 0, 1), count(msg, perDay-1, 2), count(msg, perDay, 3))
		kept = append(kept, count(msg, 3*perDay, 4), count(msg, rollup.BucketLate, 5), count(msg, rollup.BucketFuture, 6))
	}
	c.Counts = append(c.Counts, kept...)
	form := func(b rollup.Bucket) rollup.Form {
		return rollup.Form{Service: redact.Const("ctrl"), Env: redact.Const("anna"), Text: redact.Const("Failed <n>"), Bucket: b, N: 3}
	}
	c.Forms = []rollup.Form{form(5), form(3 * perDay), form(rollup.BucketLate)}
	mustCommit(t, s, c)

	expire := func(before rollup.Bucket, limit int) (int, bool) {
		t.Helper()
		deleted, more, err := s.Expire(t.Context(), before, limit)
		if err != nil {
			t.Fatal(err)
		}
		return deleted, more
	}
	if deleted, more := expire(perDay-1, 1000); deleted != 0 || more {
		t.Errorf("the day of the bucket itself: %d deleted, more=%t", deleted, more)
	}
	calls := 0
	for {
		calls++
		_, more := expire(3*perDay+7, 20)
		if !more {
			break
		}
		if calls > 100 {
			t.Fatal("it never ends")
		}
	}
	if calls < 3 {
		t.Errorf("%d calls for %d days of %d keys: the limit of 20 was not kept", calls, 2, keys)
	}
	wantCounts(t, s, every, kept...)
	wantForms(t, s, every, form(3*perDay), form(rollup.BucketLate))
	if deleted, more := expire(3*perDay+7, 20); deleted != 0 || more {
		t.Errorf("again: %d deleted, more=%t", deleted, more)
	}
	if l := ledger(t, s, logs0); l.Offset != 10 || l.Outcomes.Counted != 10 {
		t.Errorf("the ledger has changed: %+v", l)
	}
	if reopen != nil {
		s = reopen()
		wantCounts(t, s, every, kept...)
	}
}

// testSetOffset moves a partition by hand, as for a topic that was created again.
func testSetOffset(t *testing.T, open Open) {
	s, reopen := open(t)
	if _, err := s.SetOffset(t.Context(), logs0, 3); !errors.Is(err, rollup.ErrUnknownPartition) {
		t.Errorf("a partition that nobody knows: %v, want ErrUnknownPartition", err)
	}
	zombie := claim(t, s, logs0).Fence
	if _, err := s.SetOffset(t.Context(), logs0, 3); !errors.Is(err, rollup.ErrUnknownPartition) {
		t.Errorf("a partition that was only claimed: %v, want ErrUnknownPartition", err)
	}
	c := step(logs0, zombie, 7, 100)
	c.TopicID, c.Resume, c.Newest = "aa", 90, 12345
	mustCommit(t, s, c)

	before, err := s.SetOffset(t.Context(), logs0, 4)
	if err != nil || before.Offset != 100 || before.TopicID != "aa" || before.Resume != 90 {
		t.Fatalf("got %+v, %v", before, err)
	}
	if reopen != nil {
		s = reopen()
	}
	old := step(logs0, zombie, 4, 10)
	if got := commit(t, s, old); got.Outcome != rollup.Fenced {
		t.Errorf("the old owner's commit: %v, want fenced", got)
	}
	after := claim(t, s, logs0)
	want := rollup.Claim{Fence: after.Fence, Known: true, Offset: 4, Resume: 4, Newest: 12345, Start: 4}
	if after != want || after.Fence <= zombie {
		t.Errorf("claim %+v, want %+v", after, want)
	}
	c = step(logs0, after.Fence, 4, 14)
	c.TopicID = "bb"
	mustCommit(t, s, c)
	wantCounts(t, s, every, count("order-paid", 7, 103))
	l := ledger(t, s, logs0)
	if len(l.Moves) != 1 || l.Moves[0].From != 100 || l.Moves[0].To != 4 || l.Moves[0].TopicID != "aa" || l.Moves[0].At.IsZero() {
		t.Errorf("moves %+v", l.Moves)
	}
	for i := range int64(rollup.MaxMoves + 5) {
		if _, err := s.SetOffset(t.Context(), logs0, i); err != nil {
			t.Fatal(err)
		}
	}
	if l := ledger(t, s, logs0); len(l.Moves) != rollup.MaxMoves || l.Moves[rollup.MaxMoves-1].To != rollup.MaxMoves+4 {
		t.Errorf("%d moves, the last %+v", len(l.Moves), l.Moves[len(l.Moves)-1])
	}
}

func testStateID(t *testing.T, open Open) {
	s, reopen := open(t)
	id := s.StateID()
	if len(id) != 32 {
		t.Errorf("state id %q", id)
	}
	if other, _ := open(t); other.StateID() == id {
		t.Error("two stores have the same state id")
	}
	if reopen != nil {
		if again := reopen().StateID(); again != id {
			t.Errorf("state id %q after it was opened again, it was %q", again, id)
		}
	}
}
