package boltstore

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	bolt "go.etcd.io/bbolt"

	"github.com/logproc/logproc/rollup"
)

// format is the version of the layout; see the package comment.
const format = 1

// smallest is the size in bytes below which a file cannot hold bbolt's two first pages.
const smallest = 8192

var (
	bucketMeta       = []byte("meta")
	bucketPartitions = []byte("partitions")
	bucketCounts     = []byte("counts")
	bucketForms      = []byte("forms")
	bucketFacts      = []byte("facts")     // made when it is needed: older files have none
	bucketRevisions  = []byte("revisions") // the same

	keyFormat  = []byte("format")
	keyStateID = []byte("state_id")
)

// errNewer marks a file that is well, but not for this program.
var errNewer = fmt.Errorf("%w", rollup.ErrCorrupt)

// Open opens the store in the file at path and makes it when there is none. The error wraps
// rollup.ErrLocked when another process has it open, rollup.ErrCorrupt when the file is no store, is
// damaged, or was written by a newer version.
func Open(path string, opts Options) (*Store, error) {
	opts.setDefaults()
	s := &Store{path: path, now: opts.Now}
	s.group.init()
	if err := guard(func() error { return s.open(opts) }); err != nil {
		if s.file != nil {
			_ = s.file.Close() // frees the lock; bbolt does not when it panics
		}
		return nil, errorAt(path, "open", err)
	}
	return s, nil
}

func (s *Store) open(opts Options) error {
	info, err := os.Stat(s.path)
	missing := errors.Is(err, os.ErrNotExist)
	switch {
	case missing && opts.MustExist:
		return errors.New("there is no such file; it is made by logproc run")
	case err == nil && info.Mode().IsRegular() && info.Size() > 0 && info.Size() < smallest:
		return fmt.Errorf("%w: it has only %d bytes", rollup.ErrCorrupt, info.Size())
	}
	s.db, err = bolt.Open(s.path, 0o600, &bolt.Options{
		Timeout:      opts.Timeout,
		FreelistType: bolt.FreelistMapType,
		MaxSize:      opts.MaxSize,
		NoStatistics: true,
		OpenFile:     s.openFile,
	})
	if err != nil {
		return err
	}
	if missing {
		if err := syncFolder(filepath.Dir(s.path)); err != nil {
			return errors.Join(err, s.db.Close())
		}
	}
	empty := false
	err = s.db.View(func(tx *bolt.Tx) (err error) {
		empty, err = s.check(tx)
		return err
	})
	if empty && err == nil {
		err = s.db.Update(s.lay)
	}
	if err != nil {
		return errors.Join(err, s.db.Close())
	}
	return nil
}

func (s *Store) openFile(path string, flag int, mode os.FileMode) (*os.File, error) {
	f, err := os.OpenFile(path, flag, mode)
	s.file = f
	return f, err
}

// check tells whether the file is still empty, and if not, whether it is a store that we can read.
func (s *Store) check(tx *bolt.Tx) (empty bool, err error) {
	meta := tx.Bucket(bucketMeta)
	if meta == nil {
		if first, _ := tx.Cursor().First(); first != nil {
			return false, fmt.Errorf("%w: a database of another program", rollup.ErrCorrupt)
		}
		return true, nil
	}
	found, err := strconv.Atoi(string(meta.Get(keyFormat)))
	switch {
	case err != nil || found < 1:
		return false, fmt.Errorf("%w: a database of another program", rollup.ErrCorrupt)
	case found > format:
		return false, fmt.Errorf("%w: it has format %d, this version reads up to %d; use the newer version that wrote it", errNewer, found, format)
	}
	for _, name := range [][]byte{bucketPartitions, bucketCounts, bucketForms} {
		if tx.Bucket(name) == nil {
			return false, fmt.Errorf("%w: its part %s is missing", rollup.ErrCorrupt, name)
		}
	}
	s.stateID = string(meta.Get(keyStateID))
	return false, nil
}

// lay makes the parts of an empty file.
func (s *Store) lay(tx *bolt.Tx) error {
	s.stateID = rollup.NewStateID()
	for _, name := range [][]byte{bucketPartitions, bucketCounts, bucketForms} {
		if _, err := tx.CreateBucket(name); err != nil {
			return err
		}
	}
	meta, err := tx.CreateBucket(bucketMeta)
	if err != nil {
		return err
	}
	if err := meta.Put(keyFormat, []byte(strconv.Itoa(format))); err != nil {
		return err
	}
	return meta.Put(keyStateID, []byte(s.stateID))
}

// syncFolder makes the new file's name durable.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
