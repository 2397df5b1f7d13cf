package otlp_test

import (
	"bytes"
	"encoding/hex"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	commonpb "go.opentelemetry.io/proto/slim/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/slim/otlp/trace/v1"

	"github.com/logproc/logproc/correlate"
	"github.com/logproc/logproc/parse"
	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/rules"
	"github.com/logproc/logproc/sinks/otlp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs:\n%s", name, got)
	}
}

// request reads log lines, which must all be of one request.
func request(t testing.TB, lines ...string) *correlate.Closed {
	t.Helper()
	p, err := parse.New(parse.Options{})
	if err != nil {
		t.Fatal(err)
	}
	names := redact.NewRedactor(redact.DefaultPolicy(), nil, redact.Options{Output: redact.Summary})
	shown := redact.NewRedactor(redact.DefaultPolicy(), nil, redact.Options{Output: redact.Topic})
	o := correlate.NewObserver(rules.DefaultCalls(), names.Label, shown.FieldText)
	var c correlate.Collector
	for _, line := range lines {
		if reason := p.Parse(parse.Input{Line: []byte(line)}); reason != parse.OK {
			t.Fatalf("%s: %v", line, reason)
		}
		r, _ := p.Next()
		if obs, ok := o.Observe(r); ok {
			c.Add(&obs)
		}
	}
	return &correlate.Closed{Timeline: c.Timeline(correlate.Options{}), Reasons: correlate.WithError}
}

