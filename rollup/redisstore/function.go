package redisstore

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/logproc/logproc/rollup"
)

//go:embed apply.lua
var applySource string

// library is functions as the server gets them. Its names end with a digest of its text, so that instances
// of different versions can use one server.
type library struct{ id, text string }

func newLibrary() library {
	digest := sha256.Sum256([]byte(applySource))
	id := hex.EncodeToString(digest[:6])
	fill := strings.NewReplacer("@ID@", id, "@MAXFORMS@", strconv.Itoa(rollup.MaxForms))
	return library{id: id, text: fill.Replace(applySource)}
}

// function gives the name of a function on the server.
func (l library) function(name string) string { return "logproc_" + name + "_" + l.id }

// callFunction calls a function of the library, waits for the disk where that is asked for, and brings the library to
// the server when it does not know it. All keys are in one slot.
func (s *Store) callFunction(ctx context.Context, name string, keys []string, args []any) (int64, error) {
	n, err := s.tryFunction(ctx, name, keys, args)
	if !isMissing(err) {
		return n, err
	}
	if err := s.library.load(ctx, s.client); err != nil {
		return 0, fmt.Errorf("load the functions: %w", err)
	}
	return s.tryFunction(ctx, name, keys, args)
}

func (s *Store) tryFunction(ctx context.Context, name string, keys []string, args []any) (int64, error) {
	client := s.client
	if c, ok := client.(*redis.ClusterClient); ok && s.strict != StrictOff {
		master, err := c.MasterForKey(ctx, keys[0]) // a confirmation is one of the connection
		if err != nil {
			return 0, err
		}
		client = master
	}
	pipe := client.Pipeline()
	call := pipe.FCall(ctx, s.library.function(name), keys, args...)
	wait := s.strict.wait(ctx, pipe)
	_, _ = pipe.Exec(ctx) // each command has its own error
	n, err := call.Int64()
	if err != nil {
		return 0, err
	}
	return n, s.strict.confirmed(wait)
}

// load brings the library to the server, or to all masters of a cluster.
func (l library) load(ctx context.Context, client redis.UniversalClient) error {
	return eachMaster(ctx, client, func(ctx context.Context, node *redis.Client) error {
		err := node.FunctionLoad(ctx, l.text).Err()
		if isReply(err, "ERR Library '") && strings.Contains(err.Error(), "already exists") {
			return nil // somebody else was faster
		}
		return err
	})
}

// isMissing reports whether the server does not know the function (any more).
func isMissing(err error) bool { return isReply(err, "ERR Function not found") }

// isReply reports whether err is a reply of the server that begins with a text.
func isReply(err error, text string) bool {
	var reply redis.Error
	return errors.As(err, &reply) && strings.HasPrefix(reply.Error(), text)
}

// eachMaster calls f for the server, or for every master of a cluster.
func eachMaster(ctx context.Context, client redis.UniversalClient, f func(ctx context.Context, node *redis.Client) error) error {
	switch c := client.(type) {
	case *redis.ClusterClient:
		return c.ForEachMaster(ctx, f)
	case *redis.Client:
		return f(ctx, c)
	}
	return errors.New("a client of an unknown kind")
}
