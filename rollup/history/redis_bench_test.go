//go:build e2e

package history_test

import (
	"testing"
	"time"

	"github.com/logproc/logproc/internal/testredis"
	"github.com/logproc/logproc/rollup"
	"github.com/logproc/logproc/rollup/history"
	"github.com/logproc/logproc/rollup/redisstore"
)

// BenchmarkReportsRedis is BenchmarkReports on a Redis server, with 60 days: it never reads more of them than 35.
func BenchmarkReportsRedis(b *testing.B) {
	program, err := testredis.Redis()
	if err != nil {
		b.Skip(err)
	}
	server, err := testredis.Start(program, b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer server.Kill()
	s, err := redisstore.Open(b.Context(), "redis://"+server.Addr()+"/0", redisstore.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	now := time.Now()
	today := rollup.DateOf(rollup.BucketOf(now.UnixNano()), nil).AddDays(-1)
	stockholm := zone(b, "Europe/Stockholm")
	fill(b, s, today, 10_000, 60)
	began := time.Now()
	n := refresh(b, history.NewRefresher(s), now, stockholm)
	b.Logf("%d days were summed in %s", n, time.Since(began).Round(time.Millisecond))
	for b.Loop() {
		list := reports(b, s, rollup.Request{Day: today, Zone: stockholm}, history.Options{Now: now})
		if len(list) != 20 || len(list[0].Lines) != 500 || len(list[0].Slowest) != 250 {
			b.Fatal(len(list), len(list[0].Lines), len(list[0].Slowest))
		}
	}
	b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms/report")
}
