package boltstore

import (
	"bytes"
	"context"
	"encoding/binary"

	bolt "go.etcd.io/bbolt"
)

// addRevisions gives the days of cells, which are in order, the number of this transaction.
func (t *transaction) addRevisions(cells []cell) error {
	if len(cells) == 0 {
		return nil
	}
	root, err := t.tx.CreateBucketIfNotExists(bucketRevisions)
	if err != nil {
		return err
	}
	number, err := root.NextSequence()
	if err != nil {
		return err
	}
	value := binary.BigEndian.AppendUint64(nil, number)
	for i := range cells {
		if i > 0 && cells[i].day == cells[i-1].day {
			continue
		}
		if err := root.Put(dayKey(cells[i].day), value); err != nil {
			return err
		}
	}
	return nil
}

// forgetRevision takes the revision of a day whose counts are being deleted. part tells of what kind they are.
func (t *transaction) forgetRevision(part, day []byte) error {
	root := t.tx.Bucket(bucketRevisions)
	if root == nil || !bytes.Equal(part, bucketCounts) {
		return nil
	}
	return root.Delete(day)
}

// Revisions implements rollup.Facts.
func (s *Store) Revisions(ctx context.Context, from, to int32) (map[int32]uint64, error) {
	found := make(map[int32]uint64)
	err := s.view(ctx, func(tx *bolt.Tx) error {
		root := tx.Bucket(bucketRevisions)
		if root == nil || from >= to {
			return nil
		}
		c := root.Cursor()
		for key, value := c.Seek(dayKey(from)); key != nil; key, value = c.Next() {
			day, ok := dayOf(key)
			if !ok || len(value) != 8 {
				return errCounts
			}
			if day >= to {
				return nil
			}
			found[day] = binary.BigEndian.Uint64(value)
		}
		return nil
	})
	if err != nil {
		return nil, s.errorOf("read", err)
	}
	return found, nil
}
