package sim

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/logproc/logproc/pipeline"
	"github.com/logproc/logproc/rollup"
)

// member is a process's side of the group. It implements pipeline.Source.
type member struct {
	process *process
	random  *rand.Rand

	mu   sync.Mutex
	news map[rollup.TopicPartition]groupCopy // copies of offsets that are not sent yet
}

// Run implements pipeline.Source.
func (m *member) Run(ctx context.Context, work func(context.Context, pipeline.Partition)) error {
	for ctx.Err() == nil {
		if g := m.join(ctx); g != nil {
			m.serve(ctx, g, work)
		}
	}
	if m.process.step(m.random, "before it leaves") == nil {
		m.process.world.do(func() { m.process.world.group.leave(m.process.number, "it leaves") })
	}
	return nil
}

// join gives the next assignment; nil when there will be none.
func (m *member) join(ctx context.Context) (g *generation) {
	w, p := m.process.world, m.process
	if p.step(m.random, "before it joins") != nil {
		return nil
	}
	w.do(func() { w.group.join(p.number) })
	for known := true; known && g == nil; {
		if !m.wait(ctx, between(m.random, 20*time.Millisecond, 200*time.Millisecond)) {
			return nil
		}
		w.do(func() { g, known = w.group.assignment(p.number) })
	}
	return g
}

// wait gives false when the process ends.
func (m *member) wait(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
	m.process.moment(m.random)
	return ctx.Err() == nil
}

// serve works on the partitions of a generation until it ends.
func (m *member) serve(ctx context.Context, g *generation, work func(context.Context, pipeline.Partition)) {
	genCtx, revoke := context.WithCancel(ctx)
	defer revoke()
	var working sync.WaitGroup
	for i, l := range g.logs {
		h := m.handle(l, g.copied[i])
		working.Go(func() { work(genCtx, m.process.world.plan.bug.partition(h)) })
	}
	for m.wait(ctx, between(m.random, heartbeat/2, heartbeat)) && m.beat(g) {
	}
	revoke()
	working.Wait()
	m.process.moment(m.random)
	m.copy(g)
}

func (m *member) handle(l *log, copied int64) *handle {
	p := m.process
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lives++
	h := &handle{process: p, member: m, log: l, atStart: copied, random: p.world.rand("handle", p.number, l.tp.Partition, p.lives)}
	p.handles[l.tp] = h
	return h
}

// beat sends a heartbeat and what is new; false when the generation has ended.
func (m *member) beat(g *generation) (ok bool) {
	p, w := m.process, m.process.world
	if p.step(m.random, "at a heartbeat") != nil {
		return false
	}
	m.copy(g)
	w.do(func() { ok = w.group.beat(p.number, g.number) })
	return ok
}

// note keeps a copy of an offset for the next heartbeat.
func (m *member) note(h *handle, offset int64, note string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.news[h.log.tp] = groupCopy{offset: offset, note: note, log: h.log, stateID: m.process.stateID}
}

// copy sends the copies that are new. When it fails they are kept for the next time.
func (m *member) copy(g *generation) {
	w := m.process.world
	if m.process.isDead() {
		return
	}
	fails := chance(m.random, w.plan.copies) && !w.isCalm()
	m.mu.Lock()
	news := m.news
	if !fails {
		m.news = map[rollup.TopicPartition]groupCopy{}
	}
	m.mu.Unlock()
	if len(news) == 0 {
		return
	}
	w.do(func() {
		switch {
		case fails:
			w.see("copy not written")
		case w.group.copy(m.process.number, g.number, news):
			w.see("copy")
		default:
			w.see("copy of a former generation")
		}
	})
}
