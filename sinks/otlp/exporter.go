package otlp

import (
	"context"
	"crypto/tls"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/logproc/logproc/correlate"
)

// Defaults of Options.
const (
	DefaultQueue        = 1024
	DefaultTimeout      = 10 * time.Second
	DefaultDrainTimeout = 5 * time.Second
)

// Options of an Exporter.
type Options struct {
	// Endpoint is where spans go: http://HOST:PORT or https:// for OTLP over HTTP, to whose path /v1/traces is added
	// unless it ends so; grpc://HOST:PORT or grpcs:// for OTLP over gRPC.
	Endpoint string
	// Headers go with every request, such as the key that a back end asks for. No error and no log line holds them.
	Headers map[string]string
	// TLS of https and grpcs; nil for the system's authorities.
	TLS *tls.Config
	// Queue is how many requests may wait to be sent (default 1024); further ones are dropped.
	Queue int
	// Timeout is how long the receiver may take to answer (default 10s). After it the same spans are sent again.
	Timeout time.Duration
	// DrainTimeout is how long Close waits for what is in the queue (default 5s); the rest is dropped.
	DrainTimeout time.Duration
	// Version is the program's.
	Version string

	Logger *slog.Logger   // default none
	Random func() float64 // spreads retries: a number in [0,1); default math/rand/v2
}

func (o Options) withDefaults() Options {
	if o.Queue <= 0 {
		o.Queue = DefaultQueue
	}
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	if o.DrainTimeout <= 0 {
		o.DrainTimeout = DefaultDrainTimeout
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Random == nil {
		o.Random = rand.Float64
	}
	return o
}

// Exporter sends requests as spans. It is safe for concurrent use.
type Exporter struct {
	o      Options
	client client
	stats  stats
	queue  chan *correlate.Closed

	closing sync.Once
	stop    chan struct{}      // closed when nothing more is to come
	cancel  context.CancelFunc // ends the goroutine when it takes too long
	ended   chan struct{}      // closed by the goroutine at its end

	// Only the goroutine uses what follows.
	batch   batch
	failing bool // the last try has failed, which the log says
}

// New makes an exporter and starts its goroutine. It does not wait for the receiver, which may come later. The error tells
// of an endpoint or a header that cannot be.
func New(o Options) (*Exporter, error) {
	o = o.withDefaults()
	client, err := newClient(&o)
	if err != nil {
		return nil, err
	}
	return start(o, client), nil
}

func start(o Options, client client) *Exporter {
	ctx, cancel := context.WithCancel(context.Background())
	e := &Exporter{
		o: o, client: client, stats: newStats(), queue: make(chan *correlate.Closed, o.Queue),
		stop: make(chan struct{}), cancel: cancel, ended: make(chan struct{}), batch: batch{version: o.Version},
	}
	go e.run(ctx)
	return e
}

// Export takes an interesting request to be sent; others (without Reasons) are left out. It never blocks: when the
// queue is full, the request is dropped and counted. The timeline must not be changed any more.
func (e *Exporter) Export(c *correlate.Closed) {
	if c.Reasons == 0 {
		return
	}
	select {
	case <-e.stop:
		e.stats.drop(shutDown, countSpans(c))
		return
	default:
	}
	select {
	case e.queue <- c:
	default:
		e.stats.drop(queueFull, countSpans(c))
	}
}

// Close sends what is in the queue, for at most DrainTimeout, and ends the exporter. What is exported after
// it is dropped. A second call waits for the first one.
func (e *Exporter) Close() error {
	var err error
	e.closing.Do(func() {
		close(e.stop)
		late := time.AfterFunc(e.o.DrainTimeout, e.cancel)
		<-e.ended
		late.Stop()
		e.cancel()
		e.dropRest()
		err = e.client.close()
	})
	return err
}

// dropRest counts what came while the goroutine was about to end.
func (e *Exporter) dropRest() {
	for {
		select {
		case c := <-e.queue:
			e.stats.drop(shutDown, countSpans(c))
		default:
			return
		}
	}
}
