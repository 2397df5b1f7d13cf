// Package topic writes redacted records to a Kafka topic.
//
// A Publisher serves all workers of a process. Each has a Writer for the source partition that it works
// on: Add copies a record into a batch, Flush returns when everything that was added is acknowledged by
// all in-sync replicas. The caller flushes before it commits the source offset, so that a record is
// written at least once: after a crash those since the last commit come again. Every record carries a
// header logproc-source: topic/partition/offset, which tells a reader what it has had already.
//
// Only redacted records can be handed in, and what they hold never appears in an error or a log line.
package topic

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/segmentio/kafka-go"
	"golang.org/x/sync/semaphore"
)

// SourceHeader is the name of the header that holds a record's source as topic/partition/offset. Where
// the record came with one of its own, the last one is ours.
const SourceHeader = "logproc-source"

// Defaults of Options.
const (
	DefaultBatchBytes  = 512 << 10
	DefaultMaxInFlight = 64 << 20
	DefaultTimeout     = 30 * time.Second
)

// maxRequests bounds the requests under way: each takes a connection of its own.
const maxRequests = 32

// Options of a Publisher.
type Options struct {
	Brokers []string // host:port
	Topic   string   // must exist, and must not be one that is read from
	// Sources are the topics that are read from, and IsSource tells of others, for patterns (may be nil).
	Sources  []string
	IsSource func(topic string) bool
	// Transport carries TLS and credentials; nil for plain connections. The Publisher owns it.
	Transport *kafka.Transport

	Compression  Compression  // of batches; the zero value is Zstd
	Partitioning Partitioning // the zero value is Keep
	// Arrival stamps records with the time at which they are written. Without it they keep the time of
	// their source, and only those without one get that of writing.
	Arrival bool

	// BatchBytes is the size of a batch before compression (default 512 KiB): larger ones compress better.
	// A single record may be larger.
	BatchBytes int
	// MaxInFlight bounds the bytes that were added and are not acknowledged yet, before compression, over
	// all Writers (default 64 MiB). Beyond it Add waits.
	MaxInFlight int64
	// Timeout is how long a broker may take to answer (default 30s). After it the batch is sent again.
	Timeout time.Duration

	Logger *slog.Logger     // default none
	Now    func() time.Time // default time.Now
	Random func() float64   // spreads retries: a number in [0,1); default math/rand/v2
}

// withDefaults fills in what is not given.
func (o Options) withDefaults() Options {
	if o.BatchBytes <= 0 {
		o.BatchBytes = DefaultBatchBytes
	}
	if o.MaxInFlight <= 0 {
		o.MaxInFlight = DefaultMaxInFlight
	}
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	if o.Transport == nil {
		o.Transport = new(kafka.Transport) // kafka-go's default is shared by the whole process
	}
	if o.Transport.MetadataTTL == 0 {
		o.Transport.MetadataTTL = 2 * time.Second // how soon a moved leader is noticed
	}
	if o.Transport.MetadataTopics == nil {
		o.Transport.MetadataTopics = append([]string{o.Topic}, o.Sources...)
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Random == nil {
		o.Random = rand.Float64
	}
	return o
}

// Publisher writes to one topic. It is safe for concurrent use; its Writers are not.
type Publisher struct {
	o          Options
	client     *kafka.Client
	partitions int32 // of the topic, when the Publisher was made
	packer     *packer
	room       *semaphore.Weighted
	free       sync.Pool // of *batch
	stats      counters
	mismatch   sync.Once
	failing    failing
	slots      chan struct{} // bounds the requests under way, and so the connections
	// send writes a record set to a partition and gives what the broker says; tests replace it.
	send func(ctx context.Context, partition int32, set []byte) error
}

// New connects, checks the topic and gives a Publisher for it. The topic has to exist and must not be one
// of the sources. Brokers that cannot be reached are tried again until ctx ends or Options.Timeout is over.
func New(ctx context.Context, o Options) (*Publisher, error) {
	p, err := newPublisher(o)
	if err != nil {
		return nil, err
	}
	if err := p.check(ctx); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

func newPublisher(o Options) (*Publisher, error) {
	o = o.withDefaults()
	packer, err := newPacker(o.Compression)
	if err != nil {
		return nil, err
	}
	p := &Publisher{o: o, packer: packer, room: semaphore.NewWeighted(o.MaxInFlight), slots: make(chan struct{}, maxRequests)}
	p.client = &kafka.Client{Addr: kafka.TCP(o.Brokers...), Timeout: o.Timeout, Transport: o.Transport}
	p.send = p.produce
	return p, nil
}

// Close ends the connections. Its Writers are closed first; what they have not flushed is dropped.
func (p *Publisher) Close() {
	p.o.Transport.CloseIdleConnections()
	p.packer.close()
}

// Stats are counted since the Publisher was made; they only grow, but for InFlight.
type Stats struct {
	Records   int64 // acknowledged
	Withheld  int64 // of those, too large for the broker and replaced by a marker
	Dropped   int64 // left out because the policy says so
	Batches   int64 // acknowledged
	Bytes     int64 // of acknowledged records before compression
	SentBytes int64 // of acknowledged batches as they were sent
	Retries   int64 // of batches
	InFlight  int64 // bytes added and not acknowledged yet, in steps of 64 KiB
}

type counters struct {
	records, withheld, dropped, batches, bytes, sent, retries, inFlight atomic.Int64
}

// Stats tells what was done so far. It is safe to call from any goroutine.
func (p *Publisher) Stats() Stats {
	c := &p.stats
	return Stats{Records: c.records.Load(), Withheld: c.withheld.Load(), Dropped: c.dropped.Load(), Batches: c.batches.Load(),
		Bytes: c.bytes.Load(), SentBytes: c.sent.Load(), Retries: c.retries.Load(), InFlight: c.inFlight.Load()}
}

// Topic gives the topic's name.
func (p *Publisher) Topic() string { return p.o.Topic }

// take waits for n bytes of room.
func (p *Publisher) take(ctx context.Context, n int64) error {
	if err := p.room.Acquire(ctx, n); err != nil {
		return fmt.Errorf("write to topic %s: wait for room: %w", p.o.Topic, err)
	}
	p.stats.inFlight.Add(n)
	return nil
}

// tryTake takes n bytes of room if they are free.
func (p *Publisher) tryTake(n int64) bool {
	if !p.room.TryAcquire(n) {
		return false
	}
	p.stats.inFlight.Add(n)
	return true
}

func (p *Publisher) giveBack(n int64) {
	p.stats.inFlight.Add(-n)
	p.room.Release(n)
}
