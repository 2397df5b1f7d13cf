//go:build e2e

package redisstore_test

import (
	"fmt"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/logproc/logproc/internal/testredis"
	"github.com/logproc/logproc/rollup"
	"github.com/logproc/logproc/rollup/redisstore"
	"github.com/logproc/logproc/rollup/storetest"
)

const (
	sigstop = syscall.SIGSTOP
	sigcont = syscall.SIGCONT
)

func clock() time.Time { return time.Date(2026, 3, 29, 12, 0, 0, 0, time.UTC) }

// programs are the servers that everything has to work on.
var programs = map[string]func() (string, error){"redis": testredis.Redis, "valkey": testredis.Valkey}

// start starts a server for one test.
func start(t testing.TB, find func() (string, error), args ...string) *testredis.Server {
	t.Helper()
	program, err := find()
	if err != nil {
		t.Fatal(err)
	}
	server, err := testredis.Start(program, t.TempDir(), args...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Kill)
	return server
}

// open opens a store and closes it at the end of the test.
func open(t testing.TB, url string, opts redisstore.Options) *redisstore.Store {
	t.Helper()
	opts.Now = clock
	s, err := redisstore.Open(t.Context(), url, opts)
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
	for name, find := range programs {
		t.Run(name, func(t *testing.T) {
			server := start(t, find, "--appendonly", "yes")
			var stores atomic.Int32
			storetest.Run(t, func(t *testing.T) (rollup.Store, func() rollup.Store) {
				url := fmt.Sprintf("redis://%s/0?prefix=store-%d", server.Addr(), stores.Add(1))
				s := open(t, url, redisstore.Options{})
				return s, func() rollup.Store {
					s = open(t, url, redisstore.Options{})
					return s
				}
			})
		})
	}
}
