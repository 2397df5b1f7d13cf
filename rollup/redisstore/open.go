package redisstore

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"

	"github.com/logproc/logproc/rollup"
)

// format is the version of the layout; see the package comment.
const format = 1

const (
	fieldFormat  = "format"
	fieldStateID = "state_id"
)

// Open opens the store at a URL and makes it when there is none:
//
//	redis://[USER:PASSWORD@]HOST:PORT/DB              one server; rediss:// with TLS
//	redis+unix:///PATH/TO/SOCKET                      the same by a socket
//	redis+sentinel://HOST:PORT,HOST:PORT/MASTER/DB    the server that Sentinels name
//	redis+cluster://HOST:PORT,HOST:PORT               a cluster, by some of its servers
//
// It fails when the server is older than 7.0, may evict keys, or does not let us in; what passes by itself
// later fails single calls. Errors never repeat the URL.
func Open(ctx context.Context, rawURL string, opts Options) (*Store, error) {
	opts.setDefaults()
	t, err := parseURL(rawURL, opts.Getenv)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	logging.Disable() // it would write to stderr what every call returns as an error
	client, err := t.connect()
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	if opts.Strict == "" {
		opts.Strict = StrictOff
	}
	s := &Store{
		names: names{t.prefix}, client: client, strict: opts.Strict, now: opts.Now,
		library: newLibrary(), seen: make(map[rollup.TopicPartition]seen),
	}
	s.group.init()
	if err := s.open(ctx, opts); err != nil {
		return nil, errors.Join(errorOf("open store at "+t.String(), err), client.Close())
	}
	return s, nil
}

func (s *Store) open(ctx context.Context, opts Options) error {
	if opts.MustExist { // only to be read: a replica, or a server with other settings, will do
		return s.find(ctx)
	}
	if err := checkServers(ctx, s.client, opts); err != nil {
		return err
	}
	return s.identify(ctx)
}

// find reads what a store that must exist is.
func (s *Store) find(ctx context.Context) error {
	meta, err := s.client.HGetAll(ctx, s.names.meta()).Result()
	if err != nil {
		return err
	}
	if len(meta) == 0 {
		return fmt.Errorf("there is no logproc store with the prefix %s; it is made by logproc run", s.names.prefix)
	}
	return s.adopt(meta)
}

// identify makes the store if there is none, and reads which it is. A server that has lost everything since
// gets the id that we know.
func (s *Store) identify(ctx context.Context) error {
	id := rollup.NewStateID()
	if known := s.stateID.Load(); known != nil {
		id = *known
	}
	var meta *redis.MapStringStringCmd
	_, err := s.client.Pipelined(ctx, func(pipe redis.Pipeliner) error {
		pipe.HSetNX(ctx, s.names.meta(), fieldFormat, format)
		pipe.HSetNX(ctx, s.names.meta(), fieldStateID, id)
		meta = pipe.HGetAll(ctx, s.names.meta())
		return nil
	})
	if err != nil {
		return err
	}
	return s.adopt(meta.Val())
}

func (s *Store) adopt(meta map[string]string) error {
	id := meta[fieldStateID]
	found, err := strconv.Atoi(meta[fieldFormat])
	switch {
	case err != nil || found < 1 || id == "":
		return fmt.Errorf("%w: %s is of another program", rollup.ErrCorrupt, s.names.meta())
	case found > format:
		return fmt.Errorf("%w: it has format %d, this version reads up to %d; use the newer version that wrote it", rollup.ErrCorrupt, found, format)
	}
	s.stateID.Store(&id)
	return nil
}
