package summary

import (
	"slices"
	"strings"

	"github.com/logproc/logproc/rollup"
)

// line is a key of a summary with what it is compared with.
type line struct {
	rollup.Line
	Previous uint64
}

// compared gives the lines of a summary, and those that only the one before has, in the order of the keys.
func compared(s, before *rollup.Summary) []line {
	lines := make([]line, 0, len(s.Lines))
	for _, l := range s.Lines {
		lines = append(lines, line{Line: l})
	}
	if before == nil {
		return lines
	}
	for i := range lines {
		lines[i].Previous = before.Line(lines[i].Msg.String())
	}
	for _, l := range before.Lines {
		if s.Line(l.Msg.String()) == 0 {
			lines = append(lines, line{Line: rollup.Line{Msg: l.Msg, Level: l.Level}, Previous: l.N})
		}
	}
	slices.SortFunc(lines, func(a, b line) int { return strings.Compare(a.Msg.String(), b.Msg.String()) })
	return lines
}

// previous gives what a summary is compared with; nil when nothing is compared.
func (o *Options) previous(s *rollup.Summary) *rollup.Summary {
	if o.Previous == nil {
		return nil
	}
	for i := range o.Previous.Summaries {
		if p := &o.Previous.Summaries[i]; p.Service == s.Service && p.Env == s.Env {
			return p
		}
	}
	return &rollup.Summary{Service: s.Service, Env: s.Env, Day: o.Previous.Day}
}

// withGone adds an empty summary for each service and env that only the summaries before have.
func (o *Options) withGone(list []rollup.Summary) []rollup.Summary {
	if o.Previous == nil {
		return list
	}
	all := slices.Clone(list)
	for i := range o.Previous.Summaries {
		p := &o.Previous.Summaries[i]
		if !slices.ContainsFunc(list, func(s rollup.Summary) bool { return s.Service == p.Service && s.Env == p.Env }) {
			all = append(all, rollup.Summary{Service: p.Service, Env: p.Env, Day: o.Day, Zone: p.Zone, DayLength: p.DayLength, AllLevels: p.AllLevels})
		}
	}
	slices.SortFunc(all, func(a, b rollup.Summary) int { return compareOwners(&a, &b) })
	return all
}

// difference writes how much a count has changed, with its sign.
func difference(now, before uint64) string {
	switch {
	case now > before:
		return "+" + decimal(now-before)
	case now < before:
		return "-" + decimal(before-now)
	}
	return "0"
}
