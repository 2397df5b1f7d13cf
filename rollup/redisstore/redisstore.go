// Package redisstore keeps counts and offsets on a Redis server (7.0 or later, or Valkey), which several
// instances of logproc use at once: a single server, one behind Sentinel, or a cluster.
//
// Every change of a partition is a compare-and-set of its state (rollup.PartitionState), done by one
// function on the server (apply.lua): the store reads the state, decides with the code that all stores
// share what becomes of it, and hands the function the state it decided on, the new one, and the counts to
// add. The function does all of it or, when the state has changed meanwhile, nothing, and tells the state
// that it found; the store then decides again. So there are no locks, and a reply that got lost is no harm.
// The state that was seen last is remembered: a commit is one round trip. Commits that wait at the same
// time share a pipeline (see group.go).
//
// Layout; PREFIX is logproc unless the URL says otherwise:
//
//	PREFIX:meta                 hash: format, state_id
//	PREFIX:partitions           set of PARTITION:TOPIC
//	PREFIX:{PARTITION:TOPIC}:state    fence, ledger (rollup.PartitionState.Encode), and the new values of the
//	                                  last commit's fields, which the next one copies to the hashes below
//	PREFIX:{PARTITION:TOPIC}:days     set of the UTC days that there is something of
//	PREFIX:{PARTITION:TOPIC}:c:DAY    hash: key (rollup.AppendKey) -> pairs (rollup.AppendPair)
//	PREFIX:{PARTITION:TOPIC}:f:DAY    hash: service and env -> list of forms, each its text and its pairs
//
// The keys of a partition share a hash tag, so that a commit touches one slot of a cluster. A key costs one
// field a day, however many of its 96 quarter-hours it was seen in. Sums over partitions are made when
// they are read.
package redisstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/logproc/logproc/rollup"
)

// Options tune a store; the zero value is ready for use.
type Options struct {
	// Now dates the ledgers (default time.Now).
	Now func() time.Time
	// MustExist makes Open refuse to make a new store, for commands that only read.
	MustExist bool
	// Strict says what a commit waits for beyond the server's answer (default StrictOff).
	Strict Strict
	// Getenv looks up the password where the URL has none (default: it has none).
	Getenv func(string) string
	// Logger gets warnings about the server's settings (default: discard).
	Logger *slog.Logger
}

