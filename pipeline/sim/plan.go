package sim

import (
	"math/rand/v2"
	"time"

	"github.com/logproc/logproc/pipeline"
)

// plan is what a seed stands for: the sizes of the world and how often what goes wrong.
type plan struct {
	seed uint64
	bug  Bug // that was planted; none in a run that has to be right

	trouble    time.Duration // how long things go wrong and records are written
	partitions int           // at the start
	processes  int
	records    int // written per partition, about
	latest     bool
	oldClock   bool // the store that has fallen back has a clock that is behind

	// Of the pipeline.
	commitInterval time.Duration
	commitRecords  uint64
	drain          time.Duration
	batch          int // records in an answer at most
	publishes      bool

	// Of the store and the network to it: probabilities per request, and per second for the store.
	requestLost, replyLost, late, twice, refused float64
	slowest                                      time.Duration // reply
	outages, rollbacks                           float64
	wipes                                        float64 // of the rollbacks, those to the empty store

	// Of the processes: probabilities per step, and per second.
	crash                 float64
	pauses, leaves        float64
	zombies               float64
	rebalances            float64
	retention, recreation float64
	growth                float64
	policies              float64
	outputs               float64 // failures of the redacted topic, per call
	copies                float64 // failures of reading and writing the copy of the offset, per call
}

// Times that are the same for all seeds.
const (
	sessionTimeout = 10 * time.Second
	heartbeat      = time.Second
	storeTimeout   = 2 * time.Second
	settleTime     = 5 * time.Minute // within which everything has to be counted once nothing fails any more
)

func newPlan(seed uint64, bug Bug) *plan {
	r := rand.New(rand.NewPCG(seed, 0x51b))
	some := func(most float64) float64 { // often not at all, so that seeds differ in kind
		if r.IntN(3) == 0 {
			return 0
		}
		return most * r.Float64()
	}
	p := &plan{
		seed: seed, bug: bug,
		trouble:    between(r, 30*time.Second, 60*time.Second),
		partitions: 1 + r.IntN(3), processes: 1 + r.IntN(3), records: 30 + r.IntN(200), latest: r.IntN(3) == 0, oldClock: r.IntN(4) == 0,
		commitInterval: between(r, 200*time.Millisecond, 2*time.Second), commitRecords: uint64(1 + r.IntN(80)),
		drain: between(r, 100*time.Millisecond, 5*time.Second), batch: 1 + r.IntN(40), publishes: r.IntN(2) == 0,
		requestLost: some(0.05), replyLost: some(0.08), late: some(0.06), twice: some(0.06), refused: some(0.05),
		slowest: between(r, 2*time.Millisecond, 400*time.Millisecond), outages: some(0.03), rollbacks: some(0.1), wipes: 0.25,
		crash: some(0.01), pauses: some(0.06), zombies: some(0.1), leaves: some(0.05), rebalances: some(0.1),
		retention: some(0.05), recreation: some(0.03), growth: some(0.03), policies: some(0.05), outputs: some(0.02), copies: some(0.05),
	}
	if p.oldClock { // a worker that was replaced is not fenced then, and may hold fragments that its successor never saw
		p.retention = 0
	}
	return p
}

// config gives what a process's pipeline is made of, but for what it talks to.
func (p *plan) config() pipeline.Config {
	return pipeline.Config{
		CommitInterval: p.commitInterval, CommitRecords: p.commitRecords, DrainTimeout: p.drain, Horizon: horizon,
	}
}
