package sim

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/logproc/logproc/rollup"
)

// world is all that exists beside the processes. Its lock guards everything in it and in its parts: steps are
// short, and are taken one at a time anyway.
type world struct {
	plan   *plan
	random *rand.Rand // of the world's own actors, at instants of their own
	began  time.Time
	over   chan struct{} // closed when the run ends
	others sync.WaitGroup

	mu        sync.Mutex
	calm      bool // nothing fails any more
	quiet     bool // nothing is written just now
	violation error
	seen      Seen
	trace     trace
	topic     *topic
	server    *server
	group     *coordinator
	oracle    *oracle
	processes []*process // all that ever lived
}

// trace is what happened: its hash tells two runs apart, its text is for people.
type trace struct {
	hash  uint64
	lines []string
	kept  bool
}

// Seen counts what happened, by its name: faults, outcomes of commits, and the like.
type Seen map[string]int

func newWorld(p *plan, traced bool) *world {
	w := &world{plan: p, began: time.Now(), over: make(chan struct{}), seen: make(Seen)}
	w.trace.kept = traced
	w.random = w.rand("world")
	w.oracle = newOracle()
	w.topic = newTopic(w)
	w.server = newServer(w)
	w.group = newCoordinator(w)
	return w
}

// rand gives random numbers that depend on the seed and on who asks.
func (w *world) rand(who ...any) *rand.Rand {
	h := fnv.New64a()
	_, _ = fmt.Fprint(h, who...)
	return rand.New(rand.NewPCG(w.plan.seed, h.Sum64()))
}

// see counts something that happened.
func (w *world) see(what string) { w.seen[what]++ }

// note puts a step into the trace. The caller holds the lock, and acts at an instant of its own.
func (w *world) note(format string, args ...any) {
	line := fmt.Sprintf("%12.6f ", time.Since(w.began).Seconds()) + fmt.Sprintf(format, args...)
	h := fnv.New64a()
	_, _ = h.Write([]byte(line))
	w.trace.hash = w.trace.hash*1099511628211 ^ h.Sum64()
	if w.trace.kept {
		w.trace.lines = append(w.trace.lines, line)
	}
}

// violate ends the run: something is as it must never be. The first one counts.
func (w *world) violate(format string, args ...any) {
	if w.violation == nil {
		w.violation = fmt.Errorf(format, args...)
		w.note("VIOLATION %v", w.violation)
	}
}

func (w *world) failed() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.violation != nil
}

// do takes a step of the world.
func (w *world) do(step func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	step()
}

// every takes a step again and again, between shortest and longest apart, until the run ends.
func (w *world) every(who string, shortest, longest time.Duration, step func(*rand.Rand)) {
	random := w.rand(who)
	w.others.Go(func() {
		for w.wait(between(random, shortest, longest)) {
			w.do(func() { step(random) })
		}
	})
}

// wait gives false when the run has ended.
func (w *world) wait(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-w.over:
		return false
	}
}

// between draws a duration to the nanosecond, so that no two actors wake up together.
func between(random *rand.Rand, shortest, longest time.Duration) time.Duration {
	return shortest + time.Duration(random.Int64N(int64(longest-shortest)))
}

// chance draws true with a probability.
func chance(random *rand.Rand, p float64) bool { return p > 0 && random.Float64() < p }

// partitionOf is a short name for traces.
func partitionOf(tp rollup.TopicPartition) string {
	return strings.TrimPrefix(tp.String(), topicName+"/")
}