func (o *Options) setDefaults() {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Getenv == nil {
		o.Getenv = func(string) string { return "" }
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
}

// Store is a rollup.Store on a server.
type Store struct {
	names   names
	client  redis.UniversalClient
	library library
	strict  Strict
	now     func() time.Time
	stateID atomic.Pointer[string]
	group   group

	mu     sync.Mutex
	closed bool
	calls  sync.WaitGroup
	seen   map[rollup.TopicPartition]seen
}

var _ rollup.Store = (*Store)(nil)

var errClosed = errors.New("the store is closed")

// StateID implements rollup.Store. A server that lost all it had gets the same id again: it is a store that
// came back from its own beginning.
func (s *Store) StateID() string { return *s.stateID.Load() }

// Claim implements rollup.Store.
func (s *Store) Claim(ctx context.Context, tp rollup.TopicPartition) (rollup.Claim, error) {
	var claim rollup.Claim
	err := s.call(ctx, "claim "+tp.String(), func(ctx context.Context) error {
		if err := s.identify(ctx); err != nil {
			return err
		}
		return s.change(ctx, tp, content{}, func(state *rollup.PartitionState) (bool, error) {
			claim = state.Claim(s.now())
			return true, nil
		})
	})
	if err != nil {
		return rollup.Claim{}, err
	}
	s.told(tp, claim)
	return claim, nil
}

// Commit implements rollup.Store. When ctx ends while c is on its way, it may still take effect.
func (s *Store) Commit(ctx context.Context, c *rollup.Commit) (rollup.Result, error) {
	if err := c.Check(); err != nil {
		return rollup.Result{}, rollup.CommitError(c, err)
	}
	var result rollup.Result
	err := s.call(ctx, "write", func(ctx context.Context) error {
		before := s.lastSeen(c.TopicPartition)
		return s.change(ctx, c.TopicPartition, s.names.contentOf(c), func(state *rollup.PartitionState) (bool, error) {
			if before.known && !state.Known {
				// The server has lost the partition since: these counts alone would be too few. Whoever claims
				// it again is told that nothing is known, and begins anew.
				result = rollup.Result{Outcome: rollup.Behind, Offset: min(before.start, c.Base)}
				return false, nil
			}
			result = state.Commit(c, s.now())
			return result.Outcome == rollup.Committed, nil
		})
	})
	if err != nil {
		return rollup.Result{}, rollup.CommitError(c, err)
	}
	return result, nil
}

// SetOffset implements rollup.Store.
func (s *Store) SetOffset(ctx context.Context, tp rollup.TopicPartition, offset int64) (rollup.Claim, error) {
	var before rollup.Claim
	err := s.call(ctx, "set the offset of "+tp.String(), func(ctx context.Context) error {
		return s.change(ctx, tp, content{}, func(state *rollup.PartitionState) (_ bool, err error) {
			before, err = state.SetOffset(offset, s.now())
			return true, err
		})
	})
	if err != nil {
		return rollup.Claim{}, err
	}
	return before, nil
}

// maxTries bounds how often a change is decided on anew because others changed the partition meanwhile.
const maxTries = 100

// change has decide change the state of a partition, and brings the result to the server together with
// what is to be added. decide may be called several times; it says whether there is anything to write. What
// it decides holds for a state that is on the server, also when it is an error.
func (s *Store) change(ctx context.Context, tp rollup.TopicPartition, add content, decide func(*rollup.PartitionState) (bool, error)) error {
	expected, fresh := s.lastSeen(tp).encoded, false
	for range maxTries {
		state, err := decodeState(tp, expected)
		if err != nil {
			return err
		}
		write, refused := decide(&state)
		write = write && refused == nil
		if !write && fresh {
			s.remember(tp, expected)
			return refused
		}
		next, adding := expected, content{} // to hear whether it is still so
		if write {
			encoded, err := state.Encode()
			if err != nil {
				return fmt.Errorf("encode the state: %w", err)
			}
			next, adding = string(encoded), add
		}
		found, done, err := s.apply(ctx, tp, expected, next, adding)
		if err != nil {
			return err
		}
		if done {
			s.remember(tp, next)
			return refused
		}
		expected, fresh = found, true
	}
	return errors.New("others changed the partition at the same time, again and again")
}

// decodeState reads a state as the function gives it.
func decodeState(tp rollup.TopicPartition, encoded string) (rollup.PartitionState, error) {
	if encoded == "" {
		return rollup.PartitionState{}, nil
	}
	return rollup.DecodeState(tp, []byte(encoded))
}

// seen is what is remembered of a partition.
type seen struct {
	encoded string // "" for none, or not known
	known   bool   // whether anything was ever committed, as far as who claimed it knows
	start   int64  // see rollup.Claim
}

func (s *Store) lastSeen(tp rollup.TopicPartition) seen {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen[tp]
}

// remember takes over the state that is on the server now. That the server knows nothing any more stays
// unbelieved until somebody claims the partition again.
func (s *Store) remember(tp rollup.TopicPartition, encoded string) {
	state, _ := decodeState(tp, encoded) // it was decoded, or encoded, a moment ago
	s.mu.Lock()
	defer s.mu.Unlock()
	now := seen{encoded: encoded, known: state.Known, start: state.Ledger.Start}
	if before := s.seen[tp]; before.known && !now.known {
		now.known, now.start = true, before.start
	}
	s.seen[tp] = now
}

// told notes what a claim has told of the partition.
func (s *Store) told(tp rollup.TopicPartition, claim rollup.Claim) {
	s.mu.Lock()
	defer s.mu.Unlock()
	last := s.seen[tp]
	last.known, last.start = claim.Known, claim.Start
	s.seen[tp] = last
}

// Close implements rollup.Store: it waits for the calls under way and closes the connections.
func (s *Store) Close() error {
	s.mu.Lock()
	closed := s.closed
	s.closed = true
	s.mu.Unlock()
	if closed {
		return nil
	}
	s.calls.Wait()
	if err := s.client.Close(); err != nil {
		return errorOf("close", err)
	}
	return nil
}

// call runs f as a part of the store's life, and says what was being done when it fails.
func (s *Store) call(ctx context.Context, doing string, f func(ctx context.Context) error) error {
	if err := s.enter(ctx); err != nil {
		return errorOf(doing, err)
	}
	defer s.calls.Done()
	err := f(ctx)
	own := callerError{}
	switch {
	case err == nil:
		return nil
	case errors.As(err, &own):
		return own.error
	case ctx.Err() != nil: // that is the cause, whatever the connection says
		return fmt.Errorf("%s: %w", doing, ctx.Err())
	}
	return errorOf(doing, err)
}

func (s *Store) enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errClosed
	}
	s.calls.Add(1)
	return nil
}
