package topic

import (
	"errors"
	"fmt"
	"sync"

	"github.com/segmentio/kafka-go"

	"github.com/logproc/logproc/internal/advice"
)

// errClosed is what Add and Flush of a closed Writer give.
var errClosed = errors.New("the writer is closed")

// tooLarge reports whether the broker refuses a batch for its size.
func tooLarge(err error) bool {
	return errors.Is(err, kafka.MessageSizeTooLarge) || errors.Is(err, kafka.RecordListTooLarge)
}

// badTime reports whether the broker refuses a batch for the times of its records.
func badTime(err error) bool { return errors.Is(err, kafka.InvalidTimestamp) }

// passes reports whether an error can pass by itself, so that it is worth trying again.
func passes(err error) bool { return !errors.Is(err, errMissing) && adviceFor(err) == "" }

// advised adds to an error what to do about it.
func advised(err error) error {
	if advice := adviceFor(err); advice != "" {
		return fmt.Errorf("%w; %s", err, advice)
	}
	return err
}

// adviceFor says what to do about an error that does not pass by itself, and nothing about others.
func adviceFor(err error) string {
	code := kafka.Error(0)
	if errors.As(err, &code) {
		if s := adviceForCode(code); s != "" {
			return s
		}
	}
	return advice.ForConnection(err)
}

func adviceForCode(code kafka.Error) string {
	switch code {
	case kafka.TopicAuthorizationFailed, kafka.ClusterAuthorizationFailed:
		return "the user needs the rights Write and Describe on the topic"
	case kafka.InvalidTopic:
		return "check the topic's name"
	case kafka.UnsupportedCompressionType:
		return "choose another compression"
	case kafka.InvalidRequiredAcks, kafka.UnsupportedForMessageFormat, kafka.InvalidRecord, kafka.PolicyViolation:
		return "check the topic's settings: it has to take records with keys, headers and message format 2"
	}
	return ""
}

// brokerError is a code in a broker's answer. Its text is the program's own: a broker may quote records
// in its message.
type brokerError struct{ code kafka.Error }

func (e brokerError) Error() string {
	return fmt.Sprintf("%s (Kafka error %d)", e.code.Title(), int(e.code))
}

func (e brokerError) Unwrap() error { return e.code }

// failing follows the batches that are being tried again. It is safe for concurrent use.
type failing struct {
	mu  sync.Mutex
	n   int
	err error // the newest
}

func (f *failing) begin(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.n++
	f.err = err
}

func (f *failing) end() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.n--; f.n == 0 {
		f.err = nil
	}
}

// Err tells why records cannot be written just now, for health checks; nil when all is well.
func (p *Publisher) Err() error {
	p.failing.mu.Lock()
	defer p.failing.mu.Unlock()
	if p.failing.err == nil {
		return nil
	}
	return fmt.Errorf("write to topic %s: %w", p.o.Topic, p.failing.err)
}
