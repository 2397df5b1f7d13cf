// Package prom shows what has been committed as Prometheus metrics, and how the program itself is doing.
//
// Counters grow only after a commit, by whole commits: the pipeline calls Committed once for each, which
// costs one map look-up per distinct series and nothing per record. A scrape copies the values under the
// same lock, so it shows every commit entirely or not at all, and formats them after releasing it.
// docs/metrics.md lists all metrics.
package prom

import (
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/logproc/logproc/internal/exphist"
	"github.com/logproc/logproc/parse"
	"github.com/logproc/logproc/rollup"
)

// Defaults of Options.
const (
	DefaultMaxSeries     = 100_000
	DefaultMaxHistograms = 5_000
	DefaultMaxPartitions = 10_000
)

// Options says what an Exporter shows. Zero values mean the defaults given.
type Options struct {
	// Registry is where the metrics are registered (default: a new one).
	Registry *prometheus.Registry
	// MaxSeries bounds the series of log_events_total and of each family by service (default 100,000;
	// about 300 bytes each). Keys beyond it count under msg="_overflow" of their service. It is the second line
	// of defence: the pipeline's own budget comes first.
	MaxSeries int
	// MaxHistograms bounds log_event_duration_seconds in the same way (default 5,000; up to 3 KiB each).
	MaxHistograms int
	// MaxPartitions bounds the partitions and files shown one by one (default 10,000); the rest are
	// added up under topic="_overflow".
	MaxPartitions int
	// Version is the program's, for build_info.
	Version string
	// Partitions gives the state of all partitions at a scrape; it must not block. May be nil.
	Partitions func() []Partition
	// KafkaBytes gives what has been read from and written to brokers so far. May be nil.
	KafkaBytes func() (read, written uint64)
	// DeadLetterErrors gives the number of dead letters that could not be written so far. May be nil.
	DeadLetterErrors func() uint64
	// Policy tells which redaction policy is in force. May be nil.
	Policy func() Policy
	// Now is the clock (default time.Now).
	Now func() time.Time
	// Logger is told of scrapes that fail (default: discard).
	Logger *slog.Logger
}

// Policy is the redaction policy in force.
type Policy struct {
	ID, Hash string
	Refused  bool // the file has changed and was refused
}

