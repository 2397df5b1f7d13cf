package boltstore

import (
	"bytes"

	bolt "go.etcd.io/bbolt"

	"github.com/logproc/logproc/rollup"
)

// expire deletes days of one kind that end before a bucket, up to about limit keys; left tells that there
// are more.
func (t *transaction) expire(name []byte, before rollup.Bucket, limit int) (deleted int, left bool, err error) {
	root := t.tx.Bucket(name)
	if root == nil { // a file from before there were any
		return 0, false, nil
	}
	for {
		key, day := firstExpired(root, before)
		if key == nil {
			return deleted, false, nil
		}
		if deleted >= limit {
			return deleted, true, nil
		}
		if day == nil {
			return 0, false, errCounts
		}
		if err := t.forgetRevision(name, key); err != nil {
			return 0, false, err
		}
		n, empty, err := deleteKeys(day, limit-deleted)
		deleted += n
		if err != nil || !empty {
			return deleted, true, err
		}
		if err := root.DeleteBucket(key); err != nil {
			return 0, false, err
		}
	}
}

// firstExpired gives the oldest day that ends before a bucket; days are in order, after that of the events
// that came too late.
func firstExpired(root *bolt.Bucket, before rollup.Bucket) (key []byte, day *bolt.Bucket) {
	key, _ = root.Cursor().Seek(dayKey(rollup.BucketLate.UTCDay() + 1))
	if key == nil {
		return nil, nil
	}
	if number, ok := dayOf(key); ok && !rollup.Expired(rollup.BucketAt(number, 0), before) {
		return nil, nil
	}
	return bytes.Clone(key), root.Bucket(key)
}

// deleteKeys deletes up to limit keys of a day. The keys are gathered first, as a cursor must not move over
// what is being deleted.
func deleteKeys(day *bolt.Bucket, limit int) (deleted int, empty bool, err error) {
	var keys [][]byte
	c := day.Cursor()
	key, _ := c.First()
	for ; key != nil && len(keys) < limit; key, _ = c.Next() {
		keys = append(keys, bytes.Clone(key))
	}
	for _, k := range keys {
		if err := day.Delete(k); err != nil {
			return 0, false, err
		}
	}
	return len(keys), key == nil, nil
}
