package storetest

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/rollup"
)

// slotID names one number of a fact.
type slotID struct {
	kind               rollup.FactKind
	service, env, name string
	day                int32
	index              uint16
}

// slotsOf sums facts by slot, and leaves out what is 0.
func slotsOf(facts []rollup.Fact) map[slotID]uint64 {
	sums := make(map[slotID]uint64)
	for _, f := range facts {
		for _, s := range f.Slots {
			if s.N > 0 {
				id := slotID{f.Kind, f.Service.String(), f.Env.String(), f.Name.String(), f.Day, s.Index}
				sums[id] = rollup.Sum(sums[id], s.N)
			}
		}
	}
	return sums
}

// readFacts gives the selected facts, and fails the test when one comes twice or has its slots in no order.
func readFacts(t *testing.T, s rollup.Store, q rollup.FactQuery) map[slotID]uint64 {
	t.Helper()
	var all []rollup.Fact
	seen := make(map[string]bool)
	err := s.Facts(t.Context(), q, func(f rollup.Fact) error {
		id := fmt.Sprintf("%q %d", []string{f.Service.String(), f.Env.String(), f.Name.String()}, f.Day)
		if seen[id] || f.Kind != q.Kind || len(f.Slots) == 0 {
			t.Errorf("%s of kind %d: twice, of another kind or empty", id, f.Kind)
		}
		seen[id] = true
		for i := 1; i < len(f.Slots); i++ {
			if f.Slots[i].Index <= f.Slots[i-1].Index {
				t.Errorf("%s: slots in no order: %v", id, f.Slots)
			}
		}
		f.Slots = append([]rollup.Slot(nil), f.Slots...)
		all = append(all, f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return slotsOf(all)
}

func wantFacts(t *testing.T, s rollup.Store, q rollup.FactQuery, given ...rollup.Fact) {
	t.Helper()
	var selected []rollup.Fact
	for _, f := range given {
		if q.Selects(&f) {
			selected = append(selected, f)
		}
	}
	if got, want := readFacts(t, s, q), slotsOf(selected); !maps.Equal(got, want) {
		t.Errorf("facts of %+v:\n got %v\nwant %v", q, got, want)
	}
}

func fact(kind rollup.FactKind, service, name string, day int32, slots ...rollup.Slot) rollup.Fact {
	return rollup.Fact{Kind: kind, Service: redact.Stored(service), Env: redact.Const("anna"), Name: redact.Stored(name), Day: day, Slots: slots}
}

func testFacts(t *testing.T, open Open) {
	t.Run("sums and queries", func(t *testing.T) {
		s, reopen := open(t)
		long := strings.Repeat("x", rollup.MaxKeyPart+1)
		first := []rollup.Fact{
			fact(rollup.FactDurations, "ctrl", "order-paid", 7, rollup.Slot{Index: 0, N: 2}, rollup.Slot{Index: 200, N: 3}, rollup.Slot{Index: rollup.MaxSlots - 1, N: 1}),
			fact(rollup.FactDurations, "ctrl", "order-paid", 7, rollup.Slot{Index: 200, N: 4}), // the same again
			fact(rollup.FactDurations, "ctrl", "order-paid", -8, rollup.Slot{Index: 5, N: 1}),
			fact(rollup.FactDurations, "ctrl-green", "order-paid", 7, rollup.Slot{Index: 5, N: 1 << 60}),
			fact(rollup.FactRedactions, "ctrl", "order-paid", 7, rollup.Slot{N: 9}),
			fact(rollup.FactRedactions, "", "\x00\xff", 8, rollup.Slot{N: 9}, rollup.Slot{Index: 3}),
			fact(rollup.FactViolations, "ctrl", "nothing", 7, rollup.Slot{}),
			fact(rollup.FactViolations, "ctrl", "no slots", 7),
		}
		c := step(logs0, claim(t, s, logs0).Fence, 0, 10)
		c.Facts = append(first, fact(rollup.FactViolations, "ctrl", long, 9, rollup.Slot{N: 1}))
		mustCommit(t, s, c)
		other := rollup.TopicPartition{Topic: "logs", Partition: 1}
		second := []rollup.Fact{fact(rollup.FactDurations, "ctrl", "order-paid", 7, rollup.Slot{Index: 1, N: 5}, rollup.Slot{Index: 200, N: 1}, rollup.Slot{Index: 300, N: 6})}
		d := step(other, claim(t, s, other).Fence, 0, 10)
		d.Facts = second
		mustCommit(t, s, d)
		if got := commit(t, s, c); got.Outcome != rollup.Already {
			t.Errorf("tried again: %v", got)
		}
		if reopen != nil {
			s = reopen()
		}
		all := append(append(first, second...), fact(rollup.FactViolations, "ctrl", rollup.Overflow, 9, rollup.Slot{N: 1}))
		for _, kind := range []rollup.FactKind{rollup.FactDurations, rollup.FactRedactions, rollup.FactViolations, 77} {
			for _, service := range []*string{nil, new("ctrl"), new("")} {
				for _, days := range [][2]int32{{-1000, 1000}, {7, 8}, {8, 8}, {9, 2}, {-8, 7}} {
					wantFacts(t, s, rollup.FactQuery{Kind: kind, From: days[0], To: days[1], Service: service}, all...)
				}
			}
		}
		wantFacts(t, s, rollup.FactQuery{Kind: rollup.FactDurations, From: -10, To: 10, Service: new("ctrl"), Env: new("bob")}, all...)
	})
	t.Run("slots in no order are refused", func(t *testing.T) {
		s, _ := open(t)
		fence := claim(t, s, logs0).Fence
		for _, slots := range [][]rollup.Slot{{{Index: 3, N: 1}, {Index: 3, N: 1}}, {{Index: 4, N: 1}, {Index: 3, N: 1}}, {{Index: rollup.MaxSlots, N: 1}}} {
			c := step(logs0, fence, 0, 10)
			c.Facts = []rollup.Fact{fact(rollup.FactDurations, "ctrl", "order-paid", 7, slots...)}
			if _, err := s.Commit(t.Context(), c); !errors.Is(err, rollup.ErrStep) {
				t.Errorf("%v: %v, want ErrStep", slots, err)
			}
		}
		wantCounts(t, s, every)
	})
	t.Run("expiry", func(t *testing.T) {
		s, _ := open(t)
		c := step(logs0, claim(t, s, logs0).Fence, 0, 10)
		kept := fact(rollup.FactDurations, "ctrl", "order-paid", 12, rollup.Slot{Index: 5, N: 1})
		c.Facts = []rollup.Fact{kept, fact(rollup.FactDurations, "ctrl", "order-paid", 11, rollup.Slot{Index: 5, N: 1})}
		mustCommit(t, s, c)
		for more := true; more; {
			var err error
			if _, more, err = s.Expire(t.Context(), rollup.BucketAt(12, 5), 1000); err != nil {
				t.Fatal(err)
			}
		}
		wantFacts(t, s, rollup.FactQuery{Kind: rollup.FactDurations, From: 0, To: 100}, kept)
	})
	t.Run("closed", func(t *testing.T) {
		s, _ := open(t)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if err := s.Facts(t.Context(), rollup.FactQuery{To: 9}, func(rollup.Fact) error { return nil }); err == nil {
			t.Error("Facts after Close succeeded")
		}
		if _, err := s.Revisions(t.Context(), 0, 9); err == nil {
			t.Error("Revisions after Close succeeded")
		}
	})
}

// testRevisions checks that nothing can change in a day's counts without its revision.
func testRevisions(t *testing.T, open Open) {
	s, reopen := open(t)
	fence := claim(t, s, logs0).Fence
	seen := make(map[int32]map[uint64]bool) // the revisions that each day has had
	last := make(map[int32]uint64)
	// changed fails the test unless exactly the days named have another revision, one that they never had.
	changed := func(days ...int32) {
		t.Helper()
		now, err := s.Revisions(t.Context(), -100, 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, day := range days {
			if now[day] == 0 || seen[day][now[day]] {
				t.Errorf("day %d has revision %d, which it had before", day, now[day])
			}
			if seen[day] == nil {
				seen[day] = make(map[uint64]bool)
			}
			seen[day][now[day]] = true
			last[day] = now[day]
		}
		if !maps.Equal(now, last) {
			t.Errorf("revisions %v, want %v", now, last)
		}
	}
	add := func(base int64, buckets ...rollup.Bucket) *rollup.Commit {
		c := step(logs0, fence, base, base+10)
		c.Counts = nil
		for _, b := range buckets {
			c.Counts = append(c.Counts, count("order-paid", b, 1))
		}
		mustCommit(t, s, c)
		return c
	}
	changed()
	add(0, 5*96, 5*96+95, 6*96)
	changed(5, 6)
	c := add(10, -96)
	changed(-1)
	if got := commit(t, s, c); got.Outcome != rollup.Already {
		t.Errorf("tried again: %v", got)
	}
	changed()
	add(20) // only an offset
	changed()
	add(30, 5*96)
	changed(5)
	if reopen != nil {
		s = reopen()
		fence = claim(t, s, logs0).Fence
		changed()
	}
	for more := true; more; {
		var err error
		if _, more, err = s.Expire(t.Context(), 6*96, 1); err != nil {
			t.Fatal(err)
		}
	}
	delete(last, 5)
	delete(last, -1)
	changed()
	add(40, 5*96) // it comes back
	changed(5)
	some, err := s.Revisions(t.Context(), 5, 6)
	if err != nil || !maps.Equal(some, map[int32]uint64{5: last[5]}) {
		t.Errorf("of one day: %v, %v", some, err)
	}
}
