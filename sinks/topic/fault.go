package topic

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"
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
	var certificate *tls.CertificateVerificationError
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	var noTLS tls.RecordHeaderError
	code := kafka.Error(0)
	switch {
	case errors.As(err, &code):
		return adviceForCode(code)
	case errors.As(err, &certificate), errors.As(err, &unknown), errors.As(err, &host):
		return "check the broker's certificate and the CA given for it"
	case errors.As(err, &noTLS):
		return "the broker's port does not speak TLS: check the port, or leave TLS off"
	}
	return ""
}

func adviceForCode(code kafka.Error) string {
	switch code {
	case kafka.SASLAuthenticationFailed:
		return "check user and password"
	case kafka.UnsupportedSASLMechanism, kafka.IllegalSASLState:
		return "check which SASL mechanism the broker's port wants"
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

// Limits of the pause between two tries.
const (
	backoffMin = 100 * time.Millisecond
	backoffMax = 10 * time.Second
)

// backoff gives growing pauses with jitter, so that many partitions do not come back at once.
type backoff struct {
	random func() float64
	tries  int
}

// wait pauses, or gives false when ctx has ended.
func (b *backoff) wait(ctx context.Context) bool {
	d := backoffMax
	if b.tries < 7 {
		d = min(backoffMin<<b.tries, backoffMax)
	}
	b.tries++
	t := time.NewTimer(d/2 + time.Duration(b.random()*float64(d/2)))
	defer t.Stop()
	select {
	case <-t.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}
