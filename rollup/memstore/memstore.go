// Package memstore keeps counts and offsets in memory: for commands that read files, and for tests.
package memstore

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/logproc/logproc/rollup"
)

// Store is a rollup.Store that lasts as long as the process.
type Store struct {
	now     func() time.Time
	stateID string

	mu         sync.RWMutex
	closed     bool
	partitions map[rollup.TopicPartition]*rollup.PartitionState
	counts     rollup.Tally
	forms      forms
	facts      facts
	revisions  revisions
	documents  map[string]rollup.Document
}

var _ rollup.Store = (*Store)(nil)

var errClosed = errors.New("the store is closed")

// New gives an empty store. now dates the ledgers.
func New(now func() time.Time) *Store {
	return &Store{
		now:        now,
		stateID:    rollup.NewStateID(),
		partitions: make(map[rollup.TopicPartition]*rollup.PartitionState),
		counts:     make(rollup.Tally),
		forms:      make(forms),
		facts:      make(facts),
		revisions:  revisions{days: make(map[int32]uint64)},
		documents:  make(map[string]rollup.Document),
	}
}

// Claim implements rollup.Store.
func (s *Store) Claim(ctx context.Context, tp rollup.TopicPartition) (rollup.Claim, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(ctx); err != nil {
		return rollup.Claim{}, err
	}
	return s.partition(tp).Claim(s.now()), nil
}

// Commit implements rollup.Store.
func (s *Store) Commit(ctx context.Context, c *rollup.Commit) (rollup.Result, error) {
	if err := c.Check(); err != nil {
		return rollup.Result{}, rollup.CommitError(c, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(ctx); err != nil {
		return rollup.Result{}, rollup.CommitError(c, err)
	}
	result := s.partition(c.TopicPartition).Commit(c, s.now())
	if result.Outcome != rollup.Committed {
		return result, nil
	}
	for i := range c.Counts {
		if c.Counts[i].N > 0 {
			s.revisions.touch(c.Counts[i].Bucket.UTCDay())
		}
		s.counts.Add(c.Counts[i].Key.Bounded(), c.Counts[i].Bucket, c.Counts[i].N)
	}
	s.revisions.next++
	s.forms.add(c.Forms)
	s.facts.add(c.Facts)
	return result, nil
}

// Counts implements rollup.Store. f gets a copy of the moment, so it may use the store.
func (s *Store) Counts(ctx context.Context, q rollup.Query, f func(rollup.Count) error) error {
	selected, err := s.selectCounts(ctx, q)
	if err != nil {
		return err
	}
	return each(ctx, selected, f)
}

func (s *Store) selectCounts(ctx context.Context, q rollup.Query) ([]rollup.Count, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	var selected []rollup.Count
	for cell, n := range s.counts {
		if q.Selects(cell.Key.Service, cell.Key.Env, cell.Bucket) {
			selected = append(selected, rollup.Count{Key: cell.Key, Bucket: cell.Bucket, N: n})
		}
	}
	return selected, nil
}

// Forms implements rollup.Store. f gets a copy of the moment, so it may use the store.
func (s *Store) Forms(ctx context.Context, q rollup.Query, f func(rollup.Form) error) error {
	selected, err := s.selectForms(ctx, q)
	if err != nil {
		return err
	}
	return each(ctx, selected, f)
}

func (s *Store) selectForms(ctx context.Context, q rollup.Query) ([]rollup.Form, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	return s.forms.selected(q), nil
}

// Ledgers implements rollup.Store.
func (s *Store) Ledgers(ctx context.Context) ([]rollup.Ledger, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	var ledgers []rollup.Ledger
	for _, state := range s.partitions {
		if state.Known {
			ledgers = append(ledgers, state.Ledger.Clone())
		}
	}
	slices.SortFunc(ledgers, func(a, b rollup.Ledger) int {
		return cmp.Or(strings.Compare(a.Topic, b.Topic), cmp.Compare(a.Partition, b.Partition))
	})
	return ledgers, nil
}

// SetOffset implements rollup.Store.
func (s *Store) SetOffset(ctx context.Context, tp rollup.TopicPartition, offset int64) (rollup.Claim, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(ctx); err != nil {
		return rollup.Claim{}, err
	}
	return s.partition(tp).SetOffset(offset, s.now())
}

// Expire implements rollup.Store. It looks at everything there is: what is in memory is small.
func (s *Store) Expire(ctx context.Context, before rollup.Bucket, limit int) (deleted int, more bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(ctx); err != nil {
		return 0, false, err
	}
	for cell := range s.counts {
		if !rollup.Expired(cell.Bucket, before) {
			continue
		}
		if deleted >= limit {
			return deleted, true, nil
		}
		delete(s.counts, cell)
		delete(s.revisions.days, cell.Bucket.UTCDay())
		deleted++
	}
	s.forms.expire(before)
	s.facts.expire(before)
	return deleted, false, nil
}

// StateID implements rollup.Store.
func (s *Store) StateID() string { return s.stateID }

// Close implements rollup.Store. What was counted is gone; every later call is refused.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.counts, s.forms, s.facts, s.partitions, s.documents = nil, nil, nil, nil, nil
	return nil
}

func (s *Store) usable(ctx context.Context) error {
	if s.closed {
		return errClosed
	}
	return ctx.Err()
}

func (s *Store) partition(tp rollup.TopicPartition) *rollup.PartitionState {
	state := s.partitions[tp]
	if state == nil {
		state = &rollup.PartitionState{}
		s.partitions[tp] = state
	}
	return state
}

// checkEvery is the number of calls between two looks at the context.
const checkEvery = 1024

func each[T any](ctx context.Context, list []T, f func(T) error) error {
	for i := range list {
		if i%checkEvery == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if err := f(list[i]); err != nil {
			return err
		}
	}
	return nil
}
