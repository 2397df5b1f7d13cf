package exphist

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestIndexIsTheSmallestBucketThatHoldsTheValue(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	values := []float64{1, 2, 0.5, 1.0905, 1.0906, math.Nextafter(1, 2), math.Nextafter(1, 0), 3.14, 1e-6, 1e5}
	for range 100_000 {
		values = append(values, math.Exp(random.Float64()*31-18))
	}
	for _, v := range values {
		i := index(v)
		if v > UpperBound(i)*(1+1e-15) || v <= UpperBound(i-1)*(1-1e-15) {
			t.Fatalf("index(%g) = %d: bounds %g to %g", v, i, UpperBound(i-1), UpperBound(i))
		}
	}
}

func TestQuantileWithinTheStatedError(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	var h Histogram
	var values []float64
	for range 20_000 {
		v := math.Exp(random.NormFloat64() - 3)
		values = append(values, v)
		h.Observe(v)
	}
	slices.Sort(values)
	for _, q := range []float64{0, 0.5, 0.95, 0.99, 1} {
		want := values[int(q*float64(len(values)-1))]
		if got := h.Quantile(q); math.Abs(got/want-1) > 0.045 {
			t.Errorf("quantile %g: got %g, want %g", q, got, want)
		}
	}
}

func TestMergeEqualsObservingAll(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	var all, merged Histogram
	for range 10 {
		var part Histogram
		for range 1000 {
			v := math.Exp(random.Float64()*20 - 10)
			part.Observe(v)
			all.Observe(v)
		}
		merged.Merge(&part)
	}
	type bucket struct {
		i int
		n uint64
	}
	collect := func(h *Histogram) (b []bucket) {
		h.Buckets(func(i int, n uint64) { b = append(b, bucket{i, n}) })
		return b
	}
	if !slices.Equal(collect(&all), collect(&merged)) || all.Count() != merged.Count() {
		t.Error("a merged histogram differs from one that saw all values")
	}
}

func TestOddValues(t *testing.T) {
	var h Histogram
	for _, v := range []float64{0, -1, math.NaN(), math.Inf(-1), 1e-12} {
		h.Observe(v)
	}
	if h.Zeros() != 5 {
		t.Errorf("zeros: got %d, want 5", h.Zeros())
	}
	h.Observe(math.Inf(1))
	h.Observe(1e300)
	var top []int
	h.Buckets(func(i int, _ uint64) { top = append(top, i) })
	if !slices.Equal(top, []int{maxIndex}) {
		t.Errorf("huge values are in buckets %v, want %d", top, maxIndex)
	}
	h.Reset()
	if h.Count() != 0 || !math.IsNaN(h.Quantile(0.5)) {
		t.Error("Reset leaves values behind")
	}
}

func TestObserveDoesNotAllocate(t *testing.T) {
	var h Histogram
	for i := range 1000 {
		h.Observe(float64(i) / 100)
	}
	h.Reset()
	if n := testing.AllocsPerRun(100, func() { h.Observe(0.5); h.Observe(3) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkObserve(b *testing.B) {
	var h Histogram
	for b.Loop() {
		h.Observe(0.0812)
	}
}

func TestCloneSharesNothing(t *testing.T) {
	var h Histogram
	h.Observe(1)
	c := h.Clone()
	h.Observe(1)
	if c.Count() != 1 || c.Quantile(1) != h.Quantile(1) {
		t.Errorf("the clone has %d values", c.Count())
	}
}

func TestHugeValuesAreClamped(t *testing.T) {
	var h Histogram
	h.Observe(math.Inf(1))
	h.Observe(math.MaxFloat64)
	if h.Sum() != 2*maxValue || h.Count() != 2 {
		t.Errorf("sum %v of %d", h.Sum(), h.Count())
	}
}

// TestSlotsAddUp takes histograms apart and puts the slots of all of them into one.
func TestSlotsAddUp(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	var all, again Histogram
	for range 10 {
		var part Histogram
		for range 1000 {
			v := math.Exp(random.Float64()*60 - 40)
			part.Observe(v)
			all.Observe(v)
		}
		part.Observe(math.Inf(1))
		all.Observe(math.Inf(1))
		last := -1
		part.Slots(func(slot int, n uint64) {
			if slot <= last || slot >= SlotCount {
				t.Fatalf("slot %d follows %d", slot, last)
			}
			last = slot
			again.AddSlot(slot, n)
		})
	}
	again.AddSlot(-1, 5)
	again.AddSlot(SlotCount, 5)
	if again.Count() != all.Count() || again.Zeros() != all.Zeros() {
		t.Errorf("%d values and %d zeros, want %d and %d", again.Count(), again.Zeros(), all.Count(), all.Zeros())
	}
	for _, q := range []float64{0, 0.2, 0.5, 0.95, 0.99, 1} {
		if got, want := again.Quantile(q), all.Quantile(q); got != want {
			t.Errorf("quantile %g: %g, want %g", q, got, want)
		}
	}
	if ratio := again.Sum() / all.Sum(); ratio < 0.9 || ratio > 1.1 {
		t.Errorf("the sum is off by %g", ratio)
	}
}