func (o *Options) setDefaults() {
	if o.Registry == nil {
		o.Registry = prometheus.NewRegistry()
	}
	if o.MaxSeries <= 0 {
		o.MaxSeries = DefaultMaxSeries
	}
	if o.MaxHistograms <= 0 {
		o.MaxHistograms = DefaultMaxHistograms
	}
	if o.MaxPartitions <= 0 {
		o.MaxPartitions = DefaultMaxPartitions
	}
	if o.Partitions == nil {
		o.Partitions = func() []Partition { return nil }
	}
	if o.KafkaBytes == nil {
		o.KafkaBytes = func() (uint64, uint64) { return 0, 0 }
	}
	if o.Policy == nil {
		o.Policy = func() Policy { return Policy{} }
	}
	if o.DeadLetterErrors == nil {
		o.DeadLetterErrors = func() uint64 { return 0 }
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
}

// operation is the key of a duration histogram.
type operation struct{ service, env, msg string }

// redaction is the key of redactions_total.
type redaction struct{ rule, operator string }

// violation is the key of naming_violations_total.
type violation struct{ service, rule string }

// Exporter holds the metrics. It is safe for concurrent use.
type Exporter struct {
	options Options
	started *timestamppb.Timestamp
	desc    descs

	mu          sync.Mutex // guards everything below
	labels      *labels
	events      *counters[eventKey]
	eventRates  []*rate         // by place in events
	exemplars   []*dto.Exemplar // likewise; nil for none
	durations   *histograms[operation]
	violations  *counters[violation]
	deadLetters *counters[string]
	conflicts   *counters[string]
	overflow    *counters[string]
	untimely    *counters[string]
	scrapes     *scrapes
	redactions  *counters[redaction]
	observed    *counters[redaction]
	withheld    *counters[string]
	rates       *rates
	commits     exphist.Histogram
}

// New makes an exporter and registers it, together with the metrics of the Go runtime and the process.
func New(options Options) (*Exporter, error) {
	options.setDefaults()
	e := &Exporter{options: options, started: timestamppb.New(options.Now()), desc: newDescs(), labels: newLabels(), rates: newRates(), scrapes: newScrapes(options.Now)}
	e.events = newCounters(options.MaxSeries, e.desc.events, e.eventLabels, standInForKey)
	e.durations = newHistograms(options.MaxHistograms, e.desc.durations, operationLabels, standInForOperation)
	e.violations = newCounters(options.MaxSeries, e.desc.violations, violationLabels, standInForViolation)
	e.overflow = newCounters(options.MaxSeries, e.desc.overflow, one("service"), overflowOnly)
	e.redactions = newCounters(options.MaxSeries, e.desc.redactions, redactionLabels, standInForRedaction)
	e.observed = newCounters(options.MaxSeries, e.desc.observed, redactionLabels, standInForRedaction)
	e.untimely = newCounters(options.MaxSeries, e.desc.untimely, one("reason"), overflowOnly)
	e.untimely.add(untimelyLate, 0, e.started)
	e.untimely.add(untimelyFuture, 0, e.started)
	e.withheld = newCounters(options.MaxSeries, e.desc.withheld, one("reason"), overflowOnly)
	e.deadLetters = newCounters(options.MaxSeries, e.desc.deadLetters, one("reason"), overflowOnly)
	e.conflicts = newCounters(options.MaxSeries, e.desc.conflicts, one("outcome"), overflowOnly)
	for r := parse.Held + 1; int(r) < parse.ReasonCount; r++ { // the reasons before it are no failures
		e.deadLetters.add(r.String(), 0, e.started)
	}
	for o := rollup.Fenced; o <= rollup.Split; o++ {
		e.conflicts.add(o.String(), 0, e.started)
	}
	own := []prometheus.Collector{e, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{})}
	for _, c := range own {
		if err := options.Registry.Register(c); err != nil {
			return nil, err
		}
	}
	return e, nil
}

// Registry is where further metrics can be registered.
func (e *Exporter) Registry() *prometheus.Registry { return e.options.Registry }

// Known makes the series of keys that are known beforehand (from the naming registry) appear at 0, so that
// rates see their first event.
func (e *Exporter) Known(keys []rollup.Key) {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := e.options.Now()
	created := timestamppb.New(now)
	for _, k := range keys {
		e.addEvents(eventKeyOf(k), 0, now, created)
	}
}

// Committed books a commit that took effect, and how long it took. It keeps nothing of c and must be
// called exactly once for each.
func (e *Exporter) Committed(c *rollup.Commit, took time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := e.options.Now()
	created := timestamppb.New(now)
	for i := range c.Counts {
		e.addEvents(eventKeyOf(c.Counts[i].Key), c.Counts[i].N, now, created)
	}
	e.rates.flush(now)
	for i := range c.Exemplars {
		if at, found := e.events.places[eventKeyOf(c.Exemplars[i].Key)]; found { // else its labels had to be made valid
			e.exemplars[at] = exemplarOf(&c.Exemplars[i].Exemplar, now)
		}
	}
	for i := range c.Durations {
		d := &c.Durations[i]
		h := e.durations.at(operation{clean(d.Service.String()), clean(d.Env.String()), clean(d.Msg.String())}, created)
		h.Merge(d.Histogram)
		if d.Exemplar.Time != 0 {
			h.exemplify(exemplarOf(&d.Exemplar, now))
		}
	}
	for _, v := range c.Violations {
		e.violations.add(violation{clean(v.Service.String()), clean(v.Rule)}, v.N, created)
	}
	for _, o := range c.Overflowed {
		e.overflow.add(clean(o.Service.String()), o.N, created)
	}
	for _, r := range c.Redactions {
		e.redactions.add(redaction{clean(r.Rule), clean(r.Operator)}, r.N, created)
	}
	for _, r := range c.Observed {
		e.observed.add(redaction{clean(r.Rule), clean(r.Operator)}, r.N, created)
	}
	for _, w := range c.Withheld {
		e.withheld.add(clean(w.Reason), w.N, created)
	}
	e.untimely.add(untimelyLate, c.Late, created)
	e.untimely.add(untimelyFuture, c.Future, created)
	for reason, n := range c.DeadLetters {
		if n > 0 {
			e.deadLetters.add(parse.Reason(reason).String(), n, created)
		}
	}
	e.commits.Observe(took.Seconds())
}

