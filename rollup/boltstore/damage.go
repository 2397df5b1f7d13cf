package boltstore

import (
	"errors"
	"fmt"
	"runtime/debug"
	"sync/atomic"

	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/logproc/logproc/rollup"
)

// damage remembers that bbolt panicked. Its locks and its list of free pages cannot be relied on after
// that, so the store is not used any more.
type damage struct{ found atomic.Pointer[error] }

func (d *damage) err() error {
	if e := d.found.Load(); e != nil {
		return *e
	}
	return nil
}

// guarded runs f, which works on the database, and turns its panics into errors that wrap
// rollup.ErrCorrupt: bbolt panics on pages that make no sense, and reading beyond the end of a file
// that was cut off is a memory fault.
func (s *Store) guarded(f func() error) error {
	if err := s.damage.err(); err != nil {
		return err
	}
	err := guard(f)
	if errors.Is(err, errPanic) {
		s.damage.found.CompareAndSwap(nil, &err)
	}
	return err
}

var errPanic = fmt.Errorf("%w", rollup.ErrCorrupt)

func guard(f func() error) (err error) {
	before := debug.SetPanicOnFault(true)
	defer func() {
		debug.SetPanicOnFault(before)
		if recover() != nil { // what bbolt panics with helps nobody
			err = fmt.Errorf("%w: it is cut off or damaged", errPanic)
		}
	}()
	return f()
}

// errorOf says what was being done with which file and, where the operator can do something, what.
func (s *Store) errorOf(doing string, err error) error { return errorAt(s.path, doing, err) }

func errorAt(path, doing string, err error) error {
	for _, foreign := range []error{bolterrors.ErrInvalid, bolterrors.ErrChecksum, bolterrors.ErrVersionMismatch, bolterrors.ErrInvalidMapping} {
		if errors.Is(err, foreign) {
			err = fmt.Errorf("%w: %w", rollup.ErrCorrupt, err)
			break
		}
	}
	switch {
	case errors.Is(err, errNewer):
		return fmt.Errorf("%s store file:%s: %w", doing, path, err)
	case errors.Is(err, rollup.ErrCorrupt):
		return fmt.Errorf("%s store file:%s: %w; move the file away and start again: what Kafka still holds is then counted anew", doing, path, err)
	case errors.Is(err, bolterrors.ErrTimeout):
		return fmt.Errorf("%s store file:%s: %w; ask the running instance instead (logproc status, /api/v1/summary), or stop it first", doing, path, rollup.ErrLocked)
	case errors.Is(err, bolterrors.ErrMaxSizeReached):
		return fmt.Errorf("%s store file:%s: the file has reached its largest size; nothing was changed; allow more", doing, path)
	}
	return fmt.Errorf("%s store file:%s: %w", doing, path, err)
}
