// Package boltstore keeps counts and offsets in one file of the embedded database bbolt.
//
// One process has the file open at a time. A commit is one transaction of bbolt: the new offset, the
// ledger and the counts reach the disk together or not at all, whenever the process or the machine
// stops. Commits that wait for the same disk share a transaction (see group.go), so the number of
// fsyncs does not grow with the number of partitions. Counts are summed over the partitions as they
// are written: the file does not tell which partition a count came from.
//
// Layout, all integers in the order of their values:
//
//	meta        format, state_id
//	partitions  partition (4 bytes), topic       -> fence, ledger (JSON)
//	counts      UTC day -> key (rollup.AppendKey) -> pairs of quarter (1 byte) and count (uvarint)
//	forms       the same; the key's msg is the form's text and its level is unknown
//	facts       UTC day -> kind (1 byte), key (its msg is the fact's name, its level unknown) -> slots (see facts.go)
//	revisions   UTC day -> number of the last transaction that added to its counts
//	documents   name -> version, expiry, value; and document_expiries (see documents.go)
//
// A key costs one entry a day, however many of its 96 quarter-hours it was seen in.
package boltstore

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/logproc/logproc/rollup"
)

// Options tune a store; the zero value is ready for use.
type Options struct {
	// Timeout is how long Open waits for another process to let go of the file (default 1s).
	Timeout time.Duration
	// Now dates the ledgers (default time.Now).
	Now func() time.Time
	// MustExist makes Open refuse to create the file, for commands that only read.
	MustExist bool
	// MaxSize is the size in bytes that the file may grow to (default 0: no limit). Commits that need
	// more fail and leave the store as it was.
	MaxSize int
}

func (o *Options) setDefaults() {
	if o.Timeout == 0 {
		o.Timeout = time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
}

// Store is a rollup.Store in a file.
type Store struct {
	path    string
	now     func() time.Time
	stateID string
	group   group

	mu     sync.RWMutex // held for reading by every call, for writing by Close
	db     *bolt.DB
	file   *os.File // db's file, to let go of it when db cannot be closed any more
	closed bool

	damage damage
}

var _ rollup.Store = (*Store)(nil)

var errClosed = errors.New("the store is closed")

// StateID implements rollup.Store.
func (s *Store) StateID() string { return s.stateID }

// Claim implements rollup.Store.
func (s *Store) Claim(ctx context.Context, tp rollup.TopicPartition) (rollup.Claim, error) {
	var claim rollup.Claim
	err := s.update(ctx, 1, func(t *transaction) (err error) {
		claim, err = t.claim(tp, s.now())
		return err
	})
	if err != nil {
		return rollup.Claim{}, s.errorOf("claim "+tp.String(), err)
	}
	return claim, nil
}

// Commit implements rollup.Store. When ctx ends while c waits for its turn, c is not applied; once its
// transaction has begun, Commit waits for the end of it.
func (s *Store) Commit(ctx context.Context, c *rollup.Commit) (rollup.Result, error) {
	if err := c.Check(); err != nil {
		return rollup.Result{}, rollup.CommitError(c, err)
	}
	var result rollup.Result
	err := s.update(ctx, len(c.Counts)+len(c.Forms)+len(c.Facts), func(t *transaction) (err error) {
		result, err = t.commit(c, s.now())
		return err
	})
	if err != nil {
		return rollup.Result{}, rollup.CommitError(c, s.errorOf("write", err))
	}
	return result, nil
}

// SetOffset implements rollup.Store.
func (s *Store) SetOffset(ctx context.Context, tp rollup.TopicPartition, offset int64) (rollup.Claim, error) {
	var before rollup.Claim
	err := s.update(ctx, 1, func(t *transaction) error {
		state, err := t.loadPartition(tp)
		if err != nil {
			return err
		}
		if before, err = state.SetOffset(offset, s.now()); err != nil {
			return err
		}
		return t.savePartition(tp, state)
	})
	if err != nil {
		return rollup.Claim{}, s.errorOf("set the offset of "+tp.String(), err)
	}
	return before, nil
}

// Expire implements rollup.Store. Each call is one transaction; the file keeps its size, and what is freed
// is used again.
func (s *Store) Expire(ctx context.Context, before rollup.Bucket, limit int) (deleted int, more bool, err error) {
	err = s.update(ctx, limit, func(t *transaction) error {
		deleted, more = 0, false
		for _, name := range [][]byte{bucketCounts, bucketForms, bucketFacts} {
			n, left, err := t.expire(name, before, limit-deleted)
			if err != nil {
				return err
			}
			deleted, more = deleted+n, more || left
		}
		return nil
	})
	if err != nil {
		return 0, false, s.errorOf("delete old days", err)
	}
	return deleted, more, nil
}

// Close implements rollup.Store: it waits for the calls under way and lets go of the file.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	if s.damage.err() != nil {
		// bbolt may have left its locks taken when it met the damage, so that db.Close would wait for
		// ever. Closing the file frees the lock on it; what is mapped goes with the process.
		return s.file.Close()
	}
	if err := s.guarded(s.db.Close); err != nil {
		return s.errorOf("close", err)
	}
	return nil
}

// enter takes part in the store's life until leave is called.
func (s *Store) enter(ctx context.Context) (leave func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.RLock()
	if s.closed {
		s.mu.RUnlock()
		return nil, errClosed
	}
	return s.mu.RUnlock, nil
}
