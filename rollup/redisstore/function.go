package redisstore

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/logproc/logproc/rollup"
)

//go:embed apply.lua
var applySource string

// function is the library as the server gets it. Its names hold a digest of its text, so that instances of
// different versions can use one server.
type function struct{ name, library string }

func newFunction() function {
	digest := sha256.Sum256([]byte(applySource))
	id := hex.EncodeToString(digest[:6])
	fill := strings.NewReplacer("@ID@", id, "@MAXFORMS@", strconv.Itoa(rollup.MaxForms))
	return function{name: "logproc_apply_" + id, library: fill.Replace(applySource)}
}

// load brings the library to the server, or to all masters of a cluster.
func (f function) load(ctx context.Context, client redis.UniversalClient) error {
	return eachMaster(ctx, client, func(ctx context.Context, node *redis.Client) error {
		err := node.FunctionLoad(ctx, f.library).Err()
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
