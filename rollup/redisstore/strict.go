package redisstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
	"golang.org/x/sync/errgroup"
)

// Strict says what a commit waits for beyond the server's answer.
type Strict string

// What a commit may wait for. Anything but StrictOff needs Redis 7.2 or later with an append-only file; with
// appendfsync everysec a commit then takes up to about two seconds.
const (
	StrictOff     Strict = "off"     // nothing: what the server has not written yet is counted again after its crash
	StrictLocal   Strict = "local"   // until the server has it on disk
	StrictReplica Strict = "replica" // until the server and one of its replicas have it on disk
)

// ParseStrict reads off, local or replica; empty is off.
func ParseStrict(text string) (Strict, error) {
	switch s := Strict(text); s {
	case "":
		return StrictOff, nil
	case StrictOff, StrictLocal, StrictReplica:
		return s, nil
	}
	return "", errors.New("expected off, local or replica")
}

// flag is the function's argument.
func (s Strict) flag() string {
	if s == StrictOff {
		return "0"
	}
	return "1"
}

// confirmLimit is how long the server may wait for the disk; less than the connection's time limit.
const confirmLimit = timeout - time.Second

// wait appends the command that waits until all that was written before it on this connection is on disk.
func (s Strict) wait(ctx context.Context, pipe redis.Pipeliner) *redis.Cmd {
	switch s {
	case StrictLocal:
		return pipe.Do(ctx, "waitaof", 1, 0, confirmLimit.Milliseconds())
	case StrictReplica:
		return pipe.Do(ctx, "waitaof", 1, 1, confirmLimit.Milliseconds())
	}
	return nil
}

// confirmed reads the answer: how many have it on disk, here and on replicas. Fewer than were asked for is no
// error to the server.
func (s Strict) confirmed(wait *redis.Cmd) error {
	if wait == nil {
		return nil
	}
	on, err := wait.Int64Slice()
	switch {
	case err != nil:
		return fmt.Errorf("wait for the disk: %w", err)
	case len(on) == 2 && on[0] < 1:
		return fmt.Errorf("%w: the Redis server has not brought it to its disk within %s", errUnconfirmed, confirmLimit)
	case len(on) != 2 || s == StrictReplica && on[1] < 1:
		return fmt.Errorf("%w: no replica has it on its disk within %s", errUnconfirmed, confirmLimit)
	}
	return nil
}

// perMaster sends the steps of each master of a cluster by its own connection, as a confirmation is one of
// the connection.
func (s *Store) perMaster(ctx context.Context, c *redis.ClusterClient, steps []*step) error {
	byMaster := make(map[*redis.Client][]*step)
	for _, st := range steps {
		master, err := c.MasterForKey(ctx, st.keys[0])
		if err != nil {
			return err
		}
		byMaster[master] = append(byMaster[master], st)
	}
	var all errgroup.Group
	for master, own := range byMaster {
		all.Go(func() error {
			s.sendTo(ctx, master, own, nil)
			return nil
		})
	}
	_ = all.Wait() // each step has its own error
	for _, st := range steps {
		if isReply(st.err, "MOVED") || isReply(st.err, "ASK") {
			c.ReloadState(ctx)
			break
		}
	}
	return nil
}
