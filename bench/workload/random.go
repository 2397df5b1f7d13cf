package workload

import "math/bits"

// random is SplitMix64: its whole state is one number, so that each record can start from its own.
type random struct{ state uint64 }

func (r *random) next() uint64 {
	r.state += 0x9e3779b97f4a7c15
	return mix(r.state)
}

// below gives a number in [0, n).
func (r *random) below(n int) int {
	hi, _ := bits.Mul64(r.next(), uint64(n))
	return int(hi)
}

// mix spreads every bit of x over the result (the finaliser of SplitMix64).
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// hit is true in percent of 100 cases. It draws no number when the answer is certain.
func hit(r *random, percent float64) bool {
	return percent > 0 && float64(r.next()>>11)/(1<<53)*100 < percent
}
