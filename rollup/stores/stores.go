// Package stores opens a store by its URL, as given in the configuration.
package stores

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/logproc/logproc/rollup"
	"github.com/logproc/logproc/rollup/boltstore"
	"github.com/logproc/logproc/rollup/memstore"
	"github.com/logproc/logproc/rollup/redisstore"
)

// Options are common to all stores.
type Options struct {
	Now       func() time.Time    // dates the ledgers (default time.Now)
	MustExist bool                // refuse to make a new store, for commands that only read
	Strict    string              // off (default), local or replica: what a server has to confirm, see redisstore.Strict
	Getenv    func(string) string // for passwords (default os.Getenv)
	Logger    *slog.Logger        // gets warnings about a server's settings (default: discard)
}

const supported = "supported are redis://HOST:PORT/DB (and rediss, redis+unix, redis+sentinel, redis+cluster), file:PATH (one process at a time) and memory: (lost at the end)"

// OpenURL opens the store at url: "redis:" and its relatives are on a server (see redisstore.Open),
// "file:PATH" is a file of the embedded database, "memory:" is in memory. Errors never repeat the url, which
// may hold a password. The caller closes the store.
func OpenURL(ctx context.Context, url string, opts Options) (rollup.Store, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	scheme, rest, found := strings.Cut(url, ":")
	switch {
	case url == "memory":
		return memstore.New(opts.Now), nil
	case !found:
		return nil, errors.New("store: it needs a scheme, as in file:logproc.db; " + supported)
	case scheme == "memory" && rest == "":
		return memstore.New(opts.Now), nil
	case scheme == "file":
		return openFile(rest, opts)
	case redisstore.IsURL(url):
		return openRedis(ctx, url, opts)
	case !isScheme(scheme):
		return nil, errors.New("store: it begins with no scheme that is known; " + supported)
	}
	return nil, fmt.Errorf("store: the scheme %s: is not supported; %s", scheme, supported)
}

func openFile(path string, opts Options) (rollup.Store, error) {
	if rest, isURL := strings.CutPrefix(path, "//"); isURL { // file:///var/lib/logproc.db
		if !strings.HasPrefix(rest, "/") {
			return nil, errors.New("store: file://HOST/… is not supported; write file:PATH or file:///PATH")
		}
		path = rest
	}
	if path == "" {
		return nil, errors.New("store: file: needs a path, as in file:logproc.db")
	}
	store, err := boltstore.Open(path, boltstore.Options{Now: opts.Now, MustExist: opts.MustExist})
	if err != nil {
		return nil, err // not a typed nil in the interface
	}
	return store, nil
}

func openRedis(ctx context.Context, url string, opts Options) (rollup.Store, error) {
	strict, err := redisstore.ParseStrict(opts.Strict)
	if err != nil {
		return nil, fmt.Errorf("store_strict: %w", err)
	}
	store, err := redisstore.Open(ctx, url, redisstore.Options{
		Now: opts.Now, MustExist: opts.MustExist, Strict: strict, Getenv: getenvOr(opts.Getenv), Logger: opts.Logger,
	})
	if err != nil {
		return nil, err // not a typed nil in the interface
	}
	return store, nil
}

// Check says what is wrong with a url, and with the files that it names, without opening the store.
func Check(url string, opts Options) error {
	if !redisstore.IsURL(url) {
		return nil // for the others, the configuration and Open say all there is
	}
	if err := redisstore.CheckURL(url, getenvOr(opts.Getenv)); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	return nil
}

func getenvOr(getenv func(string) string) func(string) string {
	if getenv == nil {
		return os.Getenv
	}
	return getenv
}

func isScheme(s string) bool {
	for _, r := range s {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '+' {
			return false
		}
	}
	return s != ""
}
