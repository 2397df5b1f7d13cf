//go:build e2e

package redisstore_test

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/logproc/logproc/internal/testredis"
	"github.com/logproc/logproc/parse"
	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/rollup"
	"github.com/logproc/logproc/rollup/redisstore"
)

// number reads one number of the server's INFO.
func number(b *testing.B, server *testredis.Server, section, name string) int {
	b.Helper()
	text, err := server.Call("INFO", section)
	if err != nil {
		b.Fatal(err)
	}
	for line := range strings.Lines(text) {
		if value, found := strings.CutPrefix(strings.TrimSpace(line), name+":"); found {
			n, err := strconv.Atoi(value)
			if err != nil {
				b.Fatal(err)
			}
			return n
		}
	}
	b.Fatalf("no %s in INFO", name)
	return 0
}

// commitOf counts a number of keys in one quarter of a day.
func commitOf(partition int32, keys int, quarter rollup.Bucket) *rollup.Commit {
	c := &rollup.Commit{TopicPartition: rollup.TopicPartition{Topic: "logs", Partition: partition}, Fence: 1}
	for i := range keys {
		key := rollup.Key{Service: redact.Const("ctrl"), Env: redact.Const("anna"), Level: parse.LevelInfo, Msg: redact.Stored(fmt.Sprintf("api-sync-fail-customer-%06d", i))}
		c.Counts = append(c.Counts, rollup.Count{Key: key, Bucket: 1_742_400 + quarter, N: 5})
	}
	return c
}

// BenchmarkCommit commits the same keys again and again, as running instances do once a second. Each
// operation is one commit of every partition.
func BenchmarkCommit(b *testing.B) {
	for _, size := range []struct{ partitions, keys int }{{4, 200}, {1, 10_000}, {1, 100_000}} {
		b.Run(fmt.Sprintf("partitions=%d/keys=%d", size.partitions, size.keys), func(b *testing.B) {
			server := start(b, testredis.Redis, "--appendonly", "yes", "--auto-aof-rewrite-percentage", "0")
			s := open(b, "redis://"+server.Addr(), redisstore.Options{})
			var commits []*rollup.Commit
			for p := range size.partitions {
				commits = append(commits, commitOf(int32(p), size.keys, 0))
			}
			all := func() {
				var workers sync.WaitGroup
				for _, c := range commits {
					workers.Go(func() {
						c.Base, c.Next = c.Next, c.Next+1000
						if r, err := s.Commit(b.Context(), c); err != nil || r.Outcome != rollup.Committed {
							b.Error(r, err)
						}
					})
				}
				workers.Wait()
			}
			all() // the first ones make the keys
			in, aof := number(b, server, "stats", "total_net_input_bytes"), number(b, server, "persistence", "aof_current_size")
			b.ReportAllocs()
			for b.Loop() {
				all()
			}
			n := float64(b.N * size.partitions)
			b.ReportMetric(n/b.Elapsed().Seconds(), "commits/s")
			b.ReportMetric(float64(number(b, server, "stats", "total_net_input_bytes")-in)/n/1024, "KiB-sent/commit")
			b.ReportMetric(float64(number(b, server, "persistence", "aof_current_size")-aof)/n/1024, "KiB-AOF/commit")
		})
	}
}

// BenchmarkDay counts keys in some quarters of a day, and tells what a key costs the server's memory, and how
// long a commit keeps the server from others.
func BenchmarkDay(b *testing.B) {
	for _, size := range []struct {
		keys     int
		quarters rollup.Bucket
	}{{200, 96}, {100_000, 2}, {100_000, 96}} {
		b.Run(fmt.Sprintf("keys=%d/quarters=%d", size.keys, size.quarters), func(b *testing.B) {
			for b.Loop() {
				server := start(b, testredis.Redis)
				s := open(b, "redis://"+server.Addr(), redisstore.Options{})
				for quarter := range size.quarters {
					c := commitOf(0, size.keys, quarter)
					c.Base, c.Next = int64(quarter), int64(quarter)+1
					for i := range c.Counts {
						c.Counts[i].N = 300 // two bytes, as most are
					}
					if r, err := s.Commit(b.Context(), c); err != nil || r.Outcome != rollup.Committed {
						b.Fatal(r, err)
					}
				}
				text, err := server.Call("MEMORY", "USAGE", "logproc:{0:logs}:c:18150", "SAMPLES", "0")
				bytes, err2 := strconv.Atoi(strings.TrimPrefix(text, ":"))
				if err != nil || err2 != nil {
					b.Fatal(text, err, err2)
				}
				b.ReportMetric(float64(bytes)/float64(size.keys), "bytes/key")
				b.ReportMetric(blocked(b, server), "ms-blocked/commit")
			}
		})
	}
}

// blocked gives how long one call of the function takes the server, in milliseconds.
func blocked(b *testing.B, server *testredis.Server) float64 {
	b.Helper()
	text, err := server.Call("INFO", "commandstats")
	if err != nil {
		b.Fatal(err)
	}
	_, text, _ = strings.Cut(text, "cmdstat_fcall:")
	_, text, _ = strings.Cut(text, "usec_per_call=")
	text, _, _ = strings.Cut(text, ",")
	us, err := strconv.ParseFloat(text, 64)
	if err != nil {
		b.Fatal(err)
	}
	return us / 1000
}
