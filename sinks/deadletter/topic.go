package deadletter

import (
	"context"
	"fmt"
	"time"

	"github.com/segmentio/kafka-go"
)

const (
	// topicTimeout is how long a Write to Kafka may hold up a commit.
	topicTimeout = 5 * time.Second
	// topicPause is how long nothing is tried after a failure, so that an absent broker does not hold up
	// every commit.
	topicPause = 30 * time.Second
)

// TopicOptions says which topic letters are written to.
type TopicOptions struct {
	Brokers []string // host:port
	Topic   string   // must exist, and must not be one that is read from
	// Transport carries TLS and credentials; nil for plain connections. The Topic owns it.
	Transport *kafka.Transport
	// Now is the clock (default time.Now).
	Now func() time.Time
}

// Topic writes letters to a Kafka topic: the key is topic/partition/offset, the value the same JSON as in files.
type Topic struct {
	writer    *kafka.Writer
	transport *kafka.Transport
	now       func() time.Time
	failed    error     // of the last Write
	pause     time.Time // when Write may be tried again
}

var _ Writer = (*Topic)(nil)

// NewTopic makes a writer; it connects with the first letters.
func NewTopic(o TopicOptions) *Topic {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Transport == nil {
		o.Transport = new(kafka.Transport) // kafka-go's default is shared by the whole process
	}
	return &Topic{now: o.Now, transport: o.Transport, writer: &kafka.Writer{
		Addr:         kafka.TCP(o.Brokers...),
		Topic:        o.Topic,
		Balancer:     &kafka.Hash{},
		RequiredAcks: kafka.RequireAll,
		BatchSize:    DefaultPerReason,
		BatchTimeout: 10 * time.Millisecond, // a Write brings all letters of a commit at once
		WriteTimeout: topicTimeout,
		MaxAttempts:  3,
		Transport:    o.Transport,
	}}
}

// Write returns when all in-sync replicas have the letters, or with an error after 5 seconds. For the 30
// seconds after an error it gives that error again at once.
func (t *Topic) Write(ctx context.Context, entries []Entry) error {
	if t.failed != nil && t.now().Before(t.pause) {
		return fmt.Errorf("%w (not tried again before %s)", t.failed, t.pause.UTC().Format(time.TimeOnly))
	}
	messages := make([]kafka.Message, len(entries))
	for i := range entries {
		line := entries[i].line()
		messages[i] = kafka.Message{Key: []byte(entries[i].key()), Value: line[:len(line)-1]}
	}
	ctx, cancel := context.WithTimeout(ctx, topicTimeout)
	defer cancel()
	t.failed = t.writer.WriteMessages(ctx, messages...)
	if t.failed != nil {
		t.failed = fmt.Errorf("write dead letters to topic %s: %w", t.writer.Topic, t.failed)
		t.pause = t.now().Add(topicPause)
	}
	return t.failed
}

// Close ends the connections.
func (t *Topic) Close() error {
	defer t.transport.CloseIdleConnections()
	if err := t.writer.Close(); err != nil {
		return fmt.Errorf("topic %s: %w", t.writer.Topic, err)
	}
	return nil
}
