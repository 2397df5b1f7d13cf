// Package trace writes the timeline of a request as text, JSON and an HTML waterfall, with links to the tracing
// back ends that may know more of it.
package trace

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"

	"github.com/logproc/logproc/correlate"
	"github.com/logproc/logproc/redact"
)

const timeLayout = "2006-01-02 15:04:05.000"

func stamp(ns int64) string { return time.Unix(0, ns).UTC().Format(timeLayout) }

// printable makes a text safe for a line on a terminal: what is not printable becomes U+FFFD.
func printable(t redact.Text) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, t.String())
}

// Text writes the events, one line each: as frames of calls where all of them are (and an error on a line of its
// own), else time, service, level, key, duration and status with tabs between.
func Text(w io.Writer, t *correlate.Timeline) error {
	out := bufio.NewWriter(w)
	names(out, t)
	_ = out.WriteByte('\n')
	for i := range t.Events {
		if e := &t.Events[i]; t.Framed() {
			frameLine(out, e)
		} else {
			recordLine(out, e)
		}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write the timeline: %w", err)
	}
	return nil
}

// names says which request it is; of a request that consists of frames, as tracing tools do.
func names(out io.Writer, t *correlate.Timeline) {
	request, trace := "Request", "Trace"
	if t.Framed() {
		request, trace = "Tracing", "Tracing"
	}
	for _, n := range t.Requests {
		_, _ = fmt.Fprintf(out, "%s: %s\n", request, printable(n.Text))
	}
	for _, n := range t.Traces {
		_, _ = fmt.Fprintf(out, "%s: %s\n", trace, printable(n.Text))
	}
	for _, conflict := range conflicts(t) {
		_, _ = fmt.Fprintf(out, "Conflict: %s\n", conflict)
	}
}

// conflicts says in words what Timeline.Conflict found.
func conflicts(t *correlate.Timeline) (list []string) {
	if len(t.Requests) > 1 {
		list = append(list, fmt.Sprintf("one trace with %d RequestIDs", len(t.Requests)))
	}
	if len(t.Traces) > 1 {
		list = append(list, fmt.Sprintf("one RequestID with %d traces", len(t.Traces)))
	}
	if t.SharedTrace {
		list = append(list, "its trace belongs to another RequestID too")
	}
	return list
}

// frameNames are the names of frames in the text form, by rules.Frame: sinks see them as numbers only.
var frameNames = [...]string{"-", "START", "REQ", "IN", "OUT", "REP", "TIMEOUT"} // read only

func frameName(e *correlate.Event) string {
	if int(e.Frame) < len(frameNames) {
		return frameNames[e.Frame]
	}
	return frameNames[0]
}

func frameLine(out io.Writer, e *correlate.Event) {
	line := fmt.Sprintf("%s [%s/%s] [%s]", stamp(e.Time), printable(e.Zone), printable(e.Host), frameName(e))
	for _, part := range []string{printable(e.From), "→", printable(e.To)} {
		if part != "" {
			line += " " + part
		}
	}
	if e.HasDuration {
		line += fmt.Sprintf(" - %.2f ms", float64(e.Duration))
	}
	_, _ = fmt.Fprintln(out, line)
	if e.Error.String() != "" {
		_, _ = fmt.Fprintf(out, " ERR - %s\n", printable(e.Error))
	}
}

func recordLine(out io.Writer, e *correlate.Event) {
	_, _ = fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%s\t%s\n", stamp(e.Time), orDash(e.Service), e.Level, orDash(e.Key), durationOf(e), statusOf(e))
}

func orDash(t redact.Text) string {
	if t.String() == "" {
		return "-"
	}
	return printable(t)
}

func durationOf(e *correlate.Event) string {
	if !e.HasDuration {
		return "-"
	}
	return fmt.Sprintf("%.2f ms", float64(e.Duration))
}

func statusOf(e *correlate.Event) string {
	if !e.HasStatus {
		return "-"
	}
	return fmt.Sprint(e.Status)
}
