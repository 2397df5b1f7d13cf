package main

import (
	"context"
	"errors"
	"os"
	"runtime/debug"

	"github.com/alecthomas/kong"

	"github.com/logproc/logproc/internal/config"
)

type runCommand struct {
	Config       string `short:"c" placeholder:"FILE" help:"Configuration file. Every key in it is also a flag here."`
	UntilEnd     bool   `help:"Stop, committed and drained, at the end offsets that are current at the start."`
	kong.Plugins        // one flag for each key of the configuration

	flags configFlags
}

// gcPercent lets the heap grow by a quarter between two collections, not to its double: records make no garbage,
// so that collections are few anyway, and the memory is better left to others.
const gcPercent = 25

func newRunCommand() runCommand {
	flags := newConfigFlags()
	return runCommand{Plugins: flags.plugin(), flags: flags}
}

func (runCommand) Help() string {
	return `Reads Kafka as a member of a consumer group, counts, and shows the counts as metrics and summaries. Counts and offsets are
kept together in the store, so that a crash neither loses nor repeats a record. Ends on SIGTERM after a last commit.

Example:
  logproc run --brokers 127.0.0.1:9092 --topic logs --group logproc --store file:logproc.db --listen 127.0.0.1:9188`
}

func (c *runCommand) Run(ctx context.Context, std streams) error {
	ctx, stop := untilSignal(ctx)
	defer stop()
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	cfg, err := config.Load(c.Config, c.flags.apply)
	if err != nil {
		return err
	}
	if len(cfg.Kafka.Brokers) == 0 || len(cfg.Kafka.Topics) == 0 && cfg.Kafka.TopicPattern == "" {
		return errNoSource
	}
	i, err := newInstance(ctx, cfg, instanceOptions{untilEnd: c.UntilEnd, log: std.err})
	if err != nil {
		return err
	}
	i.logger.Info("logproc runs", "version", versionText(), "listen", i.server.Addr().String(), "group", cfg.Kafka.Group)
	err = i.run(ctx)
	if err == nil && c.UntilEnd && ctx.Err() != nil {
		return errors.New("interrupted before the end; what was read is counted, and the same command goes on from there")
	}
	return err
}
