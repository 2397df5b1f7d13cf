package trace

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/logproc/logproc/correlate"
)

// The shape of the JSON form. Fields are only ever added; docs/tracing.md describes them.
type document struct {
	RequestIDs []string    `json:"request_ids"`
	TraceIDs   []string    `json:"trace_ids"`
	Conflicts  []string    `json:"conflicts"`
	First      string      `json:"first"`
	Last       string      `json:"last"`
	Records    int         `json:"records"`
	Worst      string      `json:"worst_level"`
	Services   []string    `json:"services"`
	Events     []eventJSON `json:"events"`
	Calls      []callJSON  `json:"calls"`
	Links      []Link      `json:"links"`
}

type eventJSON struct {
	Time     string   `json:"time"`
	Service  string   `json:"service,omitempty"`
	Level    string   `json:"level"`
	Key      string   `json:"msg,omitempty"`
	Frame    string   `json:"frame,omitempty"`
	From     string   `json:"from,omitempty"`
	To       string   `json:"to,omitempty"`
	Host     string   `json:"host,omitempty"`
	Zone     string   `json:"zone,omitempty"`
	Duration *float64 `json:"duration_ms,omitempty"`
	Status   *int32   `json:"status,omitempty"`
	Error    string   `json:"error,omitempty"`
}

type callJSON struct {
	From    string    `json:"from"`
	To      string    `json:"to"`
	Verdict string    `json:"verdict"`
	Gap     *float64  `json:"gap_ms,omitempty"`
	Client  *sideJSON `json:"client,omitempty"`
	Server  *sideJSON `json:"server,omitempty"`
	Error   string    `json:"error,omitempty"`
}

type sideJSON struct {
	Host     string   `json:"host,omitempty"`
	Zone     string   `json:"zone,omitempty"`
	Start    string   `json:"start,omitempty"`
	End      string   `json:"end,omitempty"`
	TimedOut bool     `json:"timed_out,omitempty"`
	Duration *float64 `json:"duration_ms,omitempty"`
}

// JSON writes the timeline as one JSON document.
func JSON(w io.Writer, t *correlate.Timeline, templates Templates) error {
	doc := document{
		RequestIDs: texts(t.Requests), TraceIDs: texts(t.Traces), Conflicts: append([]string{}, conflicts(t)...),
		First: rfc3339(t.First), Last: rfc3339(t.Last), Records: t.Records, Worst: t.Worst.String(), Services: []string{},
		Events: make([]eventJSON, 0, len(t.Events)), Calls: make([]callJSON, 0, len(t.Calls)), Links: append([]Link{}, Links(t, templates)...),
	}
	for _, s := range t.Services {
		doc.Services = append(doc.Services, s.String())
	}
	for i := range t.Events {
		doc.Events = append(doc.Events, eventOf(&t.Events[i]))
	}
	for i := range t.Calls {
		doc.Calls = append(doc.Calls, callOf(&t.Calls[i]))
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(doc); err != nil {
		return fmt.Errorf("write the timeline: %w", err)
	}
	return nil
}

func texts(list []correlate.Name) []string {
	out := make([]string, len(list))
	for i := range list {
		out[i] = list[i].Text.String()
	}
	return out
}

func rfc3339(ns int64) string { return time.Unix(0, ns).UTC().Format(time.RFC3339Nano) }

func eventOf(e *correlate.Event) eventJSON {
	j := eventJSON{
		Time: rfc3339(e.Time), Service: e.Service.String(), Level: e.Level.String(), Key: e.Key.String(),
		From: e.From.String(), To: e.To.String(), Host: e.Host.String(), Zone: e.Zone.String(), Error: e.Error.String(),
	}
	if e.Frame != 0 {
		j.Frame = frameName(e)
	}
	if e.HasDuration {
		j.Duration = millis(float64(e.Duration))
	}
	if e.HasStatus {
		j.Status = &e.Status
	}
	return j
}

func callOf(c *correlate.Call) callJSON {
	j := callJSON{From: c.From.String(), To: c.To.String(), Verdict: c.Verdict.String(), Error: c.Error().String(),
		Client: sideOf(&c.Client), Server: sideOf(&c.Server)}
	if c.HasGap {
		j.Gap = millis(float64(c.Gap))
	}
	return j
}

func sideOf(s *correlate.Side) *sideJSON {
	if !s.Seen() {
		return nil
	}
	j := &sideJSON{Host: s.Host.String(), Zone: s.Zone.String(), TimedOut: s.TimedOut}
	if s.Began {
		j.Start = rfc3339(s.Start)
	}
	if s.Ended {
		j.End = rfc3339(s.End)
	}
	if s.HasDuration {
		j.Duration = millis(float64(s.Duration))
	}
	return j
}

// millis rounds to nanoseconds, which takes the noise of a subtraction away.
func millis(ms float64) *float64 {
	const perMilli = 1e6
	rounded := math.Round(ms*perMilli) / perMilli
	return &rounded
}
