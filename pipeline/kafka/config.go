package kafka

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"regexp"
	"time"

	"github.com/segmentio/kafka-go/sasl"
)

// Config says what to read and how. The zero value of every field but Brokers, Group and one of Topics
// and TopicPattern is usable; New fills in the defaults.
type Config struct {
	// Brokers are host:port addresses to start from; the others are learnt from them.
	Brokers []string
	// Topics are names of topics that must exist. TopicPattern is a regular expression instead, which has
	// to match the whole name; topics that come or go are noticed within MetadataInterval.
	Topics       []string
	TopicPattern string
	Group        string
	ClientID     string // shown in the broker's logs and quotas (default logproc)
	// Start is where a partition begins of which nothing is stored yet (default: the earliest record).
	Start Start

	TLS  *tls.Config // nil: no TLS. Without ServerName the broker's host is used.
	SASL sasl.Mechanism

	// UntilEnd ends every partition at the end offset it has when Run begins.
	UntilEnd bool
	// ReadUncommitted also hands out the records of open and aborted transactions.
	ReadUncommitted bool
	// Plain uses kafka-go's own decoding instead of the raw fetch; see the package's description.
	Plain bool

	FetchBytes  int           // bytes asked for per fetch (default 1 MiB); one batch may be larger
	MaxBuffered int64         // bytes fetched or unpacked and not yet released, all partitions (default 64 MiB)
	MaxBatch    int           // bytes of one batch, packed or unpacked; larger ones are lost (default 64 MiB)
	MaxWait     time.Duration // how long the broker may wait for new records (default 500 ms)

	SessionTimeout    time.Duration // without a heartbeat for this long, the member is dead (default 10 s)
	HeartbeatInterval time.Duration // also how fast a rebalance is noticed (default 1 s)
	RebalanceTimeout  time.Duration // how long a rebalance waits for a member's work to end (default 30 s)
	DrainTimeout      time.Duration // how long Run waits for work after its context has ended (default 30 s)
	MetadataInterval  time.Duration // how often topics and partitions are looked up again (default 30 s)
	CommitInterval    time.Duration // how often offsets are copied to Kafka (default 1 s)
	TopicWait         time.Duration // how long a missing topic is waited for at the start (default 10 s)
	GiveUp            time.Duration // with UntilEnd: how long unreachable brokers are tried (default 60 s)

	Logger *slog.Logger // nil: silent
	// Dial opens connections (default: net.Dialer with a timeout of 10 s).
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	Now  func() time.Time // for Stats; default time.Now
	// Rand gives numbers in [0, 1) for the jitter of back-offs; it must be safe for concurrent use.
	Rand func() float64
	// OnBytes is told of the bytes that connections have read and written; safe for concurrent use.
	OnBytes func(read, written int)
}

type startKind uint8

const (
	startEarliest startKind = iota
	startLatest
	startTime
)

// Start is a place in a partition's log. The zero value is the earliest record.
type Start struct {
	kind startKind
	at   time.Time
}

// StartEarliest begins with the oldest record that is still there.
func StartEarliest() Start { return Start{} }

// StartLatest begins with the first record that comes after the start.
func StartLatest() Start { return Start{kind: startLatest} }

// StartAt begins with the first record whose time is at or after t; if there is none, with the next to come.
func StartAt(t time.Time) Start { return Start{kind: startTime, at: t} }

// ParseStart reads earliest, latest or a time as in RFC 3339. The empty string is earliest.
func ParseStart(s string) (Start, error) {
	switch s {
	case "", "earliest":
		return StartEarliest(), nil
	case "latest":
		return StartLatest(), nil
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return Start{}, fmt.Errorf("start %q: expected earliest, latest or a time like 2026-01-31T07:00:00Z", s)
	}
	return StartAt(t), nil
}

// String gives what ParseStart reads.
func (s Start) String() string {
	switch s.kind {
	case startLatest:
		return "latest"
	case startTime:
		return s.at.Format(time.RFC3339Nano)
	default:
		return "earliest"
	}
}

// timestamp is the form in which ListOffsets asks for it.
func (s Start) timestamp() int64 {
	switch s.kind {
	case startLatest:
		return timestampLatest
	case startTime:
		return s.at.UnixMilli()
	default:
		return timestampEarliest
	}
}

