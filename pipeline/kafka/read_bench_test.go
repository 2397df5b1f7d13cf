package kafka_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/logproc/logproc/internal/testbroker"
	"github.com/logproc/logproc/pipeline"
)

// BenchmarkRead reads 4 partitions of lz4 batches from the in-process broker, so its cost is the broker's too.
func BenchmarkRead(b *testing.B) {
	const partitions, batches, perBatch = 4, 50, 1000
	broker := start(b, testbroker.Options{Topics: map[string]int32{"logs": partitions}})
	producer := newProducer(b, broker, testbroker.LZ4)
	for p := range int32(partitions) {
		for i := range batches {
			records := make([]*kgo.Record, perBatch)
			for j := range records {
				records[j] = &kgo.Record{Topic: "logs", Partition: p, Value: fmt.Appendf(nil,
					`{"lvl":"info","t":"2026-01-31T07:%02d:00.%03dZ","msg":"api-sync-done-customer-%d","RequestID":"%08x","service":"ctrl","env":"anna","duration":%d,"text":"synchronised %d customers with the upstream service, nothing left to do"}`,
					i%60, j, j%40, j*2654435761, j%900, j*7%1000)}
			}
			if err := producer.Produce(context.Background(), records...); err != nil {
				b.Fatal(err)
			}
		}
	}
	for _, plain := range []bool{false, true} {
		name := "raw"
		if plain {
			name = "plain"
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var records atomic.Int64
			for b.Loop() {
				cfg := config(broker, "logs")
				cfg.Plain, cfg.UntilEnd = plain, true
				err := newSource(b, cfg).Run(context.Background(), func(ctx context.Context, p pipeline.Partition) {
					p.MoveTo(0)
					for {
						batch, err := p.Next(ctx)
						if err != nil {
							if !errors.Is(err, io.EOF) {
								b.Error(err)
							}
							return
						}
						records.Add(int64(len(batch.Messages)))
						batch.Release()
					}
				})
				if err != nil {
					b.Fatal(err)
				}
			}
			if got, want := records.Load(), int64(b.N*partitions*batches*perBatch); got < want {
				b.Fatalf("%d records, want %d", got, want)
			}
			b.ReportMetric(float64(records.Load())/b.Elapsed().Seconds(), "records/s")
		})
	}
}
