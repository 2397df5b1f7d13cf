package redisstore

import "github.com/logproc/logproc/rollup"

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

// total gives the sum.
func (q quarters) total() uint64 {
	sum := uint64(0)
	for _, c := range q {
		sum = rollup.Sum(sum, c.n)
	}
	return sum
}
