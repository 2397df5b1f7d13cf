package sim

import (
	"context"
	"slices"

	"github.com/logproc/logproc/rollup"
)

// client is a process's rollup.Store: the server behind the network. What the pipeline does not use of a store
// is left out.
type client struct {
	rollup.Store
	process *process
	stateID string // as the store told when the process opened it
}

// Claim implements rollup.Store.
func (c *client) Claim(ctx context.Context, tp rollup.TopicPartition) (rollup.Claim, error) {
	h := c.process.handle(tp)
	w := c.process.world
	claim, err := call(ctx, h, "claim", func() (rollup.Claim, error) { return w.server.claim(tp) })
	if err == nil {
		h.claim = claim
	}
	return claim, err
}

// Commit implements rollup.Store.
func (c *client) Commit(ctx context.Context, commit *rollup.Commit) (rollup.Result, error) {
	if err := commit.Check(); err != nil {
		return rollup.Result{}, rollup.CommitError(commit, err)
	}
	h := c.process.handle(commit.TopicPartition)
	sent, sender := encoded(commit), *h // as it is now: the commit may come late
	w := c.process.world
	a, err := call(ctx, h, "commit", func() (a committed, err error) {
		a.result, err = w.server.commit(sent, &sender)
		a.falls = w.server.shard(sent.TopicPartition).falls
		return a, err
	})
	if err == nil {
		h.falls = a.falls
	}
	return a.result, err
}

// committed is the answer to a commit.
type committed struct {
	result rollup.Result
	falls  int // how often the shard had fallen back before
}

// Counts implements rollup.Store: the pipeline reads the known series at its start, which bounds nothing here.
func (c *client) Counts(context.Context, rollup.Query, func(rollup.Count) error) error { return nil }

// StateID implements rollup.Store.
func (c *client) StateID() string { return c.stateID }

// encoded is what goes over the network: nothing that the worker changes later.
func encoded(c *rollup.Commit) *rollup.Commit {
	sent := *c
	sent.Counts, sent.Lost = slices.Clone(c.Counts), slices.Clone(c.Lost)
	sent.Forms, sent.Durations, sent.Violations, sent.Overflowed = nil, nil, nil, nil
	sent.Redactions, sent.Observed, sent.Withheld = nil, nil, nil
	return &sent
}
