//go:build e2e

package redisstore_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/logproc/logproc/internal/testredis"
	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/rollup"
	"github.com/logproc/logproc/rollup/redisstore"
)

var logs0 = rollup.TopicPartition{Topic: "logs"}

// step is a commit of the records [base, next), all counted under one key.
func step(fence rollup.Fence, base, next int64) *rollup.Commit {
	key := rollup.Key{Service: redact.Const("ctrl"), Env: redact.Const("anna"), Msg: redact.Const("order-paid")}
	n := uint64(next - base)
	return &rollup.Commit{TopicPartition: logs0, Fence: fence, Base: base, Next: next, Resume: next,
		Outcomes: rollup.Outcomes{Counted: n}, Counts: []rollup.Count{{Key: key, Bucket: 7, N: n}}}
}

func claim(t *testing.T, s rollup.Store) rollup.Claim {
	t.Helper()
	c, err := s.Claim(t.Context(), logs0)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func wantResult(t *testing.T, s rollup.Store, c *rollup.Commit, outcome rollup.Outcome, offset int64) {
	t.Helper()
	got, err := s.Commit(t.Context(), c)
	if want := (rollup.Result{Outcome: outcome, Offset: offset}); err != nil || got != want {
		t.Fatalf("commit [%d, %d): got %v, %v, want %v", c.Base, c.Next, got, err, want)
	}
}

func wantError(t *testing.T, err error, says string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v, want %q in one line", err, says)
	}
}

// wantTotal checks the sum of all counts.
func wantTotal(t *testing.T, s rollup.Store, want uint64) {
	t.Helper()
	var total uint64
	err := s.Counts(t.Context(), rollup.Everything(), func(c rollup.Count) error {
		total += c.N
		return nil
	})
	if err != nil || total != want {
		t.Errorf("total %d, %v, want %d", total, err, want)
	}
}

func call(t *testing.T, server *testredis.Server, words ...string) {
	t.Helper()
	if _, err := server.Call(words...); err != nil {
		t.Fatal(err)
	}
}

// errorOf opens a store that must be refused.
func errorOf(t *testing.T, url string, opts redisstore.Options) error {
	t.Helper()
	s, err := redisstore.Open(t.Context(), url, opts)
	if err == nil {
		_ = s.Close()
		t.Fatal("the store was opened")
	}
	return err
}

