package sim

import (
	"math/rand/v2"
	"time"

	"github.com/logproc/logproc/pipeline"
)

// Bounds of what grows.
const (
	mostPartitions = 5
	mostTopics     = 3
)

// trouble makes things go wrong, about once a second.
func (w *world) trouble(r *rand.Rand) {
	if w.calm {
		return
	}
	p, t := w.plan, w.topic
	if chance(r, p.rollbacks) {
		w.server.fallBack(r)
		if r.IntN(3) == 0 { // while everybody still catches up
			again := w.rand("again", r.Uint64())
			w.later(between(r, 100*time.Millisecond, 3*time.Second), func() { w.server.fallBack(again) })
		}
	}
	if chance(r, p.outages) && !w.server.away {
		w.see("store away")
		w.note("store is away")
		w.server.away = true
		w.later(between(r, 100*time.Millisecond, 8*time.Second), func() { w.server.away = false })
	}
	if chance(r, p.rebalances) {
		w.group.rebalance("for no reason")
	}
	if chance(r, p.retention) && t.logs[r.IntN(len(t.logs))].expire(r) {
		w.see("retention")
	}
	if chance(r, p.recreation) && t.created < mostTopics {
		w.see("topic created again")
		w.note("topic is created again")
		t.createAgain()
		w.later(between(r, 100*time.Millisecond, 5*time.Second), func() { w.group.rebalance("the topic is another one") })
	}
	if chance(r, p.growth) && len(t.logs) < mostPartitions {
		w.see("partition added")
		w.note("partition %d is added", len(t.logs))
		t.grow()
		w.later(between(r, 100*time.Millisecond, 5*time.Second), func() { w.group.rebalance("there are more partitions") })
	}
	w.troubleProcess(r)
}

// troubleProcess stops a process, for a while or altogether.
func (w *world) troubleProcess(r *rand.Rand) {
	if len(w.processes) == 0 {
		return
	}
	q := w.processes[r.IntN(len(w.processes))]
	if q.crashed || q.pipeline == nil {
		return
	}
	if chance(r, w.plan.pauses) {
		w.stand(q, between(r, 100*time.Millisecond, 25*time.Second))
	}
	if chance(r, w.plan.zombies) && !w.quiet {
		w.makeZombie(r, q)
	}
	if chance(r, w.plan.leaves) {
		w.see("process is told to stop")
		w.note("process %d is told to stop", q.number)
		q.stop()
	}
	if chance(r, w.plan.policies) {
		w.see("new policy")
		q.pipeline.SetRedaction(pipeline.Redaction{Policy: compiled().policy})
	}
}

// stand makes a process stand still for a while.
func (w *world) stand(p *process, d time.Duration) {
	if !p.standStill() {
		return
	}
	w.see("process stands still")
	w.note("process %d stands still", p.number)
	w.later(d, func() {
		w.note("process %d goes on", p.number)
		p.goOn()
	})
}

// makeZombie stops a process with records in its hands, for so long that others have its partitions when it goes
// on. Nothing is written meanwhile, so that they have the same records in their hands.
func (w *world) makeZombie(r *rand.Rand, p *process) {
	w.see("zombie")
	w.quiet = true
	for _, l := range w.topic.logs {
		l.append(1+r.IntN(4), time.Now())
	}
	asleep := between(r, sessionTimeout, 2*sessionTimeout)
	if fall := between(r, 2*time.Second, asleep); w.plan.oldClock && r.IntN(2) == 0 {
		again := w.rand("fall", r.Uint64())
		w.later(fall, func() { w.server.fallBack(again) })
	}
	w.later(between(r, 50*time.Millisecond, time.Second), func() { w.stand(p, asleep) })
	w.later(asleep+time.Second+between(r, 0, time.Second), func() { w.quiet = false })
}

// later takes a step after some time, if the run lasts that long.
func (w *world) later(d time.Duration, step func()) {
	w.others.Go(func() {
		if w.wait(d) {
			w.do(step)
		}
	})
}

// write appends records to a log.
func (w *world) write(r *rand.Rand) {
	if w.calm || w.quiet {
		return
	}
	l := w.topic.logs[r.IntN(len(w.topic.logs))]
	l.append(1+r.IntN(1+w.plan.records/15), time.Now())
}

// operate is what an operator does about topics that were created again.
func (w *world) operate(*rand.Rand) {
	if w.server.away {
		return
	}
	for _, tp := range w.server.partitions() {
		d := w.server.shards[tp]
		if s := d.current.state; s.Known && s.Ledger.TopicID != "" && s.Ledger.TopicID != d.log().id {
			w.server.setOffset(tp, 0)
		}
	}
}
