package history_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/logproc/logproc/rollup"
	"github.com/logproc/logproc/rollup/history"
	"github.com/logproc/logproc/rollup/memstore"
)

// counting tells how often the quarter-hours were read.
type counting struct {
	rollup.Store
	reads int
}

func (c *counting) Counts(ctx context.Context, q rollup.Query, f func(rollup.Count) error) error {
	c.reads++
	return c.Store.Counts(ctx, q, f)
}

func refresh(t testing.TB, r *history.Refresher, now time.Time, zones ...*time.Location) int {
	t.Helper()
	n, err := r.Refresh(t.Context(), zones, now)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestKeptSumsAreExact compares reports made of kept sums with those of a store that keeps none, while late records
// come, days expire, documents are damaged and others refresh, too.
func TestKeptSumsAreExact(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 3))
	stockholm := zone(t, "Europe/Stockholm")
	today := day(t, "2026-04-10") // after a change of the clocks
	now := mustBucket(today.AddDays(1)).Start().Add(8 * time.Hour)
	clock := func() time.Time { return now }
	keeps, plain := &counting{Store: memstore.New(clock)}, memstore.New(clock)
	base := int64(0)
	commit := func(counts []rollup.Count) {
		t.Helper()
		c := rollup.Commit{Fence: 1, Base: base, Next: base + 1, Counts: counts}
		base++
		for _, s := range []rollup.Store{keeps, plain} {
			if r, err := s.Commit(t.Context(), &c); err != nil || r.Outcome != rollup.Committed {
				t.Fatal(r, err)
			}
		}
	}
	some := func(n, days int) (counts []rollup.Count) {
		tally := make(rollup.Tally)
		for range n {
			k := keyOf(fmt.Sprintf("s%d", random.IntN(3)), fmt.Sprintf("key-%d", random.IntN(20)))
			tally.Add(k, mustBucket(today.AddDays(1-random.IntN(days)))+rollup.Bucket(random.IntN(96)), 1+random.Uint64N(5))
		}
		return tally.Counts()
	}
	same := func(name string) {
		t.Helper()
		for _, back := range []int{0, 1, 5} {
			req := rollup.Request{Day: today.AddDays(-back), Zone: stockholm}
			if got, want := reports(t, keeps, req, history.Options{}), reports(t, plain, req, history.Options{}); !reflect.DeepEqual(got, want) {
				t.Errorf("%s, %d days back:\n got %+v\nwant %+v", name, back, got, want)
			}
		}
	}
	commit(some(5000, 40))
	first := history.NewRefresher(keeps)
	if n := refresh(t, first, now, stockholm, time.UTC, stockholm); n < 60 {
		t.Errorf("%d days were summed, want 35 in two zones", n)
	}
	if n := refresh(t, first, now, stockholm, time.UTC); n != 0 {
		t.Errorf("%d days were summed though nothing has changed", n)
	}
	same("kept")
	keeps.reads = 0
	reports(t, keeps, rollup.Request{Day: today, Zone: stockholm}, history.Options{})
	if keeps.reads > 1 { // the oldest day, perhaps
		t.Errorf("the quarter-hours of %d days were read", keeps.reads)
	}
	for range 10 {
		commit(some(1+random.IntN(30), 30))
		same("late records")
		refresh(t, history.NewRefresher(keeps), now, stockholm) // another process
		same("late records, kept")
	}
	for _, s := range []rollup.Store{keeps, plain} {
		if _, more, err := s.Expire(t.Context(), mustBucket(today.AddDays(-20)), 1_000_000); err != nil || more {
			t.Fatal(more, err)
		}
	}
	same("expired")
	refresh(t, first, now, stockholm)
	same("expired, kept")
	commit(some(3000, 40)) // what had expired comes back
	same("back")
	refresh(t, first, now, stockholm)
	same("back, kept")

	var documents []rollup.Document
	err := keeps.Documents(t.Context(), "history/", "", func(d rollup.Document) error {
		documents = append(documents, d)
		return nil
	})
	if err != nil || len(documents) == 0 {
		t.Fatal(len(documents), err)
	}
	for i, d := range documents {
		d.Value = bytes.Clone(d.Value)
		switch i % 3 {
		case 0:
			d.Value[random.IntN(len(d.Value))] ^= 1 << random.IntN(8)
		case 1:
			d.Value = d.Value[:random.IntN(len(d.Value))]
		}
		if err := keeps.PutDocuments(t.Context(), []rollup.Document{d}); err != nil {
			t.Fatal(err)
		}
	}
	same("damaged")
	if n := refresh(t, history.NewRefresher(keeps), now, stockholm); n == 0 {
		t.Error("nothing was summed again")
	}
	same("repaired")
}

