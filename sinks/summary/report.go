package summary

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/rollup"
)

// ReportOptions bound and extend the forms of reports.
type ReportOptions struct {
	Options
	// MaxKeys is the number of keys that text and HTML list of one report; those with the smallest counts are
	// folded into one line. 0 is all.
	MaxKeys int
	// MaxRows is the number of rows of a section (default 10).
	MaxRows int
	// Picture gives the Content-ID of the inline picture of a key's days, and what it shows in words; an empty id
	// where there is none. Nil is no pictures. For HTML.
	Picture func(r *rollup.Report, msg redact.Text) (id, alt string)
	// Note is a line above everything else in HTML, below the keys in text; empty for none.
	Note string
}

// Section is what a report says beside its keys: rows under a title.
type Section struct {
	Title  string
	Urgent bool // shown before the keys where there is a choice
	Rows   []Row
	More   int // rows left out
}

// Row is one line of a section. Its texts are ready for the eye, see Escape.
type Row struct {
	Name string // a key, a rule
	Text string // what there is to say of it
}

// DefaultRows is the number of rows that a section has at most, if nothing else is said.
const DefaultRows = 10

// Sections gives what a report has to say, the most urgent first; sections without content are left out.
func Sections(r *rollup.Report, most int) []Section {
	if most <= 0 {
		most = DefaultRows
	}
	all := []Section{
		{Title: "found in requests and workflows", Urgent: true, Rows: rows(r.Findings, func(f rollup.Finding) Row {
			return Row{Escape(f.Name.String()), f.Kind + " " + grouped(f.N)}
		})},
		{Title: "new keys", Urgent: true, Rows: rows(r.NewKeys, func(k rollup.NewKey) Row {
			return Row{Escape(k.Msg.String()), k.Level.String() + " " + grouped(k.N)}
		})},
		{Title: "keys that went silent", Urgent: true, Rows: rows(r.Silent, func(k rollup.SilentKey) Row {
			return Row{Escape(k.Msg.String()), "0, usually " + usual(k.Median) + ", last seen " + k.Last.String()}
		})},
		{Title: "largest changes", Urgent: true, Rows: rows(r.Movers, func(m rollup.Mover) Row {
			return Row{Escape(m.Msg.String()), grouped(m.N) + ", usually " + usual(m.Median) + change(m)}
		})},
		{Title: "redacted, by rule", Urgent: slices.ContainsFunc(r.Redactions, func(c rollup.RedactionCount) bool { return c.Leaks }), Rows: rows(r.Redactions, redactionRow)},
		{Title: "against the naming convention", Rows: rows(r.Violations, violationRow)},
		{Title: "slowest operations", Rows: rows(r.Slowest, func(o rollup.Operation) Row {
			return Row{Escape(o.Msg.String()), fmt.Sprintf("p50 %s, p95 %s, p99 %s of %s", seconds(o.P50), seconds(o.P95), seconds(o.P99), grouped(o.N))}
		})},
	}
	var list []Section
	for _, s := range all {
		if len(s.Rows) == 0 {
			continue
		}
		if more := len(s.Rows) - most; more > 0 {
			s.Rows, s.More = s.Rows[:most], more
		}
		list = append(list, s)
	}
	slices.SortStableFunc(list, func(a, b Section) int { return cmp.Compare(rank(a), rank(b)) })
	return list
}

func rank(s Section) int {
	if s.Urgent {
		return 0
	}
	return 1
}

func rows[T any](list []T, row func(T) Row) []Row {
	out := make([]Row, 0, len(list))
	for _, item := range list {
		out = append(out, row(item))
	}
	return out
}

func redactionRow(c rollup.RedactionCount) Row {
	text := grouped(c.N)
	if c.Leaks {
		text += ", usually " + usual(c.Median) + ": the service begins to log what it did not"
	}
	return Row{Escape(c.Rule), text}
}

