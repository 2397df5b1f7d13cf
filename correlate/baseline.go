package correlate

import (
	"github.com/logproc/logproc/internal/exphist"
	"github.com/logproc/logproc/redact"
)

// operation is what durations are compared within: records of one key, or one side of the calls to one server.
type operation struct {
	service, key redact.Text
	frame        uint8
}

// Bounds of the baselines.
const (
	maxOperations = 20_000
	leastSeen     = 200    // durations before an operation has a p99 worth the name
	windowSeen    = 50_000 // durations after which an operation begins anew beside the old ones
	slowSlack     = 1.05   // the histogram's error
)

// baselines knows what is slow for an operation, by the durations of the requests that were closed. It is made of what
// has come since the start: right after one, nothing is slow.
type baselines struct{ operations map[operation]*baseline }

type baseline struct {
	now, before exphist.Histogram
	p99         float64 // 0: not known yet
	next        uint64  // the count at which p99 is worked out again
}

func newBaselines() *baselines {
	return &baselines{operations: make(map[operation]*baseline)}
}

// slow reports whether some event of a timeline took longer than 99 % of its operation, and adds the timeline's
// durations to what is known.
func (b *baselines) slow(t *Timeline) (slow bool) {
	for i := range t.Events {
		e := &t.Events[i]
		if !e.HasDuration {
			continue
		}
		op := operation{service: e.Service, key: e.Key, frame: uint8(e.Frame)}
		if e.Frame != 0 {
			op.service, op.key = e.From, e.To
		}
		known := b.operations[op]
		if known == nil {
			if len(b.operations) >= maxOperations {
				continue
			}
			known = &baseline{next: leastSeen}
			b.operations[op] = known
		}
		slow = known.observe(float64(e.Duration)) || slow
	}
	return slow
}

// observe reports whether a duration is slow, and adds it.
func (b *baseline) observe(ms float64) bool {
	slow := b.p99 > 0 && ms > b.p99*slowSlack
	b.now.Observe(ms)
	if n := b.now.Count(); n >= b.next {
		all := b.now.Clone()
		all.Merge(&b.before)
		b.p99, b.next = all.Quantile(0.99), n+n/4+1
		if n >= windowSeen {
			b.before, b.now, b.next = b.now, exphist.Histogram{}, leastSeen
		}
	}
	return slow
}
