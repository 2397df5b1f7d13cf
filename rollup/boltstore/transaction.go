package boltstore

import (
	"bytes"
	"cmp"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/logproc/logproc/rollup"
)

// transaction gathers the counts of its steps and writes them at its end, each key once, in the order
// of the keys: what several partitions counted under the same key costs one write.
type transaction struct {
	tx *bolt.Tx
	*scratch
}

// scratch is the memory of a transaction, kept for the next one.
type scratch struct {
	counts, forms []cell
	facts         []factCell
	keys          []byte // the cells' keys
	values        []byte // new values, which bbolt needs until the transaction's end
}

// maxScratch is the size in bytes, or the number of cells, beyond which memory is not kept.
const maxScratch = 1 << 20

func (s *scratch) reset() {
	if cap(s.keys)+cap(s.values) > 2*maxScratch || cap(s.counts)+cap(s.forms)+cap(s.facts) > maxScratch/16 {
		*s = scratch{}
		return
	}
	clear(s.facts) // their slots belong to commits that are done
	s.counts, s.forms, s.facts, s.keys, s.values = s.counts[:0], s.forms[:0], s.facts[:0], s.keys[:0], s.values[:0]
}

// cell is a number to add to a key's quarter-hour.
type cell struct {
	day     int32
	quarter uint8
	key     []byte // as in the database
	n       uint64
}

func (s *scratch) cell(k rollup.Key, b rollup.Bucket, n uint64) cell {
	start := len(s.keys)
	s.keys = rollup.AppendKey(s.keys, k)
	return cell{day: b.UTCDay(), quarter: b.Quarter(), key: s.keys[start:len(s.keys):len(s.keys)], n: n}
}

func (t *transaction) claim(tp rollup.TopicPartition, now time.Time) (rollup.Claim, error) {
	state, err := t.loadPartition(tp)
	if err != nil {
		return rollup.Claim{}, err
	}
	claim := state.Claim(now)
	return claim, t.savePartition(tp, state)
}

func (t *transaction) commit(c *rollup.Commit, now time.Time) (rollup.Result, error) {
	state, err := t.loadPartition(c.TopicPartition)
	if err != nil {
		return rollup.Result{}, err
	}
	result := state.Commit(c, now)
	if result.Outcome != rollup.Committed {
		return result, nil
	}
	for i := range c.Counts {
		if n := c.Counts[i].N; n > 0 {
			t.counts = append(t.counts, t.cell(c.Counts[i].Key.Bounded(), c.Counts[i].Bucket, n))
		}
	}
	for i := range c.Forms {
		if f := c.Forms[i].Bounded(); f.N > 0 {
			key := rollup.Key{Service: f.Service, Env: f.Env, Msg: f.Text}
			t.forms = append(t.forms, t.cell(key, f.Bucket, f.N))
		}
	}
	for i := range c.Facts {
		t.facts = append(t.facts, t.factCell(&c.Facts[i]))
	}
	return result, t.savePartition(c.TopicPartition, state)
}

// flush writes what the steps counted.
func (t *transaction) flush() error {
	if err := t.addCells(bucketCounts, t.counts); err != nil {
		return err
	}
	if err := t.addCells(bucketForms, t.forms); err != nil {
		return err
	}
	if err := t.boundForms(t.forms); err != nil {
		return err
	}
	if err := t.addRevisions(t.counts); err != nil {
		return err
	}
	return t.addFacts(t.facts)
}

// addCells adds cells to the days below name. It orders them.
func (t *transaction) addCells(name []byte, cells []cell) error {
	slices.SortFunc(cells, func(a, b cell) int {
		return cmp.Or(cmp.Compare(a.day, b.day), bytes.Compare(a.key, b.key), cmp.Compare(a.quarter, b.quarter))
	})
	var day *bolt.Bucket
	for i := 0; i < len(cells); {
		if i == 0 || cells[i].day != cells[i-1].day {
			var err error
			if day, err = t.tx.Bucket(name).CreateBucketIfNotExists(dayKey(cells[i].day)); err != nil {
				return err
			}
		}
		same := i + 1
		for same < len(cells) && cells[same].day == cells[i].day && bytes.Equal(cells[same].key, cells[i].key) {
			same++
		}
		if err := t.addKey(day, cells[i:same]); err != nil {
			return err
		}
		i = same
	}
	return nil
}

// addKey adds the cells of one key and day.
func (t *transaction) addKey(day *bolt.Bucket, cells []cell) error {
	start := len(t.values)
	var err error
	t.values, err = appendMerged(t.values, day.Get(cells[0].key), cells)
	if err != nil {
		return err
	}
	return day.Put(cells[0].key, t.values[start:len(t.values):len(t.values)])
}
