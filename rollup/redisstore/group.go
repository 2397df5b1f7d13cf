package redisstore

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"

	"github.com/redis/go-redis/v9"

	"github.com/logproc/logproc/rollup"
)

// maxGroup is the number of fields after which a pipeline takes no further step.
const maxGroup = 20_000

// group lets steps that wait for the server share a pipeline: while one is on its way, the others queue;
// the first of them that gets the turn sends all that have come. Nobody waits for company, so a lone step is
// not delayed.
type group struct {
	turn    chan struct{} // holds one value while somebody sends
	mu      sync.Mutex
	waiting []*step
}

func (g *group) init() { g.turn = make(chan struct{}, 1) }

// step is one call of the function.
type step struct {
	tp   rollup.TopicPartition
	keys []string
	args []any
	size int

	found string        // the state on the server when it was not the expected one
	done  bool          // whether it was
	err   error         // all three are valid when ended is closed
	ended chan struct{} // closed by the one who sent it
}

// apply replaces a partition's state if it is the expected one, and adds content in the same step. done
// tells whether it did; if not, found is the state that is stored. When ctx ends before the step was sent,
// it is not; when it ends after that, nothing is known of it.
func (s *Store) apply(ctx context.Context, tp rollup.TopicPartition, expected, next string, add content) (found string, done bool, err error) {
	st := &step{tp: tp, size: add.size, ended: make(chan struct{})}
	st.keys = append([]string{s.names.state(tp), s.names.days(tp)}, add.keys...)
	st.args = append([]any{expected, next, s.strict.flag()}, add.args...)
	s.group.push(st)
	select {
	case s.group.turn <- struct{}{}:
		s.calls.Go(func() { s.takeTurn(st) })
	case <-st.ended:
	case <-ctx.Done():
		if s.group.withdraw(st) {
			return "", false, ctx.Err()
		}
	}
	select {
	case <-st.ended:
		return st.found, st.done, st.err
	case <-ctx.Done():
		return "", false, ctx.Err()
	}
}

// takeTurn sends st and what waits with it, unless another's turn has sent st already. It does not end with
// the context of who began it, as it works for others too: the client's time limits end it.
func (s *Store) takeTurn(st *step) {
	defer func() { <-s.group.turn }()
	ctx := context.Background()
	for {
		select {
		case <-st.ended:
			return
		default:
			steps := s.group.take()
			if len(steps) == 0 {
				return // st was withdrawn
			}
			s.send(ctx, steps)
		}
	}
}

// send sends steps in one pipeline, once more when the server has to be told the function first.
func (s *Store) send(ctx context.Context, steps []*step) {
	err := s.pipeline(ctx, steps)
	if missing := stepsWith(steps, isMissing); err == nil && len(missing) > 0 {
		err = s.library.load(ctx, s.client)
		if err != nil {
			err = fmt.Errorf("load the function: %w", err)
		} else {
			err = s.pipeline(ctx, missing)
		}
	}
	for _, st := range steps {
		if err != nil {
			st.err = err
		}
		close(st.ended)
	}
}

func stepsWith(steps []*step, is func(error) bool) []*step {
	var found []*step
	for _, st := range steps {
		if is(st.err) {
			found = append(found, st)
		}
	}
	return found
}

// pipeline sends steps and reads their answers. The error is of what they have in common.
func (s *Store) pipeline(ctx context.Context, steps []*step) error {
	members := make([]any, len(steps))
	for i, st := range steps {
		members[i] = member(st.tp)
	}
	// With every step, so that a server which lost its newest writes learns of its partitions again.
	if c, ok := s.client.(*redis.ClusterClient); ok && s.strict != StrictOff {
		if err := c.SAdd(ctx, s.names.partitions(), members...).Err(); err != nil {
			return err
		}
		return s.perMaster(ctx, c, steps)
	}
	return s.sendTo(ctx, s.client, steps, members)
}

// sendTo sends steps by one client, and the partitions to register with them.
func (s *Store) sendTo(ctx context.Context, client redis.UniversalClient, steps []*step, members []any) error {
	pipe := client.Pipeline()
	var register *redis.IntCmd
	if len(members) > 0 {
		register = pipe.SAdd(ctx, s.names.partitions(), members...)
	}
	calls, function := make([]*redis.Cmd, len(steps)), s.library.function("apply")
	for i, st := range steps {
		calls[i] = pipe.FCall(ctx, function, st.keys, st.args...)
	}
	wait := s.strict.wait(ctx, pipe)
	_, _ = pipe.Exec(ctx) // each command has its own error
	unconfirmed := s.strict.confirmed(wait)
	for i, st := range steps {
		st.found, st.done, st.err = answer(calls[i])
		if st.err == nil {
			st.err = unconfirmed
		}
	}
	if register != nil {
		return register.Err()
	}
	return nil
}

// answer reads the function's result.
func answer(call *redis.Cmd) (found string, done bool, err error) {
	value, err := call.Result()
	if err != nil {
		return "", false, err
	}
	switch v := value.(type) {
	case int64:
		return "", true, nil
	case string:
		return v, false, nil
	}
	return "", false, fmt.Errorf("the function answered with %s", strconv.Quote(fmt.Sprintf("%T", value)))
}

func (g *group) push(st *step) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.waiting = append(g.waiting, st)
}

// take gives the steps of the next pipeline, in the order of their coming: at least one when any waits.
func (g *group) take() []*step {
	g.mu.Lock()
	defer g.mu.Unlock()
	n, size := 0, 0
	for n < len(g.waiting) && (n == 0 || size+g.waiting[n].size <= maxGroup) {
		size += g.waiting[n].size
		n++
	}
	taken := slices.Clone(g.waiting[:n])
	g.waiting = slices.Delete(g.waiting, 0, n)
	return taken
}

// withdraw takes a step back; false when it has been sent.
func (g *group) withdraw(st *step) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	i := slices.Index(g.waiting, st)
	if i < 0 {
		return false
	}
	g.waiting = slices.Delete(g.waiting, i, i+1)
	return true
}
