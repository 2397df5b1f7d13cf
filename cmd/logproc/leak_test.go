package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/logproc/logproc/internal/config"
	"github.com/logproc/logproc/internal/testbroker"
	"github.com/logproc/logproc/redact/redacttest"
	"github.com/logproc/logproc/rollup"
)

// leakRun is an instance that has read the corpus, with everything it has written.
type leakRun struct {
	t      *testing.T
	broker *testbroker.Broker
	dir    string
	base   string // URL of the HTTP server
	log    *lockedBuffer
	on     *instance
}

// outputs are all places that content of a record could get to. A new output joins the test by an entry here.
var outputs = map[string]func(r *leakRun) []byte{
	"redacted topic":        func(r *leakRun) []byte { return r.topic("logs.redacted") },
	"dead-letter topic":     func(r *leakRun) []byte { return r.topic("logs.dead") },
	"dead-letter file":      func(r *leakRun) []byte { return r.file("store.db.dead.jsonl") },
	"store":                 func(r *leakRun) []byte { return r.file("store.db") },
	"program's log":         func(r *leakRun) []byte { return r.log.Bytes() },
	"metrics, text":         func(r *leakRun) []byte { return r.get("/metrics", "text/plain") },
	"metrics, OpenMetrics":  func(r *leakRun) []byte { return r.get("/metrics", "application/openmetrics-text") },
	"status":                func(r *leakRun) []byte { return r.get("/api/v1/status", "") },
	"health":                func(r *leakRun) []byte { return r.get("/health/status", "") },
	"readiness":             func(r *leakRun) []byte { return r.get("/-/ready", "") },
	"summary, text":         func(r *leakRun) []byte { return r.summaries("text") },
	"summary, HTML":         func(r *leakRun) []byte { return r.summaries("html") },
	"summary, JSON":         func(r *leakRun) []byte { return r.summaries("json") },
	"logproc status":        func(r *leakRun) []byte { return r.command("status", "--url", r.base) },
	"logproc lint, text":    func(r *leakRun) []byte { return r.command("lint", "--all", r.path("input.jsonl")) },
	"logproc lint, SARIF":   func(r *leakRun) []byte { return r.command("lint", "--format", "sarif", r.path("input.jsonl")) },
	"logproc count":         func(r *leakRun) []byte { return r.command("count", "--by", "msg,service,env", r.path("input.jsonl")) },
	"logproc summary":       func(r *leakRun) []byte { return r.command("summary", "--all-levels", r.path("input.jsonl")) },
	"logproc policy report": func(r *leakRun) []byte { return r.command("policy", "report", r.path("input.jsonl")) },
	"documents":             func(r *leakRun) []byte { return r.documents() },
	"mails":                 func(r *leakRun) []byte { return r.mails() },
	"logproc explain":       func(r *leakRun) []byte { return r.command("policy", "explain", r.path("input.jsonl")) },
}

