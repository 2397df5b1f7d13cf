package trace_test

import (
	"bytes"
	"errors"
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/logproc/logproc/correlate"
	"github.com/logproc/logproc/parse"
	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/rules"
	"github.com/logproc/logproc/sinks/web/trace"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares with a file of testdata.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs:\n%s", name, got)
	}
}

// observations reads log lines.
func observations(t *testing.T, lines [][]byte) (list []correlate.Observation) {
	t.Helper()
	p, err := parse.New(parse.Options{})
	if err != nil {
		t.Fatal(err)
	}
	names := redact.NewRedactor(redact.DefaultPolicy(), nil, redact.Options{Output: redact.Summary})
	ids := redact.NewRedactor(redact.DefaultPolicy(), nil, redact.Options{Output: redact.Topic})
	o := correlate.NewObserver(rules.DefaultCalls(), names.Label, ids.FieldText)
	for _, line := range lines {
		if reason := p.Parse(parse.Input{Line: line}); reason != parse.OK {
			t.Fatalf("%s: %v", line, reason)
		}
		r, _ := p.Next()
		if obs, ok := o.Observe(r); ok {
			list = append(list, obs)
		}
	}
	return list
}

// timeline reads log lines, which must all be of one request.
func timeline(t *testing.T, lines [][]byte) *correlate.Timeline {
	t.Helper()
	var c correlate.Collector
	for _, obs := range observations(t, lines) {
		c.Add(&obs)
	}
	return c.Timeline(correlate.Options{})
}

// TestTextOfAStoredRequest takes the whole way: to the owner of the request, through its engine, into a store and back.
func TestTextOfAStoredRequest(t *testing.T) {
	e := correlate.NewEngine(correlate.Config{})
	inputs := []correlate.Input{e.AddInput(), e.AddInput(), e.AddInput(), e.AddInput()}
	for i, sent := range observations(t, phosphor(t)) {
		obs, err := correlate.ReadObservation(correlate.AppendObservation(nil, &sent))
		if err != nil {
			t.Fatal(err)
		}
		e.Add(inputs[i*7%4], int64(i), &obs, nil)
	}
	closed := 0
	e.Flush(func(c *correlate.Closed) {
		closed++
		stored, err := correlate.ReadClosed(correlate.AppendClosed(nil, c))
		if err != nil {
			t.Fatal(err)
		}
		var events, calls bytes.Buffer
		if err := errors.Join(trace.Text(&events, stored.Timeline), trace.Calls(&calls, stored.Timeline)); err != nil {
			t.Fatal(err)
		}
		golden(t, "phosphor_trace.txt", events.Bytes())
		golden(t, "phosphor_calls.txt", calls.Bytes())
	})
	if closed != 1 {
		t.Errorf("%d requests", closed)
	}
}

func phosphor(t *testing.T) [][]byte {
	t.Helper()
	data, err := os.ReadFile("testdata/phosphor_trace.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Split(bytes.TrimSpace(data), []byte("\n"))
}

func TestTextInAnyOrderOfTheLines(t *testing.T) {
	lines := phosphor(t)
	random := rand.New(rand.NewPCG(1, 2))
	for range 60 {
		var out bytes.Buffer
		if err := trace.Text(&out, timeline(t, lines)); err != nil {
			t.Fatal(err)
		}
		if golden(t, "phosphor_trace.txt", out.Bytes()); t.Failed() {
			return
		}
		random.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
	}
}

func TestCalls(t *testing.T) {
	var out bytes.Buffer
	if err := trace.Calls(&out, timeline(t, phosphor(t))); err != nil {
		t.Fatal(err)
	}
	golden(t, "phosphor_calls.txt", out.Bytes())
}

// TestRecords is about ordinary logs: what one line of each says, and that a request with several traces is told.
func TestRecords(t *testing.T) {
	lines := bytes.Split([]byte(`{"t":"2026-01-02T03:04:05.678Z","lvl":"info","service":"gateway","msg":"api-order-begin","RequestID":"r-1","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736"}
{"t":"2026-01-02T03:04:05.700Z","lvl":"error","service":"bank","msg":"bank-authorise-fail","duration":12.345,"status":502,"RequestID":"r-1"}
{"t":"2026-01-02T03:04:05.690Z","service":"bank","msg":"mail to bob@example.com","trace_id":"aaaabbbbccccddddeeeeffff00001111"}`), []byte("\n"))
	var out bytes.Buffer
	if err := trace.Text(&out, timeline(t, lines)); err != nil {
		t.Fatal(err)
	}
	golden(t, "records.txt", out.Bytes())
}

var templates = trace.Templates{
	"jaeger":    "https://jaeger.example/trace/{trace_id}",
	"tempo":     "https://grafana.example/explore?tempo={trace_id}&from={from_ms}&to={to_ms}",
	"honeycomb": "https://ui.honeycomb.example/team/trace?trace_id={trace_id}",
	"loki":      "https://grafana.example/explore?loki={request_id}",
}

func TestJSON(t *testing.T) {
	var out bytes.Buffer
	if err := trace.JSON(&out, timeline(t, phosphor(t)), templates); err != nil {
		t.Fatal(err)
	}
	golden(t, "phosphor.json", out.Bytes())
}

func TestHTML(t *testing.T) {
	var out, part bytes.Buffer
	tl := timeline(t, phosphor(t))
	if err := errors.Join(trace.HTML(&out, tl, templates), trace.Fragment(&part, tl, templates)); err != nil {
		t.Fatal(err)
	}
	golden(t, "phosphor.html", out.Bytes())
	if !bytes.Contains(out.Bytes(), part.Bytes()) || bytes.Contains(part.Bytes(), []byte("<main>")) {
		t.Errorf("the fragment is not the page's part:\n%s", part.Bytes())
	}
}

func TestHTMLEscapes(t *testing.T) {
	var out bytes.Buffer
	line := `{"service":"<script>alert(1)</script>","msg":"<img src=x>\u202e","RequestID":"\"><b>"}`
	if err := trace.HTML(&out, timeline(t, [][]byte{[]byte(line)}), nil); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"<script>", "<img", "<b>", "\u202e"} {
		if bytes.Contains(out.Bytes(), []byte(bad)) {
			t.Errorf("%q is in the page", bad)
		}
	}
}

func TestLinks(t *testing.T) {
	tl := timeline(t, [][]byte{[]byte(`{"t":"2026-01-02T03:04:05Z","RequestID":"a&b/c","traceparent":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}`)})
	want := []trace.Link{
		{Name: "honeycomb", URL: "https://ui.honeycomb.example/team/trace?trace_id=4bf92f3577b34da6a3ce929d0e0e4736"},
		{Name: "jaeger", URL: "https://jaeger.example/trace/4bf92f3577b34da6a3ce929d0e0e4736"},
		{Name: "loki", URL: "https://grafana.example/explore?loki=a%26b%2Fc"},
		{Name: "tempo", URL: "https://grafana.example/explore?tempo=4bf92f3577b34da6a3ce929d0e0e4736&from=1767322985000&to=1767323105000"},
	}
	if got := trace.Links(tl, templates); !slices.Equal(got, want) {
		t.Errorf("%+v", got)
	}
	for _, bad := range []string{"", "jaeger", "javascript:alert({trace_id})", "https://{trace_id}/x", "https://host/{what}", "https://a{trace_id}.example/"} {
		if trace.CheckTemplate(bad) == nil {
			t.Errorf("%q is in order", bad)
		}
	}
}
