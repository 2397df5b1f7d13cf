//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/logproc/logproc/correlate"
	"github.com/logproc/logproc/parse"
	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/rules"
	"github.com/logproc/logproc/sinks/otlp"
)

// TestOTLP exports a request to the OpenTelemetry collector's own receiver, by HTTP and again by gRPC as after a crash:
// it is one tree of twelve calls, and the second time the same one.
func TestOTLP(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(shared.root, "sinks/web/trace/testdata/phosphor_trace.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	c := startCollector(t)
	var before map[string]otlpSpan
	for _, endpoint := range []string{c.http, c.grpc} {
		exportRequest(t, endpoint, data)
		var spans map[string]otlpSpan
		eventually(t, 20*time.Second, "receive the spans", func() (err error) {
			spans, err = c.take(t)
			return err
		})
		checkTree(t, spans, 12)
		if before != nil && fmt.Sprint(before) != fmt.Sprint(spans) {
			t.Errorf("the second time other spans came: %v, before %v", spans, before)
		}
		before = spans
	}
	// Another trace of the same request is a link, although nobody has logged to which of its spans.
	exportRequest(t, c.grpc, []byte(`{"RequestID":"r-1","msg":"order-create-done","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736"}
{"RequestID":"r-1","msg":"order-create-fail","trace_id":"aaaabbbbccccddddeeeeffff00001111"}`))
	eventually(t, 20*time.Second, "receive the link", func() error {
		spans, err := c.take(t)
		for _, s := range spans {
			if s.Trace != "4bf92f3577b34da6a3ce929d0e0e4736" || len(s.Links) != 1 || s.Links[0].Trace != "aaaabbbbccccddddeeeeffff00001111" || len(s.Events) != 2 {
				t.Fatalf("span %+v", s)
			}
		}
		return err
	})
}

// checkTree fails the test unless spans are one tree, with a client's and a server's span for each call.
func checkTree(t *testing.T, spans map[string]otlpSpan, calls int) {
	t.Helper()
	kinds := make(map[int]int)
	for id, s := range spans {
		kinds[s.Kind]++
		parent, ok := spans[s.Parent]
		switch {
		case s.Trace != "33eda743f124435c71fc3c872bbc98e6":
			t.Errorf("span %s is of trace %s", id, s.Trace)
		case s.Kind == 1 && s.Parent != "", s.Kind != 1 && !ok:
			t.Errorf("span %s (%s) hangs on %q", id, s.Name, s.Parent)
		case s.Kind == 2 && (parent.Kind != 3 || parent.Name != s.Name):
			t.Errorf("the server's span %s (%s) hangs on %s", id, s.Name, parent.Name)
		}
		depth := 0
		for at := s; at.Parent != "" && depth <= len(spans); at = spans[at.Parent] {
			depth++
		}
		if depth > len(spans) {
			t.Errorf("span %s hangs on itself", id)
		}
	}
	if kinds[1] != 1 || kinds[2] != calls || kinds[3] != calls {
		t.Errorf("spans by kind: %v, want 1 internal, %d server, %d client", kinds, calls, calls)
	}
}

// exportRequest sends the request that log lines are of.
func exportRequest(t *testing.T, endpoint string, lines []byte) {
	t.Helper()
	p, err := parse.New(parse.Options{})
	if err != nil {
		t.Fatal(err)
	}
	names := redact.NewRedactor(redact.DefaultPolicy(), nil, redact.Options{Output: redact.Summary})
	ids := redact.NewRedactor(redact.DefaultPolicy(), nil, redact.Options{Output: redact.Topic})
	o := correlate.NewObserver(rules.DefaultCalls(), names.Label, ids.FieldText)
	var all correlate.Collector
	for line := range bytes.Lines(lines) {
		p.Parse(parse.Input{Line: bytes.TrimSpace(line)})
		if r, ok := p.Next(); ok {
			if obs, ok := o.Observe(r); ok {
				all.Add(&obs)
			}
		}
	}
	e, err := otlp.New(otlp.Options{Endpoint: endpoint})
	if err != nil {
		t.Fatal(err)
	}
	e.Export(&correlate.Closed{Timeline: all.Timeline(correlate.Options{}), Reasons: correlate.WithError})
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
}

// collector is a running receiver of the OpenTelemetry collector.
type collector struct {
	http, grpc string // endpoints
	file       string // what it has received
	read       int    // bytes of it that were taken
}

// otlpSpan is what is looked at of a span in OTLP's JSON.
type otlpSpan struct {
	Trace  string            `json:"traceId"`
	ID     string            `json:"spanId"`
	Parent string            `json:"parentSpanId"`
	Name   string            `json:"name"`
	Kind   int               `json:"kind"` // 1 internal, 2 server, 3 client
	Start  string            `json:"startTimeUnixNano"`
	End    string            `json:"endTimeUnixNano"`
	Events []json.RawMessage `json:"events"`
	Links  []struct {
		Trace string `json:"traceId"`
	} `json:"links"`
}

// startCollector builds internal/e2e/otelcol and starts it.
func startCollector(t *testing.T) *collector {
	t.Helper()
	dir := t.TempDir()
	program := filepath.Join(dir, "otelcol")
	build := exec.Command("go", "build", "-o", program, ".")
	build.Dir = filepath.Join(shared.root, "internal/e2e/otelcol")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	ports, err := freePorts(2)
	if err != nil {
		t.Fatal(err)
	}
	c := &collector{http: "http://" + address(ports[0]), grpc: "grpc://" + address(ports[1]), file: filepath.Join(dir, "spans.jsonl")}
	p := start(t, program, "-http", address(ports[0]), "-grpc", address(ports[1]), "-out", c.file)
	for _, port := range ports {
		eventually(t, 20*time.Second, "start the receiver", func() error {
			if !p.running() {
				t.Fatalf("it has ended:\n%s", tail(p.text(), 20))
			}
			conn, err := net.Dial("tcp", address(port))
			if err != nil {
				return err
			}
			return conn.Close()
		})
	}
	return c
}

// take gives the spans that have come since it last gave any, by id; an error while there are none.
func (c *collector) take(t *testing.T) (map[string]otlpSpan, error) {
	t.Helper()
	data, err := os.ReadFile(c.file)
	if err != nil {
		return nil, err
	}
	data = data[c.read:]
	if !strings.HasSuffix(string(data), "\n") {
		return nil, fmt.Errorf("%d bytes of a request", len(data))
	}
	c.read += len(data)
	spans := make(map[string]otlpSpan)
	for line := range bytes.Lines(data) {
		var request struct {
			ResourceSpans []struct {
				ScopeSpans []struct{ Spans []otlpSpan }
			}
		}
		if err := json.Unmarshal(line, &request); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		for _, rs := range request.ResourceSpans {
			for _, ss := range rs.ScopeSpans {
				for _, s := range ss.Spans {
					if _, twice := spans[s.ID]; twice {
						t.Errorf("span %s came twice", s.ID)
					}
					spans[s.ID] = s
				}
			}
		}
	}
	return spans, nil
}
