// Package exphist holds exponential histograms: cheap to observe into, mergeable without loss, and
// with a bounded relative error for quantiles.
//
// The buckets are those of Prometheus's native histograms of schema 3 (and OpenTelemetry's exponential
// histograms of scale 3): eight to each doubling, so that a quantile is off by at most 4.4 %. Such a
// histogram is therefore both the metric and the sketch for p50, p95 and p99; compare DDSketch (Masson,
// Rim and Lee, VLDB 2019), which has the same buckets with another base.
package exphist

import (
	"math"
	"slices"
)

// Schema is the resolution as Prometheus names it: 2^Schema buckets to each doubling.
const Schema = 3

const perDoubling = 1 << Schema

// Values are clamped to about a nanosecond and twelve days when seconds are observed, which bounds a
// histogram to 400 buckets.
const (
	minExponent = -30
	maxExponent = 20
	minIndex    = minExponent*perDoubling + 1
	maxIndex    = maxExponent * perDoubling
)

// maxValue is the largest value that is told from larger ones.
const maxValue = 1 << maxExponent

// ZeroThreshold is the upper bound of the values that count as zero, in the unit observed.
var zeroThreshold = math.Ldexp(1, minExponent)

// ZeroThreshold gives the largest value that is counted as zero: 2^-30.
func ZeroThreshold() float64 { return zeroThreshold }

// steps are the significands, as bits, of the bucket bounds inside one doubling: 2^(j/8) for j = 1..7.
var steps = func() (s [perDoubling - 1]uint64) {
	for j := range s {
		s[j] = math.Float64bits(math.Pow(2, float64(j+1)/perDoubling)) & significand
	}
	return s
}()

const significand = 1<<52 - 1

// Histogram counts values by exponential bucket. The zero value is empty and ready. It is not safe for
// concurrent use.
type Histogram struct {
	count uint64
	zero  uint64
	sum   float64
	first int      // index of counts[0]
	bins  []uint64 // counts of adjoining buckets
}

// index gives the bucket of v > zeroThreshold: the smallest i with v <= 2^(i/8).
func index(v float64) int {
	bits := math.Float64bits(v)
	exponent := int(bits>>52) - 1023
	s := bits & significand
	// Position in the doubling: how many bounds lie below the significand. Three comparisons.
	j := 0
	if s > steps[3] {
		j = 4
	}
	if s > steps[j+1] {
		j += 2
	}
	if s > steps[j] {
		j++
	}
	if s == 0 { // a power of two is the upper bound of the bucket below
		return min(exponent*perDoubling, maxIndex)
	}
	return min(exponent*perDoubling+j+1, maxIndex)
}

// Observe adds one value. Negative values and NaN count as zero.
func (h *Histogram) Observe(v float64) {
	h.count++
	if !(v > zeroThreshold) {
		h.zero++
		return
	}
	v = min(v, maxValue) // one infinite value must not spoil the sum
	h.sum += v
	h.bin(index(v), 1)
}

// bin adds n to bucket i, widening the window when i lies outside.
func (h *Histogram) bin(i int, n uint64) {
	if at := i - h.first; at >= 0 && at < len(h.bins) {
		h.bins[at] += n
		return
	}
	h.widen(i)
	h.bins[i-h.first] += n
}

// margin is by how many buckets more than needed the window grows on a side: values of one operation lie
// close together, so that it soon stands still.
const margin = 2 * perDoubling

// widen moves the ends of the window so that it holds bucket i.
func (h *Histogram) widen(i int) {
	first, end := h.first, h.first+len(h.bins)
	if len(h.bins) == 0 {
		first, end = i, i+1
	}
	if i <= first {
		first = max(i-margin, minIndex)
	}
	if i >= end-1 {
		end = min(i+margin, maxIndex) + 1
	}
	bins := make([]uint64, end-first)
	if len(h.bins) > 0 {
		copy(bins[h.first-first:], h.bins)
	}
	h.first, h.bins = first, bins
}

// Merge adds all values of other, which stays as it is.
func (h *Histogram) Merge(other *Histogram) {
	h.count += other.count
	h.zero += other.zero
	h.sum += other.sum
	for at, n := range other.bins {
		if n > 0 {
			h.bin(other.first+at, n)
		}
	}
}

// Clone gives a copy that shares nothing with h.
func (h *Histogram) Clone() *Histogram {
	c := *h
	c.bins = slices.Clone(h.bins)
	return &c
}

// Reset empties the histogram and keeps its memory.
func (h *Histogram) Reset() {
	h.count, h.zero, h.sum = 0, 0, 0
	clear(h.bins)
}

// Count gives the number of values.
func (h *Histogram) Count() uint64 { return h.count }

// Sum gives the sum of the values above ZeroThreshold.
func (h *Histogram) Sum() float64 { return h.sum }

// Zeros gives the number of values at or below ZeroThreshold.
func (h *Histogram) Zeros() uint64 { return h.zero }

// Buckets calls f for each bucket that is not empty, in ascending order, with Prometheus's index:
// bucket i holds the values in (2^((i-1)/8), 2^(i/8)].
func (h *Histogram) Buckets(f func(index int, n uint64)) {
	for at, n := range h.bins {
		if n > 0 {
			f(h.first+at, n)
		}
	}
}

// SlotCount is the number of slots that a histogram can be taken apart into: the values that count as zero,
// and every bucket there is.
const SlotCount = maxIndex - minIndex + 2

// Slots calls f for each slot that is not empty, in ascending order: 0 holds the values that count as zero, the
// buckets follow. Slots of several histograms add up to those of their sum.
func (h *Histogram) Slots(f func(slot int, n uint64)) {
	if h.zero > 0 {
		f(0, h.zero)
	}
	for at, n := range h.bins {
		if n > 0 {
			f(h.first+at-minIndex+1, n)
		}
	}
}

// AddSlot adds n values of a slot, and does nothing for one that does not exist. Their sum is not known: each
// counts as the middle of its bucket.
func (h *Histogram) AddSlot(slot int, n uint64) {
	switch {
	case slot < 0 || slot >= SlotCount || n == 0:
		return
	case slot == 0:
		h.zero += n
	default:
		i := slot - 1 + minIndex
		h.bin(i, n)
		h.sum += float64(n) * math.Exp2((float64(i)-0.5)/perDoubling)
	}
	h.count += n
}

// UpperBound gives the largest value of bucket i.
func UpperBound(i int) float64 { return math.Exp2(float64(i) / perDoubling) }

// Quantile gives the value below which a share q of all values lies, within 4.4 %; NaN when empty.
func (h *Histogram) Quantile(q float64) float64 {
	if h.count == 0 || math.IsNaN(q) {
		return math.NaN()
	}
	rank := min(max(q, 0), 1) * float64(h.count-1)
	seen := float64(h.zero)
	if seen > rank {
		return 0
	}
	last := 0.0
	for at, n := range h.bins {
		if n == 0 {
			continue
		}
		seen += float64(n)
		last = math.Exp2((float64(h.first+at) - 0.5) / perDoubling) // the middle of the bucket, geometrically
		if seen > rank {
			break
		}
	}
	return last
}
