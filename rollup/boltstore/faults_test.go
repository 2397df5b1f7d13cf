package boltstore_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/rollup"
	"github.com/logproc/logproc/rollup/boltstore"
)

var logs0 = rollup.TopicPartition{Topic: "logs"}

// manyKeys is a commit of [base, base+n) with a key of its own for each record.
func manyKeys(base, n int64) *rollup.Commit {
	c := &rollup.Commit{TopicPartition: logs0, Fence: 1, Base: base, Next: base + n, Resume: base + n}
	c.Outcomes.Counted = uint64(n)
	for i := base; i < c.Next; i++ {
		key := rollup.Key{Service: redact.Const("ctrl"), Env: redact.Const("anna"), Msg: redact.Stored(fmt.Sprintf("order-paid-%06d", i))}
		c.Counts = append(c.Counts, rollup.Count{Key: key, Bucket: rollup.Bucket(i % 200), N: 1})
	}
	return c
}

func total(t *testing.T, s rollup.Store) (n uint64, err error) {
	err = s.Counts(t.Context(), rollup.Everything(), func(c rollup.Count) error {
		n += c.N
		return nil
	})
	return n, err
}

func TestOpenRefuses(t *testing.T) {
	for _, test := range []struct {
		name    string
		prepare func(t *testing.T, path string)
		opts    boltstore.Options
		is      error
		says    []string
	}{
		{"no folder", func(t *testing.T, path string) {}, boltstore.Options{}, os.ErrNotExist, nil},
		{"missing", func(t *testing.T, path string) { mkdir(t, path) }, boltstore.Options{MustExist: true}, nil, []string{"no such file"}},
		{"folder", func(t *testing.T, path string) { mkdir(t, filepath.Join(path, "x")) }, boltstore.Options{}, nil, nil},
		{"text", func(t *testing.T, path string) { write(t, path, strings.Repeat("no database\n", 5000)) },
			boltstore.Options{}, rollup.ErrCorrupt, []string{"move the file away"}},
		{"short text", func(t *testing.T, path string) { write(t, path, "no database\n") }, boltstore.Options{}, rollup.ErrCorrupt, nil},
		{"zeros", func(t *testing.T, path string) { write(t, path, strings.Repeat("\x00", 1<<16)) }, boltstore.Options{}, rollup.ErrCorrupt, nil},
		{"another program's", func(t *testing.T, path string) { database(t, path, "accounts", "", "") },
			boltstore.Options{}, rollup.ErrCorrupt, []string{"another program"}},
		{"newer", func(t *testing.T, path string) { database(t, path, "meta", "format", "2") },
			boltstore.Options{}, rollup.ErrCorrupt, []string{"format 2", "newer version"}},
		{"no version", func(t *testing.T, path string) { database(t, path, "meta", "format", "x") },
			boltstore.Options{}, rollup.ErrCorrupt, []string{"another program"}},
		{"half", func(t *testing.T, path string) { database(t, path, "meta", "format", "1") },
			boltstore.Options{}, rollup.ErrCorrupt, []string{"partitions"}},
		{"locked", func(t *testing.T, path string) { mkdir(t, path); open(t, path) },
			boltstore.Options{Timeout: 20 * time.Millisecond}, rollup.ErrLocked, []string{"logproc status"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "folder", "counts.db")
			test.prepare(t, path)
			s, err := boltstore.Open(path, test.opts)
			if err == nil {
				_ = s.Close()
				t.Fatal("it was opened")
			}
			if test.is != nil && !errors.Is(err, test.is) {
				t.Errorf("%v is not %v", err, test.is)
			}
			for _, part := range append(test.says, path) {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q does not say %q", err, part)
				}
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("more than a line: %q", err)
			}
		})
	}
}

