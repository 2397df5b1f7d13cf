package prom_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync"
	"testing"

	"github.com/logproc/logproc/parse"
	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/rollup"
	"github.com/logproc/logproc/sinks/prom"
)

func manyCounts(n int) []rollup.Count {
	counts := make([]rollup.Count, n)
	for i := range counts {
		counts[i] = rollup.Count{Key: key(fmt.Sprintf("service-%d", i%20), "prod", parse.Level(i%4+2), fmt.Sprintf("module-%d-operation-result-%d", i%97, i)), N: 1}
	}
	return counts
}

// TestScrapesSeeWholeCommits scrapes while commits of two series go on: both must always be equal.
func TestScrapesSeeWholeCommits(t *testing.T) {
	e := newExporter(t, prom.Options{})
	c := &rollup.Commit{Counts: []rollup.Count{
		{Key: key("a", "", parse.LevelInfo, "x"), N: 3},
		{Key: key("b", "", parse.LevelInfo, "y"), N: 3},
	}}
	e.Committed(c, 0)
	stop := make(chan struct{})
	var committers sync.WaitGroup
	for range 2 {
		committers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					e.Committed(c, 0)
				}
			}
		})
	}
	last := 0.0
	for range 50 {
		f := families(t, e, acceptText)
		x, _ := value(f, "log_events_total", `{env="", level="info", msg="x", service="a"}`)
		y, _ := value(f, "log_events_total", `{env="", level="info", msg="y", service="b"}`)
		if x != y || x < last {
			t.Errorf("saw %v and %v after %v", x, y, last)
		}
		last = x
	}
	close(stop)
	committers.Wait()
}

func TestCommitDoesNotAllocatePerSeries(t *testing.T) {
	e := newExporter(t, prom.Options{})
	c := &rollup.Commit{Counts: manyCounts(1000), Durations: []rollup.Durations{{Service: redact.Const("a"), Msg: redact.Const("b"), Histogram: durations(1)}}}
	e.Committed(c, 0)
	if n := testing.AllocsPerRun(100, func() { e.Committed(c, 0) }); n > 3 {
		t.Errorf("%v allocations per commit of 1000 series", n)
	}
}

func TestMemoryPerSeries(t *testing.T) {
	const n = 100_000
	e := newExporter(t, prom.Options{})
	before := heap()
	for i := range n { // as they come from the pipeline, which does not keep them
		e.Committed(&rollup.Commit{Counts: []rollup.Count{
			{Key: key(fmt.Sprintf("service-%d", i%20), "prod", parse.LevelInfo, fmt.Sprintf("module-%d-operation-result-%d", i%97, i)), N: 1}}}, 0)
	}
	per := (heap() - before) / n
	t.Logf("%d bytes per series", per)
	if per > 600 {
		t.Errorf("%d bytes per series, want at most 600", per)
	}
	runtime.KeepAlive(e)
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func BenchmarkCommitted(b *testing.B) {
	e := newExporter(b, prom.Options{})
	c := &rollup.Commit{Counts: manyCounts(1000)}
	for b.Loop() {
		e.Committed(c, 0)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/series")
}

func BenchmarkScrape100k(b *testing.B) {
	e := newExporter(b, prom.Options{})
	e.Committed(&rollup.Commit{Counts: manyCounts(100_000)}, 0)
	for _, accept := range []string{acceptText, acceptOpenMetrics, acceptProtobuf} {
		b.Run(accept[:20], func(b *testing.B) {
			h := e.Handler()
			b.ReportAllocs()
			for b.Loop() {
				r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
				r.Header.Set("Accept", accept)
				h.ServeHTTP(discard{http.Header{}}, r)
			}
		})
	}
}

type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) WriteHeader(int)             {}
func (d discard) Write(p []byte) (int, error) { return io.Discard.Write(p) }
