// Package exchange carries observations through a Kafka topic that is keyed by request, so that all records of a
// request meet in one process although several read the logs.
//
// A Topic takes them from the workers: they are acknowledged before the records are counted. A Reader takes them from
// the topic, in a consumer group of its own, to the engine of its process. Where the engine goes on after a restart or a
// rebalance is in its checkpoint; the group's offsets are copies for lag tools.
//
// What is written twice, as after a crash, is taken once: a partition of the topic has what one source partition
// holds in the order of its offsets, so that one which is not beyond the last is a repetition.
package exchange

import (
	"context"
	"fmt"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/logproc/logproc/correlate/live"
	"github.com/logproc/logproc/pipeline"
)

// Options says where a Topic is.
type Options struct {
	Brokers []string // host:port
	Topic   string   // must exist, and must not be one that logs are read from
	// Transport carries TLS and credentials; nil for plain connections. The Topic owns it.
	Transport *kafka.Transport
}

const (
	// writeTimeout is how long a broker may take to answer.
	writeTimeout = 10 * time.Second
	// linger is how long a batch waits for more: all that is written at a time is there at once.
	linger = 5 * time.Millisecond
	// maxBatch is how many observations are written at a time.
	maxBatch = 8192
)

// Topic takes observations. It is safe for concurrent use.
type Topic struct {
	writer    *kafka.Writer
	transport *kafka.Transport
}

// NewTopic makes a Topic; it connects with the first observations.
func NewTopic(o Options) *Topic {
	if o.Transport == nil {
		o.Transport = new(kafka.Transport) // kafka-go's default is shared by the whole process
	}
	return &Topic{transport: o.Transport, writer: &kafka.Writer{
		Addr: kafka.TCP(o.Brokers...), Topic: o.Topic, Balancer: &kafka.Hash{}, RequiredAcks: kafka.RequireAll,
		BatchSize: maxBatch, BatchTimeout: linger, WriteTimeout: writeTimeout, Compression: kafka.Lz4, Transport: o.Transport,
	}}
}

// Close ends the connections.
func (t *Topic) Close() error {
	defer t.transport.CloseIdleConnections()
	if err := t.writer.Close(); err != nil {
		return fmt.Errorf("topic %s: %w", t.writer.Topic, err)
	}
	return nil
}

// Open implements pipeline.Correlation. Nothing has to be read again: what is counted is in the topic.
func (t *Topic) Open(_ context.Context, a live.Assignment) (pipeline.CorrelationInput, error) {
	return &input{topic: t, assignment: a}, nil
}

// input writes what one worker observes.
type input struct {
	topic      *Topic
	assignment live.Assignment
	messages   []kafka.Message
	buf        []byte
	failed     error // of a write: what it held may be lost, so nothing that is counted may follow
}

// ReadFrom implements pipeline.CorrelationInput.
func (i *input) ReadFrom() int64 { return i.assignment.Resume }

// HandOver implements pipeline.CorrelationInput.
func (i *input) HandOver(ctx context.Context, h live.Handover) ([]live.Observed, error) {
	index := 0
	for n := range h.Observed {
		o := &h.Observed[n]
		if index++; n == 0 || o.Offset != h.Observed[n-1].Offset {
			index = 0
		}
		from := len(i.buf)
		i.buf = appendKey(i.buf, &o.Observation)
		middle := len(i.buf)
		i.buf = appendRecord(i.buf, place{i.assignment.TopicPartition, o.Offset, index}, &o.Observation)
		i.messages = append(i.messages, kafka.Message{Key: i.buf[from:middle:middle], Value: i.buf[middle:len(i.buf):len(i.buf)]})
	}
	clear(h.Observed)
	if len(i.messages) >= maxBatch {
		return h.Observed[:0], i.Flush(ctx)
	}
	return h.Observed[:0], nil
}

// Flush implements pipeline.CorrelationInput.
func (i *input) Flush(ctx context.Context) error {
	if i.failed != nil || len(i.messages) == 0 {
		return i.failed
	}
	err := i.topic.writer.WriteMessages(ctx, i.messages...)
	i.messages, i.buf = i.messages[:0], nil // the writer may still hold what it was given
	if err != nil {
		i.failed = fmt.Errorf("write to the correlation topic %s: %w", i.topic.writer.Topic, cause(err))
	}
	return i.failed
}

// cause gives one error of those of a write, which has one for each message.
func cause(err error) error {
	if all, ok := err.(kafka.WriteErrors); ok {
		for _, one := range all {
			if one != nil {
				return one
			}
		}
	}
	return err
}

// End implements pipeline.CorrelationInput.
func (i *input) End() {}

// Close implements pipeline.CorrelationInput.
func (i *input) Close(context.Context) {}
