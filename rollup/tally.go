package rollup

import (
	"math"

	"github.com/logproc/logproc/redact"
)

// Cell is what one number counts: a key in a bucket.
type Cell struct {
	Key    Key
	Bucket Bucket
}

// Tally sums counts by cell. It is not safe for concurrent use.
type Tally map[Cell]uint64

// Add adds n events; a sum that would overflow stays at the largest number.
func (t Tally) Add(k Key, b Bucket, n uint64) {
	if n == 0 {
		return
	}
	cell := Cell{Key: k, Bucket: b}
	t[cell] = Sum(t[cell], n)
}

// Merge adds counts, which may name a cell several times.
func (t Tally) Merge(counts []Count) {
	for i := range counts {
		t.Add(counts[i].Key, counts[i].Bucket, counts[i].N)
	}
}

// Counts gives the tally as a list, in no particular order.
func (t Tally) Counts() []Count {
	list := make([]Count, 0, len(t))
	for cell, n := range t {
		list = append(list, Count{Key: cell.Key, Bucket: cell.Bucket, N: n})
	}
	return list
}

// Sum adds two counts; a sum that would overflow is the largest number.
func Sum(a, b uint64) uint64 {
	if s := a + b; s >= a {
		return s
	}
	return math.MaxUint64
}

// Selects reports whether q asks for the counts of a service and env in a bucket.
func (q Query) Selects(service, env redact.Text, b Bucket) bool {
	return b >= q.From && b < q.To && (q.Service == nil || *q.Service == service.String()) && (q.Env == nil || *q.Env == env.String())
}
