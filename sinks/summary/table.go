package summary

import (
	"slices"
	"strings"

	"github.com/logproc/logproc/rollup"
)

// table writes the summaries of several days as one table for each service and env: a title, an empty line, a row of
// names, and for each key its total and its count on each day, separated by tabs.
func (w *textWriter) table(summaries []rollup.Summary, opts *Options) {
	var days []rollup.Date
	for d := opts.First; d.Compare(opts.Day) <= 0; d = d.AddDays(1) {
		days = append(days, d)
	}
	list := slices.Clone(summaries)
	slices.SortStableFunc(list, func(a, b rollup.Summary) int { return compareOwners(&a, &b) })
	for len(list) > 0 {
		n := 1
		for n < len(list) && compareOwners(&list[0], &list[n]) == 0 {
			n++
		}
		w.paragraph()
		w.days(list[:n], days)
		list = list[n:]
	}
}

func compareOwners(a, b *rollup.Summary) int {
	if c := strings.Compare(a.Service.String(), b.Service.String()); c != 0 {
		return c
	}
	return strings.Compare(a.Env.String(), b.Env.String())
}

// days writes the table of one service and env.
func (w *textWriter) days(summaries []rollup.Summary, days []rollup.Date) {
	total := uint64(0)
	byDay := make(map[rollup.Date]*rollup.Summary, len(summaries))
	var keys []string
	for i := range summaries {
		s := &summaries[i]
		total, byDay[s.Day] = rollup.Sum(total, s.Total), s
		for _, l := range s.Lines {
			keys = append(keys, l.Msg.String())
		}
	}
	slices.Sort(keys)
	w.line("%s %d", tableTitle(&summaries[0], days), total)
	w.paragraph()
	names := []string{"key", "total"}
	for _, d := range days {
		names = append(names, d.String())
	}
	w.line("%s", strings.Join(names, "\t"))
	for _, key := range slices.Compact(keys) {
		sum, row := uint64(0), make([]string, 0, len(days))
		for _, d := range days {
			n := uint64(0)
			if s := byDay[d]; s != nil {
				n = s.Line(key)
			}
			sum, row = rollup.Sum(sum, n), append(row, decimal(n))
		}
		w.line("%s\t%d\t%s", Escape(key), sum, strings.Join(row, "\t"))
	}
}

// tableTitle is the title of a table, without its total.
func tableTitle(s *rollup.Summary, days []rollup.Date) string {
	return Escape(title(s)) + " Daily Summary" + envOf(s) + " " + days[0].String() + " to " + days[len(days)-1].String()
}

func envOf(s *rollup.Summary) string {
	if s.Env.String() == "" {
		return ""
	}
	return " " + Escape(s.Env.String())
}
