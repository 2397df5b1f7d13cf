package summary

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/logproc/logproc/rollup"
)

// CSV writes one line for each key of the summaries, with the columns day, service, env, key, level and count. A
// text that a spreadsheet would take for a formula gets an apostrophe in front.
func CSV(w io.Writer, summaries []rollup.Summary) error {
	out := csv.NewWriter(w)
	_ = out.Write([]string{"day", "service", "env", "key", "level", "count"}) // out keeps the first error
	for i := range summaries {
		s := &summaries[i]
		for _, l := range s.Lines {
			_ = out.Write([]string{s.Day.String(), cell(s.Service.String()), cell(s.Env.String()), cell(l.Msg.String()), l.Level.String(), strconv.FormatUint(l.N, 10)})
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("write the summary: %w", err)
	}
	return nil
}

func cell(s string) string {
	s = Escape(s)
	if s != "" && strings.ContainsRune("=+-@", rune(s[0])) {
		return "'" + s
	}
	return s
}
