package history

import (
	"math"
	"slices"
)

// level puts a count on the scale on which Poisson counts vary by 1: Anscombe's transformation.
func level(n float64) float64 { return 2 * math.Sqrt(n+3.0/8) }

// median gives the middle of values, whose order it changes; NaN when there are none.
func median(values []float64) float64 {
	n := len(values)
	if n == 0 {
		return math.NaN()
	}
	slices.Sort(values)
	if n%2 == 1 {
		return values[n/2]
	}
	return (values[n/2-1] + values[n/2]) / 2
}

// medianVariance is the variance of the median of n normal values with variance 1, for n of 1 to 4. It is that of
// order statistics: 1, 1/2, 0.4487 and 0.2982 (H. A. David and H. N. Nagaraja, "Order Statistics", 2003).
var medianVariance = [weeks + 1]float64{0, 1, 0.5, 0.4487, 0.2982}

// score tells how far n is from days of the same weekday, see the package comment. spread is what is usual for
// the key, at least 1. It changes the order of days; there are at most four.
func score(n float64, days []float64, spread float64) float64 {
	if len(days) == 0 {
		return 0
	}
	middle := level(median(days))
	return (level(n) - middle) / (spread * math.Sqrt(1+medianVariance[min(len(days), weeks)]))
}

// madScale makes the median absolute deviation of Poisson days from the medians of their weekdays 1: 1.4826 is
// that of the normal law, the rest is for the deviation from the median of four values, of which one is the value
// itself. TestSpreadOfPoissonDays measures it.
const madScale = 1.4826 * 1.2

// spread gives what is usual for a key: at least 1, which is Poisson's law.
func spread(deviations []float64) float64 {
	for i, d := range deviations {
		deviations[i] = math.Abs(d)
	}
	if s := median(deviations) * madScale; s > 1 {
		return s
	}
	return 1
}
