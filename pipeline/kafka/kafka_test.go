package kafka_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/logproc/logproc/internal/testbroker"
	"github.com/logproc/logproc/pipeline"
	"github.com/logproc/logproc/pipeline/kafka"
	"github.com/logproc/logproc/pipeline/sourcetest"
)

// fetchers runs a test with the raw and with the plain fetcher.
func fetchers(t *testing.T, test func(t *testing.T, plain bool)) {
	for _, plain := range []bool{false, true} {
		name := "raw"
		if plain {
			name = "plain"
		}
		t.Run(name, func(t *testing.T) { test(t, plain) })
	}
}

// start starts a broker for the length of a test.
func start(t testing.TB, o testbroker.Options) *testbroker.Broker {
	t.Helper()
	b, err := testbroker.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

// groups makes every test's group a new one.
var groups atomic.Int32

// config is a configuration with short times.
func config(b *testbroker.Broker, topics ...string) kafka.Config {
	return kafka.Config{Brokers: b.Addrs(), Topics: topics, Group: fmt.Sprintf("group-%d", groups.Add(1)),
		TLS: b.ClientTLS(), MaxWait: 50 * time.Millisecond, HeartbeatInterval: 50 * time.Millisecond,
		CommitInterval: 50 * time.Millisecond, MetadataInterval: 200 * time.Millisecond, TopicWait: 300 * time.Millisecond,
		GiveUp: 2 * time.Second, DrainTimeout: 20 * time.Second}
}

func newSource(t testing.TB, cfg kafka.Config) *kafka.Source {
	t.Helper()
	src, err := kafka.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return src
}

func newProducer(t testing.TB, b *testbroker.Broker, codec testbroker.Codec, opts ...kgo.Opt) *testbroker.Producer {
	t.Helper()
	p, err := b.Producer(codec, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// log is a topic as the conformance suite sees it.
type log struct {
	b        *testbroker.Broker
	producer *testbroker.Producer
	plain    bool
}

func (l *log) Append(t testing.TB, partition int32, records ...sourcetest.Record) {
	t.Helper()
	out := make([]*kgo.Record, len(records))
	for i, r := range records {
		out[i] = &kgo.Record{Topic: "logs", Partition: partition, Key: r.Key, Value: r.Value, Timestamp: r.Time}
	}
	if err := l.producer.Produce(context.Background(), out...); err != nil {
		t.Error(err)
	}
}

func (l *log) Source(t testing.TB, o sourcetest.Options) pipeline.Source {
	cfg := config(l.b, "logs")
	cfg.Plain, cfg.UntilEnd = l.plain, o.UntilEnd
	if o.Latest {
		cfg.Start = kafka.StartLatest()
	}
	if !o.Since.IsZero() {
		cfg.Start = kafka.StartAt(o.Since)
	}
	return newSource(t, cfg)
}

func TestConformance(t *testing.T) {
	fetchers(t, func(t *testing.T, plain bool) {
		for _, codec := range testbroker.Codecs() {
			t.Run(string(codec), func(t *testing.T) {
				sourcetest.Suite{Tombstones: true, EmptyValues: !plain, Keys: true, Endless: true, StartAt: true,
					Log: func(t testing.TB) sourcetest.Log {
						b := start(t, testbroker.Options{Topics: map[string]int32{"logs": sourcetest.Partitions}})
						return &log{b: b, producer: newProducer(t, b, codec), plain: plain}
					}}.Run(t)
			})
		}
	})
}
