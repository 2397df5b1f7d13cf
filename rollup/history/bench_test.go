package history_test

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"github.com/logproc/logproc/parse"
	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/rollup"
	"github.com/logproc/logproc/rollup/boltstore"
	"github.com/logproc/logproc/rollup/history"
)

// BenchmarkReports makes the reports of a day from a file with 10,000 keys and 400 days: of all services and of
// one, from kept sums, and all of them from the quarter-hours, as the first time. Making the file takes a minute.
func BenchmarkReports(b *testing.B) {
	path := filepath.Join(b.TempDir(), "counts.db")
	today := rollup.Date{Year: 2026, Month: 4, Day: 10}
	now := mustBucket(today.AddDays(1)).Start().Add(7 * time.Hour)
	s, err := boltstore.Open(path, boltstore.Options{Now: func() time.Time { return now }})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	stockholm := zone(b, "Europe/Stockholm")
	fill(b, s, today, 10_000, 400)
	run := func(name string, req rollup.Request, want int, before func()) {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if before != nil {
					b.StopTimer()
					before()
					b.StartTimer()
				}
				req.Day = today
				list := reports(b, s, req, history.Options{Now: now})
				if len(list) != want || len(list[0].Lines) != 500 || len(list[0].Slowest) != 250 {
					b.Fatal(len(list), len(list[0].Lines), len(list[0].Slowest))
				}
			}
			b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms/report")
		})
	}
	run("unkept", rollup.Request{Zone: stockholm}, 20, nil)
	began := time.Now()
	n := refresh(b, history.NewRefresher(s), now, stockholm)
	b.Logf("%d days were summed in %s", n, time.Since(began).Round(time.Millisecond))
	run("kept", rollup.Request{Zone: stockholm}, 20, nil)
	run("kept, one service", rollup.Request{Zone: stockholm, Service: new("service-07"), Env: new("anna")}, 1, nil)
	late := rollup.Commit{Fence: 1, Next: 401 * 1000, Counts: []rollup.Count{{Key: benchKey(1), Bucket: mustBucket(today) + 40, N: 1}}}
	run("kept, the day has changed", rollup.Request{Zone: stockholm}, 20, func() {
		late.Base, late.Next = late.Next, late.Next+1
		if r, err := s.Commit(b.Context(), &late); err != nil || r.Outcome != rollup.Committed {
			b.Fatal(r, err)
		}
	})
}

func benchKey(i int) rollup.Key {
	return rollup.Key{Service: redact.Stored(fmt.Sprintf("service-%02d", i%20)), Env: redact.Const("anna"), Level: parse.LevelError,
		Msg: redact.Stored(fmt.Sprintf("api-sync-fail-customer-%05d", i))}
}

// fill puts keys into a store, each in some quarter-hours of every day, half of them with durations.
func fill(b *testing.B, s rollup.Store, today rollup.Date, keys, days int) {
	b.Helper()
	random := rand.New(rand.NewPCG(1, 1))
	c := rollup.Commit{Fence: 1}
	for d := -days + 1; d <= 1; d++ {
		c.Base, c.Next = c.Next, c.Next+1000
		c.Counts, c.Facts = c.Counts[:0], c.Facts[:0]
		from := mustBucket(today.AddDays(d))
		quarters := 4
		if d > -40 {
			quarters = 24
		}
		for i := range keys {
			k := benchKey(i)
			for q := range quarters {
				c.Counts = append(c.Counts, rollup.Count{Key: k, Bucket: from + rollup.Bucket((i+q*96/quarters)%96), N: 1 + random.Uint64N(9)})
			}
			if i/20%2 == 0 && d > -40 {
				f := rollup.Fact{Kind: rollup.FactDurations, Service: k.Service, Env: k.Env, Name: k.Msg, Day: from.UTCDay()}
				for slot := range 20 {
					f.Slots = append(f.Slots, rollup.Slot{Index: uint16(150 + i%100 + slot), N: 3})
				}
				c.Facts = append(c.Facts, f)
			}
		}
		if r, err := s.Commit(b.Context(), &c); err != nil || r.Outcome != rollup.Committed {
			b.Fatal(r, err)
		}
	}
}
