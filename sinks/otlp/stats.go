package otlp

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

// reason says why spans were dropped. It is a closed set, for a metric label.
type reason int

const (
	queueFull     reason = iota // the queue was full: the receiver is too slow, or away
	rejectedSpans               // the receiver has refused them
	gaveUp                      // the receiver could not take them for minutes
	shutDown                    // the program has ended before they were sent
	defect                      // we failed on them
	reasonCount
)

var reasonNames = [reasonCount]string{"queue_full", "rejected", "gave_up", "shutdown", "defect"} // read only

// stats counts spans, and tries that failed.
type stats struct {
	exported, failures atomic.Uint64
	dropped            [reasonCount]atomic.Uint64

	exportedDesc, failuresDesc, droppedDesc, queueDesc *prometheus.Desc
}

func newStats() stats {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("logproc_otlp_"+name, help, labels, nil)
	}
	return stats{
		exportedDesc: desc("exported_total", "Spans that the OTLP receiver has accepted."),
		failuresDesc: desc("failures_total", "Tries to send spans that failed; most are made again."),
		droppedDesc:  desc("dropped_total", "Spans that were not exported, by reason.", "reason"),
		queueDesc:    desc("queue_requests", "Requests that wait to be exported as spans."),
	}
}

func (s *stats) drop(why reason, spans uint64) { s.dropped[why].Add(spans) }

// Describe implements prometheus.Collector.
func (e *Exporter) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{e.stats.exportedDesc, e.stats.failuresDesc, e.stats.droppedDesc, e.stats.queueDesc} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (e *Exporter) Collect(ch chan<- prometheus.Metric) {
	counter := func(d *prometheus.Desc, v uint64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
	}
	counter(e.stats.exportedDesc, e.stats.exported.Load())
	counter(e.stats.failuresDesc, e.stats.failures.Load())
	for r := range reasonCount {
		counter(e.stats.droppedDesc, e.stats.dropped[r].Load(), reasonNames[r])
	}
	ch <- prometheus.MustNewConstMetric(e.stats.queueDesc, prometheus.GaugeValue, float64(len(e.queue)))
}
