// Package produce sends lines to a Kafka topic as fast as one broker takes them, for tests, trials and
// benchmarks whose totals must be exact: nothing is ever sent twice, and a fault that leaves it open
// whether records were written ends the work instead of being retried.
package produce

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/compress"
	"golang.org/x/sync/errgroup"
)

// Options say where lines go.
type Options struct {
	Brokers     []string
	Topic       string
	Partitions  int    // of the topic if it is to be created; 0: it must exist
	Compression string // none, gzip, snappy, lz4 or zstd
}

// Topic is a topic that lines can be sent to.
type Topic struct {
	transport   *kafka.Transport // of its own: another's idle connections may be to a broker that is gone
	client      *kafka.Client
	name        string
	brokers     string
	partitions  int
	compression compress.Compression
}

// leaderWait is how long a topic may take until all its partitions have a leader: a new one says so a
// moment before it is true.
const leaderWait = 30 * time.Second

// Open finds the topic, or creates it if Options.Partitions is set. The caller closes it.
func Open(ctx context.Context, opt Options) (*Topic, error) {
	transport := &kafka.Transport{}
	t := &Topic{
		transport: transport,
		client:    &kafka.Client{Addr: kafka.TCP(opt.Brokers...), Timeout: time.Minute, Transport: transport},
		name:      opt.Topic,
		brokers:   strings.Join(opt.Brokers, ","),
	}
	if err := t.open(ctx, opt); err != nil {
		t.Close()
		return nil, err
	}
	return t, nil
}

// Close gives up the connections. Nothing may be sent any more.
func (t *Topic) Close() { t.transport.CloseIdleConnections() }

func (t *Topic) open(ctx context.Context, opt Options) error {
	if opt.Compression != "" && opt.Compression != "none" {
		if err := t.compression.UnmarshalText([]byte(opt.Compression)); err != nil {
			return fmt.Errorf("compression %q: expected none, gzip, snappy, lz4 or zstd", opt.Compression)
		}
	}
	if opt.Partitions > 0 {
		if err := t.create(ctx, opt.Partitions); err != nil {
			return fmt.Errorf("create topic %s at %s: %w", t.name, t.brokers, err)
		}
	}
	ctx, cancel := context.WithTimeoutCause(ctx, leaderWait, errors.New("not all partitions got a leader in time"))
	defer cancel()
	for {
		ready, err := t.look(ctx, opt.Partitions > 0)
		if err != nil {
			return err
		}
		if ready {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("topic %s at %s: %w", t.name, t.brokers, context.Cause(ctx))
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (t *Topic) create(ctx context.Context, partitions int) error {
	response, err := t.client.CreateTopics(ctx, &kafka.CreateTopicsRequest{
		Topics: []kafka.TopicConfig{{Topic: t.name, NumPartitions: partitions, ReplicationFactor: -1}},
	})
	if err != nil {
		return err
	}
	if err := response.Errors[t.name]; err != nil && !errors.Is(err, kafka.TopicAlreadyExists) {
		return err
	}
	return nil
}

// look reads the topic's partitions and says whether all can be written to. A topic that was just
// created may be unknown for a moment.
func (t *Topic) look(ctx context.Context, created bool) (bool, error) {
	meta, err := t.client.Metadata(ctx, &kafka.MetadataRequest{Topics: []string{t.name}})
	if err != nil {
		return false, fmt.Errorf("ask %s for topic %s: %w", t.brokers, t.name, err)
	}
	for _, topic := range meta.Topics {
		switch {
		case topic.Name != t.name:
		case errors.Is(topic.Error, kafka.UnknownTopicOrPartition) && !created:
			return false, fmt.Errorf("there is no topic %s at %s: create it, or say how many partitions it is to have",
				t.name, t.brokers)
		case topic.Error == nil:
			t.partitions = len(topic.Partitions)
			for _, p := range topic.Partitions {
				if p.Error != nil {
					return false, nil
				}
			}
			return t.partitions > 0, nil
		}
	}
	return false, nil
}

// Partitions gives the number of the topic's partitions.
func (t *Topic) Partitions() int { return t.partitions }

// Send sends lines as records, the values without the line feeds, in the order of the channel within a
// partition. It sends each element of batches as one batch, dealing them to the partitions in turn; a
// batch that is larger than the broker's limit (about 1 MB) is an error. It returns when the channel is
// closed and everything is acknowledged, or with the first fault. The lines' memory is handed to free
// once it is not needed any more; free must be safe for concurrent use.
func (t *Topic) Send(ctx context.Context, batches <-chan Batch, free func(Batch)) error {
	group, ctx := errgroup.WithContext(ctx)
	queues := make([]chan Batch, t.partitions)
	for p := range queues {
		queues[p] = make(chan Batch, 1)
		group.Go(func() error {
			for b := range queues[p] {
				if err := t.produce(ctx, p, b); err != nil {
					return err
				}
				free(b)
			}
			return nil
		})
	}
	group.Go(func() error {
		defer func() {
			for _, q := range queues {
				close(q)
			}
		}()
		return deal(ctx, batches, queues)
	})
	return group.Wait()
}

func deal(ctx context.Context, batches <-chan Batch, queues []chan Batch) error {
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case b, more := <-batches:
			if !more {
				return nil
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case queues[n%len(queues)] <- b:
			}
		}
	}
}

// Batch is a number of lines: Text with the offset of each line's end (before its line feed) in Ends.
type Batch struct {
	Text []byte
	Ends []int
}

// Add notes that a line, ending in a line feed, was appended to Text.
func (b *Batch) Add() { b.Ends = append(b.Ends, len(b.Text)-1) }

// produce sends one batch. A broker that does not lead the partition, yet or any more, has written
// nothing: that alone is tried again, since it cannot make a batch arrive twice.
func (t *Topic) produce(ctx context.Context, partition int, b Batch) error {
	if len(b.Ends) == 0 {
		return nil
	}
	deadline := time.Now().Add(leaderWait)
	for {
		err := t.produceOnce(ctx, partition, b)
		if err == nil {
			return nil
		}
		refused := errors.Is(err, kafka.NotLeaderForPartition) || errors.Is(err, kafka.LeaderNotAvailable) ||
			errors.Is(err, kafka.UnknownTopicOrPartition)
		if !refused || time.Now().After(deadline) {
			return fmt.Errorf("send %d records to %s/%d at %s: %w", len(b.Ends), t.name, partition, t.brokers, err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (t *Topic) produceOnce(ctx context.Context, partition int, b Batch) error {
	response, err := t.client.Produce(ctx, &kafka.ProduceRequest{
		Topic: t.name, Partition: partition, RequiredAcks: kafka.RequireAll, Compression: t.compression,
		Records: &recordReader{batch: b, time: time.Now()},
	})
	if err != nil {
		return err
	}
	return response.Error
}
