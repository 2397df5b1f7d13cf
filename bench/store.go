package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/logproc/logproc/internal/testredis"
	"github.com/logproc/logproc/rollup"
	"github.com/logproc/logproc/rollup/boltstore"
	"github.com/logproc/logproc/rollup/memstore"
	"github.com/logproc/logproc/rollup/redisstore"
)

// openStore opens the store that is measured, and tells how to remove what it leaves behind.
type openStore func(ctx context.Context) (store rollup.Store, remove func(), err error)

func inMemory(context.Context) (rollup.Store, func(), error) {
	return memstore.New(time.Now), func() {}, nil
}

func inFile(context.Context) (rollup.Store, func(), error) {
	dir, err := os.MkdirTemp("", "logproc-bench-")
	if err != nil {
		return nil, nil, err
	}
	remove := func() { _ = os.RemoveAll(dir) }
	store, err := boltstore.Open(filepath.Join(dir, "bench.db"), boltstore.Options{})
	if err != nil {
		remove()
		return nil, nil, err
	}
	return store, remove, nil
}

// onRedis gives every run a prefix of its own, which is left behind.
func onRedis(url string) openStore {
	return func(ctx context.Context) (rollup.Store, func(), error) {
		separator := "?"
		if strings.Contains(url, "?") {
			separator = "&"
		}
		store, err := redisstore.Open(ctx, fmt.Sprintf("%s%sprefix=bench-%d", url, separator, os.Getpid()), redisstore.Options{Getenv: os.Getenv})
		if err != nil {
			return nil, nil, err
		}
		return store, func() {}, nil
	}
}

// redisServer is a server to measure with: one that is there already, or one of our own.
type redisServer struct {
	url  string // empty when there is none
	stop func()
}

// startRedis starts a server with an append-only file, as in production, unless url names one.
func startRedis(url string) (redisServer, error) {
	none := redisServer{url: url, stop: func() {}}
	if url != "" {
		return none, nil
	}
	program, err := testredis.Redis()
	if errors.Is(err, testredis.ErrMissing) {
		return none, nil
	}
	if err != nil {
		return none, err
	}
	dir, err := os.MkdirTemp("", "logproc-bench-redis-")
	if err != nil {
		return none, err
	}
	server, err := testredis.Start(program, dir, "--appendonly", "yes", "--appendfsync", "everysec")
	if err != nil {
		return none, errors.Join(err, os.RemoveAll(dir))
	}
	return redisServer{url: "redis://" + server.Addr(), stop: func() {
		server.Kill()
		_ = os.RemoveAll(dir)
	}}, nil
}
