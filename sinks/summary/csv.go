package summary

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/logproc/logproc/rollup"
)

// CSV writes one row for each day, service, env and key, after a row of names. When there is something to compare
// with, each row ends with the count of before and the difference. Spreadsheets get no cell that they would take for
// a formula: such a text is preceded by an apostrophe.
func CSV(w io.Writer, summaries []rollup.Summary, opts Options) error {
	out := csv.NewWriter(w)
	names := []string{"day", "service", "env", "key", "level", "count"}
	if opts.Previous != nil {
		names = append(names, "previous", "change")
	}
	_ = out.Write(names) // the writer keeps its first error
	for _, s := range opts.withGone(summaries) {
		for _, l := range compared(&s, opts.previous(&s)) {
			row := []string{s.Day.String(), cell(s.Service.String()), cell(s.Env.String()), cell(l.Msg.String()), l.Level.String(), decimal(l.N)}
			if opts.Previous != nil {
				row = append(row, decimal(l.Previous), difference(l.N, l.Previous))
			}
			_ = out.Write(row)
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("write the summary: %w", err)
	}
	return nil
}

// cell makes text safe to show and safe for spreadsheets.
func cell(text string) string {
	text = Escape(text)
	if text != "" && strings.ContainsRune("=+-@", rune(text[0])) {
		return "'" + text
	}
	return text
}

func decimal(n uint64) string { return strconv.FormatUint(n, 10) }
