package storetest

import (
	"errors"
	"testing"

	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/rollup"
)

func testClaim(t *testing.T, open Open) {
	s, _ := open(t)
	first := claim(t, s, logs0)
	if first.Known {
		t.Errorf("a partition without a commit is known: %+v", first)
	}
	second := claim(t, s, logs0)
	if second.Fence <= first.Fence {
		t.Errorf("fence %d follows %d", second.Fence, first.Fence)
	}
	c := step(logs0, second.Fence, 40, 50)
	c.TopicID, c.Resume, c.Newest = "aa", 47, 99
	mustCommit(t, s, c)
	third := claim(t, s, logs0)
	want := rollup.Claim{Fence: third.Fence, Known: true, TopicID: "aa", Offset: 50, Resume: 47, Newest: 99, Start: 40}
	if third != want || third.Fence <= second.Fence {
		t.Errorf("got %+v, want %+v with a fence above %d", third, want, second.Fence)
	}
	if other := claim(t, s, rollup.TopicPartition{Topic: "logs", Partition: 1}); other.Known {
		t.Errorf("another partition is known: %+v", other)
	}
}

// testOutcomes has a store with the records [0, 10) counted, under fences 1 and 2, of topic id "aa".
func testOutcomes(t *testing.T, open Open) {
	for _, test := range []struct {
		name            string
		zombie          bool
		topic           rollup.TopicID
		base, next      int64
		outcome         rollup.Outcome
		offset, inStore int64 // in the answer, and stored after it
	}{
		{"next", false, "aa", 10, 15, rollup.Committed, 15, 15},
		{"with a hole", false, "aa", 10, 1000, rollup.Committed, 1000, 1000},
		{"moves nothing", false, "aa", 10, 10, rollup.Committed, 10, 10},
		{"older claim", true, "aa", 10, 15, rollup.Fenced, 10, 10},
		{"older claim that was done", true, "aa", 0, 10, rollup.Fenced, 10, 10},
		{"created again", false, "bb", 10, 15, rollup.TopicChanged, 10, 10},
		{"id not told", false, "", 10, 15, rollup.Committed, 15, 15},
		{"tried again", false, "aa", 0, 10, rollup.Already, 10, 10},
		{"long done", false, "aa", 0, 4, rollup.Already, 10, 10},
		{"store from the past", false, "aa", 12, 15, rollup.Behind, 10, 10},
		{"half done", false, "aa", 5, 15, rollup.Split, 10, 10},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, _ := open(t)
			zombie := claim(t, s, logs0).Fence
			fence := claim(t, s, logs0).Fence
			before := step(logs0, fence, 0, 10)
			before.TopicID = "aa"
			mustCommit(t, s, before)
			c := step(logs0, fence, test.base, test.next)
			c.TopicID = test.topic
			if test.zombie {
				c.Fence = zombie
			}
			if got, want := commit(t, s, c), (rollup.Result{Outcome: test.outcome, Offset: test.offset}); got != want {
				t.Errorf("got %v, want %v", got, want)
			}
			counted := uint64(10)
			if test.outcome == rollup.Committed {
				counted += c.Outcomes.Counted
			}
			wantCounts(t, s, every, count("order-paid", 7, counted))
			l := ledger(t, s, logs0)
			if l.Offset != test.inStore || l.Outcomes.Counted != counted || l.TopicID != "aa" {
				t.Errorf("ledger %+v, want offset %d and %d counted", l, test.inStore, counted)
			}
			if again := claim(t, s, logs0); again.Offset != test.inStore {
				t.Errorf("claim %+v, want offset %d", again, test.inStore)
			}
		})
	}
}

