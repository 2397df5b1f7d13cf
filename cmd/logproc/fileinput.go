package main

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/logproc/logproc/internal/conf"
	"github.com/logproc/logproc/internal/config"
	"github.com/logproc/logproc/pipeline"
	"github.com/logproc/logproc/pipeline/files"
	"github.com/logproc/logproc/rollup"
	"github.com/logproc/logproc/rollup/memstore"
)

// fileOptions are what all commands that read log files have in common.
type fileOptions struct {
	Rules     string        `short:"r" placeholder:"FILE" help:"Naming rule file; without it the built-in convention."`
	LineBytes conf.ByteSize `default:"1MiB" help:"Longest line; a longer one counts as _unparsed."`
	Files     []string      `arg:"" optional:"" placeholder:"FILE" help:"Log files, plain, gzip or zstd; - or none is standard input."`
}

// count runs the pipeline over the files, into memory, and says on standard error what a reader of the
// numbers should know.
func (o *fileOptions) count(ctx context.Context, std streams) (rollup.Store, error) {
	cfg := config.Default()
	cfg.Naming = o.Rules
	cfg.Limits.LineBytes = o.LineBytes
	naming, err := cfg.LoadNaming()
	if err != nil {
		return nil, err
	}
	names := o.Files
	if len(names) == 0 {
		names = []string{"-"}
	}
	source := files.NewSource(files.Options{Names: names, Stdin: std.in, MaxLine: int(o.LineBytes)})
	store, noted := memstore.New(time.Now), &notes{}
	p, err := pipeline.New(pipeline.Config{
		Source: source, Store: store, Parse: cfg.ParseOptions(), Naming: naming, Limits: limits(cfg), Finite: true,
		Metrics: noted, Logger: slog.New(slog.NewTextHandler(std.err, &slog.HandlerOptions{Level: slog.LevelError})),
	})
	if err != nil {
		return nil, err
	}
	if err := p.Run(ctx); err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, fmt.Errorf("interrupted before the end of the input: %w", ctx.Err())
	}
	noted.print(std)
	return store, nil
}

// notes sums what was not as it should be.
type notes struct {
	mu                  sync.Mutex
	unreadable, untimed uint64
}

// Committed implements pipeline.Metrics.
func (n *notes) Committed(c *rollup.Commit, _ time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.unreadable += c.Outcomes.DeadLettered
	n.untimed += c.Untimed
}

// Conflict implements pipeline.Metrics; nobody else writes to the store.
func (n *notes) Conflict(rollup.Outcome) {}

func (n *notes) print(std streams) {
	if n.unreadable > 0 {
		_, _ = fmt.Fprintf(std.err, "logproc: %d %s could not be read and counted as _unparsed; logproc lint names them\n",
			n.unreadable, plural(int(n.unreadable), "line", "lines"))
	}
	if n.untimed > 0 {
		_, _ = fmt.Fprintf(std.err, "logproc: %d %s no time that can be read and took the file's\n", n.untimed, plural(int(n.untimed), "record has", "records have"))
	}
}

func limits(cfg *config.Config) pipeline.Limits {
	l := cfg.Limits
	return pipeline.Limits{Services: l.Services, EnvsPerService: l.EnvsPerService, SeriesPerService: l.SeriesPerService, Series: l.Series}
}
