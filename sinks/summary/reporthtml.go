package summary

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"strings"

	"github.com/logproc/logproc/rollup"
)

//go:embed report.html
var reportText string

// The size that inline pictures are shown at, in CSS pixels.
const (
	PictureWidth  = 168
	PictureHeight = 24
)

// reportPage is what the template shows. Texts are escaped here for the eye and by the template for HTML.
type reportPage struct {
	Heading, Note string
	Width, Height int
	Reports       []reportSection
	Lost          []lostRow
}

type reportSection struct {
	section
	Keys     []reportKey // instead of section's
	Folded   string
	Sections []Section
	Ledger   string
}

type reportKey struct {
	Key, Level, Count, Alt string
	Picture                template.URL // cid: and a name that the program made
}

// ReportHTML writes reports as one page for mail readers: readable on a telephone and in dark mode, with nothing
// loaded from elsewhere; pictures are those of the mail.
func ReportHTML(w io.Writer, reports []rollup.Report, opts ReportOptions) error {
	t, err := template.New("report").Parse(reportText)
	if err != nil {
		return fmt.Errorf("read the report's template: %w", err)
	}
	p := reportPage{Heading: reportHeading(reports), Note: opts.Note, Width: PictureWidth, Height: PictureHeight, Lost: lostRows(opts.Ledgers)}
	for i := range p.Lost {
		p.Lost[i].Partition = Escape(p.Lost[i].Partition)
		p.Lost[i].Ranges = newest(p.Lost[i].Ranges)
	}
	for i := range reports {
		p.Reports = append(p.Reports, reportSectionOf(i, &reports[i], opts))
	}
	if err := t.Execute(w, p); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

func reportHeading(reports []rollup.Report) string {
	if len(reports) == 0 {
		return heading(nil)
	}
	return heading([]rollup.Summary{{Day: reports[0].Day}})
}

func reportSectionOf(i int, r *rollup.Report, opts ReportOptions) reportSection {
	keys := fold(r.Lines, opts.MaxKeys)
	view := r.Summary
	view.Lines = nil // shown with pictures instead of bars
	s := reportSection{section: sectionOf(i, &view, nil), Folded: keys.String(), Sections: Sections(r, opts.MaxRows), Ledger: Ledger(&r.Complete, Zone(&r.Summary))}
	s.Outside = outside(&r.Summary)
	for _, l := range keys.lines {
		k := reportKey{Key: Escape(l.Msg.String()), Level: l.Level.String(), Count: grouped(l.N)}
		if opts.Picture != nil {
			id, alt := opts.Picture(r, l.Msg)
			if id = contentID(id); id != "" {
				k.Picture, k.Alt = template.URL("cid:"+id), alt
			}
		}
		s.Keys = append(s.Keys, k)
	}
	for n := range s.Sections {
		s.Sections[n].Title = strings.ToUpper(s.Sections[n].Title[:1]) + s.Sections[n].Title[1:]
	}
	return s
}

// contentID lets through only what the program makes.
func contentID(id string) string {
	if strings.ContainsFunc(id, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '.' && r != '-' && r != '@'
	}) {
		return ""
	}
	return id
}