func phosphor(t testing.TB) []string {
	t.Helper()
	data, err := os.ReadFile("../web/trace/testdata/phosphor_trace.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(data)), "\n")
}

// export sends requests by HTTP or gRPC and gives what arrives.
func export(t *testing.T, protocol string, list ...*correlate.Closed) []*tracepb.ResourceSpans {
	t.Helper()
	r := protocols[protocol](t, nil)
	e, err := otlp.New(otlp.Options{Endpoint: r.endpoint, Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range list {
		e.Export(c)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	return r.received()
}

func TestOneTreeInAnyOrderOfTheLines(t *testing.T) {
	for protocol := range protocols {
		t.Run(protocol, func(t *testing.T) {
			lines := phosphor(t)
			random := rand.New(rand.NewPCG(1, 2))
			for range 5 { // a replay gives the same ids
				golden(t, "phosphor.txt", treeOf(t, export(t, protocol, request(t, lines...))))
				random.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
			}
		})
	}
}

func TestRecordsAreEventsAndFurtherTracesLinks(t *testing.T) {
	c := request(t,
		`{"t":"2026-01-02T03:04:05.678Z","lvl":"info","service":"gateway","msg":"api-order-begin","RequestID":"r-1","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736"}`,
		`{"t":"2026-01-02T03:04:05.700Z","lvl":"error","service":"bank","msg":"bank-authorise-fail","duration":12.345,"status":502,"RequestID":"r-1"}`,
		`{"t":"2026-01-02T03:04:05.690Z","service":"bank","msg":"mail to bob@example.com","trace_id":"aaaabbbbccccddddeeeeffff00001111"}`)
	golden(t, "records.txt", treeOf(t, export(t, "http", c)))
}

func TestRecordsGoToTheServerThatWasAtWork(t *testing.T) {
	c := request(t,
		`{"t":"2026-01-02T03:04:05.000Z","service":"shop","msg":"bank-http-request","RequestID":"r-2","host":"a"}`,
		`{"t":"2026-01-02T03:04:05.010Z","service":"bank","msg":"bank-http-request","span.kind":"server","peer.service":"shop","RequestID":"r-2","host":"b"}`,
		`{"t":"2026-01-02T03:04:05.015Z","service":"bank","lvl":"warn","msg":"account-balance-low","RequestID":"r-2"}`,
		`{"t":"2026-01-02T03:04:05.020Z","service":"bank","msg":"bank-http-response","span.kind":"server","peer.service":"shop","RequestID":"r-2","host":"b","duration":10,"status":200}`,
		`{"t":"2026-01-02T03:04:05.030Z","service":"shop","msg":"bank-http-response","RequestID":"r-2","host":"a","duration":30,"status":200}`,
		`{"t":"2026-01-02T03:04:05.040Z","service":"shop","msg":"order-create-done","RequestID":"r-2"}`)
	golden(t, "calls.txt", treeOf(t, export(t, "grpc", c)))
}

// TestCallsInACircle has two services that call each other at the same time, on clocks that contradict each other.
func TestCallsInACircle(t *testing.T) {
	frame := func(at int, event, from, to, host string) string {
		return fmt.Sprintf(`{"t":"2026-01-02T03:04:05.%03dZ","event":%q,"from":%q,"to":%q,"host":%q,"duration":50,"RequestID":"circle"}`, at, event, from, to, host)
	}
	c := request(t,
		frame(100, "REQ", "a", "b.x", "ha"), frame(90, "IN", "a", "b.x", "hb"), frame(140, "OUT", "a", "b.x", "hb"), frame(150, "REP", "a", "b.x", "ha"),
		frame(95, "REQ", "b", "a.y", "hb"), frame(94, "IN", "b", "a.y", "ha"), frame(144, "OUT", "b", "a.y", "ha"), frame(145, "REP", "b", "a.y", "hb"))
	golden(t, "circle.txt", treeOf(t, export(t, "http", c)))
}

func TestIDs(t *testing.T) {
	line := func(id string) string {
		return `{"t":"2026-01-02T03:04:05Z","service":"shop","lvl":"error","msg":"order-create-fail",` + id + `}`
	}
	ids := func(lines ...string) (trace, root string) {
		list := export(t, "http", request(t, lines...))
		s := list[0].ScopeSpans[0].Spans[0]
		return hex.EncodeToString(s.TraceId), hex.EncodeToString(s.SpanId)
	}
	for given, want := range map[string]string{
		`"trace_id":"4bf92f3577b34da6a3ce929d0e0e4736"`:                           "4bf92f3577b34da6a3ce929d0e0e4736",
		`"traceparent":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"`: "4bf92f3577b34da6a3ce929d0e0e4736",
		`"dd.trace_id":"11803532876627986230"`:                                    "0000000000000000a3ce929d0e0e4736",
	} {
		if got, _ := ids(line(given)); got != want {
			t.Errorf("%s is trace %s, want %s", given, got, want)
		}
	}
	seen := make(map[string]string)
	for _, given := range []string{`"RequestID":"order-17"`, `"RequestID":"order-18"`, `"RequestID":"33eda743-f124-435c-71fc-3c872bbc98e6"`, `"trace_id":"order-17"`,
		`"RequestID":"bob@example.com"`, `"RequestID":"eve@example.com and more"`} {
		trace, root := ids(line(given))
		again, rootAgain := ids(line(given))
		if trace != again || root != rootAgain || len(trace) != 32 || len(root) != 16 {
			t.Errorf("%s: %s %s, then %s %s", given, trace, root, again, rootAgain)
		}
		if other, ok := seen[trace]; ok {
			t.Errorf("%s and %s share a trace", given, other)
		}
		seen[trace] = given
	}
	// What comes of a request after it was closed is in the same trace, but does not replace what was sent.
	trace, root := ids(line(`"RequestID":"order-17"`))
	later, rootLater := ids(strings.Replace(line(`"RequestID":"order-17"`), "03:04:05Z", "03:09:05Z", 1))
	if trace != later || root == rootLater {
		t.Errorf("later: trace %s root %s, before: %s %s", later, rootLater, trace, root)
	}
}

func TestTextsAreRedactedValidAndBounded(t *testing.T) {
	long := strings.Repeat("é", 4000)
	c := request(t, `{"t":"2026-01-02T03:04:05Z","service":"a`+"\xff"+`","msg":"`+long+`","RequestID":"bob@example.com"}`)
	for _, rs := range export(t, "http", c) {
		text := rs.String()
		if strings.Contains(text, "bob") || len(text) > 8<<10 || !strings.Contains(text, "email") {
			t.Errorf("%d bytes: %.2000s", len(text), text)
		}
	}
}

func TestManyEventsAreBoundedAndErrorsStay(t *testing.T) {
	var lines []string
	for i := range 2000 {
		level := "info"
		if i == 1999 {
			level = "error"
		}
		lines = append(lines, fmt.Sprintf(`{"t":"2026-01-02T03:04:%02d.%03dZ","lvl":%q,"msg":"job-step-done","RequestID":"many"}`, i/1000, i%1000, level))
	}
	list := export(t, "http", request(t, lines...))
	s := list[0].ScopeSpans[0].Spans[0]
	last := s.Events[len(s.Events)-1]
	if len(s.Events)+int(s.DroppedEventsCount) != 2000 || len(s.Events) > 512 || attribute(last.Attributes, "level") != "error" {
		t.Errorf("%d events and %d dropped, the last is %v", len(s.Events), s.DroppedEventsCount, last)
	}
}

// treeOf shows spans as a tree, and fails the test unless they are one.
func treeOf(t *testing.T, list []*tracepb.ResourceSpans) string {
	t.Helper()
	type node struct {
		resource string
		*tracepb.Span
	}
	below := make(map[string][]node)
	known, total := map[string]bool{"": true}, 0
	for _, rs := range list {
		for _, s := range rs.ScopeSpans[0].Spans {
			if known[string(s.SpanId)] {
				t.Errorf("span id %x is not its own", s.SpanId)
			}
			known[string(s.SpanId)] = true
			below[string(s.ParentSpanId)] = append(below[string(s.ParentSpanId)], node{attributesText(rs.Resource.Attributes), s})
			total++
		}
	}
	if len(below[""]) != 1 {
		t.Fatalf("%d roots", len(below[""]))
	}
	var out bytes.Buffer
	var write func(n node, indent string)
	write = func(n node, indent string) {
		total--
		kind := strings.ToLower(strings.TrimPrefix(n.Kind.String(), "SPAN_KIND_"))
		fmt.Fprintf(&out, "%s%s %s %x/%x %.2f ms [%s]\n", indent, kind, n.Name, n.TraceId, n.SpanId, float64(n.EndTimeUnixNano-n.StartTimeUnixNano)/1e6, n.resource)
		fmt.Fprintf(&out, "%s  %s\n", indent, attributesText(n.Attributes))
		if n.Status != nil {
			fmt.Fprintf(&out, "%s  status %d %s\n", indent, n.Status.Code, n.Status.Message)
		}
		for _, l := range n.Links {
			fmt.Fprintf(&out, "%s  link %x %s\n", indent, l.TraceId, attributesText(l.Attributes))
		}
		for _, e := range n.Events {
			fmt.Fprintf(&out, "%s  event +%.2f ms %s: %s\n", indent, float64(int64(e.TimeUnixNano)-int64(n.StartTimeUnixNano))/1e6, e.Name, attributesText(e.Attributes))
		}
		children := below[string(n.SpanId)]
		slices.SortStableFunc(children, func(a, b node) int {
			if a.StartTimeUnixNano != b.StartTimeUnixNano {
				return int(int64(a.StartTimeUnixNano) - int64(b.StartTimeUnixNano))
			}
			return bytes.Compare(a.SpanId, b.SpanId)
		})
		for _, c := range children {
			write(c, indent+"    ")
		}
	}
	write(below[""][0], "")
	if total != 0 {
		t.Errorf("%d spans do not hang on the root", total)
	}
	return out.String()
}

func attributesText(list []*commonpb.KeyValue) string {
	var words []string
	for _, kv := range list {
		words = append(words, kv.Key+"="+valueText(kv.Value))
	}
	return strings.Join(words, " ")
}

func valueText(v *commonpb.AnyValue) string {
	switch v := v.Value.(type) {
	case *commonpb.AnyValue_DoubleValue:
		return fmt.Sprintf("%.2f", v.DoubleValue)
	case *commonpb.AnyValue_ArrayValue:
		var words []string
		for _, w := range v.ArrayValue.Values {
			words = append(words, valueText(w))
		}
		return strings.Join(words, ",")
	case *commonpb.AnyValue_StringValue:
		return v.StringValue
	case *commonpb.AnyValue_IntValue:
		return fmt.Sprint(v.IntValue)
	case *commonpb.AnyValue_BoolValue:
		return fmt.Sprint(v.BoolValue)
	}
	return "?"
}

func attribute(list []*commonpb.KeyValue, key string) string {
	for _, kv := range list {
		if kv.Key == key {
			return valueText(kv.Value)
		}
	}
	return ""
}
