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

var (
	//go:embed apply.lua
	applySource string
	//go:embed document.lua
	documentSource string
)

// library is functions as the server gets them. Its names end with a digest of its text, so that instances
// of different versions can use one server.
type library struct{ id, text string }

func newLibrary() library {
	source := applySource + documentSource
	digest := sha256.Sum256([]byte(source))
	id := hex.EncodeToString(digest[:6])
	fill := strings.NewReplacer("@ID@", id, "@MAXFORMS@", strconv.Itoa(rollup.MaxForms))
	return library{id: id, text: fill.Replace(source)}
}

// function gives the name of a function on the server.
func (l library) function(name string) string { return "logproc_" + name + "_" + l.id }

// functionCall is what one call of a function is given. All keys are in one slot.
type functionCall struct {
	keys []string
	args []any
}

// callFunctions calls a function several times, waits for the disk where that is asked for, and brings the
// library to the server when it does not know it. When it gives an error, some calls may have taken effect.
func (s *Store) callFunctions(ctx context.Context, name string, calls []functionCall) ([]int64, error) {
	results, err := s.tryFunctions(ctx, name, calls)
	if !isMissing(err) {
		return results, err
	}
	if err := s.library.load(ctx, s.client); err != nil {
		return nil, fmt.Errorf("load the functions: %w", err)
	}
	return s.tryFunctions(ctx, name, calls)
}

func (s *Store) tryFunctions(ctx context.Context, name string, calls []functionCall) ([]int64, error) {
	c, isCluster := s.client.(*redis.ClusterClient)
	if !isCluster || s.strict == StrictOff {
		return s.callOn(ctx, s.client, name, calls)
	}
	var results []int64
	for i := range calls { // one by one, as a confirmation is one of the connection
		master, err := c.MasterForKey(ctx, calls[i].keys[0])
		if err != nil {
			return nil, err
		}
		result, err := s.callOn(ctx, master, name, calls[i:i+1])
		if err != nil {
			return nil, err
		}
		results = append(results, result...)
	}
	return results, nil
}

func (s *Store) callOn(ctx context.Context, client redis.UniversalClient, name string, calls []functionCall) ([]int64, error) {
	pipe := client.Pipeline()
	replies := make([]*redis.Cmd, len(calls))
	for i, call := range calls {
		replies[i] = pipe.FCall(ctx, s.library.function(name), call.keys, call.args...)
	}
	wait := s.strict.wait(ctx, pipe)
	_, _ = pipe.Exec(ctx) // each command has its own error
	results := make([]int64, len(calls))
	for i, reply := range replies {
		var err error
		if results[i], err = reply.Int64(); err != nil {
			return nil, err
		}
	}
	return results, s.strict.confirmed(wait)
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
