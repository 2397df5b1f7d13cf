package prom

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"syscall"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	dto "github.com/prometheus/client_model/go"

	"github.com/logproc/logproc/internal/exphist"
)

// snapshot is everything that commits change, at one instant.
type snapshot struct {
	counters  []counterValues
	durations histogramValues
	commits   *exphist.Histogram
	rates     []float64
}

func (e *Exporter) snapshot() snapshot {
	now := e.options.Now()
	e.mu.Lock()
	defer e.mu.Unlock()
	events := e.events.snapshot()
	events.exemplars = slices.Clone(e.exemplars)
	return snapshot{
		counters: []counterValues{events, e.violations.snapshot(), e.deadLetters.snapshot(), e.conflicts.snapshot(),
			e.overflow.snapshot(), e.untimely.snapshot(), e.redactions.snapshot(), e.observed.snapshot(), e.withheld.snapshot()},
		durations: e.durations.snapshot(),
		commits:   e.commits.Clone(),
		rates:     e.rates.snapshot(now),
	}
}

// Describe lists the families; it makes the Exporter a prometheus.Collector.
func (e *Exporter) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range e.desc.all() {
		ch <- d
	}
}

// Collect sends all metrics as they are at one instant.
func (e *Exporter) Collect(ch chan<- prometheus.Metric) {
	partitions := e.partitions()
	s := e.snapshot()
	for _, c := range s.counters {
		c.emit(ch)
	}
	s.durations.emit(ch)
	ch <- &sample{desc: e.desc.commits, histogram: expose(s.commits, e.started)}
	ch <- distribution(e.desc.rates, s.rates)
	for i := range partitions {
		e.emitPartition(ch, &partitions[i])
	}
	read, written := e.options.KafkaBytes()
	ch <- counter(e.desc.kafkaRead, nil, float64(read), e.started)
	ch <- counter(e.desc.kafkaWritten, nil, float64(written), e.started)
	ch <- counter(e.desc.deadLetterErrors, nil, float64(e.options.DeadLetterErrors()), e.started)
	policy := e.options.Policy()
	ch <- gauge(e.desc.policy, []*dto.LabelPair{pair("hash", clean(policy.Hash)), pair("id", clean(policy.ID))}, 1)
	refused := 0.0
	if policy.Refused {
		refused = 1
	}
	ch <- gauge(e.desc.policyFailed, nil, refused)
	ch <- gauge(e.desc.buildInfo, []*dto.LabelPair{pair("goversion", runtime.Version()), pair("version", clean(e.options.Version))}, 1)
}

// maxScrapes is the number of scrapes answered at a time; the others get 503 at once. Those that come
// while one is being gathered share its result.
const maxScrapes = 8

// scrapeLog logs what goes wrong in a scrape. A scraper that hangs up is its own affair, and would make a
// line for every family that it does not want any more.
type scrapeLog struct{ *slog.Logger }

// Println implements promhttp.Logger.
func (l scrapeLog) Println(args ...any) {
	level := slog.LevelError
	for _, a := range args {
		if err, ok := a.(error); ok && (errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET)) {
			level = slog.LevelDebug
		}
	}
	l.Log(context.Background(), level, "scrape: "+strings.TrimSpace(fmt.Sprintln(args...)))
}

// Handler answers scrapes: text, OpenMetrics with created samples, or protobuf (with native histograms), as the
// client asks, compressed if it can take it.
func (e *Exporter) Handler() http.Handler {
	return e.scrapes.noted(promhttp.HandlerFor(e.options.Registry, promhttp.HandlerOpts{
		ErrorLog:                            scrapeLog{e.options.Logger},
		ErrorHandling:                       promhttp.ContinueOnError, // one broken family must not hide the others
		Registry:                            e.options.Registry,
		MaxRequestsInFlight:                 maxScrapes,
		EnableOpenMetrics:                   true,
		EnableOpenMetricsTextCreatedSamples: true,
		CoalesceGather:                      true,
	}))
}
