//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/logproc/logproc/internal/testredis"
)

// redisServer is a Redis of a test's own.
type redisServer struct {
	*testredis.Server
	t *testing.T
}

// startRedis starts a server with further arguments of redis-server and waits until it answers.
func startRedis(t *testing.T, args ...string) *redisServer {
	t.Helper()
	program, err := testredis.Redis()
	if err != nil {
		t.Fatal(err)
	}
	s, err := testredis.Start(program, t.TempDir(), args...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Kill)
	return &redisServer{Server: s, t: t}
}

func (s *redisServer) url() string { return "redis://" + s.Addr() + "/0" }

// startAgain starts a server that was killed.
func (s *redisServer) startAgain() {
	s.t.Helper()
	if err := s.Start(); err != nil {
		s.t.Fatal(err)
	}
}

// logs gives the files of the append-only log, the newest last.
func (s *redisServer) logs() []string {
	s.t.Helper()
	found, err := filepath.Glob(filepath.Join(s.Dir, "appendonlydir", "*.incr.aof"))
	if err != nil || len(found) == 0 {
		s.t.Fatalf("no append-only log: %v", err)
	}
	slices.Sort(found)
	return found
}

// cutLog drops up to so many bytes from the end of the log of a server that is not running. Redis itself drops
// the command that is cut in two.
func (s *redisServer) cutLog(bytes int) {
	s.t.Helper()
	logs := s.logs()
	newest := logs[len(logs)-1]
	info, err := os.Stat(newest)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := os.Truncate(newest, max(0, info.Size()-int64(bytes))); err != nil {
		s.t.Fatal(err)
	}
}

// snapshot copies the files of a running server, as a backup would.
func (s *redisServer) snapshot() string {
	s.t.Helper()
	dir := s.t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(s.Dir)); err != nil {
		s.t.Fatalf("copy Redis's files: %v", err)
	}
	return dir
}

// restore puts a copy in the place of the files of a server that is not running.
func (s *redisServer) restore(snapshot string) {
	s.t.Helper()
	entries, err := os.ReadDir(s.Dir)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, e := range entries {
		if err := os.RemoveAll(filepath.Join(s.Dir, e.Name())); err != nil {
			s.t.Fatal(err)
		}
	}
	if err := os.CopyFS(s.Dir, os.DirFS(snapshot)); err != nil {
		s.t.Fatal(err)
	}
}
