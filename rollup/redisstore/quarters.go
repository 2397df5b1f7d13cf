package redisstore

import (
	"slices"

	"github.com/logproc/logproc/rollup"
)

// quarters are the counts of one key and day, ordered by quarter.
type quarters []quarter

type quarter struct {
	quarter uint8
	n       uint64
}

// plus adds stored pairs, which are ordered too. It may change q.
func (q quarters) plus(pairs string) (quarters, error) {
	at := 0
	for rest := []byte(pairs); len(rest) > 0; {
		number, n, after, err := rollup.CutPair(rest)
		if err != nil {
			return nil, err
		}
		rest = after
		for at < len(q) && q[at].quarter < number {
			at++
		}
		if at < len(q) && q[at].quarter == number {
			q[at].n = rollup.Sum(q[at].n, n)
			continue
		}
		q = append(q, quarter{})
		copy(q[at+1:], q[at:])
		q[at] = quarter{number, n}
	}
	return q, nil
}

// plusNewer adds the larger of two values of each quarter: one list of pairs is what the other became.
func (q quarters) plusNewer(a, b string) (quarters, error) {
	one, err := quarters(nil).plus(a)
	if err != nil {
		return nil, err
	}
	two, err := quarters(nil).plus(b)
	if err != nil {
		return nil, err
	}
	for _, c := range two {
		at := 0
		for at < len(one) && one[at].quarter < c.quarter {
			at++
		}
		if at < len(one) && one[at].quarter == c.quarter {
			one[at].n = max(one[at].n, c.n)
			continue
		}
		one = slices.Insert(one, at, c)
	}
	var pairs []byte
	for _, c := range one {
		pairs = rollup.AppendPair(pairs, c.quarter, c.n)
	}
	return q.plus(string(pairs))
}

// total gives the sum.
func (q quarters) total() uint64 {
	sum := uint64(0)
	for _, c := range q {
		sum = rollup.Sum(sum, c.n)
	}
	return sum
}
