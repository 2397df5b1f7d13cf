//go:build e2e

package kafka_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/logproc/logproc/internal/testbroker"
	"github.com/logproc/logproc/pipeline"
	"github.com/logproc/logproc/pipeline/kafka"
	"github.com/logproc/logproc/pipeline/sourcetest"
)

// realTopics makes every test's topic a new one, also when the broker is older than the test run.
var realTopics atomic.Int32

// realBroker gives the address of an Apache Kafka broker.
func realBroker(t testing.TB) string {
	addr := os.Getenv("LOGPROC_TEST_KAFKA")
	if addr == "" {
		t.Fatal("LOGPROC_TEST_KAFKA is not set: expected host:port of a Kafka broker")
	}
	return addr
}

func realTopic(t testing.TB, addr string, partitions int) string {
	t.Helper()
	name := fmt.Sprintf("logproc-test-%d-%d", os.Getpid(), realTopics.Add(1))
	client := &kafkago.Client{Addr: kafkago.TCP(addr), Timeout: 20 * time.Second}
	resp, err := client.CreateTopics(context.Background(), &kafkago.CreateTopicsRequest{Topics: []kafkago.TopicConfig{{Topic: name, NumPartitions: partitions, ReplicationFactor: 1}}})
	if err == nil {
		err = resp.Errors[name]
	}
	if err != nil {
		t.Fatal(err)
	}
	return name
}

// realConfig is a configuration with the broker's own limits.
func realConfig(addr, topic string) kafka.Config {
	return kafka.Config{Brokers: []string{addr}, Topics: []string{topic}, Group: fmt.Sprintf("%s-group-%d", topic, groups.Add(1)),
		MaxWait: 100 * time.Millisecond, HeartbeatInterval: 200 * time.Millisecond, CommitInterval: 100 * time.Millisecond, TopicWait: 10 * time.Second}
}

func realProducer(t testing.TB, addr string, codec kgo.CompressionCodec, opts ...kgo.Opt) *testbroker.Producer {
	t.Helper()
	p, err := testbroker.NewProducer(append(opts, kgo.SeedBrokers(addr), kgo.ProducerBatchCompression(codec), kgo.ProducerBatchMaxBytes(900<<10))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// realLog is a topic of a real broker as the conformance suite sees it.
type realLog struct {
	addr, topic string
	producer    *testbroker.Producer
	plain       bool
}

func (l *realLog) Append(t testing.TB, partition int32, records ...sourcetest.Record) {
	t.Helper()
	out := make([]*kgo.Record, len(records))
	for i, r := range records {
		out[i] = &kgo.Record{Topic: l.topic, Partition: partition, Key: r.Key, Value: r.Value, Timestamp: r.Time}
	}
	if err := l.producer.Produce(context.Background(), out...); err != nil {
		t.Error(err)
	}
}

func (l *realLog) Source(t testing.TB, o sourcetest.Options) pipeline.Source {
	cfg := realConfig(l.addr, l.topic)
	cfg.Plain, cfg.UntilEnd = l.plain, o.UntilEnd
	if o.Latest {
		cfg.Start = kafka.StartLatest()
	}
	if !o.Since.IsZero() {
		cfg.Start = kafka.StartAt(o.Since)
	}
	return newSource(t, cfg)
}

func TestRealConformance(t *testing.T) {
	addr := realBroker(t)
	fetchers(t, func(t *testing.T, plain bool) {
		for name, codec := range map[string]kgo.CompressionCodec{"none": kgo.NoCompression(), "lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression()} {
			t.Run(name, func(t *testing.T) {
				sourcetest.Suite{Tombstones: true, EmptyValues: !plain, Keys: true, Endless: true, StartAt: true,
					Log: func(t testing.TB) sourcetest.Log {
						return &realLog{addr: addr, topic: realTopic(t, addr, sourcetest.Partitions), producer: realProducer(t, addr, codec), plain: plain}
					}}.Run(t)
			})
		}
	})
}

func TestRealTransactions(t *testing.T) {
	addr := realBroker(t)
	topic := realTopic(t, addr, 1)
	ctx := context.Background()
	txn := realProducer(t, addr, kgo.Lz4Compression(), kgo.TransactionalID(topic))
	for i, end := range []kgo.TransactionEndTry{kgo.TryCommit, kgo.TryAbort, kgo.TryCommit} {
		if err := txn.Client().BeginTransaction(); err != nil {
			t.Fatal(err)
		}
		if err := txn.Values(ctx, topic, 0, fmt.Sprint(i), fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
		if err := txn.Client().EndTransaction(ctx, end); err != nil {
			t.Fatal(err)
		}
	}
	got := read(t, realConfig(addr, topic), 0, nil)
	if strings.Join(got.values, "") != "0022" || got.err != nil || len(got.lost) > 0 {
		t.Errorf("got %v, lost %v, error %v", got.values, got.lost, got.err)
	}
}

func TestRealRetentionAndRange(t *testing.T) {
	addr := realBroker(t)
	topic := realTopic(t, addr, 1)
	fill(t, realProducer(t, addr, kgo.SnappyCompression()), topic, 5)
	client, err := kgo.NewClient(kgo.SeedBrokers(addr))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	deleteRecords(t, client, topic, 20)
	got := read(t, realConfig(addr, topic), 3, nil)
	if got.err != nil || len(got.lost) != 1 || got.lost[0].First != 3 || got.lost[0].Last != 19 {
		t.Errorf("lost %v, error %v", got.lost, got.err)
	}
	wantNumbers(t, got.values, 20, 50)
	if got := read(t, realConfig(addr, topic), 99, nil); got.err == nil || !strings.Contains(got.err.Error(), "50") {
		t.Errorf("beyond the end: %v", got.err)
	}
}

func TestRealMembers(t *testing.T) {
	addr := realBroker(t)
	topic := realTopic(t, addr, 4)
	producer := realProducer(t, addr, kgo.Lz4Compression())
	total := 0
	more := func() {
		for p := range int32(4) {
			for range 10 {
				if err := producer.Values(context.Background(), topic, p, "a", "b", "c"); err != nil {
					t.Fatal(err)
				}
				total += 3
			}
		}
	}
	l := newLedger()
	cfg := realConfig(addr, topic)
	more()
	first := join(t, cfg, l)
	l.wait(t, total)
	second := join(t, cfg, l)
	more()
	l.wait(t, total)
	first()
	more()
	l.wait(t, total)
	second()
	l.wantOnce(t, total)
}

func TestRealTopicCreatedAgain(t *testing.T) {
	addr := realBroker(t)
	topic := realTopic(t, addr, 1)
	fill(t, realProducer(t, addr, kgo.NoCompression()), topic, 2)
	cfg := realConfig(addr, topic)
	cfg.MetadataInterval = time.Hour
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var got reading
	if err := newSource(t, cfg).Run(ctx, func(ctx context.Context, p pipeline.Partition) {
		defer cancel()
		got = follow(ctx, t, p, 0, func(n int) {
			if n == 2 {
				recreate(t, addr, topic)
			}
		})
	}); err != nil {
		t.Fatal(err)
	}
	if got.err == nil || !strings.Contains(got.err.Error(), pipeline.ErrTopicChanged.Error()) {
		t.Errorf("got %v, want %v", got.err, pipeline.ErrTopicChanged)
	}
}
