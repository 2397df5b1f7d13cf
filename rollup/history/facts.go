package history

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/logproc/logproc/internal/exphist"
	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/rollup"
)

// ownerFacts are what is known of a service and env beside its counts.
type ownerFacts struct {
	operations map[redact.Text]*exphist.Histogram
	violations map[redact.Text]uint64
	redactions map[redact.Text]*[span]uint64
}

// fewDurations is the number of durations from which on an operation is ranked: the p95 of a few says little.
const fewDurations = 20

// utcDay gives the day of UTC that most of a day lies in: facts have no quarter-hours.
func (z *zoneDays) utcDay(back int) int32 {
	d := z.days[back]
	return (d.from + (d.to-d.from)/2).UTCDay()
}

// loadFacts reads the facts of the day, and the redactions of the days before, too.
func loadFacts(ctx context.Context, s Store, t *table) (map[owner]*ownerFacts, error) {
	all := make(map[owner]*ownerFacts, len(t.owners))
	newest, oldest := t.zones[0].utcDay(0), t.zones[0].utcDay(span-1)
	for o, days := range t.owners {
		all[o] = &ownerFacts{operations: make(map[redact.Text]*exphist.Histogram), violations: make(map[redact.Text]uint64), redactions: make(map[redact.Text]*[span]uint64)}
		newest, oldest = max(newest, days.zone.utcDay(0)), min(oldest, days.zone.utcDay(span-1))
	}
	for _, kind := range []rollup.FactKind{rollup.FactDurations, rollup.FactViolations, rollup.FactRedactions} {
		q := rollup.FactQuery{Kind: kind, From: newest - 1, To: newest + 1, Service: t.req.Service, Env: t.req.Env}
		days := 1
		if kind == rollup.FactRedactions {
			q.From, days = oldest, span
		}
		err := s.Facts(ctx, q, func(f rollup.Fact) error {
			o := t.owners[owner{f.Service, f.Env}]
			if o == nil {
				return nil
			}
			for back := range days {
				if o.zone.utcDay(back) == f.Day {
					all[o.owner].add(&f, back)
				}
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("read the durations, violations and redactions: %w", err)
		}
	}
	return all, nil
}

func (o *ownerFacts) add(f *rollup.Fact, back int) {
	if f.Kind == rollup.FactDurations {
		h := o.operations[f.Name]
		if h == nil {
			h = &exphist.Histogram{}
			o.operations[f.Name] = h
		}
		for _, s := range f.Slots {
			h.AddSlot(int(s.Index), s.N)
		}
		return
	}
	n := uint64(0)
	for _, s := range f.Slots {
		n = rollup.Sum(n, s.N)
	}
	if f.Kind == rollup.FactViolations {
		o.violations[f.Name] = rollup.Sum(o.violations[f.Name], n)
		return
	}
	days := o.redactions[f.Name]
	if days == nil {
		days = new([span]uint64)
		o.redactions[f.Name] = days
	}
	days[back] = rollup.Sum(days[back], n)
}

// fill puts the facts into a report.
func (o *ownerFacts) fill(r *rollup.Report, days *ownerDays) {
	for msg, h := range o.operations {
		r.Slowest = append(r.Slowest, rollup.Operation{Msg: msg, N: h.Count(), P50: h.Quantile(0.5), P95: h.Quantile(0.95), P99: h.Quantile(0.99)})
	}
	slices.SortFunc(r.Slowest, func(a, b rollup.Operation) int {
		if few := a.N < fewDurations; few != (b.N < fewDurations) {
			if few {
				return 1
			}
			return -1
		}
		return cmp.Or(cmp.Compare(b.P95, a.P95), compareTexts(a.Msg, b.Msg))
	})
	for rule, n := range o.violations {
		r.Violations = append(r.Violations, rollup.RuleCount{Rule: rule.String(), N: n})
	}
	slices.SortFunc(r.Violations, func(a, b rollup.RuleCount) int { return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.Rule, b.Rule)) })
	for rule, n := range o.redactions {
		if n[0] > 0 {
			r.Redactions = append(r.Redactions, days.redaction(rule.String(), n))
		}
	}
	slices.SortFunc(r.Redactions, func(a, b rollup.RedactionCount) int {
		if a.Leaks != b.Leaks {
			if a.Leaks {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.Rule, b.Rule))
	})
}

// redaction compares how often a rule was applied with the same weekdays before. It leaks when the rule hides far
// more than it used to, and more than the service's greater number of events explains; or when it never had to
// hide anything in this service before.
func (o *ownerDays) redaction(rule string, n *[span]uint64) rollup.RedactionCount {
	c := rollup.RedactionCount{Rule: rule, N: n[0]}
	known, before := 0, uint64(0)
	var days, share []float64
	for back := 1; back < span; back++ {
		if !o.present(back) {
			continue
		}
		known++
		before = rollup.Sum(before, n[back])
		if back%7 == 0 && len(days) < weeks {
			days = append(days, float64(n[back]))
			share = append(share, float64(n[back])*float64(o.events[0])/float64(o.events[back]))
		}
	}
	if len(days) > 0 {
		c.Median = median(days)
	}
	switch {
	case before == 0:
		c.Leaks = known >= MinDays && c.N >= LeakFirst
	case len(days) >= fewest:
		usual := max(c.Median, median(share))
		c.Leaks = float64(c.N) >= LeakRatio*usual && score(float64(c.N), days, 1) >= MoverScore && score(float64(c.N), share, 1) >= MoverScore
	}
	return c
}
