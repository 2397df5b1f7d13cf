package memstore

import (
	"context"
	"slices"

	"github.com/logproc/logproc/rollup"
)

// facts holds the slots of each fact, in ascending order.
type facts map[factID][]rollup.Slot

type factID struct {
	kind rollup.FactKind
	day  int32
	key  rollup.Key
}

func (f facts) add(added []rollup.Fact) {
	for i := range added {
		fact := added[i].Bounded()
		id := factID{fact.Kind, fact.Day, fact.Key()}
		if slots := rollup.AddSlots(f[id], fact.Slots); len(slots) > 0 {
			f[id] = slots
		}
	}
}

func (f facts) selected(q rollup.FactQuery) []rollup.Fact {
	var list []rollup.Fact
	for id, slots := range f {
		fact := rollup.Fact{Kind: id.kind, Service: id.key.Service, Env: id.key.Env, Name: id.key.Msg, Day: id.day}
		if q.Selects(&fact) {
			fact.Slots = slices.Clone(slots)
			list = append(list, fact)
		}
	}
	return list
}

func (f facts) expire(before rollup.Bucket) {
	for id := range f {
		if rollup.Expired(rollup.BucketAt(id.day, 0), before) {
			delete(f, id)
		}
	}
}

// revisions numbers the commits, and holds the number of the last one for each day.
type revisions struct {
	next uint64
	days map[int32]uint64
}

func (r *revisions) touch(day int32) { r.days[day] = r.next + 1 }

// Facts implements rollup.Facts. f gets a copy of the moment, so it may use the store.
func (s *Store) Facts(ctx context.Context, q rollup.FactQuery, f func(rollup.Fact) error) error {
	selected, err := s.selectFacts(ctx, q)
	if err != nil {
		return err
	}
	return each(ctx, selected, f)
}

func (s *Store) selectFacts(ctx context.Context, q rollup.FactQuery) ([]rollup.Fact, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	return s.facts.selected(q), nil
}

// Revisions implements rollup.Facts.
func (s *Store) Revisions(ctx context.Context, from, to int32) (map[int32]uint64, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	found := make(map[int32]uint64)
	for day, n := range s.revisions.days {
		if day >= from && day < to {
			found[day] = n
		}
	}
	return found, nil
}
