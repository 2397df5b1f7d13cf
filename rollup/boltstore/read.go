package boltstore

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	bolt "go.etcd.io/bbolt"

	"github.com/logproc/logproc/rollup"
)

// Counts implements rollup.Store. f gets a copy of the moment: it may take its time and use the store.
func (s *Store) Counts(ctx context.Context, q rollup.Query, f func(rollup.Count) error) error {
	rows, err := s.rows(ctx, bucketCounts, q)
	if err != nil {
		return s.errorOf("read", err)
	}
	return s.each(ctx, rows, q, f)
}

// Forms implements rollup.Store. f gets a copy of the moment: it may take its time and use the store.
func (s *Store) Forms(ctx context.Context, q rollup.Query, f func(rollup.Form) error) error {
	rows, err := s.rows(ctx, bucketForms, q)
	if err != nil {
		return s.errorOf("read", err)
	}
	return s.each(ctx, rows, q, func(c rollup.Count) error {
		return f(rollup.Form{Service: c.Key.Service, Env: c.Key.Env, Text: c.Key.Msg, Bucket: c.Bucket, N: c.N})
	})
}

// Ledgers implements rollup.Store.
func (s *Store) Ledgers(ctx context.Context) ([]rollup.Ledger, error) {
	var ledgers []rollup.Ledger
	err := s.view(ctx, func(tx *bolt.Tx) error {
		return tx.Bucket(bucketPartitions).ForEach(func(key, value []byte) error {
			tp, ok := partitionOf(key)
			if !ok {
				return fmt.Errorf("%w: a partition's name cannot be read", rollup.ErrCorrupt)
			}
			state, err := rollup.DecodeState(tp, value)
			if err == nil && state.Known {
				ledgers = append(ledgers, state.Ledger)
			}
			return err
		})
	})
	if err != nil {
		return nil, s.errorOf("read", err)
	}
	slices.SortFunc(ledgers, func(a, b rollup.Ledger) int {
		return cmp.Or(strings.Compare(a.Topic, b.Topic), cmp.Compare(a.Partition, b.Partition))
	})
	return ledgers, nil
}

// row is a key's counts of one day as stored. Its bytes are copies.
type row struct {
	day        int32
	key, value []byte
}

// rows copies what q selects, apart from the parts of the first and last day that it does not. A reader
// that took its time inside of the transaction would hold up commits when the file has to grow.
func (s *Store) rows(ctx context.Context, name []byte, q rollup.Query) ([]row, error) {
	if q.From >= q.To {
		return nil, ctx.Err()
	}
	var rows []row
	prefix := rollup.AppendKeyPrefix(nil, q.Service, q.Env)
	err := s.view(ctx, func(tx *bolt.Tx) error {
		root := tx.Bucket(name)
		last := (q.To - 1).UTCDay()
		c := root.Cursor()
		for key, _ := c.Seek(dayKey(q.From.UTCDay())); key != nil; key, _ = c.Next() {
			day, ok := dayOf(key)
			if !ok {
				return errCounts
			}
			if day > last {
				break
			}
			var err error
			if rows, err = appendRows(ctx, rows, root.Bucket(key), day, prefix); err != nil {
				return err
			}
		}
		return nil
	})
	return rows, err
}

// checkEvery is the number of entries between two looks at the context.
const checkEvery = 1024

// appendRows copies the rows of a day whose keys begin with prefix.
func appendRows(ctx context.Context, rows []row, day *bolt.Bucket, number int32, prefix []byte) ([]row, error) {
	if day == nil {
		return nil, errCounts
	}
	var arena []byte
	c := day.Cursor()
	for key, value := c.Seek(prefix); key != nil && bytes.HasPrefix(key, prefix); key, value = c.Next() {
		if len(rows)%checkEvery == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		start := len(arena)
		arena = append(append(arena, key...), value...)
		both := arena[start:len(arena):len(arena)]
		rows = append(rows, row{day: number, key: both[:len(key):len(key)], value: both[len(key):]})
	}
	return rows, nil
}

// each calls f for every count in rows that q selects.
func (s *Store) each(ctx context.Context, rows []row, q rollup.Query, f func(rollup.Count) error) error {
	for i := range rows {
		if i%checkEvery == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		key, err := rollup.DecodeKey(rows[i].key)
		if err != nil {
			return s.errorOf("read", errCounts)
		}
		for rest := rows[i].value; len(rest) > 0; {
			quarter, n, after, err := rollup.CutPair(rest)
			if err != nil {
				return s.errorOf("read", err)
			}
			rest = after
			bucket := rollup.BucketAt(rows[i].day, quarter)
			if !q.Selects(key.Service, key.Env, bucket) {
				continue
			}
			if err := f(rollup.Count{Key: key, Bucket: bucket, N: n}); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Store) view(ctx context.Context, f func(tx *bolt.Tx) error) error {
	leave, err := s.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	return s.guarded(func() error { return s.db.View(f) })
}
