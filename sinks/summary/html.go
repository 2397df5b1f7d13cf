package summary

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"strconv"
	"time"

	"github.com/logproc/logproc/rollup"
)

//go:embed page.html
var pageText string

// page is what the template shows. Texts are escaped here for the eye and by the template for HTML.
type page struct {
	Heading   string
	Generated string
	Summaries []section
	Lost      []lostRow
}

type section struct {
	Anchor, Service, Env, Day, Zone, Note string
	Total                                 string
	Compared                              string // the day of what it is compared with
	Keys                                  []bar
	Levels                                []labelled
	Invalid                               string
	Forms                                 []labelled
	MoreForms                             int
	Outside                               []labelled
}

type bar struct {
	Key, Level, Count string
	Before            string // what it is compared with
	Percent           string // of the largest count, for the bar's width
	Attention         bool
}

type labelled struct{ Label, Count string }

// HTML writes the summaries as one page that needs nothing from elsewhere: no script, no image, no font.
func HTML(w io.Writer, summaries []rollup.Summary, opts Options) error {
	t, err := template.New("page").Parse(pageText)
	if err != nil {
		return fmt.Errorf("read the page's template: %w", err)
	}
	p := page{Heading: heading(summaries), Lost: lostRows(opts.Ledgers)}
	for i := range p.Lost {
		p.Lost[i].Partition = Escape(p.Lost[i].Partition)
		p.Lost[i].Ranges = newest(p.Lost[i].Ranges)
	}
	if !opts.Generated.IsZero() {
		p.Generated = opts.Generated.UTC().Format(time.RFC3339)
	}
	for i, s := range opts.withGone(summaries) {
		p.Summaries = append(p.Summaries, sectionOf(i, &s, opts.previous(&s)))
	}
	if err := t.Execute(w, p); err != nil {
		return fmt.Errorf("write the summary: %w", err)
	}
	return nil
}

func heading(summaries []rollup.Summary) string {
	if len(summaries) == 0 {
		return "Daily Summary"
	}
	return "Daily Summary " + summaries[0].Day.String()
}

func sectionOf(i int, s, before *rollup.Summary) section {
	sec := section{
		Anchor: "s" + strconv.Itoa(i), Service: Escape(title(s)), Env: Escape(s.Env.String()), Day: s.Day.String(), Zone: s.Zone,
		Note: dayNote(s), Total: grouped(s.Total), MoreForms: s.MoreForms,
	}
	if before != nil {
		sec.Compared = before.Day.String()
	}
	largest := uint64(0)
	for _, l := range s.Lines {
		largest = max(largest, l.N)
	}
	for _, l := range compared(s, before) {
		b := bar{
			Key: Escape(l.Msg.String()), Level: l.Level.String(), Count: grouped(l.N),
			Percent: strconv.FormatFloat(100*float64(l.N)/float64(max(largest, 1)), 'f', 1, 64), Attention: l.Level.Attention(),
		}
		if before != nil {
			b.Before = grouped(l.Previous)
		}
		sec.Keys = append(sec.Keys, b)
	}
	for _, l := range s.Levels {
		sec.Levels = append(sec.Levels, labelled{l.Level.String(), grouped(l.N)})
	}
	if s.Invalid > 0 {
		sec.Invalid = grouped(s.Invalid)
	}
	for _, f := range s.InvalidForms {
		sec.Forms = append(sec.Forms, labelled{Escape(f.Text.String()), grouped(f.N)})
	}
	sec.Outside = outside(s)
	return sec
}

// outside lists what the keys leave out.
func outside(s *rollup.Summary) (list []labelled) {
	missing, unparsed := hidden(s)
	if missing > 0 {
		list = append(list, labelled{"records without a key (" + rollup.MsgMissing + ")", grouped(missing)})
	}
	if unparsed > 0 {
		list = append(list, labelled{"lines that could not be read (" + rollup.MsgUnparsed + ")", grouped(unparsed)})
	}
	return list
}

// dayNote says so when the day has not 24 hours.
func dayNote(s *rollup.Summary) string {
	if s.DayLength == 24*time.Hour {
		return ""
	}
	return strconv.FormatFloat(s.DayLength.Hours(), 'f', -1, 64) + " hours"
}

// grouped writes a number with a thin space between thousands.
func grouped(n uint64) string {
	digits := strconv.FormatUint(n, 10)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "\u2009" + digits[i:]
	}
	return digits
}
