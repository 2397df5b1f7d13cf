package boltstore

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"slices"

	bolt "go.etcd.io/bbolt"

	"github.com/logproc/logproc/rollup"
)

// A fact's slots are stored in ascending order, each as the distance of its index from the one before (from -1
// for the first) and its number, both uvarint: most take two or three bytes.

var errFacts = fmt.Errorf("%w: facts that cannot be read", rollup.ErrCorrupt)

// factCell is a fact to add. Its slots are the commit's own.
type factCell struct {
	day   int32
	key   []byte // as in the database
	slots []rollup.Slot
}

func (s *scratch) factCell(f *rollup.Fact) factCell {
	start := len(s.keys)
	b := f.Bounded()
	s.keys = rollup.AppendKey(append(s.keys, byte(b.Kind)), b.Key())
	return factCell{day: b.Day, key: s.keys[start:len(s.keys):len(s.keys)], slots: b.Slots}
}

// addFacts adds cells to their days. It orders them.
func (t *transaction) addFacts(cells []factCell) error {
	if len(cells) == 0 {
		return nil
	}
	root, err := t.tx.CreateBucketIfNotExists(bucketFacts)
	if err != nil {
		return err
	}
	slices.SortFunc(cells, func(a, b factCell) int {
		return cmp.Or(cmp.Compare(a.day, b.day), bytes.Compare(a.key, b.key))
	})
	var day *bolt.Bucket
	for i := 0; i < len(cells); {
		if i == 0 || cells[i].day != cells[i-1].day {
			if day, err = root.CreateBucketIfNotExists(dayKey(cells[i].day)); err != nil {
				return err
			}
		}
		same := i + 1
		for same < len(cells) && cells[same].day == cells[i].day && bytes.Equal(cells[same].key, cells[i].key) {
			same++
		}
		if err := t.addFact(day, cells[i:same]); err != nil {
			return err
		}
		i = same
	}
	return nil
}

// addFact adds the cells of one fact.
func (t *transaction) addFact(day *bolt.Bucket, cells []factCell) (err error) {
	stored := day.Get(cells[0].key)
	for i := range cells {
		start := len(t.values)
		if t.values, err = appendSlots(t.values, stored, cells[i].slots); err != nil {
			return err
		}
		stored = t.values[start:len(t.values):len(t.values)]
	}
	if len(stored) == 0 {
		return nil
	}
	return day.Put(cells[0].key, stored)
}

// slotReader reads a fact's slots.
type slotReader struct {
	rest []byte
	next int // index after that of the last slot
}

// cut gives the next slot; ok is false at the end.
func (r *slotReader) cut() (s rollup.Slot, ok bool, err error) {
	if len(r.rest) == 0 {
		return s, false, nil
	}
	distance, size := binary.Uvarint(r.rest)
	if size <= 0 || distance == 0 || distance > rollup.MaxSlots {
		return s, false, errFacts
	}
	n, size2 := binary.Uvarint(r.rest[size:])
	index := r.next + int(distance) - 1
	if size2 <= 0 || index >= rollup.MaxSlots {
		return s, false, errFacts
	}
	r.rest, r.next = r.rest[size+size2:], index+1
	return rollup.Slot{Index: uint16(index), N: n}, true, nil
}

// appendSlots appends the sum of stored slots and others.
func appendSlots(dst, stored []byte, add []rollup.Slot) ([]byte, error) {
	next := 0
	put := func(s rollup.Slot) {
		if s.N > 0 {
			dst = binary.AppendUvarint(dst, uint64(int(s.Index)+1-next))
			dst = binary.AppendUvarint(dst, s.N)
			next = int(s.Index) + 1
		}
	}
	for r := (slotReader{rest: stored}); ; {
		s, ok, err := r.cut()
		if err != nil {
			return nil, err
		}
		for len(add) > 0 && (!ok || add[0].Index < s.Index) {
			put(add[0])
			add = add[1:]
		}
		if !ok {
			return dst, nil
		}
		if len(add) > 0 && add[0].Index == s.Index {
			s.N = rollup.Sum(s.N, add[0].N)
			add = add[1:]
		}
		put(s)
	}
}

// Facts implements rollup.Facts. f gets a copy of the moment: it may take its time and use the store.
func (s *Store) Facts(ctx context.Context, q rollup.FactQuery, f func(rollup.Fact) error) error {
	rows, err := s.factRows(ctx, q)
	if err != nil {
		return s.errorOf("read", err)
	}
	var slots []rollup.Slot
	for i := range rows {
		if i%checkEvery == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		fact, err := rows[i].fact(slots[:0])
		if err != nil {
			return s.errorOf("read", err)
		}
		slots = fact.Slots
		if !q.Selects(&fact) {
			continue
		}
		if err := f(fact); err != nil {
			return err
		}
	}
	return nil
}

// fact decodes a row, into the memory of slots.
func (r *row) fact(slots []rollup.Slot) (rollup.Fact, error) {
	key, err := rollup.DecodeKey(r.key[1:])
	if err != nil {
		return rollup.Fact{}, errFacts
	}
	for reader := (slotReader{rest: r.value}); ; {
		s, ok, err := reader.cut()
		if err != nil {
			return rollup.Fact{}, err
		}
		if !ok {
			break
		}
		slots = append(slots, s)
	}
	return rollup.Fact{Kind: rollup.FactKind(r.key[0]), Service: key.Service, Env: key.Env, Name: key.Msg, Day: r.day, Slots: slots}, nil
}

func (s *Store) factRows(ctx context.Context, q rollup.FactQuery) (rows []row, err error) {
	if q.From >= q.To {
		return nil, ctx.Err()
	}
	prefix := rollup.AppendKeyPrefix([]byte{byte(q.Kind)}, q.Service, q.Env)
	err = s.view(ctx, func(tx *bolt.Tx) error {
		root := tx.Bucket(bucketFacts)
		if root == nil {
			return nil
		}
		c := root.Cursor()
		for key, _ := c.Seek(dayKey(q.From)); key != nil; key, _ = c.Next() {
			day, ok := dayOf(key)
			if !ok {
				return errFacts
			}
			if day >= q.To {
				return nil
			}
			if rows, err = appendRows(ctx, rows, root.Bucket(key), day, prefix); err != nil {
				return err
			}
		}
		return nil
	})
	return rows, err
}
