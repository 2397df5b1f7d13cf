package history

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/rollup"
)

// Reports gives a report for each service and env that has any event on the day, or a key that went silent,
// ordered by service, then env, bytewise.
func Reports(ctx context.Context, s Store, req rollup.Request, opts Options) ([]rollup.Report, error) {
	t, err := load(ctx, s, req)
	if err != nil {
		return nil, err
	}
	summaries, err := rollup.Summaries(ctx, dayReader{s, t.today}, req)
	if err != nil {
		return nil, err
	}
	if len(summaries) == 0 {
		return nil, nil
	}
	facts, err := loadFacts(ctx, s, t)
	if err != nil {
		return nil, err
	}
	ledgers, err := s.Ledgers(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the ledger: %w", err)
	}
	bySummary := make(map[owner]rollup.Summary, len(summaries))
	for _, summary := range summaries {
		bySummary[owner{summary.Service, summary.Env}] = summary
	}
	var list []rollup.Report
	for _, o := range t.owners {
		summary, found := bySummary[o.owner]
		if !found {
			summary = o.empty(req)
		}
		r := rollup.Report{Summary: summary}
		end := o.zone.days[0].to.Start()
		c := comparer{ownerDays: o, day: req.Day, over: opts.Now.IsZero() || !opts.Now.Before(end)}
		c.compare(&r)
		if !found && len(r.Silent) == 0 {
			continue
		}
		facts[o.owner].fill(&r, o)
		explain(&r, opts)
		r.Trends = o.trends(&r)
		r.Complete = completeness(&r, ledgers, end, opts)
		list = append(list, r)
	}
	slices.SortFunc(list, func(a, b rollup.Report) int {
		return cmp.Or(compareTexts(a.Service, b.Service), compareTexts(a.Env, b.Env))
	})
	return list, nil
}

// empty is the summary of a service that logged nothing.
func (o *ownerDays) empty(req rollup.Request) rollup.Summary {
	d := o.zone.days[0]
	return rollup.Summary{Service: o.service, Env: o.env, Day: req.Day, Zone: o.zone.zone.String(),
		DayLength: time.Duration(d.to-d.from) * rollup.BucketLength, AllLevels: req.AllLevels}
}

// trends gives the last days of the keys that the report names, the oldest first and the day itself last.
func (o *ownerDays) trends(r *rollup.Report) map[redact.Text][]uint64 {
	all := make(map[redact.Text][]uint64, len(r.Lines)+len(r.Silent))
	arena := make([]uint64, 0, (len(r.Lines)+len(r.Silent))*TrendDays)
	add := func(msg redact.Text) {
		row := o.rows[msg]
		if row == nil {
			return
		}
		start := len(arena)
		for back := TrendDays - 1; back >= 0; back-- {
			arena = append(arena, row.n[back])
		}
		all[msg] = arena[start:len(arena):len(arena)]
	}
	for i := range r.Lines {
		add(r.Lines[i].Msg)
	}
	for i := range r.Silent {
		add(r.Silent[i].Msg)
	}
	return all
}

// explain gives the naming rules that were broken an example and what to write instead, from the frequent forms.
func explain(r *rollup.Report, opts Options) {
	if opts.Explain == nil {
		return
	}
	for _, form := range r.InvalidForms {
		rule, suggest := opts.Explain(r.Service.String(), form.Text.String())
		i := slices.IndexFunc(r.Violations, func(v rollup.RuleCount) bool { return v.Rule == rule })
		if i >= 0 && r.Violations[i].Example.String() == "" {
			r.Violations[i].Example, r.Violations[i].Suggest = form.Text, suggest
		}
	}
}

// completeness says how far the report's numbers can be trusted. What waits may belong to any day from Upto on, so
// it is taken for the day's own unless the day was over by then.
func completeness(r *rollup.Report, ledgers []rollup.Ledger, end time.Time, opts Options) rollup.Completeness {
	c := rollup.Completeness{Share: 1, Upto: opts.Upto, Lag: opts.Lag}
	for _, l := range ledgers {
		for _, n := range l.LostOffsets {
			c.Lost = rollup.Sum(c.Lost, n)
		}
	}
	if waiting := float64(opts.Lag); waiting > 0 && (opts.Upto.IsZero() || opts.Upto.Before(end)) {
		c.Share = float64(r.Events) / (float64(r.Events) + waiting)
	}
	if opts.Sent != nil {
		if events, found := opts.Sent(r.Service.String(), r.Env.String()); found && r.Events > events {
			c.Late = r.Events - events
		}
	}
	return c
}
