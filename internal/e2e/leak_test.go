//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/logproc/logproc/redact/redacttest"
)

// leakRun is a run that has read the corpus.
type leakRun struct {
	*deployment
	process *process
	redis   *redisServer // nil with a store in a file
	dead    string       // topic of the dead letters
}

// leakOutputs are what a run leaves behind. A new output joins the test by an entry here; those of commands on
// files are in the test of the same kind in cmd/logproc.
var leakOutputs = map[string]func(r *leakRun) []byte{
	"redacted topic": func(r *leakRun) []byte { return kcatAll(r.t, r.topic+".redacted") },
	"dead letters":   func(r *leakRun) []byte { return kcatAll(r.t, r.dead) },
	"store":          func(r *leakRun) []byte { return r.stored() },
	"program's log":  func(r *leakRun) []byte { return []byte(r.process.text()) },
	"metrics":        func(r *leakRun) []byte { return r.page("/metrics") },
	"status":         func(r *leakRun) []byte { return r.page("/api/v1/status") },
	"health":         func(r *leakRun) []byte { return r.page("/health/status") },
	"summary, text":  func(r *leakRun) []byte { return r.summaries("text") },
	"summary, HTML":  func(r *leakRun) []byte { return r.summaries("html") },
	"summary, JSON":  func(r *leakRun) []byte { return r.summaries("json") },
}

// A corpus of personal data through real Kafka: nothing of it is in anything that the program writes, with
// either store, its own log at debug level and the store's files included.
func TestNothingPersonalLeaves(t *testing.T) {
	cases, err := redacttest.Load(filepath.Join(shared.root, "redact/testdata/corpus.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for _, store := range []string{"file", "redis"} {
		t.Run(store, func(t *testing.T) {
			r := runCorpus(t, cases, store == "redis")
			for name, output := range leakOutputs {
				content := output(r)
				if len(content) == 0 {
					t.Errorf("%s: it is empty: nothing was looked at", name)
				}
				for _, leak := range redacttest.Leaks(content, cases) {
					t.Errorf("%s: %s", name, leak)
				}
			}
		})
	}
}

func runCorpus(t *testing.T, cases []redacttest.Case, redis bool) *leakRun {
	t.Helper()
	topic := newTopic(t, 4)
	produceCases(t, topic, cases)
	keys := filepath.Join(t.TempDir(), "keys.yaml")
	must(t, nil, shared.program, "keys", "new", "-k", keys)
	r := &leakRun{dead: topic + ".dead"}
	r.deployment = newDeployment(t, topic, "--redact.topic", topic+".redacted", "--redact.keys", keys,
		"--dead_letters.topic", r.dead, "--log.level", "debug", "--commit_interval", "200ms")
	if redis {
		r.redis = startRedis(t, "--appendonly", "yes", "--appendfsync", "always")
		r.url = r.redis.url()
	}
	for _, name := range []string{topic + ".redacted", r.dead} {
		createTopic(t, name, 4)
	}
	r.process = r.start()
	eventually(t, time.Minute, "process the corpus", func() error {
		r.alive(r.process)
		var done float64
		for _, outcome := range []string{"counted", "dead_lettered", "skipped"} {
			n, err := r.metric("logproc_records_total", "outcome", outcome)
			if err != nil {
				return err
			}
			done += n
		}
		if done != float64(len(cases)) {
			return fmt.Errorf("%.0f of %d", done, len(cases))
		}
		return nil
	})
	return r
}

func produceCases(t *testing.T, topic string, cases []redacttest.Case) {
	t.Helper()
	var messages []kafka.Message
	for i := range cases {
		m := kafka.Message{Value: cases[i].Value()}
		if cases[i].Key != nil {
			m.Key = []byte(*cases[i].Key)
		}
		for _, h := range cases[i].HeaderPairs() {
			m.Headers = append(m.Headers, kafka.Header{Key: h[0], Value: []byte(h[1])})
		}
		messages = append(messages, m)
	}
	transport := &kafka.Transport{}
	defer transport.CloseIdleConnections()
	w := &kafka.Writer{Addr: kafka.TCP(shared.kafka), Topic: topic, Transport: transport, Balancer: &kafka.RoundRobin{}, RequiredAcks: kafka.RequireAll, BatchTimeout: 10 * time.Millisecond}
	defer w.Close()
	if err := w.WriteMessages(t.Context(), messages...); err != nil {
		t.Fatal(err)
	}
}

// kcatAll gives all of a topic as kcat prints it: keys, headers and values, as JSON lines and as text.
func kcatAll(t *testing.T, topic string) []byte {
	t.Helper()
	text := must(t, nil, "kcat", "-C", "-b", shared.kafka, "-t", topic, "-e", "-q", "-f", `%k\n%h\n%s\n`)
	var all bytes.Buffer
	all.WriteString(text)
	for line := range strings.Lines(must(t, nil, "kcat", "-C", "-b", shared.kafka, "-t", topic, "-e", "-q", "-J")) {
		var record struct{ Payload, Key string }
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			t.Fatalf("kcat -J: %v", err)
		}
		fmt.Fprintf(&all, "%s%s\n%s\n", line, record.Payload, record.Key)
	}
	return all.Bytes()
}

// stored gives the bytes of the store's files.
func (r *leakRun) stored() []byte {
	if r.redis == nil {
		content, err := os.ReadFile(r.store)
		if err != nil {
			r.t.Fatal(err)
		}
		return content
	}
	var all []byte
	for _, name := range r.redis.logs() {
		content, err := os.ReadFile(name)
		if err != nil {
			r.t.Fatal(err)
		}
		all = append(all, content...)
	}
	return all
}

func (r *leakRun) page(path string) []byte {
	text, err := r.get(path, "")
	if err != nil {
		r.t.Fatal(err)
	}
	return []byte(text)
}

func (r *leakRun) summaries(format string) []byte {
	var all []byte
	days := []string{time.Now().UTC().Format(time.DateOnly)}
	for day := 1; day <= 30; day++ {
		days = append(days, fmt.Sprintf("2019-09-%02d", day))
	}
	for _, day := range days {
		all = append(all, r.page("/api/v1/summary?all_levels=true&format="+format+"&day="+day)...)
	}
	return all
}
