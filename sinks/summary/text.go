package summary

import (
	"bufio"
	"fmt"
	"io"

	"github.com/logproc/logproc/rollup"
)

// Text writes the summaries as lines: a title "SERVICE Daily Summary env total", an empty line, and
// "key TAB count" for each key. Sections follow, each after an empty line, where there is something to
// say: the frequent forms of invalid keys, and what the keys leave out. An empty line is between two
// summaries. With something to compare with, each key has the count of before and the difference, too; summaries of
// several days are tables.
func Text(w io.Writer, summaries []rollup.Summary, opts Options) error {
	out := &textWriter{Writer: bufio.NewWriter(w)}
	if opts.severalDays() {
		out.table(summaries, &opts)
	} else {
		list := opts.withGone(summaries)
		for i := range list {
			out.paragraph()
			out.summary(&list[i], opts.previous(&list[i]), folded{lines: list[i].Lines})
		}
	}
	out.lost(opts.Ledgers)
	if err := out.Flush(); err != nil { // bufio keeps the first error
		return fmt.Errorf("write the summary: %w", err)
	}
	return nil
}

type textWriter struct {
	*bufio.Writer
	begun bool
}

// paragraph puts an empty line before all that follows something.
func (w *textWriter) paragraph() {
	if w.begun {
		w.line("")
	}
	w.begun = true
}

func (w *textWriter) line(format string, args ...any) {
	_, _ = fmt.Fprintf(w, format+"\n", args...)
}

// summary writes one summary, of whose keys some may be folded into one line; before is what it is compared with, or
// nil, and then nothing is folded.
func (w *textWriter) summary(s, before *rollup.Summary, keys folded) {
	title := Title(s)
	if before != nil {
		title = fmt.Sprintf("%s, %s: %d", title, before.Day, before.Total)
	}
	w.line("%s", title)
	if len(keys.lines) > 0 || before != nil && len(before.Lines) > 0 {
		w.paragraph()
	}
	if before == nil {
		for _, l := range keys.lines {
			w.line("%s\t%d", Escape(l.Msg.String()), l.N)
		}
	} else {
		for _, l := range compared(s, before) {
			w.line("%s\t%d\t%d\t%s", Escape(l.Msg.String()), l.N, l.Previous, difference(l.N, l.Previous))
		}
	}
	if keys.more > 0 {
		w.line("%s", keys)
	}
	w.forms(s)
	w.notes(s)
}

func (w *textWriter) forms(s *rollup.Summary) {
	if s.Invalid == 0 {
		return
	}
	w.paragraph()
	if len(s.InvalidForms) == 0 {
		w.line("%s: %s not in the naming convention", rollup.MsgInvalid, number(s.Invalid, "event"))
		return
	}
	w.line("%s: %s not in the naming convention, most frequent forms:", rollup.MsgInvalid, number(s.Invalid, "event"))
	for _, f := range s.InvalidForms {
		w.line("%d\t%s", f.N, Escape(f.Text.String()))
	}
	if s.MoreForms > 0 {
		w.line("and %d more", s.MoreForms)
	}
}

func (w *textWriter) notes(s *rollup.Summary) {
	missing, unparsed := hidden(s)
	if missing == 0 && unparsed == 0 {
		return
	}
	w.paragraph()
	w.line("not in the total:")
	if missing > 0 {
		w.line("%s without a key (%s)", number(missing, "record"), rollup.MsgMissing)
	}
	if unparsed > 0 {
		w.line("%s that could not be read (%s)", number(unparsed, "line"), rollup.MsgUnparsed)
	}
}

func (w *textWriter) lost(ledgers []rollup.Ledger) {
	rows := lostRows(ledgers)
	if len(rows) == 0 {
		return
	}
	w.paragraph()
	w.line("lost, of any day:")
	for _, row := range rows {
		ranges := ""
		for _, r := range newest(row.Ranges) {
			ranges += fmt.Sprintf(" %d-%d", r.First, r.Last)
		}
		w.line("%s: at most %s (%s):%s", Escape(row.Partition), number(row.Offsets, "record"), row.Reason, ranges)
	}
}

// shownRanges is the number of lost ranges that are listed for a partition and reason.
const shownRanges = 5

func newest(ranges []lostRange) []lostRange {
	return ranges[max(0, len(ranges)-shownRanges):]
}

func number(n uint64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
