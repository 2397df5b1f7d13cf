package prom

import (
	"math"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// rateWindow is the time constant of the moving averages: an event's weight falls to 1/e in that time.
const rateWindow = time.Minute

// rate is an exponentially weighted moving average of events per second. Each event adds 1/window and
// decays from then on, which needs no clock tick and is the same however the events are batched.
type rate struct {
	value   float64
	at      time.Time
	pending uint64 // events of the commit that is being booked
}

func (r *rate) add(now time.Time) {
	r.value = r.now(now) + float64(r.pending)/rateWindow.Seconds()
	r.at, r.pending = now, 0
}

func (r *rate) now(now time.Time) float64 {
	if elapsed := now.Sub(r.at); elapsed > 0 {
		return r.value * math.Exp(-elapsed.Seconds()/rateWindow.Seconds())
	}
	return r.value
}

// rates holds the averages of all services.
type rates struct {
	services map[string]*rate
	touched  []*rate
}

func newRates() *rates { return &rates{services: make(map[string]*rate)} }

// of gives the average of a service.
func (r *rates) of(service string, now time.Time) *rate {
	s := r.services[service]
	if s == nil {
		s = &rate{at: now}
		r.services[service] = s
	}
	return s
}

// count adds events to an average; flush makes them count.
func (r *rates) count(s *rate, n uint64) {
	if n == 0 {
		return
	}
	if s.pending == 0 {
		r.touched = append(r.touched, s)
	}
	s.pending += n
}

func (r *rates) flush(now time.Time) {
	for _, s := range r.touched {
		s.add(now)
	}
	r.touched = r.touched[:0]
}

// snapshot gives all averages at an instant, in ascending order.
func (r *rates) snapshot(now time.Time) []float64 {
	all := make([]float64, 0, len(r.services))
	for _, s := range r.services {
		all = append(all, s.now(now))
	}
	slices.Sort(all)
	return all
}

// distribution shows sorted values as a summary.
func distribution(desc *prometheus.Desc, values []float64) *sample {
	count, sum := uint64(len(values)), 0.0
	for _, v := range values {
		sum += v
	}
	out := &dto.Summary{SampleCount: &count, SampleSum: &sum}
	for _, q := range []float64{0, 0.5, 0.9, 0.99, 1} {
		v := math.NaN()
		if count > 0 {
			v = values[int(math.Ceil(q*float64(count-1)))]
		}
		out.Quantile = append(out.Quantile, &dto.Quantile{Quantile: &q, Value: &v})
	}
	return &sample{desc: desc, summary: out}
}
