package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
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
	Tz     string  `placeholder:"ZONE" help:"Zone whose day it is, as Europe/Stockholm; without it that of the configuration, and UTC without one."`
	Serv   *string `name:"service" placeholder:"NAME" help:"Only this service."`
	Env    *string `placeholder:"NAME" help:"Only this environment."`
	Days   int     `default:"1" placeholder:"N" help:"The N days that end with the day: as text one table for each service and environment."`
	Prev   string  `name:"previous" placeholder:"FILE|YYYY-MM-DD" help:"Compare with another day of the same input, or with the newest day of a log file."`
	Format string  `default:"text" enum:"text,html,json,csv" help:"Output format: ${enum}."`
	All    bool    `name:"all-levels" help:"All keys, not only those of level warning and above."`
	Send   bool    `help:"Send the day's summaries to the lists of the configuration, unless they were sent before."`
	DryRun bool    `help:"With --send: write the mails into files instead, and send none."`
	Output string  `placeholder:"DIR" help:"With --dry-run: folder of the files (default: the current one)."`
	fileOptions
}

func (summaryCommand) Help() string {
	return `Prints one daily summary for each service and environment: its keys of level warning and above with their counts.

Examples:
  logproc summary --service ctrl --env anna --day 2019-09-24 app.jsonl
  logproc summary --store file:logproc.db --tz Europe/Stockholm --format html > summary.html
  logproc summary -c logproc.yaml --send --dry-run app.jsonl
  logproc summary --service ctrl --days 7 app.jsonl
  logproc summary --previous yesterday.jsonl today.jsonl`
}

func (c *summaryCommand) Run(ctx context.Context, std streams) error {
	if err := c.checkSend(); err != nil {
		return err
	}
	if c.Send {
		return c.send(ctx, std)
	}
	if err := c.checkRange(); err != nil {
		return err
	}
	req := rollup.Request{Service: c.Serv, Env: c.Env, AllLevels: c.All}
	store, err := c.open(ctx, std, &req)
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }()
	if req.Day, err = c.day(ctx, std, store, req); err != nil {
		return err
	}
	if req.Day == (rollup.Date{}) {
		_, _ = fmt.Fprintln(std.err, "logproc: "+c.nothing(ctx, store))
		return renderSummaries(std.out, c.Format, nil, summary.Options{Generated: time.Now()})
	}
	opts := summary.Options{Generated: time.Now(), Day: req.Day, First: req.Day.AddDays(1 - c.Days)}
	if opts.Previous, err = c.previous(ctx, std, store, req); err != nil {
		return err
	}
	list, err := summariesOf(ctx, store, req, c.Days)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		_, _ = fmt.Fprintf(std.err, "logproc: no events on %s; %s\n", c.span(req.Day), c.has(ctx, store, req))
	}
	if opts.Ledgers, err = store.Ledgers(ctx); err != nil {
		return fmt.Errorf("read the ledger: %w", err)
	}
	return renderSummaries(std.out, c.Format, list, opts)
}

func renderSummaries(out io.Writer, format string, list []rollup.Summary, opts summary.Options) error {
	switch format {
	case "html":
		return summary.HTML(out, list, opts)
	case "json":
		return summary.JSON(out, list, opts)
	case "csv":
		return summary.CSV(out, list, opts)
	default:
		return summary.Text(out, list, opts)
	}
}

func (c *summaryCommand) fromStore() bool { return c.Config != "" || c.Store != "" }

// open gives the store that was named, or one that the files were counted into, and sets the zones of req.
func (c *summaryCommand) open(ctx context.Context, std streams, req *rollup.Request) (_ rollup.Store, err error) {
	if c.Tz != "" {
		if req.Zone, err = config.LoadZone(c.Tz); err != nil {
			return nil, fmt.Errorf("--tz %s: no such zone, expected a name of the tz database as in Europe/Stockholm", c.Tz)
		}
	}
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
		if c.Tz == "" {
			req.Zone, req.ZoneOf = cfg.Zones()
		}
	}
	return openStore(ctx, url)
}

// openStore opens a store that must be there, to read it.
func openStore(ctx context.Context, url string) (rollup.Store, error) {
	return stores.OpenURL(ctx, url, stores.Options{MustExist: true})
}

// day gives the day that was asked for, or the one that is meant without; none when there are no events.
func (c *summaryCommand) day(ctx context.Context, std streams, store rollup.Store, req rollup.Request) (rollup.Date, error) {
	if c.Day != "" {
		day, err := rollup.ParseDate(c.Day)
		if err != nil {
			return day, fmt.Errorf("--day %s: no such day, expected YYYY-MM-DD", c.Day)
		}
		return day, nil
	}
	if c.fromStore() {
		return rollup.DateOf(rollup.BucketOf(time.Now().UnixNano()), req.Zone).AddDays(-1), nil
	}
	days, err := eventsByDay(ctx, store, req)
	if err != nil || len(days) == 0 {
		return rollup.Date{}, err
	}
	newest := newestDay(days)
	if len(days) > 1 {
		_, _ = fmt.Fprintf(std.err, "logproc: %s, the newest day with at least 1 %% of the events of %d days; --day chooses another\n", newest, len(days))
	}
	return newest, nil
}

// eventsByDay sums the events that can be read by day.
func eventsByDay(ctx context.Context, store rollup.Store, req rollup.Request) (map[rollup.Date]uint64, error) {
	days := make(map[rollup.Date]uint64)
	query := rollup.Everything()
	query.Service, query.Env = req.Service, req.Env
	err := store.Counts(ctx, query, func(count rollup.Count) error {
		if count.Bucket.OfDay() && count.Key.Msg.String() != rollup.MsgUnparsed { // such a line has the time of its file
			days[rollup.DateOf(count.Bucket, req.Zone)] += count.N
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the days: %w", err)
	}
	return days, nil
}

// newestDay leaves out days with less than one event in a hundred: those of clocks that are wrong.
func newestDay(days map[rollup.Date]uint64) (newest rollup.Date) {
	var all uint64
	for _, n := range days {
		all += n
	}
	for day, n := range days {
		if n*100 >= all && day.Compare(newest) > 0 {
			newest = day
		}
	}
	return newest
}

// nothing says why there is no day to summarise.
func (c *summaryCommand) nothing(ctx context.Context, store rollup.Store) string {
	if c.Serv == nil && c.Env == nil {
		return "no events in the input"
	}
	return "no events of that service and environment in the input, which has " + owners(ctx, store)
}

// has says what there is instead of the day's events.
func (c *summaryCommand) has(ctx context.Context, store rollup.Store, req rollup.Request) string {
	days, err := eventsByDay(ctx, store, req)
	if err != nil || len(days) == 0 {
		return c.nothing(ctx, store)
	}
	return fmt.Sprintf("the newest day with events is %s", newestDay(days))
}

// owners lists some services with their environments.
func owners(ctx context.Context, store rollup.Store) string {
	const most = 10
	seen := make(map[string]bool)
	_ = store.Counts(ctx, rollup.Everything(), func(c rollup.Count) error {
		seen[strings.TrimSpace(c.Key.Service.String()+" "+c.Key.Env.String())] = true
		return nil
	})
	names := slices.Sorted(maps.Keys(seen))
	if len(names) == 0 {
		return "none at all"
	}
	if more := len(names) - most; more > 0 {
		names = append(names[:most], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(names, ", ")
}
