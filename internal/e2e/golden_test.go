//go:build e2e

package e2e

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A day of a production service and the summary its owners expect of it.

func productionLog(t *testing.T) []byte {
	t.Helper()
	f, err := os.Open("testdata/ctrl_anna.jsonl.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func productionLines(t *testing.T) [][]byte {
	t.Helper()
	return bytes.Split(bytes.TrimSuffix(productionLog(t), []byte("\n")), []byte("\n"))
}

// summaryOf asks for the summary, with what names the input as further arguments, and compares it.
func checkSummary(t *testing.T, stdin io.Reader, input ...string) {
	t.Helper()
	want, err := os.ReadFile("testdata/ctrl_daily_summary.txt")
	if err != nil {
		t.Fatal(err)
	}
	args := append([]string{"summary", "--service", "ctrl", "--env", "anna", "--day", "2019-09-24"}, input...)
	r := call(t, stdin, shared.program, args...)
	if r.code != 0 || r.stdout != string(want) {
		t.Errorf("logproc %s: exit code %d, stderr %q, stdout:\n%s", strings.Join(args, " "), r.code, tail(r.stderr, 5), tail(r.stdout, 30))
	}
}

func writeTemp(t *testing.T, name string, text []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestSummaryThroughKafka(t *testing.T) {
	lines := productionLines(t)
	topic := newTopic(t, 4)
	kcatLines(t, topic, 4, lines)
	d := newDeployment(t, topic)
	d.untilEnd()
	checkSummary(t, nil, "--store", "file:"+d.store)
	if n := sum(d.totals()); n != uint64(len(lines)) {
		t.Errorf("%d events in the store, %d lines", n, len(lines))
	}
	d.untilEnd() // finds nothing new
	checkSummary(t, nil, "--store", "file:"+d.store)
}

func TestSummaryOfFiles(t *testing.T) {
	text := productionLog(t)
	plain := writeTemp(t, "ctrl.jsonl", text)
	t.Run("plain", func(t *testing.T) { checkSummary(t, nil, plain) })
	t.Run("gzip", func(t *testing.T) { checkSummary(t, nil, "testdata/ctrl_anna.jsonl.gz") })
	t.Run("zstd", func(t *testing.T) {
		must(t, nil, "zstd", "-q", plain)
		checkSummary(t, nil, plain+".zst")
	})
	t.Run("stdin", func(t *testing.T) { checkSummary(t, bytes.NewReader(text), "-") })
	t.Run("stdin unnamed", func(t *testing.T) { checkSummary(t, bytes.NewReader(text)) })
	t.Run("two files", func(t *testing.T) {
		half := bytes.IndexByte(text[len(text)/2:], '\n') + len(text)/2 + 1
		checkSummary(t, nil, writeTemp(t, "a.jsonl", text[:half]), writeTemp(t, "b.jsonl", text[half:]))
	})
}

func TestSummaryOfEnvelopes(t *testing.T) {
	lines := productionLines(t)
	for name, wrap := range envelopes {
		t.Run(name, func(t *testing.T) {
			var wrapped bytes.Buffer
			for n, line := range lines {
				for _, l := range wrap(line, n) {
					wrapped.WriteString(l)
					wrapped.WriteByte('\n')
				}
			}
			checkSummary(t, nil, writeTemp(t, "wrapped.log", wrapped.Bytes()))
		})
	}
}

// What kcat -J prints of a real topic is a log file too.
func TestSummaryOfKcatJSON(t *testing.T) {
	topic := newTopic(t, 2)
	kcatLines(t, topic, 2, productionLines(t))
	printed := must(t, nil, "kcat", "-C", "-b", shared.kafka, "-t", topic, "-e", "-q", "-J")
	checkSummary(t, strings.NewReader(printed), "-")
}
