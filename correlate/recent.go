package correlate

import "github.com/logproc/logproc/correlate/id"

// recent remembers the ids of requests that were closed a while ago: at least the last recentSize, at most twice as
// many.
type recent struct{ now, before map[uint64]struct{} }

const recentSize = 200_000

func (r *recent) add(i id.ID) {
	if i.IsZero() {
		return
	}
	if len(r.now) >= recentSize || r.now == nil {
		r.before, r.now = r.now, make(map[uint64]struct{})
	}
	r.now[i.Lo] = struct{}{}
}

func (r *recent) has(i id.ID) bool {
	if i.IsZero() {
		return false
	}
	_, now := r.now[i.Lo]
	_, before := r.before[i.Lo]
	return now || before
}
