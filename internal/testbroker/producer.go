package testbroker

import (
	"context"
	"fmt"
	"math"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Codec names a compression of record batches.
type Codec string

// The compressions that Kafka knows.
const (
	None   Codec = "none"
	Gzip   Codec = "gzip"
	Snappy Codec = "snappy"
	LZ4    Codec = "lz4"
	Zstd   Codec = "zstd"
)

// Codecs lists all compressions.
func Codecs() []Codec { return []Codec{None, Gzip, Snappy, LZ4, Zstd} }

func (c Codec) kgo() kgo.CompressionCodec {
	switch c {
	case Gzip:
		return kgo.GzipCompression()
	case Snappy:
		return kgo.SnappyCompression()
	case LZ4:
		return kgo.Lz4Compression()
	case Zstd:
		return kgo.ZstdCompression()
	default:
		return kgo.NoCompression()
	}
}

// Producer writes records to partitions of the caller's choice, with all records of a call in one batch
// unless they take more than 16 MiB. It is used by one goroutine.
type Producer struct {
	client *kgo.Client
	known  map[string]bool // topics that the client has loaded
}

// Producer makes a producer with a compression; options may add to it, for example a transactional id.
// The caller closes it.
func (b *Broker) Producer(codec Codec, opts ...kgo.Opt) (*Producer, error) {
	return NewProducer(append(b.ClientOptions(), append([]kgo.Opt{kgo.ProducerBatchCompression(codec.kgo())}, opts...)...)...)
}

// NewProducer makes a producer for any cluster.
func NewProducer(opts ...kgo.Opt) (*Producer, error) {
	client, err := kgo.NewClient(append([]kgo.Opt{kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ManualFlushing(),
		kgo.MaxBufferedRecords(1 << 20), kgo.ProducerBatchMaxBytes(16 << 20)}, opts...)...)
	if err != nil {
		return nil, fmt.Errorf("make a producer: %w", err)
	}
	return &Producer{client: client, known: map[string]bool{}}, nil
}

// Client gives franz-go's own client, for transactions.
func (p *Producer) Client() *kgo.Client { return p.client }

// Produce writes records, whose Topic and Partition are set, and waits until they are stored; their
// offsets are set then.
func (p *Producer) Produce(ctx context.Context, records ...*kgo.Record) error {
	for _, r := range records {
		p.load(ctx, r.Topic)
	}
	errs := make(chan error, len(records))
	for _, r := range records {
		p.client.Produce(ctx, r, func(_ *kgo.Record, err error) { errs <- err })
	}
	if err := p.client.Flush(ctx); err != nil {
		return fmt.Errorf("write %d records: %w", len(records), err)
	}
	for range records {
		if err := <-errs; err != nil {
			return fmt.Errorf("write %d records: %w", len(records), err)
		}
	}
	return nil
}

// load has the client look a topic up. Records that had to wait for that would not go into one batch.
func (p *Producer) load(ctx context.Context, topic string) {
	if p.known[topic] {
		return
	}
	p.known[topic] = true
	// No topic has this partition, which is told without a request once the topic is known. Any other
	// error comes again with the records themselves.
	p.client.ProduceSync(ctx, &kgo.Record{Topic: topic, Partition: math.MaxInt32})
}

// Values writes values to a partition in one batch.
func (p *Producer) Values(ctx context.Context, topic string, partition int32, values ...string) error {
	records := make([]*kgo.Record, len(values))
	for i, v := range values {
		records[i] = &kgo.Record{Topic: topic, Partition: partition, Value: []byte(v)}
	}
	return p.Produce(ctx, records...)
}

// Close ends the producer.
func (p *Producer) Close() { p.client.Close() }
