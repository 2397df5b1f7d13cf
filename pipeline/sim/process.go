package sim

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/logproc/logproc/parse"
	"github.com/logproc/logproc/pipeline"
	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/rollup"
	"github.com/logproc/logproc/rules"
)

// process is one life of a replica, from its start to its end or crash.
type process struct {
	world    *world
	number   int
	stateID  string
	pipeline *pipeline.Pipeline
	stop     context.CancelFunc
	dead     chan struct{} // closed at a crash: nothing that the process does afterwards has an effect

	mu      sync.Mutex
	crashed bool
	still   chan struct{} // while it is stopped (SIGSTOP): closed when it goes on
	handles map[rollup.TopicPartition]*handle
	lives   int // handles that there were
}

// parts are what all pipelines are made of. They are made once, because that takes long.
type parts struct {
	naming *rules.Naming
	policy *redact.Policy
}

var compiled = sync.OnceValue(func() parts { return parts{rules.DefaultNaming(), redact.DefaultPolicy()} })

// replica runs one process after the other, until the run ends.
func (w *world) replica(n int) {
	random := w.rand("replica", n)
	for w.wait(between(random, time.Millisecond, 6*time.Second)) {
		w.run()
	}
}

// run is one life.
func (w *world) run() {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	p := &process{world: w, stop: stop, dead: make(chan struct{}), handles: map[rollup.TopicPartition]*handle{}}
	w.do(func() {
		p.number = len(w.processes)
		w.processes = append(w.processes, p)
		p.stateID = w.server.id
		w.see("start")
		w.note("process %d starts", p.number)
	})
	cfg := w.plan.config()
	cfg.Source = &member{process: p, random: w.rand("member", p.number), news: map[rollup.TopicPartition]groupCopy{}}
	cfg.Store = w.plan.bug.store(&client{process: p, stateID: p.stateID}, p)
	w.plan.bug.plant(&cfg)
	cfg.Metrics, cfg.DeadLetters = &metrics{process: p}, &letters{process: p}
	cfg.Naming, cfg.Redaction.Policy = compiled().naming, compiled().policy
	cfg.Parse.JoinLimits = parse.JoinLimits{Idle: idle}
	cfg.Rand = p.jitter
	if w.plan.publishes {
		cfg.Publisher = &publisher{process: p}
	}
	pipe, err := pipeline.New(cfg)
	if err != nil {
		panic(err)
	}
	w.do(func() { p.pipeline = pipe })
	err = pipe.Run(ctx)
	w.do(func() {
		p.crashed = true
		w.note("process %d has ended", p.number)
		if err != nil {
			w.violate("process %d: %v", p.number, err)
		}
		p.checkBalance()
	})
}

// jitter gives a number that depends on the time alone, so that workers that ask together get the same.
func (p *process) jitter() float64 {
	return p.world.rand("jitter", p.number, time.Now().UnixNano()).Float64()
}

// handle gives the newest assignment of a partition.
func (p *process) handle(tp rollup.TopicPartition) *handle {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.handles[tp]
}

// step is where a process can die or stand still. It takes a moment, so that nobody else acts at the same one.
func (p *process) step(random *rand.Rand, what string) error {
	p.moment(random)
	if p.isDead() {
		return errDead
	}
	if chance(random, p.world.plan.crash) && !p.world.isCalm() {
		p.world.do(func() {
			p.world.see("crash " + what)
			p.world.note("process %d crashes %s", p.number, what)
		})
		p.crash()
		return errDead
	}
	return nil
}

// moment waits for an instant of one's own, and as long as the process is stopped.
func (p *process) moment(random *rand.Rand) {
	time.Sleep(between(random, time.Nanosecond, 100*time.Microsecond))
	for p.waitWhileStill() {
		time.Sleep(between(random, time.Nanosecond, 100*time.Microsecond))
	}
}

func (p *process) waitWhileStill() bool {
	p.mu.Lock()
	still := p.still
	p.mu.Unlock()
	if still == nil {
		return false
	}
	select {
	case <-still:
	case <-p.dead:
		return false
	}
	return true
}

// standStill is SIGSTOP, and goOn is SIGCONT.
func (p *process) standStill() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.crashed || p.still != nil {
		return false
	}
	p.still = make(chan struct{})
	return true
}

func (p *process) goOn() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.still != nil {
		close(p.still)
		p.still = nil
	}
}

func (p *process) isDead() bool {
	select {
	case <-p.dead:
		return true
	default:
		return false
	}
}

// crash ends the process at once.
func (p *process) crash() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.crashed {
		p.crashed = true
		close(p.dead)
		p.stop()
	}
}

// checkBalance checks the ledger of a process. The caller holds the world's lock.
func (p *process) checkBalance() {
	if p.pipeline == nil {
		return
	}
	for _, s := range p.pipeline.Status() {
		if !s.Balanced() {
			p.world.violate("process %d: the ledger of %s does not balance: fetched %d, counted %d, dead-lettered %d, skipped %d, discarded %d, pending %d",
				p.number, s.TopicPartition, s.Fetched, s.Outcomes.Counted, s.Outcomes.DeadLettered, s.Outcomes.Skipped, s.Discarded, s.Pending)
		}
	}
}
