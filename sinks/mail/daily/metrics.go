package daily

import (
	"context"
	"math"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/logproc/logproc/sinks/mail/outbox"
)

// Metrics are what /metrics shows of the mails.
type Metrics struct {
	tries   *prometheus.CounterVec
	overdue prometheus.GaugeFunc
	seconds atomic.Uint64 // bits of a float64
}

// NewMetrics makes the metrics; Register them once.
func NewMetrics() *Metrics {
	m := &Metrics{tries: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "logproc_mails_total", Help: "Tries to send a summary, by how they ended: sent, deferred (to be tried again), refused (for good), unknown (the connection was lost after the data).",
	}, []string{"result"})}
	for _, result := range outbox.Results() {
		m.tries.WithLabelValues(string(result))
	}
	m.overdue = prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "logproc_mail_overdue_seconds", Help: "For how long the oldest summary that is owed has not been sent, else 0. Messages that were refused for good are not owed any more.",
	}, func() float64 { return math.Float64frombits(m.seconds.Load()) })
	return m
}

// Register adds the metrics to a registry.
func (m *Metrics) Register(r prometheus.Registerer) error {
	if err := r.Register(m.tries); err != nil {
		return err
	}
	return r.Register(m.overdue)
}

// Count books a try, see outbox.Options.
func (m *Metrics) Count(r outbox.Result) { m.tries.WithLabelValues(string(r)).Inc() }

// measure looks for the oldest message that is owed.
func (d *Daily) measure(ctx context.Context) error {
	now := d.o.Now()
	oldest := now
	err := d.o.Outbox.Entries(ctx, d.since(), func(e outbox.Entry) error {
		if e.Open() && e.Due.Before(oldest) {
			oldest = e.Due
		}
		return nil
	})
	if err != nil {
		return err
	}
	for i := range d.o.Lists {
		l := &d.o.Lists[i]
		day := today(now, l.Zone).AddDays(-1)
		due := l.due(day)
		if made, err := d.made(ctx, l, day); err != nil {
			return err
		} else if !made && due.Before(oldest) {
			oldest = due
		}
	}
	if d.o.Metrics != nil {
		d.o.Metrics.seconds.Store(math.Float64bits(now.Sub(oldest).Seconds()))
	}
	return nil
}

// Status gives the messages of the last days, the oldest first.
func (d *Daily) Status(ctx context.Context, days int) ([]outbox.Entry, error) {
	var list []outbox.Entry
	since := today(d.o.Now(), time.UTC).AddDays(-days).String()
	err := d.o.Outbox.Entries(ctx, since, func(e outbox.Entry) error {
		list = append(list, e)
		return nil
	})
	return list, err
}
