package pipeline_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/logproc/logproc/correlate/live"
	"github.com/logproc/logproc/pipeline"
	"github.com/logproc/logproc/rollup/memstore"
	"github.com/logproc/logproc/rules"
)

// inProcess hands observations to a correlator.
type inProcess struct{ *live.Correlator }

func (p inProcess) Open(ctx context.Context, a live.Assignment) (pipeline.CorrelationInput, error) {
	return p.Correlator.Open(ctx, a)
}

// BenchmarkPipelineCorrelated is BenchmarkPipeline with an engine beside it; most records of the workload name a request.
func BenchmarkPipelineCorrelated(b *testing.B) {
	for _, perRequest := range []int{1, 8} {
		b.Run(fmt.Sprintf("records=%d", perRequest), func(b *testing.B) { correlated(b, perRequest) })
	}
}

func correlated(b *testing.B, perRequest int) {
	b.ReportAllocs()
	store := memstore.New(time.Now)
	c := live.New(live.Config{Store: store, Group: "bench"})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); c.Run(ctx) }()
	p, err := pipeline.New(pipeline.Config{Source: newLoopOf(int64(b.N), perRequest), Store: store, Naming: rules.DefaultNaming(), Correlation: inProcess{c}})
	if err != nil {
		b.Fatal(err)
	}
	if err := p.Run(context.Background()); err != nil {
		b.Fatal(err)
	}
	s := c.Stats()
	b.ReportMetric(float64(s.Added)/float64(b.N), "observed/op")
	b.ReportMetric(float64(s.Closed)/float64(b.N), "closed/op")
	cancel()
	<-done
}
