package main

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/logproc/logproc/internal/config"
	"github.com/logproc/logproc/rollup"
)

// stateCommand is about what a store knows of partitions, apart from counts.
type stateCommand struct {
	Show   stateShowCommand   `cmd:"" help:"Print how far each partition is counted."`
	Accept stateAcceptCommand `cmd:"" help:"Make a partition that was stopped go on from an offset."`
}

// storeOptions name a store.
type storeOptions struct {
	Config string `short:"c" placeholder:"FILE" help:"Configuration file, for its store." xor:"from" required:""`
	Store  string `placeholder:"URL" help:"The store." xor:"from" required:""`
}

func (o *storeOptions) open(ctx context.Context) (rollup.Store, error) {
	if o.Config == "" {
		return openStore(ctx, o.Store)
	}
	cfg, err := config.Load(o.Config, nil)
	if err != nil {
		return nil, err
	}
	return openStore(ctx, cfg.StoreURL())
}

type stateShowCommand struct{ storeOptions }

func (stateShowCommand) Help() string {
	return `Prints the ledger of every partition in a store: from where and how far it is counted, what became of the records, which
offsets were lost, and where an operator made it go on. A store in a file can be asked while no logproc has it open.

Example:
  logproc state show --store file:logproc.db`
}

func (c *stateShowCommand) Run(ctx context.Context, std streams) error {
	store, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }()
	ledgers, err := store.Ledgers(ctx)
	if err != nil {
		return fmt.Errorf("read the ledgers: %w", err)
	}
	_, _ = fmt.Fprintf(std.out, "store %s\n\n", store.StateID())
	t := tabwriter.NewWriter(std.out, 0, 0, 2, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprintln(t, "partition\tstart\toffset\tcounted\tdead-lettered\tskipped\tlost\tupdated\ttopic id\t")
	for i := range ledgers {
		l := &ledgers[i]
		var lost uint64
		for _, n := range l.LostOffsets {
			lost += n
		}
		_, _ = fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%s\t%s\t\n", l.TopicPartition, l.Start, l.Offset, l.Outcomes.Counted, l.Outcomes.DeadLettered,
			l.Outcomes.Skipped, lost, l.Updated.UTC().Format(time.RFC3339), l.TopicID)
	}
	err = t.Flush()
	for i := range ledgers {
		for _, lost := range ledgers[i].Lost {
			_, _ = fmt.Fprintf(std.out, "%s: lost %d to %d (%s)\n", ledgers[i].TopicPartition, lost.First, lost.Last, lost.Reason)
		}
		for _, m := range ledgers[i].Moves {
			_, _ = fmt.Fprintf(std.out, "%s: moved by an operator from %d to %d at %s\n", ledgers[i].TopicPartition, m.From, m.To, m.At.UTC().Format(time.RFC3339))
		}
	}
	return err
}

type stateAcceptCommand struct {
	storeOptions
	Topic     string `required:"" help:"The partition's topic."`
	Partition int32  `required:"" help:"Its number."`
	Offset    int64  `required:"" help:"The next offset to count: 0 for a topic that was created again, the log's end (which the error names) for one that was cut back."`
}

func (stateAcceptCommand) Help() string {
	return `A partition stops when its topic was deleted and created again, or its log ends below what is counted: counts and log no
longer fit together. This says where to go on. The counts stay, the decision is kept in the store (see logproc state show).
With a store in a file, stop logproc first and start it again afterwards; with Redis it goes on by itself within seconds.

Example:
  logproc state accept --store file:logproc.db --topic logs --partition 3 --offset 0`
}

func (c *stateAcceptCommand) Run(ctx context.Context, std streams) error {
	if c.Offset < 0 {
		return fmt.Errorf("--offset %d: there is no such offset, expected 0 or more", c.Offset)
	}
	store, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }()
	tp := rollup.TopicPartition{Topic: c.Topic, Partition: c.Partition}
	before, err := store.SetOffset(ctx, tp, c.Offset)
	switch {
	case errors.Is(err, rollup.ErrUnknownPartition):
		return fmt.Errorf("%s: nothing is stored of it, expected one of those that logproc state show lists", tp)
	case err != nil:
		return err
	}
	_, _ = fmt.Fprintf(std.out, "%s: was counted up to offset %d, goes on at %d\n", tp, before.Offset, c.Offset)
	return nil
}
