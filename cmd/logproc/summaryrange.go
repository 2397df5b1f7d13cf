package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/logproc/logproc/rollup"
	"github.com/logproc/logproc/sinks/summary"
)

// maxSummaryDays is the largest range: a year.
const maxSummaryDays = 366

// checkRange says what of --days and --previous does not fit.
func (c *summaryCommand) checkRange() error {
	switch {
	case c.Days < 1 || c.Days > maxSummaryDays:
		return fmt.Errorf("--days %d: expected a number of days from 1 to %d", c.Days, maxSummaryDays)
	case c.Days > 1 && c.Prev != "":
		return errors.New("--previous compares one day; leave out --days")
	}
	return nil
}

// span names the days that end with one.
func (c *summaryCommand) span(last rollup.Date) string {
	if c.Days == 1 {
		return last.String()
	}
	return last.AddDays(1-c.Days).String() + " to " + last.String()
}

// summariesOf gives the summaries of the days that end with req.Day, the oldest first.
func summariesOf(ctx context.Context, r rollup.Reader, req rollup.Request, days int) ([]rollup.Summary, error) {
	var all []rollup.Summary
	last := req.Day
	for back := days - 1; back >= 0; back-- {
		req.Day = last.AddDays(-back)
		list, err := rollup.Summaries(ctx, r, req)
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
	}
	return all, nil
}

// previousDay gives the summaries of another day of the same store, to compare with.
func previousDay(ctx context.Context, r rollup.Reader, req rollup.Request, day rollup.Date) (*summary.Previous, error) {
	req.Day = day
	list, err := rollup.Summaries(ctx, r, req)
	if err != nil {
		return nil, err
	}
	return &summary.Previous{Day: day, Summaries: list}, nil
}

// previous gives what --previous names: a day of store, or the newest day of a file; nil without the flag.
func (c *summaryCommand) previous(ctx context.Context, std streams, store rollup.Store, req rollup.Request) (*summary.Previous, error) {
	if c.Prev == "" {
		return nil, nil
	}
	if day, err := rollup.ParseDate(c.Prev); err == nil {
		p, err := previousDay(ctx, store, req, day)
		if err == nil && len(p.Summaries) == 0 {
			_, _ = fmt.Fprintf(std.err, "logproc: no events on %s, which it is compared with\n", day)
		}
		return p, err
	}
	if c.Prev == "-" {
		return nil, errors.New("--previous -: expected a file or a day as 2006-01-02")
	}
	other := c.fileOptions
	other.Files = []string{c.Prev}
	counted, err := other.count(ctx, std)
	if err != nil {
		return nil, fmt.Errorf("--previous: %w", err)
	}
	defer func() { _ = counted.Close() }()
	days, err := eventsByDay(ctx, counted, req)
	if err != nil {
		return nil, err
	}
	if len(days) == 0 {
		return nil, fmt.Errorf("--previous %s: no events of those that are asked for in it, expected some to compare with", c.Prev)
	}
	return previousDay(ctx, counted, req, newestDay(days))
}
