package boltstore_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/logproc/logproc/rollup"
	"github.com/logproc/logproc/rollup/boltstore"
	"github.com/logproc/logproc/rollup/storetest"
)

func clock() time.Time { return time.Date(2026, 3, 29, 12, 0, 0, 0, time.UTC) }

// open opens the store at path and closes it at the end of the test.
func open(t testing.TB, path string) *boltstore.Store {
	t.Helper()
	s, err := boltstore.Open(path, boltstore.Options{Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) (rollup.Store, func() rollup.Store) {
		path := filepath.Join(t.TempDir(), "counts.db")
		s := open(t, path)
		return s, func() rollup.Store {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			s = open(t, path)
			return s
		}
	})
}
