package prom

import (
	"slices"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/logproc/logproc/internal/exphist"
)

// The classic buckets end at 2^-10 s (about 1 ms), 2^-9 s, … 2^6 s (64 s). Powers of two are bounds of the
// exponential buckets too, so that the classic counts are exact and not interpolated.
const (
	classicFirst = -10
	classicLast  = 6

	classicBuckets = classicLast - classicFirst + 1
)

// maxNativeBuckets is the number of buckets above which a histogram is shown at half the resolution; a
// range of 20 doublings (1 ms to 1,000 s) fits without.
const maxNativeBuckets = 160

// histograms is a family of histograms with keys of type K. The exporter's lock guards it.
type histograms[K comparable] struct {
	index[K]
	values []*histogram
}

// histogram is one with the newest exemplar of each classic bucket; the last one is beyond them.
type histogram struct {
	exphist.Histogram
	exemplars [classicBuckets + 1]*dto.Exemplar
}

// exemplify keeps an exemplar, which must not be changed any more.
func (h *histogram) exemplify(e *dto.Exemplar) {
	at := 0
	for at < classicBuckets && e.GetValue() > exphist.UpperBound((classicFirst+at)<<exphist.Schema) {
		at++
	}
	h.exemplars[at] = e
}

func newHistograms[K comparable](limit int, desc *prometheus.Desc, labels func(K) []*dto.LabelPair, standIn func(K, bool) K) *histograms[K] {
	return &histograms[K]{index: index[K]{desc: desc, labels: labels, standIn: standIn, limit: limit, places: make(map[K]uint32)}}
}

// at gives the histogram of k, to add to.
func (h *histograms[K]) at(k K, created *timestamppb.Timestamp) *histogram {
	at, _ := h.place(k, created)
	for int(at) >= len(h.values) {
		h.values = append(h.values, new(histogram))
	}
	return h.values[at]
}

// snapshot copies the histograms.
func (h *histograms[K]) snapshot() histogramValues {
	v := histogramValues{desc: h.desc, series: h.series[:len(h.values):len(h.values)], values: make([]*histogram, len(h.values))}
	for i, from := range h.values {
		v.values[i] = &histogram{Histogram: *from.Histogram.Clone(), exemplars: from.exemplars}
	}
	return v
}

// histogramValues are the histograms of a family at one instant.
type histogramValues struct {
	desc   *prometheus.Desc
	series []series
	values []*histogram
}

func (v histogramValues) emit(ch chan<- prometheus.Metric) {
	for i, h := range v.values {
		ch <- &sample{desc: v.desc, labels: v.series[i].labels, histogram: h.expose(v.series[i].created)}
	}
}

// expose gives the histogram with its exemplars.
func (h *histogram) expose(created *timestamppb.Timestamp) *dto.Histogram {
	out := expose(&h.Histogram, created)
	for i, e := range h.exemplars {
		if e == nil {
			continue
		}
		out.Exemplars = append(out.Exemplars, e)
		if i < classicBuckets {
			out.Bucket[i].Exemplar = e
		}
	}
	slices.SortFunc(out.Exemplars, func(a, b *dto.Exemplar) int { return a.Timestamp.AsTime().Compare(b.Timestamp.AsTime()) })
	return out
}

// bucket is a native bucket that is not empty.
type bucket struct {
	index int
	n     uint64
}

// expose gives a histogram in both forms: native buckets for protobuf scrapes, classic ones for text.
func expose(h *exphist.Histogram, created *timestamppb.Timestamp) *dto.Histogram {
	var buckets []bucket
	h.Buckets(func(i int, n uint64) { buckets = append(buckets, bucket{i, n}) })
	count, sum, zeros, zeroThreshold := h.Count(), h.Sum(), h.Zeros(), exphist.ZeroThreshold()
	out := &dto.Histogram{SampleCount: &count, SampleSum: &sum, ZeroCount: &zeros, ZeroThreshold: &zeroThreshold,
		CreatedTimestamp: created, Bucket: classic(buckets, zeros)}
	schema := int32(exphist.Schema)
	for len(buckets) > maxNativeBuckets {
		buckets = halve(buckets)
		schema--
	}
	out.Schema = &schema
	out.PositiveSpan, out.PositiveDelta = native(buckets)
	return out
}

// classic gives the cumulative counts up to each power of two.
func classic(buckets []bucket, zeros uint64) []*dto.Bucket {
	out := make([]*dto.Bucket, 0, classicBuckets)
	total := zeros
	for e := classicFirst; e <= classicLast; e++ {
		last := e << exphist.Schema
		for len(buckets) > 0 && buckets[0].index <= last {
			total += buckets[0].n
			buckets = buckets[1:]
		}
		bound, cumulative := exphist.UpperBound(last), total
		out = append(out, &dto.Bucket{UpperBound: &bound, CumulativeCount: &cumulative})
	}
	return out
}

// halve merges each pair of neighbours, which gives the buckets of the next lower schema.
func halve(buckets []bucket) []bucket {
	out := buckets[:0]
	for _, b := range buckets {
		b.index = (b.index + 1) >> 1 // rounded up, also below zero
		if last := len(out) - 1; last >= 0 && out[last].index == b.index {
			out[last].n += b.n
			continue
		}
		out = append(out, b)
	}
	return out
}

// maxGap is the number of empty buckets that are cheaper to write out than a new span.
const maxGap = 2

// native encodes buckets as Prometheus does: runs of neighbours, and each count as the difference to the
// one before.
func native(buckets []bucket) (spans []*dto.BucketSpan, deltas []int64) {
	var before int64
	next := 0 // the index after the last bucket written
	put := func(n int64) {
		*spans[len(spans)-1].Length++
		deltas = append(deltas, n-before)
		before = n
		next++
	}
	for i, b := range buckets {
		gap := b.index - next
		if i == 0 || gap > maxGap {
			offset := int32(gap)
			spans = append(spans, &dto.BucketSpan{Offset: &offset, Length: new(uint32)})
			next = b.index
			gap = 0
		}
		for range gap {
			put(0)
		}
		put(int64(b.n))
	}
	if len(spans) == 0 { // an empty span marks a histogram without observations as native
		spans = append(spans, &dto.BucketSpan{Offset: new(int32), Length: new(uint32)})
	}
	return spans, deltas
}
