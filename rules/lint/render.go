package lint

import (
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Renderer writes findings in one of the formats. It writes as it goes; nothing is kept.
type Renderer interface {
	Sink
	// Close ends the output. It is called once, after the last finding, also when there was none.
	Close() error
}

// Formats lists the names that NewRenderer knows.
func Formats() []string { return []string{"text", "json", "sarif", "github"} }

// NewRenderer makes a Renderer that writes to w; the version is logproc's own, for SARIF.
func NewRenderer(format string, w io.Writer, version string) (Renderer, error) {
	switch format {
	case "text":
		return &text{w}, nil
	case "json":
		return &array{w: w}, nil
	case "sarif":
		return newSARIF(w, version)
	case "github":
		return &github{w}, nil
	}
	return nil, fmt.Errorf("unknown format %q, expected one of %s", format, strings.Join(Formats(), ", "))
}

// text writes "file:line: rule: key: why, did you mean …? (42 times)".
type text struct{ w io.Writer }

// Finding writes a line.
func (t *text) Finding(f *Finding) error {
	_, err := fmt.Fprintf(t.w, "%s:%d: %s: %s%s\n", oneLine(f.File), f.Line, f.Rule, f.Message(), times(f.Count))
	return err
}

// Close has nothing to end.
func (t *text) Close() error { return nil }

func times(n int64) string {
	if n == 1 {
		return ""
	}
	return " (" + strconv.FormatInt(n, 10) + " times)"
}

// oneLine quotes a file's name that would break a line.
func oneLine(name string) string {
	if strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return strconv.Quote(name)
	}
	return name
}

// github writes workflow commands, which GitHub shows as annotations of the lines.
type github struct{ w io.Writer }

// Finding writes a command.
func (g *github) Finding(f *Finding) error {
	level := levelOf(f.Rule)
	_, err := fmt.Fprintf(g.w, "::%s file=%s,line=%d,title=%s::%s\n", level, property(f.File), f.Line,
		property("logproc "+f.Rule), message(f.Message()+times(f.Count)))
	return err
}

// Close has nothing to end.
func (g *github) Close() error { return nil }

var (
	messageEscapes  = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	propertyEscapes = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

func message(s string) string  { return messageEscapes.Replace(s) }
func property(s string) string { return propertyEscapes.Replace(s) }