// Reasons of logproc_untimely_events_total.
const (
	untimelyLate   = "late"
	untimelyFuture = "future"
)

// Conflict books a commit that the store answered with anything but Committed.
func (e *Exporter) Conflict(o rollup.Outcome) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.conflicts.add(o.String(), 1, e.started)
}

// addEvents adds n events to a series. The first look-up takes the key as it comes; only keys that are
// not found are cleaned.
func (e *Exporter) addEvents(k eventKey, n uint64, now time.Time, created *timestamppb.Timestamp) {
	at, found := e.events.places[k]
	if !found {
		at = e.newEvents(k, n, now, created)
	}
	e.events.values[at] += n
	e.rates.count(e.eventRates[at], n)
}

// newEvents finds or makes the place of a key that was not found as it came.
func (e *Exporter) newEvents(k eventKey, n uint64, now time.Time, created *timestamppb.Timestamp) uint32 {
	k = k.clean()
	k.msg = strings.Clone(k.msg) // the caller's may be part of something larger
	k.service, k.env = *e.labels.share("service", k.service).Value, *e.labels.share("env", k.env).Value
	at, standsIn := e.events.add(k, 0, created)
	if standsIn && n > 0 {
		e.overflow.add(k.service, n, created)
	}
	if int(at) == len(e.eventRates) {
		service := *e.events.series[at].labels[servicePlace].Value
		e.eventRates = append(e.eventRates, e.rates.of(service, now))
		e.exemplars = append(e.exemplars, nil)
	}
	return at
}

// servicePlace is the index of the service among the labels of log_events_total.
const servicePlace = 3

func (e *Exporter) eventLabels(k eventKey) []*dto.LabelPair {
	return []*dto.LabelPair{
		e.labels.share("env", k.env), e.labels.share("level", k.level.String()), pair("msg", k.msg), e.labels.share("service", k.service),
	}
}

func standInForKey(k eventKey, last bool) eventKey {
	k.msg = rollup.Overflow
	if last {
		k.service, k.env = rollup.Overflow, rollup.Overflow
	}
	return k
}

func operationLabels(o operation) []*dto.LabelPair {
	return []*dto.LabelPair{pair("env", o.env), pair("msg", o.msg), pair("service", o.service)}
}

func standInForOperation(o operation, last bool) operation {
	if last {
		return operation{rollup.Overflow, rollup.Overflow, rollup.Overflow}
	}
	o.msg = rollup.Overflow
	return o
}

func redactionLabels(r redaction) []*dto.LabelPair {
	return []*dto.LabelPair{pair("operator", r.operator), pair("rule", r.rule)}
}

func standInForRedaction(r redaction, last bool) redaction {
	if last {
		return redaction{rollup.Overflow, rollup.Overflow}
	}
	return redaction{rollup.Overflow, r.operator}
}

func violationLabels(v violation) []*dto.LabelPair {
	return []*dto.LabelPair{pair("rule", v.rule), pair("service", v.service)}
}

func standInForViolation(v violation, last bool) violation {
	if last {
		return violation{rollup.Overflow, rollup.Overflow}
	}
	return violation{rollup.Overflow, v.rule}
}

func one(name string) func(string) []*dto.LabelPair {
	return func(value string) []*dto.LabelPair { return []*dto.LabelPair{pair(name, value)} }
}

func overflowOnly(string, bool) string { return rollup.Overflow }