func violationRow(c rollup.RuleCount) Row {
	text := grouped(c.N)
	if form := Escape(c.Example.String()); form != "" {
		text += ", such as " + form
	}
	if c.Suggest != "" {
		text += ", write " + Escape(c.Suggest)
	}
	return Row{Escape(c.Rule), text}
}

// usual writes a median.
func usual(m float64) string {
	if m >= 1000 {
		return grouped(uint64(math.Round(m)))
	}
	return strconv.FormatFloat(m, 'f', -1, 64)
}

// change writes by how much a key moved, where that can be said in a number.
func change(m rollup.Mover) string {
	n := float64(m.N)
	switch {
	case m.Median <= 0:
		return ""
	case n >= 2*m.Median:
		return " (×" + strconv.FormatFloat(n/m.Median, 'f', 1, 64) + ")"
	}
	return fmt.Sprintf(" (%+.0f %%)", 100*(n/m.Median-1))
}

// seconds writes a duration with three digits that matter.
func seconds(s float64) string {
	switch {
	case s < 1e-3:
		return strconv.FormatFloat(s*1e6, 'g', 3, 64) + " µs"
	case s < 1:
		return strconv.FormatFloat(s*1e3, 'g', 3, 64) + " ms"
	case s < 1000:
		return strconv.FormatFloat(s, 'g', 3, 64) + " s"
	}
	return strconv.FormatFloat(s, 'f', 0, 64) + " s"
}

// Ledger gives in one line how far the numbers can be trusted; empty when that is not known. zone is the one that
// times are written in.
func Ledger(c *rollup.Completeness, zone *time.Location) string {
	var parts []string
	if c.Share > 0 {
		// Rounded down: 100 % is all.
		parts = append(parts, strconv.FormatFloat(math.Floor(c.Share*1000)/10, 'f', 1, 64)+" % of the day's records counted")
	}
	if !c.Upto.IsZero() {
		parts = append(parts, "complete to "+c.Upto.In(zone).Format("2006-01-02 15:04"))
	}
	if c.Late > 0 {
		parts = append(parts, number(c.Late, "late event")+" added since the last mail")
	}
	if c.Lag > 0 {
		parts = append(parts, number(c.Lag, "record")+" waiting")
	}
	if c.Lost > 0 {
		parts = append(parts, "at most "+number(c.Lost, "record")+" lost, of any day")
	}
	return strings.Join(parts, "; ")
}

// Zone gives the zone of a summary's day.
func Zone(s *rollup.Summary) *time.Location {
	zone, err := time.LoadLocation(s.Zone)
	if err != nil {
		return time.UTC
	}
	return zone
}

// folded are the keys that are listed, and what is left out.
type folded struct {
	lines  []rollup.Line
	more   int
	events uint64
}

// fold keeps the keys with the largest counts, in the order of their names.
func fold(lines []rollup.Line, most int) folded {
	if most <= 0 || len(lines) <= most {
		return folded{lines: lines}
	}
	kept := slices.Clone(lines)
	slices.SortStableFunc(kept, func(a, b rollup.Line) int { return cmp.Compare(b.N, a.N) })
	f := folded{more: len(kept) - most}
	for _, l := range kept[most:] {
		f.events = rollup.Sum(f.events, l.N)
	}
	f.lines = kept[:most]
	slices.SortFunc(f.lines, func(a, b rollup.Line) int { return strings.Compare(a.Msg.String(), b.Msg.String()) })
	return f
}

// String says what is left out; empty when nothing is.
func (f folded) String() string {
	if f.more == 0 {
		return ""
	}
	return fmt.Sprintf("and %d more with %s", f.more, number(f.events, "event"))
}

// Title gives the first line of a report's text form.
func Title(s *rollup.Summary) string {
	env := ""
	if s.Env.String() != "" {
		env = " " + Escape(s.Env.String())
	}
	return fmt.Sprintf("%s Daily Summary%s %d", Escape(title(s)), env, s.Total)
}