func mkdir(t *testing.T, path string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	mkdir(t, path)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// database makes a file of bbolt with one bucket and one entry.
func database(t *testing.T, path, bucket, key, value string) {
	t.Helper()
	mkdir(t, path)
	db, err := bolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bolt.Tx) error {
		b, err := tx.CreateBucket([]byte(bucket))
		if err != nil || key == "" {
			return err
		}
		return b.Put([]byte(key), []byte(value))
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
}

func TestAFailedOpenLetsGoOfTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "counts.db")
	database(t, path, "accounts", "", "")
	for range 2 {
		if _, err := boltstore.Open(path, boltstore.Options{Timeout: time.Millisecond}); !errors.Is(err, rollup.ErrCorrupt) {
			t.Errorf("got %v", err)
		}
	}
}

func TestTheStateIDStays(t *testing.T) {
	folder := t.TempDir()
	a := open(t, filepath.Join(folder, "a.db"))
	b := open(t, filepath.Join(folder, "b.db"))
	if len(a.StateID()) != 32 || a.StateID() == b.StateID() {
		t.Errorf("ids %q and %q", a.StateID(), b.StateID())
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if again := open(t, filepath.Join(folder, "a.db")); again.StateID() != a.StateID() {
		t.Errorf("id %q became %q", a.StateID(), again.StateID())
	}
}

// TestALargestSize stands for a full disk: the commit that does not fit changes nothing, and succeeds
// when there is room.
func TestALargestSize(t *testing.T) {
	path := filepath.Join(t.TempDir(), "counts.db")
	s, err := boltstore.Open(path, boltstore.Options{MaxSize: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	offset, full := int64(0), error(nil)
	for full == nil {
		var r rollup.Result
		if r, full = s.Commit(t.Context(), manyKeys(offset, 1000)); full == nil {
			offset = r.Offset
		}
		if offset > 1_000_000 {
			t.Fatal("the size has no bound")
		}
	}
	if !strings.Contains(full.Error(), "largest size") {
		t.Errorf("got %v", full)
	}
	if n, err := total(t, s); err != nil || n != uint64(offset) {
		t.Errorf("%d counted (%v), want %d", n, err, offset)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	larger := open(t, path)
	if r, err := larger.Commit(t.Context(), manyKeys(offset, 1000)); err != nil || r.Outcome != rollup.Committed {
		t.Errorf("with room: %v, %v", r, err)
	}
	if n, err := total(t, larger); err != nil || n != uint64(offset+1000) {
		t.Errorf("%d counted (%v), want %d", n, err, offset+1000)
	}
}

// TestDamage overwrites and cuts off files: whatever happens, there is no panic, no hang, and an error
// says that the file is corrupt. (Pages have no checksum, so a changed count can go unnoticed.)
func TestDamage(t *testing.T) {
	good := filepath.Join(t.TempDir(), "good.db")
	s := open(t, good)
	for base := int64(0); base < 6000; base += 2000 {
		if _, err := s.Commit(t.Context(), manyKeys(base, 2000)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for seed := range uint64(40) {
		random := rand.New(rand.NewPCG(seed, 2))
		bad := append([]byte(nil), content...)
		if seed%4 == 0 {
			bad = bad[:random.IntN(len(bad))]
		} else {
			for range 3 { // pages whose header makes no sense
				page := (2 + random.IntN(len(bad)/os.Getpagesize()-2)) * os.Getpagesize()
				copy(bad[page:], "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff")
			}
		}
		path := filepath.Join(t.TempDir(), "bad.db")
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := useDamaged(t, path); errors.Is(err, rollup.ErrCorrupt) {
			found++
		} else if err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
	}
	t.Logf("%d of 40 damaged files were found out", found)
	if found < 10 {
		t.Errorf("only %d of 40 damaged files were found out", found)
	}
}

// useDamaged does with a store what can be done and gives the first error.
func useDamaged(t *testing.T, path string) error {
	s, err := boltstore.Open(path, boltstore.Options{})
	if err != nil {
		return err
	}
	_, claimErr := s.Claim(t.Context(), logs0)
	_, countErr := total(t, s)
	_, ledgerErr := s.Ledgers(t.Context())
	c := manyKeys(6000, 2000)
	c.Fence = 5
	_, commitErr := s.Commit(t.Context(), c)
	_, againErr := total(t, s)
	for _, err := range []error{claimErr, countErr, ledgerErr, commitErr, againErr, s.Close()} {
		if err != nil {
			return err
		}
	}
	return nil
}
