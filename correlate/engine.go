package correlate

import (
	"math"
	"time"

	"github.com/logproc/logproc/correlate/id"
)

// Config says how an Engine works; zero values mean the defaults given.
type Config struct {
	// Lateness is how far behind the watermark the last record of a request may come (default 1m). A request
	// closes when nothing of it has come for so long; longer means more requests open.
	Lateness time.Duration
	// MaxAge closes a request that never comes to rest (default 1h). It also bounds how far back a restart reads.
	MaxAge time.Duration
	// Gap is the least gap of a call that makes its request interesting (default 500ms).
	Gap time.Duration
	// Sample keeps one of so many uninteresting requests in full, chosen by id (default 1000; negative for none).
	Sample int
	Limits Limits
	// Lagging reports whether records with times in a span may be missing for reasons of our own; nil: none are.
	Lagging func(from, to int64) bool
}

// Limits bound an Engine.
type Limits struct {
	Requests int   // open at a time (default 1,000,000); beyond it the oldest are closed early
	Events   int   // kept of one request (default 256); further ones are only counted
	Bytes    int64 // memory of all open requests, about (default 1 GiB)
	Names    int   // different names in all open requests (default 200,000); a further one is _overflow
}

func (c Config) withDefaults() Config {
	for _, d := range []struct {
		value     *time.Duration
		otherwise time.Duration
	}{{&c.Lateness, time.Minute}, {&c.MaxAge, time.Hour}, {&c.Gap, 500 * time.Millisecond}} {
		if *d.value <= 0 {
			*d.value = d.otherwise
		}
	}
	if c.Sample == 0 {
		c.Sample = 1000
	}
	if c.Limits.Requests <= 0 {
		c.Limits.Requests = 1_000_000
	}
	if c.Limits.Events <= 0 {
		c.Limits.Events = 256
	}
	if c.Limits.Bytes <= 0 {
		c.Limits.Bytes = 1 << 30
	}
	if c.Limits.Names <= 0 {
		c.Limits.Names = 200_000
	}
	return c
}

// Engine owns open requests. It belongs to one goroutine. Give every record of a request to the same Engine: one
// for each partition of a topic that is keyed by request, or one for each share of the ids.
type Engine struct {
	cfg       Config
	inputs    []input
	requests  slots
	byRequest map[id.ID]uint32
	byTrace   map[uint64]uint32 // by the low half
	due       deadlines
	names     *names
	baselines *baselines
	gone      recent
	closedTo  int64 // deadlines up to this one were closed
	stats     Stats
}

// Stats are counts since the Engine was made, but for Open and Bytes.
type Stats struct {
	Open    int   // requests open now
	Bytes   int64 // their memory, about
	Added   uint64
	Closed  uint64 // given out
	Evicted uint64 // of them, those that were closed early because of a limit
	Expired uint64 // of them, those that were closed because of MaxAge
	Late    uint64 // of them, those of which everything came after the request itself may have been closed
	Again   uint64 // closed again after a restart, and not given out
	Beyond  uint64 // events not kept because their request had too many
	Unnamed uint64 // names that became _overflow
	Ahead   uint64 // records whose clocks are further ahead of their input than Lateness
}

// NewEngine makes an engine without inputs.
func NewEngine(cfg Config) *Engine {
	cfg = cfg.withDefaults()
	return &Engine{
		cfg: cfg, byRequest: make(map[id.ID]uint32), byTrace: make(map[uint64]uint32),
		names: newNames(cfg.Limits.Names), baselines: newBaselines(), closedTo: unset,
	}
}

// Stats gives the counts.
func (e *Engine) Stats() Stats {
	s := e.stats
	s.Open, s.Unnamed = e.requests.open, e.names.overflow
	return s
}

// Add takes an observation that came from an input at an offset; the offsets of an input grow. When a limit is
// reached, the oldest requests are closed at once and given to emit.
func (e *Engine) Add(in Input, offset int64, o *Observation, emit func(*Closed)) {
	if o.Request.IsZero() && o.Trace.IsZero() {
		return
	}
	source := &e.inputs[in]
	source.observe(o.Time, offset)
	if offset < source.from {
		return
	}
	e.stats.Added++
	slot := e.owner(o)
	r := e.requests.at(slot)
	e.record(r, o, source)
	r.given = min(r.given, source.suppress)
	source.opened(int(in), offset, slot, r)
	if r.records == 1 {
		e.due.push(e.deadlineOf(slot, r))
	}
	e.limit(emit)
}

// Advance closes the requests that the watermark has passed and gives them to emit, in the order of their
// deadlines. What it is given may be kept.
func (e *Engine) Advance(emit func(*Closed)) { e.closeUpTo(e.Watermark(), emit) }

// Flush closes all requests, as at the end of the data.
func (e *Engine) Flush(emit func(*Closed)) { e.closeUpTo(math.MaxInt64, emit) }

// TraceOf gives a trace of an open request by its RequestID; ok is false when none is known.
func (e *Engine) TraceOf(request id.ID) (trace Name, ok bool) {
	slot, known := e.byRequest[request]
	if !known {
		return Name{}, false
	}
	r := e.requests.at(slot)
	return Name{r.trace, r.traceText}, !r.trace.IsZero()
}
