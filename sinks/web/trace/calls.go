package trace

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/logproc/logproc/correlate"
)

// Calls writes the calls of a request, one line each: when it began, client and server, the verdict, and the gap
// between what the two measured.
func Calls(w io.Writer, t *correlate.Timeline) error {
	out := bufio.NewWriter(w)
	names(out, t)
	_ = out.WriteByte('\n')
	for i := range t.Calls {
		callLine(out, &t.Calls[i])
	}
	if len(t.Calls) > 0 {
		_ = out.WriteByte('\n')
	}
	_, _ = fmt.Fprintln(out, callTotals(t))
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write the calls: %w", err)
	}
	return nil
}

func callLine(out io.Writer, c *correlate.Call) {
	start := c.Client.Start
	if !c.Client.Seen() {
		start = c.Server.Start
	}
	parts := []string{stamp(start), fmt.Sprintf("%s → %s", orDash(c.From), orDash(c.To)), c.Verdict.String()}
	if c.HasGap {
		parts = append(parts, fmt.Sprintf("gap %.2f ms", float64(c.Gap)))
	}
	parts = append(parts, sideText("client", &c.Client), sideText("server", &c.Server))
	if c.Error().String() != "" {
		parts = append(parts, "ERR - "+printable(c.Error()))
	}
	_, _ = fmt.Fprintln(out, strings.Join(parts, "\t"))
}

// sideText says what a side knows: "client 8.40 ms [eu-west-1a/ip-10-11-3-111]".
func sideText(name string, s *correlate.Side) string {
	switch {
	case !s.Seen():
		return name + " not seen"
	case s.TimedOut:
		name += " gave up after"
	case !s.Ended && name == "client":
		name += " without reply"
	case !s.Ended:
		name += " without answer"
	}
	if s.Ended && s.HasDuration {
		name += fmt.Sprintf(" %.2f ms", float64(s.Duration))
	}
	if s.Host.String() != "" {
		name += fmt.Sprintf(" [%s/%s]", printable(s.Zone), printable(s.Host))
	}
	return name
}

// callTotals counts the calls by verdict: "12 calls: 10 complete, 2 response_lost".
func callTotals(t *correlate.Timeline) string {
	var counts [correlate.VerdictCount]int
	for i := range t.Calls {
		counts[t.Calls[i].Verdict]++
	}
	var parts []string
	for v, n := range counts {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, correlate.Verdict(v)))
		}
	}
	switch len(t.Calls) {
	case 0:
		return "no calls"
	case 1:
		return "1 call: " + parts[0]
	}
	return fmt.Sprintf("%d calls: %s", len(t.Calls), strings.Join(parts, ", "))
}
