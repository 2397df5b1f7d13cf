package trace

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"strconv"

	"github.com/logproc/logproc/correlate"
)

//go:embed page.html
var pageText string

// page is what the template shows.
type page struct {
	Title     string
	IDs       []row
	Conflicts []string
	Links     []Link
	Bars      []bar
	Totals    string
	Lines     []line
}

type row struct{ Label, Value string }

// bar is a call in the waterfall: where it begins and how long it is, in percent of the request; inner is the server's
// part, which is shown in the middle of the client's because clocks are never compared.
type bar struct {
	Name, Verdict, Note string
	Left, Width         string
	InnerLeft           string
	InnerWidth          string
	Bad                 bool
}

type line struct {
	Time, Service, Level, What, Duration, Status, Error string
	Attention                                           bool
}

// HTML writes the timeline as a page with a waterfall, which needs nothing from elsewhere. The template's block
// "timeline" is the part between <main> and </main>, see Fragment.
func HTML(w io.Writer, t *correlate.Timeline, templates Templates) error {
	return execute(w, "page", t, templates)
}

// Fragment writes only what is within <main>, for another page to embed; its style is in that of HTML.
func Fragment(w io.Writer, t *correlate.Timeline, templates Templates) error {
	return execute(w, "timeline", t, templates)
}

func execute(w io.Writer, name string, t *correlate.Timeline, templates Templates) error {
	parsed, err := template.New("page").Parse(pageText)
	if err != nil {
		return fmt.Errorf("read the page's template: %w", err)
	}
	if err := parsed.ExecuteTemplate(w, name, pageOf(t, templates)); err != nil {
		return fmt.Errorf("write the timeline: %w", err)
	}
	return nil
}

func pageOf(t *correlate.Timeline, templates Templates) page {
	p := page{Title: "Request", Conflicts: conflicts(t), Links: Links(t, templates), Totals: callTotals(t)}
	for _, n := range t.Requests {
		p.IDs = append(p.IDs, row{"Request", printable(n.Text)})
	}
	for _, n := range t.Traces {
		p.IDs = append(p.IDs, row{"Trace", printable(n.Text)})
	}
	if len(p.IDs) > 0 {
		p.Title = p.IDs[0].Label + " " + p.IDs[0].Value
	}
	from, to := window(t)
	for i := range t.Calls {
		p.Bars = append(p.Bars, barOf(&t.Calls[i], from, to))
	}
	for i := range t.Events {
		p.Lines = append(p.Lines, lineOf(&t.Events[i]))
	}
	return p
}

// window gives the time that the waterfall covers.
func window(t *correlate.Timeline) (from, to int64) {
	from, to = t.First, t.Last
	for i := range t.Calls {
		s := outer(&t.Calls[i])
		from, to = min(from, s.Start), max(to, s.End)
	}
	return from, max(to, from+1)
}

// outer is the side that a call's bar is drawn by.
func outer(c *correlate.Call) *correlate.Side {
	if c.Client.Seen() {
		return &c.Client
	}
	return &c.Server
}

func barOf(c *correlate.Call, from, to int64) bar {
	side, span := outer(c), float64(to-from)
	end := side.End
	if !side.Ended {
		end = max(to, side.Start) // it did not end, as far as we know
	}
	width := float64(max(end-side.Start, 0))
	b := bar{
		Name: orDash(c.From) + " → " + orDash(c.To), Verdict: c.Verdict.String(), Bad: c.Verdict != correlate.Complete,
		Left: percent(float64(side.Start-from), span), Width: percent(width, span),
		Note: sideText("client", &c.Client) + ", " + sideText("server", &c.Server),
	}
	if c.HasGap {
		b.Note = fmt.Sprintf("gap %.2f ms, ", float64(c.Gap)) + b.Note
	}
	if c.Server.HasDuration && width > 0 {
		inner := min(float64(c.Server.Duration)*1e6, width)
		b.InnerWidth, b.InnerLeft = percent(inner, width), percent((width-inner)/2, width)
	}
	if c.Error().String() != "" {
		b.Note += " ERR - " + printable(c.Error())
	}
	return b
}

func percent(part, whole float64) string { return strconv.FormatFloat(100*part/whole, 'f', 2, 64) }

func lineOf(e *correlate.Event) line {
	l := line{Time: stamp(e.Time), Service: orDash(e.Service), Level: e.Level.String(), What: orDash(e.Key), Duration: durationOf(e), Status: statusOf(e),
		Error: printable(e.Error), Attention: e.Level.Attention()}
	if e.ShowFrame {
		l.Service, l.What = printable(e.Zone)+"/"+printable(e.Host), frameName(e)+" "+printable(e.From)+" → "+printable(e.To)
	}
	return l
}
