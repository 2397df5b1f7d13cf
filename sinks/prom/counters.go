package prom

import (
	"slices"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// series is what identifies one series: its labels, sorted by name, and since when it counts. It never
// changes.
type series struct {
	labels  []*dto.LabelPair
	created *timestamppb.Timestamp
}

// index gives every key of a family a place in the family's tables. It only grows, up to a bound:
// keys beyond it share the places of their stand-ins.
type index[K comparable] struct {
	desc   *prometheus.Desc
	labels func(K) []*dto.LabelPair
	// standIn gives the key under which k counts when there is no place left for it. last asks for a
	// key of a small closed set, because even the stand-ins have become too many.
	standIn func(k K, last bool) K
	limit   int
	places  map[K]uint32
	series  []series
}

// reserve is the number of places kept for stand-ins of a family with a limit.
func reserve(limit int) int { return limit/10 + 16 }

// place finds the place of k, or gives it one; standsIn is true where k shares one.
func (x *index[K]) place(k K, created *timestamppb.Timestamp) (at uint32, standsIn bool) {
	if at, ok := x.places[k]; ok {
		return at, false
	}
	if len(x.series) >= x.limit {
		first := x.standIn(k, false)
		standsIn = first != k
		k = first
		if at, ok := x.places[k]; ok {
			return at, standsIn
		}
		if len(x.series) >= x.limit+reserve(x.limit) {
			k, standsIn = x.standIn(k, true), true
			if at, ok := x.places[k]; ok {
				return at, true
			}
		}
	}
	at = uint32(len(x.series))
	x.places[k] = at
	x.series = append(x.series, series{labels: x.labels(k), created: created})
	return at, standsIn
}

// counters is a family of counters with keys of type K. The exporter's lock guards it.
type counters[K comparable] struct {
	index[K]
	values []uint64
}

func newCounters[K comparable](limit int, desc *prometheus.Desc, labels func(K) []*dto.LabelPair, standIn func(K, bool) K) *counters[K] {
	return &counters[K]{index: index[K]{desc: desc, labels: labels, standIn: standIn, limit: limit, places: make(map[K]uint32)}}
}

// add adds n, which may be 0 to make the series known.
func (c *counters[K]) add(k K, n uint64, created *timestamppb.Timestamp) (at uint32, standsIn bool) {
	at, standsIn = c.place(k, created)
	for int(at) >= len(c.values) {
		c.values = append(c.values, 0)
	}
	c.values[at] += n
	return at, standsIn
}

// snapshot copies the values; the series are append-only and shared.
func (c *counters[K]) snapshot() counterValues {
	return counterValues{desc: c.desc, series: c.series[:len(c.values):len(c.values)], values: slices.Clone(c.values)}
}

// counterValues are the counters of a family at one instant.
type counterValues struct {
	desc   *prometheus.Desc
	series []series
	values []uint64
	// exemplars are those of the values, by place; nil where the family has none. They never change.
	exemplars []*dto.Exemplar
}

// emit sends the counters, from one block of memory.
func (v counterValues) emit(ch chan<- prometheus.Metric) {
	type counter struct {
		sample
		dto   dto.Counter
		value float64
	}
	all := make([]counter, len(v.values))
	for i := range all {
		c := &all[i]
		c.value = float64(v.values[i])
		c.dto.Value, c.dto.CreatedTimestamp = &c.value, v.series[i].created
		if v.exemplars != nil {
			c.dto.Exemplar = v.exemplars[i]
		}
		c.sample = sample{desc: v.desc, labels: v.series[i].labels, counter: &c.dto}
		ch <- &c.sample
	}
}

// sample is a value ready to be exposed; exactly one of its kinds is set.
type sample struct {
	desc      *prometheus.Desc
	labels    []*dto.LabelPair
	counter   *dto.Counter
	gauge     *dto.Gauge
	summary   *dto.Summary
	histogram *dto.Histogram
}

// Desc describes the sample's family.
func (s *sample) Desc() *prometheus.Desc { return s.desc }

// Write hands the sample over without a copy.
func (s *sample) Write(out *dto.Metric) error {
	out.Label, out.Counter, out.Gauge, out.Summary, out.Histogram = s.labels, s.counter, s.gauge, s.summary, s.histogram
	return nil
}

func gauge(desc *prometheus.Desc, labels []*dto.LabelPair, v float64) *sample {
	return &sample{desc: desc, labels: labels, gauge: &dto.Gauge{Value: &v}}
}

func counter(desc *prometheus.Desc, labels []*dto.LabelPair, v float64, created *timestamppb.Timestamp) *sample {
	return &sample{desc: desc, labels: labels, counter: &dto.Counter{Value: &v, CreatedTimestamp: created}}
}
