package prom

import (
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/logproc/logproc/correlate"
	"github.com/logproc/logproc/correlate/id"
	"github.com/logproc/logproc/rollup"
)

// CorrelationState is how an engine is doing at a scrape.
type CorrelationState struct {
	correlate.Stats
	Lag time.Duration // between the clock and the event time up to which requests are closed
}

// peers are the two sides of a call, as labels.
type peers struct{ client, server, operation string }

// judged is the key of calls_total.
type judged struct {
	peers
	verdict correlate.Verdict
}

// Correlation shows calls between services and the requests that are open. It is safe for concurrent use.
type Correlation struct {
	exporter *Exporter
	state    func() CorrelationState
	desc     struct {
		calls, gaps, open, closed, evicted, unkept, lag *prometheus.Desc
	}

	mu    sync.Mutex
	calls *counters[judged]
	gaps  *histograms[peers]
}

// maxOperations bounds the pairs of services and operations: each has up to eight verdicts.
const maxOperations = 20_000

// NewCorrelation registers the metrics of correlation with those of e. state gives how the engine is doing; it must not
// block.
func (e *Exporter) NewCorrelation(state func() CorrelationState) (*Correlation, error) {
	c := &Correlation{exporter: e, state: state}
	d := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, labels, nil)
	}
	c.desc.calls = d("logproc_calls_total", "Calls between services by how they went, as far as both sides' logs tell.", "client", "server", "operation", "verdict")
	c.desc.gaps = d("logproc_request_gap_seconds", "What a call took outside of the server: the client's own duration less the server's.",
		"client", "server", "operation")
	c.desc.open = d("logproc_requests_open", "Requests of which more records are expected.")
	c.desc.closed = d("logproc_requests_closed_total", "Requests of which nothing more is expected.")
	c.desc.evicted = d("logproc_requests_evicted_total", "Of them, those closed early: limit, of the open requests; age, as they never came to rest.", "reason")
	c.desc.unkept = d("logproc_request_records_beyond_limit_total", "Records that were counted, but not kept, because their request had too many.")
	c.desc.lag = d("logproc_correlation_lag_seconds", "Time between the clock and the event time up to which requests are closed.")
	c.calls = newCounters(e.options.MaxSeries, c.desc.calls, judgedLabels, standInForJudged)
	c.gaps = newHistograms(min(maxOperations, e.options.MaxHistograms), c.desc.gaps, peerLabels, standInForPeers)
	return c, e.options.Registry.Register(c)
}

// Closed books closed requests, once each.
func (c *Correlation) Closed(closed []*correlate.Closed) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.exporter.options.Now()
	created := timestamppb.New(now)
	for _, r := range closed {
		for i := range r.Calls {
			c.book(&r.Calls[i], r.Traces, now, created)
		}
	}
}

func (c *Correlation) book(call *correlate.Call, traces []correlate.Name, now time.Time, created *timestamppb.Timestamp) {
	p := peersOf(call)
	c.calls.add(judged{p, call.Verdict}, 1, created)
	if !call.HasGap {
		return
	}
	const perSecond = 1e3
	gap := max(float64(call.Gap)/perSecond, 0)
	h := c.gaps.at(p, created)
	h.Observe(gap)
	if len(traces) > 0 && traces[0].ID.Form != id.Free {
		trace := traces[0].ID
		h.exemplify(exemplarOf(&rollup.Exemplar{TraceHi: trace.Hi, TraceLo: trace.Lo, Short: trace.Form == id.Short, Value: gap, Time: call.Client.End}, now))
	}
}

// peersOf names the sides of a call. The operation is what comes behind the last dot of where it goes.
func peersOf(c *correlate.Call) peers {
	server, operation := c.To.String(), ""
	if at := strings.LastIndexByte(server, '.'); at >= 0 {
		server, operation = server[:at], server[at+1:]
	}
	return peers{clean(c.From.String()), clean(server), clean(operation)}
}

func peerLabels(p peers) []*dto.LabelPair {
	return []*dto.LabelPair{pair("client", p.client), pair("operation", p.operation), pair("server", p.server)}
}

func standInForPeers(p peers, last bool) peers {
	p.operation = rollup.Overflow
	if last {
		p.client, p.server = rollup.Overflow, rollup.Overflow
	}
	return p
}

func judgedLabels(j judged) []*dto.LabelPair {
	return append(peerLabels(j.peers), pair("verdict", j.verdict.String()))
}

func standInForJudged(j judged, last bool) judged {
	return judged{standInForPeers(j.peers, last), j.verdict}
}

// Describe lists the families; it makes Correlation a prometheus.Collector.
func (c *Correlation) Describe(ch chan<- *prometheus.Desc) {
	d := &c.desc
	for _, one := range [...]*prometheus.Desc{d.calls, d.gaps, d.open, d.closed, d.evicted, d.unkept, d.lag} {
		ch <- one
	}
}

// Collect sends all metrics as they are at one instant.
func (c *Correlation) Collect(ch chan<- prometheus.Metric) {
	calls, gaps := c.snapshot()
	calls.emit(ch)
	gaps.emit(ch)
	s, started := c.state(), c.exporter.started
	ch <- gauge(c.desc.open, nil, float64(s.Open))
	ch <- gauge(c.desc.lag, nil, s.Lag.Seconds())
	ch <- counter(c.desc.closed, nil, float64(s.Closed), started)
	ch <- counter(c.desc.evicted, []*dto.LabelPair{pair("reason", "limit")}, float64(s.Evicted), started)
	ch <- counter(c.desc.evicted, []*dto.LabelPair{pair("reason", "age")}, float64(s.Expired), started)
	ch <- counter(c.desc.unkept, nil, float64(s.Beyond), started)
}

func (c *Correlation) snapshot() (counterValues, histogramValues) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.calls.snapshot(), c.gaps.snapshot()
}
