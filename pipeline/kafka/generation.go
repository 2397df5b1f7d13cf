package kafka

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/logproc/logproc/rollup"
)

// generation is the work on one assignment. kafka-go ends a generation as soon as one of its functions
// returns and begins the next when all have, so every function here stays until the generation's context ends.
type generation struct {
	m       *member
	gen     *kafkago.Generation
	commits *committer
	working sync.WaitGroup // work that has not returned
	unread  atomic.Int32   // partitions whose work has not come to its end by itself
	read    chan struct{}  // closed when there are none any more, with UntilEnd
	ended   chan struct{}  // closed after the last commit
}

func (g *generation) start(ctx context.Context) {
	assigned := g.assigned()
	g.m.s.cfg.Logger.Info("partitions assigned", "group", g.m.s.cfg.Group, "generation", g.gen.ID, "partitions", len(assigned))
	g.unread.Store(int32(len(assigned)))
	if len(assigned) == 0 && g.m.s.cfg.UntilEnd {
		close(g.read) // others have them all
	}
	g.working.Add(len(assigned))
	for tp, id := range assigned {
		g.gen.Start(func(genCtx context.Context) {
			g.work(ctx, genCtx, tp, id)
			<-genCtx.Done()
		})
	}
	if !g.m.s.cfg.UntilEnd {
		g.gen.Start(g.m.watch)
	}
	g.gen.Start(func(genCtx context.Context) { // stays longest, as its connection is needed for the last commit
		defer close(g.ended)
		g.commits.run(genCtx, &g.working)
	})
}

// assigned lists this member's partitions with their topics' ids.
func (g *generation) assigned() map[rollup.TopicPartition]topicID {
	g.m.mu.Lock()
	defer g.m.mu.Unlock()
	all := map[rollup.TopicPartition]topicID{}
	for topic, partitions := range g.gen.Assignments {
		for _, p := range partitions {
			all[rollup.TopicPartition{Topic: topic, Partition: int32(p.ID)}] = g.m.sub.topics[topic].id
		}
	}
	return all
}

// copied gives the group's offset of a partition as it was at the assignment; -1 when it had none.
func (g *generation) copied(tp rollup.TopicPartition) int64 {
	for _, p := range g.gen.Assignments[tp.Topic] {
		if int32(p.ID) == tp.Partition {
			return p.Offset
		}
	}
	return -1
}

// work runs the caller's work on a partition until it returns.
func (g *generation) work(ctx, genCtx context.Context, tp rollup.TopicPartition, id topicID) {
	defer g.working.Done()
	if genCtx.Err() != nil {
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(genCtx, cancel)()
	p := g.m.s.newPartition(ctx, tp, id, g)
	defer p.close()
	g.m.setBusy(tp, true)
	defer g.m.setBusy(tp, false)
	g.m.work(ctx, p)
	if ctx.Err() == nil && g.unread.Add(-1) == 0 && g.m.s.cfg.UntilEnd {
		close(g.read)
	}
}

func (m *member) setBusy(tp rollup.TopicPartition, busy bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if busy {
		m.busy[tp] = true
	} else {
		delete(m.busy, tp)
	}
}

// watch looks the topics up now and then and returns, which ends the generation, when there is
// something new. A topic that is gone is believed only the second time.
func (m *member) watch(ctx context.Context) {
	t := time.NewTicker(m.s.cfg.MetadataInterval)
	defer t.Stop()
	gone := 0
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		m.mu.Lock()
		was := m.sub
		m.mu.Unlock()
		is, missing, err := m.s.lookUp(ctx, m.s.cluster.serial())
		if err != nil {
			continue // the partitions' own errors tell of it
		}
		topics, partitions := was.same(is)
		if partitions {
			gone = 0
			continue
		}
		if lostSome(was, is) {
			if gone++; gone < 2 {
				continue
			}
			m.s.cfg.Logger.Warn("topics are gone", "missing", missing, "left", is.names())
		}
		m.mu.Lock()
		defer m.mu.Unlock()
		if topics {
			m.sub = is
		} else {
			m.next = &is
		}
		return
	}
}

func lostSome(was, is subscription) bool {
	for name := range was.topics {
		if _, ok := is.topics[name]; !ok {
			return true
		}
	}
	return false
}
