package summary

import (
	"bufio"
	"fmt"
	"io"

	"github.com/logproc/logproc/rollup"
)

// ReportText writes reports as lines: what Text writes of each, then its sections, each after an empty line, a
// row as "text TAB name", and last the ledger line.
func ReportText(w io.Writer, reports []rollup.Report, opts ReportOptions) error {
	out := &textWriter{Writer: bufio.NewWriter(w)}
	for i := range reports {
		r := &reports[i]
		out.paragraph()
		out.summary(&r.Summary, nil, fold(r.Lines, opts.MaxKeys))
		for _, s := range Sections(r, opts.MaxRows) {
			out.section(s)
		}
		if ledger := Ledger(&r.Complete, Zone(&r.Summary)); ledger != "" {
			out.paragraph()
			out.line("%s", ledger)
		}
	}
	if len(reports) == 0 {
		out.paragraph()
		out.line("no events")
	}
	out.lost(opts.Ledgers)
	if opts.Note != "" {
		out.paragraph()
		out.line("%s", opts.Note)
	}
	if err := out.Flush(); err != nil { // bufio keeps the first error
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

func (w *textWriter) section(s Section) {
	w.paragraph()
	w.line("%s:", s.Title)
	for _, r := range s.Rows {
		w.line("%s\t%s", r.Name, r.Text)
	}
	if s.More > 0 {
		w.line("and %d more", s.More)
	}
}
