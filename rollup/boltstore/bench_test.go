package boltstore_test

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/logproc/logproc/parse"
	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/rollup"
)

// written gives the bytes that this process has handed to the system, 0 where that is not known.
func written() (n int64) {
	f, err := os.Open("/proc/self/io")
	if err != nil {
		return 0
	}
	defer func() { _ = f.Close() }()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if number, found := strings.CutPrefix(lines.Text(), "wchar: "); found {
			_, _ = fmt.Sscan(number, &n)
		}
	}
	return n
}

// BenchmarkCommit commits the same keys again and again, as a running instance does once a second.
func BenchmarkCommit(b *testing.B) {
	for _, keys := range []int{200, 10_000, 100_000} {
		b.Run(fmt.Sprintf("keys=%d", keys), func(b *testing.B) {
			s := open(b, filepath.Join(b.TempDir(), "counts.db"))
			c := rollup.Commit{TopicPartition: logs0, Fence: 1}
			for i := range keys {
				key := rollup.Key{Service: redact.Const("ctrl"), Env: redact.Const("anna"), Level: parse.LevelInfo, Msg: redact.Stored(fmt.Sprintf("api-sync-fail-customer-%06d", i))}
				c.Counts = append(c.Counts, rollup.Count{Key: key, Bucket: 1_742_400, N: 5})
			}
			commit := func() {
				c.Base, c.Next = c.Next, c.Next+1000
				if r, err := s.Commit(b.Context(), &c); err != nil || r.Outcome != rollup.Committed {
					b.Fatal(r, err)
				}
			}
			commit() // the first one makes the keys
			before := written()
			b.ReportAllocs()
			for b.Loop() {
				commit()
			}
			b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms/commit")
			b.ReportMetric(float64(written()-before)/float64(b.N)/1024, "KiB-written/commit")
		})
	}
}

// BenchmarkCommitFacts commits 200 keys, as BenchmarkCommit, with and without what goes beside them: the
// durations of half of them, and some violations and redactions. The durations are in 15 to 40 slots.
func BenchmarkCommitFacts(b *testing.B) {
	const keys = 200
	for _, facts := range []bool{false, true} {
		b.Run(fmt.Sprintf("facts=%t", facts), func(b *testing.B) {
			s := open(b, filepath.Join(b.TempDir(), "counts.db"))
			c := rollup.Commit{TopicPartition: logs0, Fence: 1}
			for i := range keys {
				key := rollup.Key{Service: redact.Const("ctrl"), Env: redact.Const("anna"), Level: parse.LevelInfo, Msg: redact.Stored(fmt.Sprintf("api-sync-fail-customer-%06d", i))}
				c.Counts = append(c.Counts, rollup.Count{Key: key, Bucket: 1_742_400, N: 5})
				f := rollup.Fact{Kind: rollup.FactDurations, Service: key.Service, Env: key.Env, Name: key.Msg, Day: c.Counts[0].Bucket.UTCDay()}
				switch {
				case !facts:
					continue
				case i%2 == 0:
					for slot := range 15 + i%25 {
						f.Slots = append(f.Slots, rollup.Slot{Index: uint16(200 + slot), N: 3})
					}
				case i%20 == 1:
					f.Kind, f.Slots = rollup.FactViolations, []rollup.Slot{{N: 3}}
				default:
					continue
				}
				c.Facts = append(c.Facts, f)
			}
			b.ReportAllocs()
			for b.Loop() {
				c.Base, c.Next = c.Next, c.Next+1000
				if r, err := s.Commit(b.Context(), &c); err != nil || r.Outcome != rollup.Committed {
					b.Fatal(r, err)
				}
			}
		})
	}
}

// BenchmarkSummaries makes the summaries of a day with 10,000 keys, each in 4 quarter-hours.
func BenchmarkSummaries(b *testing.B) {
	s := open(b, filepath.Join(b.TempDir(), "counts.db"))
	c := rollup.Commit{TopicPartition: logs0, Fence: 1, Next: 1000}
	day := rollup.Date{Year: 2026, Month: 3, Day: 20}
	from, _ := day.Buckets(nil)
	for i := range 10_000 {
		key := rollup.Key{Service: redact.Stored(fmt.Sprintf("service-%d", i%10)), Env: redact.Const("anna"), Level: parse.LevelError, Msg: redact.Stored(fmt.Sprintf("api-sync-fail-%06d", i))}
		for quarter := range rollup.Bucket(4) {
			c.Counts = append(c.Counts, rollup.Count{Key: key, Bucket: from + rollup.Bucket(i%90) + quarter, N: 5})
		}
	}
	if _, err := s.Commit(b.Context(), &c); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		list, err := rollup.Summaries(b.Context(), s, rollup.Request{Day: day})
		if err != nil || len(list) != 10 || len(list[0].Lines) != 1000 {
			b.Fatal(len(list), err)
		}
	}
}
