package prom_test

import (
	"math"
	"math/rand/v2"
	"testing"

	dto "github.com/prometheus/client_model/go"

	"github.com/logproc/logproc/internal/exphist"
	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/rollup"
	"github.com/logproc/logproc/sinks/prom"
)

// exposed gives a histogram of durations as a protobuf scrape shows it.
func exposed(t *testing.T, h *exphist.Histogram) *dto.Histogram {
	t.Helper()
	e := newExporter(t, prom.Options{})
	e.Committed(&rollup.Commit{Durations: []rollup.Durations{{Service: redact.Const("a"), Env: redact.Const("b"), Msg: redact.Const("c"), Histogram: h}}}, 0)
	return families(t, e, acceptProtobuf)["log_event_duration_seconds"].GetMetric()[0].GetHistogram()
}

// decode reads native buckets as Prometheus does: index to count.
func decode(t *testing.T, h *dto.Histogram) map[int]int64 {
	t.Helper()
	out := make(map[int]int64)
	index, at, n := 0, 0, int64(0)
	for _, span := range h.GetPositiveSpan() {
		index += int(span.GetOffset())
		for range span.GetLength() {
			n += h.GetPositiveDelta()[at]
			if n < 0 {
				t.Fatalf("bucket %d holds %d", index, n)
			}
			if n > 0 {
				out[index] = n
			}
			at++
			index++
		}
	}
	if at != len(h.GetPositiveDelta()) {
		t.Fatalf("spans name %d buckets, there are %d", at, len(h.GetPositiveDelta()))
	}
	return out
}

func TestHistogramHasBothForms(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var h exphist.Histogram
	var values []float64
	for range 10_000 {
		v := math.Exp(random.NormFloat64()*2 - 3)
		values = append(values, v)
		h.Observe(v)
	}
	for range 17 {
		values = append(values, 0)
		h.Observe(0)
	}
	got := exposed(t, &h)
	if got.GetSampleCount() != uint64(len(values)) || got.GetZeroCount() != 17 || got.GetSchema() != 3 || got.GetZeroThreshold() <= 0 {
		t.Errorf("count %d, zeros %d, schema %d", got.GetSampleCount(), got.GetZeroCount(), got.GetSchema())
	}
	if n := len(got.GetBucket()); n != 17 {
		t.Errorf("%d classic buckets, want 17", n)
	}
	for _, b := range got.GetBucket() {
		var want uint64
		for _, v := range values {
			if v <= b.GetUpperBound() {
				want++
			}
		}
		if b.GetCumulativeCount() != want {
			t.Errorf("le %v: %d, want %d", b.GetUpperBound(), b.GetCumulativeCount(), want)
		}
	}
	checkNative(t, got, values)
}

// checkNative compares every native bucket with the values that belong in it.
func checkNative(t *testing.T, h *dto.Histogram, values []float64) {
	t.Helper()
	base := math.Exp2(math.Exp2(-float64(h.GetSchema())))
	buckets := decode(t, h)
	var sum int64
	for i, n := range buckets {
		sum += n
		var want int64
		for _, v := range values {
			if v > math.Pow(base, float64(i-1)) && v <= math.Pow(base, float64(i)) {
				want++
			}
		}
		if n != want {
			t.Errorf("bucket %d: %d, want %d", i, n, want)
		}
	}
	if total := uint64(sum) + h.GetZeroCount(); total != h.GetSampleCount() {
		t.Errorf("buckets hold %d of %d", total, h.GetSampleCount())
	}
}

// TestWideHistogramIsCoarser has values over the whole range, in more buckets than are exposed.
func TestWideHistogramIsCoarser(t *testing.T) {
	var h exphist.Histogram
	var values []float64
	for v := 1e-8; v < 1e5; v *= 1.03 {
		values = append(values, v)
		h.Observe(v)
	}
	got := exposed(t, &h)
	if got.GetSchema() != 1 {
		t.Errorf("schema %d, want 1", got.GetSchema())
	}
	if n := len(decode(t, got)); n > 160 {
		t.Errorf("%d buckets", n)
	}
	checkNative(t, got, values)
}

func TestEmptyAndSparseHistograms(t *testing.T) {
	empty := exposed(t, &exphist.Histogram{})
	if len(empty.GetPositiveSpan()) != 1 || empty.GetSampleCount() != 0 {
		t.Errorf("empty: %v", empty)
	}
	sparse := exposed(t, durations(1, 1.1, 1.5, 1e-5, 1000))
	if n := len(decode(t, sparse)); n != 5 {
		t.Errorf("sparse: %v", sparse)
	}
}

// TestHistogramBudget: operations beyond the bound are added up.
func TestHistogramBudget(t *testing.T) {
	e := newExporter(t, prom.Options{MaxHistograms: 5})
	for i := range 1000 {
		service := string(rune('a' + i%26))
		e.Committed(&rollup.Commit{Durations: []rollup.Durations{{Service: redact.Stored(service), Msg: redact.Stored(service + string(rune('0'+i/26))), Histogram: durations(1)}}}, 0)
	}
	var count uint64
	f := families(t, e, acceptText)["log_event_duration_seconds"].GetMetric()
	for _, m := range f {
		count += m.GetHistogram().GetSampleCount()
	}
	if count != 1000 || len(f) > 25 {
		t.Errorf("%d observations in %d series", count, len(f))
	}
}
