package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/logproc/logproc/internal/config"
	"github.com/logproc/logproc/rollup"
	"github.com/logproc/logproc/rollup/stores"
	"github.com/logproc/logproc/sinks/summary"
)

type summaryCommand struct {
	Config string  `short:"c" placeholder:"FILE" help:"Configuration file, for its store." xor:"from"`
	Store  string  `placeholder:"URL" help:"Store to read instead of files: file:PATH." xor:"from"`
	Day    string  `placeholder:"YYYY-MM-DD" help:"Day; without it yesterday from a store, and the newest day of files."`
	Tz     string  `default:"UTC" placeholder:"ZONE" help:"Zone whose day it is, as Europe/Stockholm."`
	Serv   *string `name:"service" placeholder:"NAME" help:"Only this service."`
	Env    *string `placeholder:"NAME" help:"Only this environment."`
	Format string  `default:"text" enum:"text,html,json" help:"Output format: ${enum}."`
	All    bool    `name:"all-levels" help:"All keys, not only those of level warning and above."`
	fileOptions
}

func (summaryCommand) Help() string {
	return `Prints one daily summary for each service and environment: its keys of level warning and above with their counts.

Examples:
  logproc summary --service ctrl --env anna --day 2019-09-24 app.jsonl
  logproc summary --store file:logproc.db --tz Europe/Stockholm --format html > summary.html`
}

func (c *summaryCommand) Run(ctx context.Context, std streams) error {
	zone, err := time.LoadLocation(c.Tz)
	if err != nil || c.Tz == "Local" {
		return fmt.Errorf("--tz %s: no such zone, expected a name of the tz database as in Europe/Stockholm", c.Tz)
	}
	req := rollup.Request{Zone: zone, Service: c.Serv, Env: c.Env, AllLevels: c.All}
	store, err := c.open(ctx, std)
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }()
	if req.Day, err = c.day(ctx, std, store, req); err != nil {
		return err
	}
	list, err := rollup.Summaries(ctx, store, req)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		_, _ = fmt.Fprintf(std.err, "logproc: no events on %s\n", req.Day)
	}
	ledgers, err := store.Ledgers(ctx)
	if err != nil {
		return fmt.Errorf("read the ledger: %w", err)
	}
	return renderSummaries(std.out, c.Format, list, summary.Options{Ledgers: ledgers, Generated: time.Now()})
}

func renderSummaries(out io.Writer, format string, list []rollup.Summary, opts summary.Options) error {
	switch format {
	case "html":
		return summary.HTML(out, list, opts)
	case "json":
		return summary.JSON(out, list, opts)
	default:
		return summary.Text(out, list, opts)
	}
}

func (c *summaryCommand) fromStore() bool { return c.Config != "" || c.Store != "" }

// open gives the store that was named, or one that the files were counted into.
func (c *summaryCommand) open(ctx context.Context, std streams) (rollup.Store, error) {
	if !c.fromStore() {
		return c.count(ctx, std)
	}
	if len(c.Files) > 0 {
		return nil, fmt.Errorf("%s: files cannot be added to a store's counts, expected files or a store", c.Files[0])
	}
	url := c.Store
	if c.Config != "" {
		cfg, err := config.Load(c.Config, nil)
		if err != nil {
			return nil, err
		}
		url = cfg.StoreURL()
	}
	return openStore(ctx, url)
}

// openStore opens a store that must be there, to read it.
func openStore(ctx context.Context, url string) (rollup.Store, error) {
	return stores.OpenURL(ctx, url, stores.Options{MustExist: true})
}

// day gives the day that was asked for, or the one that is meant without.
func (c *summaryCommand) day(ctx context.Context, std streams, store rollup.Store, req rollup.Request) (rollup.Date, error) {
	if c.Day != "" {
		return rollup.ParseDate(c.Day)
	}
	if c.fromStore() {
		return rollup.DateOf(rollup.BucketOf(time.Now().UnixNano()), req.Zone).AddDays(-1), nil
	}
	dates, err := rollup.Dates(ctx, store, req)
	if err != nil || len(dates) == 0 {
		return rollup.Date{Year: 1970, Month: 1, Day: 1}, err
	}
	last := dates[len(dates)-1]
	if len(dates) > 1 {
		_, _ = fmt.Fprintf(std.err, "logproc: %s, the newest of %d days from %s on; --day chooses another\n", last, len(dates), dates[0])
	}
	return last, nil
}