// TestManyKeysTakeSeveralDocuments has more keys than one document holds.
func TestManyKeysTakeSeveralDocuments(t *testing.T) {
	m := newMonth(t, nil)
	today := day(t, "2026-03-20")
	random := rand.New(rand.NewPCG(5, 5))
	for i := range 3000 {
		name := make([]byte, 900)
		for j := range name {
			name[j] = 'a' + byte(random.IntN(26))
		}
		m.add(keyOf("ctrl", fmt.Sprintf("%s-%d", name, i)), today, 3)
	}
	s := &counting{Store: m.store()}
	if n := refresh(t, history.NewRefresher(s), mustBucket(today.AddDays(1)).Start(), time.UTC); n != 1 {
		t.Errorf("%d days were summed", n)
	}
	parts := 0
	if err := s.Documents(t.Context(), "history/", "", func(rollup.Document) error { parts++; return nil }); err != nil || parts < 3 {
		t.Errorf("%d documents, %v", parts, err)
	}
	s.reads = 0
	r := reports(t, s, rollup.Request{Day: today}, history.Options{})
	if len(r) != 1 || len(r[0].Lines) != 3000 || r[0].Total != 9000 || s.reads != 34 {
		t.Errorf("%d lines, total %d, %d readings", len(r[0].Lines), r[0].Total, s.reads)
	}
	var last rollup.Document
	if err := s.Documents(t.Context(), "history/", "", func(d rollup.Document) error { last = d; return nil }); err != nil {
		t.Fatal(err)
	}
	if err := s.DeleteDocuments(t.Context(), []string{last.Name}); err != nil {
		t.Fatal(err)
	}
	if again := reports(t, s, rollup.Request{Day: today}, history.Options{}); !reflect.DeepEqual(again, r) {
		t.Error("another report without one of the documents")
	}
}

// FuzzDecode reads any bytes as kept sums: they are refused or read, and never more than they hold.
func FuzzDecode(f *testing.F) {
	m := newMonth(f, nil)
	today := rollup.Date{Year: 2026, Month: 3, Day: 20}
	m.add(keyOf("ctrl", "order-paid"), today, 3)
	m.add(keyOf("ctrl", "order-paid-late"), today, 300)
	s := m.store()
	refresh(f, history.NewRefresher(s), mustBucket(today.AddDays(1)).Start(), time.UTC)
	err := s.Documents(f.Context(), "history/", "", func(d rollup.Document) error {
		f.Add(d.Value)
		return nil
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(strings.Repeat("\x01", 30)))
	from, to := today.Buckets(nil)
	f.Fuzz(func(t *testing.T, part []byte) {
		total := 0
		add := func(key []byte, _ uint64) error { total += 1 + len(key); return nil }
		if ok, err := history.DecodePart(part, map[int32]uint64{from.UTCDay(): 1}, from, to, add); !ok && (err != nil || total > 0) {
			t.Errorf("refused, and yet %d bytes were read: %v", total, err)
		}
		_ = history.DecodeBody(part, add)
		if total > (1+len(part))*(1+len(part)) {
			t.Errorf("%d bytes of keys in a part of %d", total, len(part))
		}
	})
}
