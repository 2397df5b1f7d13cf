package pipeline_test

import (
	"context"
	"io"
	"runtime"
	"testing"
	"time"

	"github.com/valyala/fastjson"

	"github.com/logproc/logproc/bench/workload"
	"github.com/logproc/logproc/parse"
	"github.com/logproc/logproc/pipeline"
	"github.com/logproc/logproc/rollup"
	"github.com/logproc/logproc/rollup/memstore"
	"github.com/logproc/logproc/rules"
)

// loop is a partition that gives the same batches over and over, until n records were given.
type loop struct {
	batches [][]pipeline.Message
	n, next int64
	at      int
}

func newLoop(n int64) *loop { return newLoopOf(n, 1) }

// newLoopOf gives so many records to each request.
func newLoopOf(n int64, perRequest int) *loop {
	g := workload.New(workload.Options{Seed: 1, Records: 20_000, PerRequest: perRequest, Start: time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC), Span: time.Minute})
	l := &loop{n: n}
	for range 10 {
		var b []pipeline.Message
		for range 2000 {
			b = append(b, pipeline.Message{Value: g.Append(nil)})
		}
		l.batches = append(l.batches, b)
	}
	return l
}

func (l *loop) Run(ctx context.Context, work func(context.Context, pipeline.Partition)) error {
	work(ctx, l)
	return nil
}
func (l *loop) ID() rollup.TopicPartition            { return logs0 }
func (l *loop) TopicID() rollup.TopicID              { return "" }
func (l *loop) Start(context.Context) (int64, error) { return 0, nil }
func (l *loop) MoveTo(offset int64)                  { l.next = offset }
func (l *loop) Committed(int64, string)              {}
func (l *loop) Copied(context.Context, int64) (int64, string, bool, error) {
	return 0, "", false, nil
}
func (l *loop) Stats() pipeline.PartitionStats { return pipeline.PartitionStats{} }

func (l *loop) Next(context.Context) (*pipeline.Batch, error) {
	if l.next >= l.n {
		return nil, io.EOF
	}
	b := l.batches[l.at%len(l.batches)]
	l.at++
	for i := range b {
		b[i].Offset = l.next
		l.next++
	}
	return &pipeline.Batch{Messages: b, Next: l.next, End: l.n}, nil
}

func runLoop(tb testing.TB, n int64) {
	p, err := pipeline.New(pipeline.Config{Source: newLoop(n), Store: memstore.New(time.Now), Naming: rules.DefaultNaming()})
	if err != nil {
		tb.Fatal(err)
	}
	if err := p.Run(context.Background()); err != nil {
		tb.Fatal(err)
	}
}

// TestNoAllocationPerRecord compares two runs of different length: what they differ in is steady state.
func TestNoAllocationPerRecord(t *testing.T) {
	mallocs := func(n int64) uint64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		runLoop(t, n)
		runtime.ReadMemStats(&after)
		return after.Mallocs - before.Mallocs
	}
	mallocs(20_000)
	few, many := mallocs(20_000), mallocs(220_000)
	if perRecord := (float64(many) - float64(few)) / 200_000; perRecord > 0.01 {
		t.Errorf("%.3f allocations per record", perRecord)
	}
}

// BenchmarkPipeline is the whole path of a record without the network; compare with BenchmarkParseOnly and
// BenchmarkFloor in the same run.
func BenchmarkPipeline(b *testing.B) {
	b.ReportAllocs()
	runLoop(b, int64(b.N))
}

func BenchmarkParseOnly(b *testing.B) {
	l := newLoop(0)
	parser, err := parse.New(parse.Options{})
	if err != nil {
		b.Fatal(err)
	}
	i := 0
	for b.Loop() {
		batch := l.batches[i/2000%10]
		parser.Parse(parse.Input{Line: batch[i%2000].Value})
		parser.Next()
		i++
	}
}

func BenchmarkFloor(b *testing.B) {
	l := newLoop(0)
	var parser fastjson.Parser
	i := 0
	for b.Loop() {
		v, err := parser.ParseBytes(l.batches[i/2000%10][i%2000].Value)
		if err != nil {
			b.Fatal(err)
		}
		for _, name := range [...]string{"t", "lvl", "msg", "env", "MesosTaskID", "RequestID", "duration", "status"} {
			v.Get(name)
		}
		i++
	}
}