func TestServersThatCannotBeUsed(t *testing.T) {
	server := start(t, testredis.Redis, "--appendonly", "yes")
	url := "redis://" + server.Addr()
	t.Run("nothing there to read", func(t *testing.T) {
		wantError(t, errorOf(t, url+"/5", redisstore.Options{MustExist: true}), "there is no logproc store with the prefix logproc")
	})
	t.Run("no such database", func(t *testing.T) {
		wantError(t, errorOf(t, url+"/99", redisstore.Options{}), "no database of that number")
	})
	t.Run("no cluster", func(t *testing.T) {
		wantError(t, errorOf(t, "redis+cluster://"+server.Addr(), redisstore.Options{}), "use redis://")
	})
	t.Run("no Sentinel", func(t *testing.T) {
		wantError(t, errorOf(t, "redis+sentinel://"+server.Addr()+"/main", redisstore.Options{}), "expected one of a Sentinel")
	})
	t.Run("no TLS", func(t *testing.T) {
		wantError(t, errorOf(t, "rediss://"+server.Addr(), redisstore.Options{}), "TLS (rediss://) used on one side only")
	})
	t.Run("too old to be strict", func(t *testing.T) {
		wantError(t, errorOf(t, url, redisstore.Options{Strict: redisstore.StrictLocal}), "expected 7.2 or later for store_strict: local")
	})
	t.Run("keys of another program", func(t *testing.T) {
		call(t, server, "SET", "other:meta", "x")
		wantError(t, errorOf(t, url+"?prefix=other", redisstore.Options{}), "choose another prefix")
		call(t, server, "HSET", "others:meta", "x", "y")
		wantError(t, errorOf(t, url+"?prefix=others", redisstore.Options{MustExist: true}), "is of another program")
	})
	t.Run("a newer store", func(t *testing.T) {
		call(t, server, "HSET", "newer:meta", "format", "2", "state_id", "x")
		wantError(t, errorOf(t, url+"?prefix=newer", redisstore.Options{}), "it has format 2, this version reads up to 1")
	})
	t.Run("it may evict", func(t *testing.T) {
		call(t, server, "CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
		wantError(t, errorOf(t, url, redisstore.Options{}), "maxmemory-policy is allkeys-lru, expected noeviction")
		call(t, server, "CONFIG", "SET", "maxmemory-policy", "noeviction")
	})
	t.Run("a replica", func(t *testing.T) {
		replica := start(t, testredis.Redis, "--replicaof", "127.0.0.1", portOf(server))
		wantError(t, errorOf(t, "redis://"+replica.Addr(), redisstore.Options{}), "is a replica")
		claim(t, open(t, url, redisstore.Options{}))
		if err := replica.Await("1", "EXISTS", "logproc:meta"); err != nil {
			t.Fatal(err)
		}
		open(t, "redis://"+replica.Addr(), redisstore.Options{MustExist: true}) // to read, it will do
	})
	t.Run("no password, a wrong one", func(t *testing.T) {
		guarded := start(t, testredis.Redis, "--requirepass", "secret")
		wantError(t, errorOf(t, "redis://"+guarded.Addr(), redisstore.Options{}), "wants a password")
		err := errorOf(t, "redis://:sceret@"+guarded.Addr(), redisstore.Options{})
		wantError(t, err, "refuses user and password")
		if strings.Contains(err.Error(), "sceret") {
			t.Errorf("the password is in the error: %v", err)
		}
		getenv := func(string) string { return "secret" }
		open(t, "redis://"+guarded.Addr(), redisstore.Options{Getenv: getenv})
	})
	t.Run("nobody there", func(t *testing.T) {
		server.Kill()
		wantError(t, errorOf(t, url, redisstore.Options{}), "whether it runs")
	})
}

func portOf(s *testredis.Server) string {
	_, port, _ := strings.Cut(s.Addr(), ":")
	return port
}

// TestPermissions runs a store as a user who may do only what deploy/redis permits, and less.
func TestPermissions(t *testing.T) {
	shipped, err := os.ReadFile("../../deploy/redis/users.acl")
	if err != nil {
		t.Fatal(err)
	}
	acl := strings.Replace(string(shipped), "CHANGE-ME", "pw", 1)
	for _, test := range []struct {
		name, acl string
		warnings  int
	}{
		{"as shipped", acl, 0},
		{"no settings", strings.Replace(acl, " +config|get", "", 1), 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "users.acl")
			if err := os.WriteFile(file, []byte(test.acl), 0o600); err != nil {
				t.Fatal(err)
			}
			server := start(t, testredis.Redis, "--aclfile", file, "--appendonly", "yes", "--protected-mode", "no")
			var log bytes.Buffer
			url := "redis://logproc:pw@" + server.Addr()
			s := open(t, url, redisstore.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
			useAll(t, s)
			if n := strings.Count(log.String(), "CONFIG GET"); n != test.warnings {
				t.Errorf("%d warnings that settings could not be read, want %d:\n%s", n, test.warnings, &log)
			}
			wantError(t, errorOf(t, url+"?prefix=team", redisstore.Options{}), "does not permit it to our user (a key)")
		})
	}
}

// useAll calls everything that a store can do.
func useAll(t *testing.T, s rollup.Store) {
	t.Helper()
	wantResult(t, s, step(claim(t, s).Fence, 0, 10), rollup.Committed, 10)
	wantTotal(t, s, 10)
	name := "mail/1"
	ok, err := s.SwapDocument(t.Context(), rollup.Document{Name: name, Expires: clock()})
	if err != nil || !ok {
		t.Error(ok, err)
	}
	err = errors.Join(
		s.PutDocuments(t.Context(), []rollup.Document{{Name: name}}),
		s.Documents(t.Context(), "", "", func(rollup.Document) error { return nil }),
		s.DeleteDocuments(t.Context(), []string{name}),
		s.Forms(t.Context(), rollup.Everything(), func(rollup.Form) error { return nil }),
	)
	if err != nil {
		t.Error(err)
	}
	if _, err := s.Document(t.Context(), name); err != nil {
		t.Error(err)
	}
	if _, err := s.ExpireDocuments(t.Context(), clock(), 10); err != nil {
		t.Error(err)
	}
	if _, err := s.SetOffset(t.Context(), logs0, 10); err != nil {
		t.Error(err)
	}
	if _, _, err := s.Expire(t.Context(), 1000, 100); err != nil {
		t.Error(err)
	}
}