func testSteps(t *testing.T, open Open) {
	t.Run("first from any base, tried twice", func(t *testing.T) {
		s, _ := open(t)
		c := step(logs0, claim(t, s, logs0).Fence, 812, 900)
		mustCommit(t, s, c)
		if got, want := commit(t, s, c), (rollup.Result{Outcome: rollup.Already, Offset: 900}); got != want {
			t.Errorf("second try: %v, want %v", got, want)
		}
		wantCounts(t, s, every, count("order-paid", 7, 88))
		if l := ledger(t, s, logs0); l.Start != 812 || l.Outcomes.Counted != 88 {
			t.Errorf("ledger %+v", l)
		}
	})
	t.Run("not the first, in a store that knows nothing", func(t *testing.T) {
		s, _ := open(t)
		c := step(logs0, claim(t, s, logs0).Fence, 812, 900)
		c.Known = true
		if got, want := commit(t, s, c), (rollup.Result{Outcome: rollup.Behind}); got != want {
			t.Errorf("got %v, want %v", got, want)
		}
		wantCounts(t, s, every)
	})
	t.Run("empty step over a hole", func(t *testing.T) {
		s, _ := open(t)
		fence := claim(t, s, logs0).Fence
		mustCommit(t, s, &rollup.Commit{TopicPartition: logs0, Fence: fence, Base: 3, Next: 100, Resume: 90})
		mustCommit(t, s, step(logs0, fence, 100, 101))
		wantCounts(t, s, every, count("order-paid", 7, 1))
	})
	t.Run("only resume", func(t *testing.T) {
		s, _ := open(t)
		fence := claim(t, s, logs0).Fence
		mustCommit(t, s, step(logs0, fence, 0, 10))
		mustCommit(t, s, &rollup.Commit{TopicPartition: logs0, Fence: fence, Base: 10, Next: 10, Resume: 4})
		if c := claim(t, s, logs0); c.Offset != 10 || c.Resume != 4 {
			t.Errorf("claim %+v, want offset 10 and resume 4", c)
		}
	})
	t.Run("a fence from the future is not issued again", func(t *testing.T) {
		s, _ := open(t)
		fence := claim(t, s, logs0).Fence + 5 // issued before the store was set back
		mustCommit(t, s, step(logs0, fence, 0, 10))
		if c := claim(t, s, logs0); c.Fence <= fence {
			t.Errorf("fence %d follows %d", c.Fence, fence)
		}
	})
	t.Run("done by another worker than the one whose claim was forgotten", func(t *testing.T) {
		s, _ := open(t)
		c := step(logs0, claim(t, s, logs0).Fence, 0, 10)
		mustCommit(t, s, c)
		c.Fence += 5 // issued before the store was set back
		if got, want := commit(t, s, c), (rollup.Result{Outcome: rollup.Already, Offset: 10, Foreign: true}); got != want {
			t.Errorf("got %v, want %v", got, want)
		}
	})
	t.Run("no step", func(t *testing.T) {
		s, _ := open(t)
		fence := claim(t, s, logs0).Fence
		back := &rollup.Commit{TopicPartition: logs0, Fence: fence, Base: 10, Next: 4}
		beyond := &rollup.Commit{TopicPartition: logs0, Fence: fence, Base: 1, Next: 4, Resume: 5}
		still := step(logs0, fence, 0, 5)
		still.Base, still.Next, still.Resume = 5, 5, 5
		for _, c := range []*rollup.Commit{back, beyond, still} {
			if _, err := s.Commit(t.Context(), c); !errors.Is(err, rollup.ErrStep) {
				t.Errorf("commit [%d, %d): %v, want ErrStep", c.Base, c.Next, err)
			}
		}
		wantCounts(t, s, every)
	})
}

// testReopen checks that nothing committed is lost, fences included.
func testReopen(t *testing.T, open Open) {
	s, reopen := open(t)
	if reopen == nil { // nothing is promised by a store that keeps nothing
		return
	}
	fence := claim(t, s, logs0).Fence
	c := step(logs0, fence, 0, 10)
	c.TopicID, c.Resume = "aa", 8
	c.Forms = []rollup.Form{{Service: redact.Const("ctrl"), Env: redact.Const("anna"), Text: redact.Const("Failed <n>"), Bucket: 7, N: 3}}
	c.Lost = []rollup.Lost{{First: 2, Last: 3, Reason: rollup.LostCorrupt}}
	mustCommit(t, s, c)
	want := ledger(t, s, logs0)

	s = reopen()
	got := ledger(t, s, logs0)
	if !got.Updated.Equal(want.Updated) {
		t.Errorf("updated %v, want %v", got.Updated, want.Updated)
	}
	got.Updated = want.Updated
	sameLedger(t, got, want)
	wantCounts(t, s, every, c.Counts...)
	wantForms(t, s, every, c.Forms...)
	if got := commit(t, s, c); got.Outcome != rollup.Already {
		t.Errorf("tried again: %v", got)
	}
	after := claim(t, s, logs0)
	if after.Fence <= fence || after.Offset != 10 || after.Resume != 8 || after.TopicID != "aa" || !after.Known {
		t.Errorf("claim %+v", after)
	}
	s = reopen()
	if got := commit(t, s, step(logs0, fence, 10, 20)); got.Outcome != rollup.Fenced {
		t.Errorf("the fence was forgotten: %v", got)
	}
}
