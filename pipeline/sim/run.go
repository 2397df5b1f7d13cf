package sim

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/logproc/logproc/rollup"
)

// Result is what came of a run.
type Result struct {
	Seed      uint64
	Violation error // nil when all was right
	Trace     uint64
	Lines     []string // of the trace, if asked for
	Seen      Seen
}

// Run runs a seed, within the bubble of a synctest.
func Run(seed uint64, bug Bug, traced bool) Result {
	w := newWorld(newPlan(seed, bug), traced)
	for n := range w.plan.processes {
		w.others.Go(func() { w.replica(n) })
	}
	w.every("coordinator", 50*time.Millisecond, 200*time.Millisecond, w.group.tick)
	w.every("producer", 100*time.Millisecond, 1500*time.Millisecond, w.write)
	w.every("operator", 2*time.Second, 8*time.Second, w.operate)
	w.every("auditor", 500*time.Millisecond, 2*time.Second, w.audit)
	w.wait(between(w.random, 5*time.Second, 7*time.Second))
	w.every("trouble", 500*time.Millisecond, 1500*time.Millisecond, w.trouble)
	w.last(w.plan.trouble)
	w.do(w.calmDown)
	w.settle()
	w.end()
	return Result{Seed: seed, Violation: w.violation, Trace: w.trace.hash, Lines: w.trace.lines, Seen: w.seen}
}

// last waits unless something is wrong already.
func (w *world) last(d time.Duration) {
	for end := time.Now().Add(d); time.Now().Before(end) && !w.failed(); {
		w.wait(between(w.random, time.Second/2, time.Second))
	}
}

// calmDown ends all trouble.
func (w *world) calmDown() {
	w.note("nothing goes wrong any more")
	w.calm, w.server.away = true, false
	for _, p := range w.processes {
		p.goOn()
	}
}

// settle waits until everything is counted. That it takes too long is a violation.
func (w *world) settle() {
	left := ""
	for end := time.Now().Add(settleTime); time.Now().Before(end); {
		if w.failed() {
			return
		}
		w.do(func() { left = w.uncounted() })
		if left == "" {
			return
		}
		w.wait(between(w.random, time.Second/2, time.Second))
	}
	w.do(func() { w.violate("stuck: %s", left) })
}

// uncounted tells what is not counted yet.
func (w *world) uncounted() string {
	for _, l := range w.topic.logs {
		d := w.server.shards[l.tp]
		switch {
		case d == nil || !d.current.state.Known:
			return fmt.Sprintf("%s is not known to the store", l.tp)
		case d.current.chapters[len(d.current.chapters)-1].log != l:
			return fmt.Sprintf("%s is still counted of the former topic", l.tp)
		case d.current.state.Ledger.Offset != l.end():
			return fmt.Sprintf("%s is counted up to %d, its end is %d", l.tp, d.current.state.Ledger.Offset, l.end())
		case w.group.copies[l.tp].offset != l.end() && l.end() > 0:
			return fmt.Sprintf("%s is copied up to %d, its end is %d", l.tp, w.group.copies[l.tp].offset, l.end())
		}
	}
	return ""
}

// audit checks what has to be right at all times.
func (w *world) audit(_ *rand.Rand) {
	for _, p := range w.processes {
		p.checkBalance()
	}
}

// end stops everything.
func (w *world) end() {
	w.do(func() {
		for _, p := range w.processes {
			if p.stop(); w.violation != nil {
				p.crash()
			}
			p.goOn()
		}
		close(w.over)
	})
	w.others.Wait()
}

var _ rollup.Store = (*client)(nil)