func TestWarnsWithoutAppendOnlyFile(t *testing.T) {
	server := start(t, testredis.Redis)
	var log bytes.Buffer
	open(t, "redis://"+server.Addr(), redisstore.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	if !strings.Contains(log.String(), "appendonly no") {
		t.Errorf("no warning:\n%s", &log)
	}
}

// TestPast has the server come back with an older append-only file: the next commit is told, and what is
// counted again makes the totals exact.
func TestPast(t *testing.T) {
	server := start(t, testredis.Redis, "--appendonly", "yes", "--appendfsync", "always")
	s := open(t, "redis://"+server.Addr(), redisstore.Options{})
	fence := claim(t, s).Fence
	wantResult(t, s, step(fence, 0, 10), rollup.Committed, 10)
	old := filepath.Join(t.TempDir(), "old")
	if err := os.CopyFS(old, os.DirFS(filepath.Join(server.Dir, "appendonlydir"))); err != nil {
		t.Fatal(err)
	}
	wantResult(t, s, step(fence, 10, 30), rollup.Committed, 30)
	newer := claim(t, s).Fence

	server.Kill()
	if err := os.RemoveAll(filepath.Join(server.Dir, "appendonlydir")); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(server.Dir, "appendonlydir"), os.DirFS(old)); err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	again(t, s, step(newer, 30, 40), rollup.Behind, 10)
	after := claim(t, s)
	if after.Offset != 10 || !after.Known {
		t.Fatalf("claim %+v", after)
	}
	wantResult(t, s, step(max(after.Fence, newer), 10, 40), rollup.Committed, 40)
	if last := claim(t, s); last.Fence <= newer {
		t.Errorf("fence %d was issued twice", last.Fence)
	}
	wantTotal(t, s, 40)
}

// again commits until the server answers: the connections of before are broken.
func again(t *testing.T, s rollup.Store, c *rollup.Commit, outcome rollup.Outcome, offset int64) {
	t.Helper()
	for range 20 {
		if got, err := s.Commit(t.Context(), c); err == nil {
			if got != (rollup.Result{Outcome: outcome, Offset: offset}) {
				t.Fatalf("got %v, want %v at %d", got, outcome, offset)
			}
			return
		}
	}
	t.Fatal("no answer")
}

// TestEmptied has the server lose everything: the counts that are left are never taken for all there are.
func TestEmptied(t *testing.T) {
	server := start(t, testredis.Redis)
	s := open(t, "redis://"+server.Addr(), redisstore.Options{})
	fence, id := claim(t, s).Fence, s.StateID()
	wantResult(t, s, step(fence, 100, 110), rollup.Committed, 110)
	call(t, server, "FLUSHALL")
	wantResult(t, s, step(fence, 110, 120), rollup.Behind, 100)
	wantResult(t, s, step(fence, 110, 120), rollup.Behind, 100)
	after := claim(t, s)
	if after.Known {
		t.Fatalf("claim %+v", after)
	}
	wantResult(t, s, step(after.Fence, 100, 120), rollup.Committed, 120)
	wantTotal(t, s, 20)
	if again := open(t, "redis://"+server.Addr(), redisstore.Options{MustExist: true}).StateID(); again != id || s.StateID() != id {
		t.Errorf("state id %s, it was %s", again, id)
	}
}

