package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/logproc/logproc/internal/config"
	"github.com/logproc/logproc/rollup"
	"github.com/logproc/logproc/sinks/mail/daily"
	"github.com/logproc/logproc/sinks/mail/outbox"
)

var errSendFilters = errors.New("--send makes what the lists of the configuration say: --service, --env, --tz, --all-levels and --format do not go with it")

// checkSend says what does not go together.
func (c *summaryCommand) checkSend() error {
	switch {
	case c.DryRun && !c.Send:
		return errors.New("--dry-run goes with --send")
	case c.Output != "" && !c.DryRun:
		return errors.New("--output goes with --send --dry-run")
	case !c.Send:
		return nil
	case c.Config == "":
		return errors.New("--send needs the mail server and the lists of a configuration: give it with -c FILE")
	case c.Serv != nil || c.Env != nil || c.Tz != "" || c.All || c.Format != "text":
		return errSendFilters
	case len(c.Files) > 0 && !c.DryRun:
		return errors.New("what was sent is remembered in a store, which files have not: expected --dry-run with them")
	}
	return nil
}

// send sends the summaries of a day, or writes what would be sent into files.
func (c *summaryCommand) send(ctx context.Context, std streams) error {
	cfg, err := config.Load(c.Config, nil)
	if err != nil {
		return err
	}
	var req rollup.Request
	req.Zone, req.ZoneOf = cfg.Zones()
	var store rollup.Store
	if len(c.Files) > 0 {
		store, err = c.count(ctx, std)
	} else {
		store, err = openStore(ctx, cfg.StoreURL())
	}
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }()
	day, err := c.day(ctx, std, store, req)
	if err != nil {
		return err
	}
	m, err := newMailing(cfg, store, nil, slog.New(slog.DiscardHandler)) // what goes wrong is printed at the end
	if err != nil {
		return err
	}
	if m == nil {
		return fmt.Errorf("%s: nobody is to get summaries, expected lists in summary.to or summary.recipients", c.Config)
	}
	if c.DryRun {
		drafts, err := m.daily.Drafts(ctx, day)
		if err != nil {
			return err
		}
		return c.write(std, drafts)
	}
	entries, err := m.daily.SendDay(ctx, day)
	if err != nil {
		return err
	}
	return printSent(std, day, entries)
}

// write puts each message into a file of its own.
func (c *summaryCommand) write(std streams, drafts []daily.Draft) error {
	if len(drafts) == 0 {
		_, _ = fmt.Fprintln(std.err, "logproc: nothing to send")
	}
	for _, d := range drafts {
		ending := ".eml"
		if d.Entry.Channel == channelWebhook {
			ending = ".json"
		}
		parts := []string{d.Entry.Day, d.Entry.List, d.Entry.Service, d.Entry.Env}
		name := fileName(parts) + "-" + d.Entry.ID[len(d.Entry.ID)-6:] + ending
		path := filepath.Join(c.Output, name)
		if err := os.WriteFile(path, d.Body, 0o600); err != nil {
			return fmt.Errorf("write the message: %w", err)
		}
		_, _ = fmt.Fprintln(std.out, path)
	}
	return nil
}

// fileName makes one name of parts that may hold anything.
func fileName(parts []string) string {
	var kept []string
	for _, p := range parts {
		p = strings.Map(func(r rune) rune {
			if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '-' {
				return r
			}
			return '_'
		}, p)
		if p != "" {
			kept = append(kept, p[:min(len(p), 40)])
		}
	}
	return strings.Join(kept, "-")
}

// printSent tells what became of each message; the command has findings when one was not sent.
func printSent(std streams, day rollup.Date, entries []outbox.Entry) error {
	if len(entries) == 0 {
		_, _ = fmt.Fprintf(std.err, "logproc: nothing to send for %s\n", day)
	}
	var err error
	for n := range entries {
		e := &entries[n]
		to := strings.Join(append(e.Delivered, e.To...), ", ")
		at := ""
		if !e.Sent.IsZero() {
			at = " at " + e.Sent.Format(time.RFC3339)
		}
		_, _ = fmt.Fprintf(std.out, "%s%s\t%s\t%s\n", e.State, at, strings.Join(strings.Fields(e.Day+" "+e.List+" "+e.Service+" "+e.Env), " "), to)
		if e.Error != "" {
			_, _ = fmt.Fprintf(std.err, "logproc: %s\n", e.Error)
		}
		if e.State != outbox.Sent {
			err = errFindings
		}
	}
	return err
}