// TestNothingPersonalLeaves runs a corpus of personal data through a broker and the whole program, and looks
// for it in every output there is, through every decoding.
func TestNothingPersonalLeaves(t *testing.T) {
	cases, err := redacttest.Load("../../redact/testdata/corpus.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	r := runCorpus(t, cases)
	for name, output := range outputs {
		t.Run(name, func(t *testing.T) {
			r.t = t
			content := output(r)
			if len(content) == 0 {
				t.Fatal("it is empty: nothing was looked at")
			}
			for _, leak := range redacttest.Leaks(content, cases) {
				t.Error(leak)
			}
		})
	}
}

func runCorpus(t *testing.T, cases []redacttest.Case) *leakRun {
	t.Helper()
	broker, err := testbroker.Start(testbroker.Options{Topics: map[string]int32{"logs": 4, "logs.redacted": 4, "logs.dead": 1}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(broker.Close)
	r := &leakRun{t: t, broker: broker, dir: t.TempDir(), log: &lockedBuffer{}}
	r.produce(cases)
	cfg := config.Default()
	cfg.Kafka.Brokers, cfg.Kafka.Topics = broker.Addrs(), []string{"logs"}
	cfg.Store, cfg.Listen = "file:"+r.path("store.db"), "127.0.0.1:0"
	cfg.Redact.Topic, cfg.DeadLetters.Topic = "logs.redacted", "logs.dead"
	cfg.Log.Level = "debug"
	cfg.CommitInterval = 100 * time.Millisecond
	cfg.Correlate.Mode, cfg.Correlate.KeepAll, cfg.Correlate.Lateness = config.CorrelateProcess, true, time.Millisecond
	t.Setenv("LOGPROC_KEYS", "c2l4dHkgZm91ciBieXRlcyBvZiBhIGtleSB0aGF0IGlzIG5vIHNlY3JldCBpbiB0aGlzIHRlc3QhISE=")
	ctx, stop := context.WithCancel(t.Context())
	i, err := newInstance(ctx, cfg, instanceOptions{log: r.log})
	if err != nil {
		t.Fatal(err)
	}
	ran := make(chan error, 1)
	go func() { ran <- i.run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ran; err != nil {
			t.Error(err)
		}
	})
	r.base, r.on = "http://"+i.server.Addr().String(), i
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		var done uint64
		for _, s := range i.pipeline.Status() {
			done += s.Outcomes.Total()
		}
		if done == uint64(len(cases)) {
			return r
		}
		if time.Now().After(end) {
			t.Fatalf("%d of %d records are counted\n%s", done, len(cases), r.log.Bytes())
		}
	}
}

// produce writes the cases to the topic, and to a file for the commands that read files.
func (r *leakRun) produce(cases []redacttest.Case) {
	r.t.Helper()
	p, err := r.broker.Producer(testbroker.LZ4)
	if err != nil {
		r.t.Fatal(err)
	}
	defer p.Close()
	var records []*kgo.Record
	var file bytes.Buffer
	for i := range cases {
		c := &cases[i]
		record := &kgo.Record{Topic: "logs", Partition: int32(i % 4), Value: c.Value()}
		if c.Key != nil {
			record.Key = []byte(*c.Key)
		}
		for _, h := range c.HeaderPairs() {
			record.Headers = append(record.Headers, kgo.RecordHeader{Key: h[0], Value: []byte(h[1])})
		}
		records = append(records, record)
		file.Write(bytes.ReplaceAll(c.Value(), []byte("\n"), []byte(" ")))
		file.WriteByte('\n')
	}
	if err := p.Produce(r.t.Context(), records...); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(r.path("input.jsonl"), file.Bytes(), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

func (r *leakRun) path(name string) string { return filepath.Join(r.dir, name) }

func (r *leakRun) file(name string) []byte {
	r.t.Helper()
	content, err := os.ReadFile(r.path(name))
	if err != nil {
		r.t.Fatal(err)
	}
	return content
}

// topic gives all records of a topic, one line for each key, header and value.
func (r *leakRun) topic(name string) []byte {
	r.t.Helper()
	client, err := kgo.NewClient(append(r.broker.ClientOptions(), kgo.ConsumeTopics(name), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))...)
	if err != nil {
		r.t.Fatal(err)
	}
	defer client.Close()
	var all bytes.Buffer
	for quiet := 0; quiet < 2; {
		ctx, cancel := context.WithTimeout(r.t.Context(), time.Second)
		fetches := client.PollFetches(ctx)
		cancel()
		if fetches.NumRecords() == 0 {
			quiet++
		}
		fetches.EachRecord(func(record *kgo.Record) {
			for _, h := range record.Headers {
				fmt.Fprintf(&all, "%s: %s\n", h.Key, h.Value)
			}
			fmt.Fprintf(&all, "%s\n%s\n", record.Key, record.Value)
		})
	}
	return all.Bytes()
}

func (r *leakRun) get(route, accept string) []byte {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, r.base+route, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	if accept != "" {
		req.Header.Set("Accept", accept)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return body
}

func (r *leakRun) summaries(format string) []byte {
	r.t.Helper()
	var all []byte
	for day := range 31 {
		all = append(all, r.get(fmt.Sprintf("/api/v1/summary?day=2019-09-%02d&all_levels=true&format=%s", day%30+1, format), "")...)
	}
	return append(all, r.get("/api/v1/summary?all_levels=true&format="+format+"&day="+time.Now().UTC().Format(time.DateOnly), "")...)
}

// documents gives all documents of the store: timelines of requests, and what else is kept beside the counts.
func (r *leakRun) documents() []byte {
	r.t.Helper()
	var all bytes.Buffer
	for end := time.Now().Add(20 * time.Second); all.Len() == 0 && time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		err := r.on.store.Documents(r.t.Context(), "request", "", func(d rollup.Document) error {
			fmt.Fprintf(&all, "%s\n%s\n", d.Name, d.Value)
			return nil
		})
		if err != nil {
			r.t.Fatal(err)
		}
	}
	return all.Bytes()
}

// mails gives the summaries of the input as mails, before they are encoded for the way.
func (r *leakRun) mails() []byte {
	r.t.Helper()
	dir, cfg := r.t.TempDir(), r.path("mail.yaml")
	text := "summary:\n  smtp: {address: '127.0.0.1:1', from: a@b.example}\n  to:\n    all: {to: [c@d.example], digest: true, all_levels: true, min_events: 0}\n"
	if err := os.WriteFile(cfg, []byte(text), 0o600); err != nil {
		r.t.Fatal(err)
	}
	all := r.command("summary", "-c", cfg, "--send", "--dry-run", "--output", dir, r.path("input.jsonl"))
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) == 0 {
		r.t.Fatalf("no mail: %v, %s", err, all)
	}
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			r.t.Fatal(err)
		}
		_, plain := textPart(r.t, f)
		_ = f.Close()
		all = append(all, plain...)
		raw, err := os.ReadFile(name)
		if err != nil {
			r.t.Fatal(err)
		}
		all = append(all, raw...)
	}
	return all
}

// command gives what a command prints, on both streams.
func (r *leakRun) command(args ...string) []byte {
	r.t.Helper()
	var out bytes.Buffer
	if code := run(r.t.Context(), args, streams{strings.NewReader(""), &out, &out}); code > exitFindings {
		r.t.Fatalf("logproc %s: exit code %d\n%s", strings.Join(args, " "), code, out.Bytes())
	}
	return out.Bytes()
}

// lockedBuffer is a log that is read while it is written.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write implements io.Writer.
func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// Bytes gives a copy.
func (l *lockedBuffer) Bytes() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	return bytes.Clone(l.b.Bytes())
}