// TestFull fills the server's memory: commits fail until there is more, and nothing is lost or counted twice.
func TestFull(t *testing.T) {
	server := start(t, testredis.Redis)
	s := open(t, "redis://"+server.Addr(), redisstore.Options{})
	fence := claim(t, s).Fence
	wantResult(t, s, step(fence, 0, 10), rollup.Committed, 10)
	call(t, server, "CONFIG", "SET", "maxmemory", "1")
	_, err := s.Commit(t.Context(), step(fence, 10, 20))
	wantError(t, err, "has reached its maxmemory; nothing was changed")
	if err := s.DeleteDocuments(t.Context(), []string{"none"}); err != nil {
		t.Errorf("what frees memory is refused: %v", err)
	}
	if _, _, err := s.Expire(t.Context(), 1000, 100); err != nil {
		t.Errorf("what frees memory is refused: %v", err)
	}
	call(t, server, "CONFIG", "SET", "maxmemory", "0")
	wantResult(t, s, step(fence, 10, 20), rollup.Committed, 20)
	wantTotal(t, s, 10) // the first commit's day was deleted as an old one
}

func TestFunctionsAndTypesThatChange(t *testing.T) {
	server := start(t, testredis.Redis)
	s := open(t, "redis://"+server.Addr(), redisstore.Options{})
	fence := claim(t, s).Fence
	wantResult(t, s, step(fence, 0, 10), rollup.Committed, 10)
	call(t, server, "FUNCTION", "FLUSH")
	wantResult(t, s, step(fence, 10, 20), rollup.Committed, 20)

	call(t, server, "REPLICAOF", "127.0.0.1", "1")
	_, err := s.Commit(t.Context(), step(fence, 20, 30))
	wantError(t, err, "is a replica")
	call(t, server, "REPLICAOF", "NO", "ONE")
	wantResult(t, s, step(fence, 20, 30), rollup.Committed, 30)

	// A damaged count, and a key of another type, are told before anything is written.
	call(t, server, "DEL", "logproc:{0:logs}:c:0")
	call(t, server, "SET", "logproc:{0:logs}:c:0", "x")
	_, err = s.Commit(t.Context(), step(fence, 30, 40))
	wantError(t, err, "of another program")
	call(t, server, "DEL", "logproc:{0:logs}:c:0")
	if got := claim(t, s).Offset; got != 30 {
		t.Errorf("offset %d after a commit that failed, want 30", got)
	}
}

// TestSeveralInstances has two stores on one server take a partition from each other.
func TestSeveralInstances(t *testing.T) {
	server := start(t, testredis.Redis)
	a, b := open(t, "redis://"+server.Addr(), redisstore.Options{}), open(t, "redis://"+server.Addr(), redisstore.Options{})
	if a.StateID() != b.StateID() {
		t.Error("two state ids of one store")
	}
	first := claim(t, a)
	wantResult(t, a, step(first.Fence, 0, 10), rollup.Committed, 10)
	second := claim(t, b)
	if second.Offset != 10 || second.Fence <= first.Fence {
		t.Fatalf("claim %+v after %+v", second, first)
	}
	wantResult(t, a, step(first.Fence, 10, 15), rollup.Fenced, 10)
	wantResult(t, b, step(second.Fence, 10, 20), rollup.Committed, 20)
	wantResult(t, a, step(first.Fence, 10, 20), rollup.Fenced, 20)
	third := claim(t, a)
	wantResult(t, a, step(third.Fence, 10, 30), rollup.Split, 20)
	wantResult(t, a, step(third.Fence, 20, 30), rollup.Committed, 30)
	wantTotal(t, b, 30)
}

func TestEndOfContextEndsTheWait(t *testing.T) {
	server := start(t, testredis.Redis)
	s := open(t, "redis://"+server.Addr(), redisstore.Options{})
	fence := claim(t, s).Fence
	if err := server.Signal(sigstop); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, err := s.Commit(ctx, step(fence, 0, 10))
		done <- err
	}()
	cancel()
	if err := <-done; err == nil {
		t.Error("committed on a server that is stopped")
	}
	if err := server.Signal(sigcont); err != nil {
		t.Fatal(err)
	}
	got, err := s.Commit(t.Context(), step(fence, 0, 10))
	if err != nil || got.Offset != 10 {
		t.Errorf("%v, %v", got, err)
	}
	wantTotal(t, s, 10)
}
