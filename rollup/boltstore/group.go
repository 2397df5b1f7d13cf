package boltstore

import (
	"context"
	"slices"
	"sync"

	bolt "go.etcd.io/bbolt"
)

// maxGroup is the number of cells (counts and forms) after which a transaction takes no further step.
const maxGroup = 100_000

// group lets steps that wait for the disk share a transaction: while one is being written, the others
// queue; the first of them that gets the turn writes all that have come. Nobody waits for company, so a
// lone step is not delayed.
type group struct {
	turn    chan struct{} // holds one value while somebody writes
	mu      sync.Mutex
	waiting []*step
	scratch scratch // owned by who has the turn
}

func (g *group) init() { g.turn = make(chan struct{}, 1) }

// step is one change. run may be called several times, each time in a new transaction.
type step struct {
	run  func(t *transaction) error
	size int
	err  error         // valid when done is closed
	done chan struct{} // closed by the one who wrote it
}

// update runs f in a transaction that is on disk when update returns nil. When ctx ends before f's
// transaction has begun, f is not run.
func (s *Store) update(ctx context.Context, size int, f func(t *transaction) error) error {
	leave, err := s.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	st := &step{run: f, size: size, done: make(chan struct{})}
	s.group.push(st)
	select {
	case s.group.turn <- struct{}{}:
		s.takeTurn(st)
	case <-st.done:
	case <-ctx.Done():
		if s.group.withdraw(st) {
			return ctx.Err()
		}
	}
	<-st.done
	return st.err
}

// takeTurn writes st and what waits with it, unless another's turn has written st already.
func (s *Store) takeTurn(st *step) {
	defer func() { <-s.group.turn }()
	for {
		select {
		case <-st.done:
			return
		default:
			s.write(s.group.take())
		}
	}
}

// write runs steps in one transaction; when that fails, each in one of its own, so that a step which
// cannot be done does not take the others with it.
func (s *Store) write(steps []*step) {
	err := s.transact(steps)
	if err != nil && len(steps) > 1 {
		for i := range steps {
			s.finish(steps[i:i+1], s.transact(steps[i:i+1]))
		}
		return
	}
	s.finish(steps, err)
}

func (s *Store) finish(steps []*step, err error) {
	for _, st := range steps {
		st.err = err
		close(st.done)
	}
}

func (s *Store) transact(steps []*step) error {
	return s.guarded(func() error {
		return s.db.Update(func(tx *bolt.Tx) error {
			t := transaction{tx: tx, scratch: &s.group.scratch}
			t.scratch.reset()
			for _, st := range steps {
				if err := st.run(&t); err != nil {
					return err
				}
			}
			return t.flush()
		})
	})
}

func (g *group) push(st *step) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.waiting = append(g.waiting, st)
}

// take gives the steps of the next transaction: in the order of their coming, at least one.
func (g *group) take() []*step {
	g.mu.Lock()
	defer g.mu.Unlock()
	n, size := 0, 0
	for n < len(g.waiting) && (n == 0 || size+g.waiting[n].size <= maxGroup) {
		size += g.waiting[n].size
		n++
	}
	taken := slices.Clone(g.waiting[:n])
	g.waiting = slices.Delete(g.waiting, 0, n)
	return taken
}

// withdraw takes a step back; false when its transaction has begun.
func (g *group) withdraw(st *step) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	i := slices.Index(g.waiting, st)
	if i < 0 {
		return false
	}
	g.waiting = slices.Delete(g.waiting, i, i+1)
	return true
}
