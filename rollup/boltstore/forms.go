package boltstore

import (
	"bytes"

	bolt "go.etcd.io/bbolt"

	"github.com/logproc/logproc/rollup"
)

// boundForms drops the least frequent forms of every day, service and env that cells were added to.
// cells are in order, so those of one owner are neighbours.
func (t *transaction) boundForms(cells []cell) error {
	var last []byte
	for i := range cells {
		owner, ok := rollup.KeyOwner(cells[i].key)
		if !ok {
			return errCounts
		}
		if i > 0 && cells[i].day == cells[i-1].day && bytes.Equal(owner, last) {
			continue
		}
		last = owner
		day := t.tx.Bucket(bucketForms).Bucket(dayKey(cells[i].day))
		if err := boundOwner(day, owner); err != nil {
			return err
		}
	}
	return nil
}

func boundOwner(day *bolt.Bucket, owner []byte) error {
	var totals []rollup.FormCount
	c := day.Cursor()
	for key, value := c.Seek(owner); key != nil && bytes.HasPrefix(key, owner); key, value = c.Next() {
		n, err := rollup.PairsTotal(value)
		if err != nil {
			return err
		}
		k, err := rollup.DecodeKey(key)
		if err != nil {
			return errCounts
		}
		totals = append(totals, rollup.FormCount{Text: k.Msg, N: n})
	}
	if len(totals) <= rollup.MaxForms {
		return nil
	}
	rollup.SortForms(totals)
	for _, least := range totals[rollup.MaxForms:] {
		key := rollup.AppendKey(nil, rollup.Key{Msg: least.Text})[2:] // without the empty service and env
		if err := day.Delete(append(bytes.Clone(owner), key...)); err != nil {
			return err
		}
	}
	return nil
}