// setDefaults fills the fields that were left zero.
func (c *Config) setDefaults() {
	setDefault(&c.ClientID, "logproc")
	setDefault(&c.FetchBytes, 1<<20)
	setDefault(&c.MaxBuffered, 64<<20)
	setDefault(&c.MaxBatch, 64<<20)
	setDefault(&c.MaxWait, 500*time.Millisecond)
	setDefault(&c.SessionTimeout, 10*time.Second)
	setDefault(&c.HeartbeatInterval, time.Second)
	setDefault(&c.RebalanceTimeout, 30*time.Second)
	setDefault(&c.DrainTimeout, 30*time.Second)
	setDefault(&c.MetadataInterval, 30*time.Second)
	setDefault(&c.CommitInterval, time.Second)
	setDefault(&c.TopicWait, 10*time.Second)
	setDefault(&c.GiveUp, time.Minute)
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Dial == nil {
		c.Dial = (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 15 * time.Second}).DialContext
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Rand == nil {
		c.Rand = rand.Float64
	}
	if c.OnBytes == nil {
		c.OnBytes = func(int, int) {}
	}
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// validate reports everything that is wrong, after the defaults were set.
func (c *Config) validate() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if len(c.Brokers) == 0 {
		bad("brokers: none given, expected at least one host:port")
	}
	for _, b := range c.Brokers {
		if _, port, err := net.SplitHostPort(b); err != nil || port == "" {
			bad("brokers: %q, expected host:port", b)
		}
	}
	switch {
	case len(c.Topics) == 0 && c.TopicPattern == "":
		bad("topics: none given, expected names or a pattern")
	case len(c.Topics) > 0 && c.TopicPattern != "":
		bad("topics: names and a pattern given, expected only one of them")
	}
	for _, t := range c.Topics {
		if !topicName.MatchString(t) || t == "." || t == ".." {
			bad("topics: %q is no name of a topic: expected 1 to 249 letters, digits, dots, underscores and hyphens", t)
		}
	}
	if _, err := compilePattern(c.TopicPattern); err != nil {
		bad("topic_pattern: %w", err)
	}
	if c.Group == "" {
		bad("group: none given, expected the name of the consumer group")
	}
	if c.FetchBytes < 1<<10 || c.FetchBytes > 1<<30 {
		bad("fetch bytes: %d, expected 1 KiB to 1 GiB", c.FetchBytes)
	}
	if c.MaxBatch < 1<<10 || c.MaxBatch > 1<<30 {
		bad("largest batch: %d bytes, expected 1 KiB to 1 GiB", c.MaxBatch)
	}
	if c.MaxBuffered < 1<<10 {
		bad("buffered bytes: %d, expected at least 1 KiB", c.MaxBuffered)
	}
	for _, d := range []struct {
		name  string
		value time.Duration
	}{
		{"max wait", c.MaxWait}, {"session timeout", c.SessionTimeout}, {"heartbeat interval", c.HeartbeatInterval},
		{"rebalance timeout", c.RebalanceTimeout}, {"drain timeout", c.DrainTimeout},
		{"metadata interval", c.MetadataInterval}, {"commit interval", c.CommitInterval},
		{"topic wait", c.TopicWait}, {"give up", c.GiveUp},
	} {
		if d.value < time.Millisecond || d.value > 24*time.Hour {
			bad("%s: %s, expected 1 ms to 24 h", d.name, d.value)
		}
	}
	if c.HeartbeatInterval >= c.SessionTimeout {
		bad("heartbeat interval: %s, expected less than the session timeout of %s", c.HeartbeatInterval, c.SessionTimeout)
	}
	return errors.Join(errs...)
}

// topicName is Kafka's own rule; it is compiled once and never written to.
var topicName = regexp.MustCompile(`^[a-zA-Z0-9._-]{1,249}$`)

// compilePattern makes a pattern match whole names only; it gives nil for the empty one.
func compilePattern(pattern string) (*regexp.Regexp, error) {
	if pattern == "" {
		return nil, nil
	}
	if _, err := regexp.Compile(pattern); err != nil { // the user's own text, for the message
		return nil, err
	}
	return regexp.Compile(`^(?:` + pattern + `)$`)
}
