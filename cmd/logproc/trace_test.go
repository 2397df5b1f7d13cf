package main

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// runTrace runs the command as the shell would.
func runTrace(t *testing.T, stdin string, args ...string) (code int, out, messages string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = run(t.Context(), append([]string{"trace"}, args...), streams{strings.NewReader(stdin), &stdout, &stderr})
	return code, stdout.String(), stderr.String()
}

func TestTraceOfFrames(t *testing.T) {
	const dir = "../../sinks/web/trace/testdata/"
	read := func(name string) string {
		data, err := os.ReadFile(dir + name)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	lines := strings.SplitAfter(read("phosphor_trace.jsonl"), "\n")
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
	shuffled := strings.Join(lines, "")
	for _, test := range []struct {
		stdin string
		args  []string
		want  string
	}{
		{"", []string{"33eda743-f124-435c-71fc-3c872bbc98e6", dir + "phosphor_trace.jsonl"}, "phosphor_trace.txt"},
		{shuffled, []string{"33EDA743F124435C71FC3C872BBC98E6", "-"}, "phosphor_trace.txt"},
		{shuffled, []string{"33eda743"}, "phosphor_trace.txt"},
		{shuffled, []string{"--calls", "71fc3c872bbc98e6"}, "phosphor_calls.txt"},
	} {
		if code, out, messages := runTrace(t, test.stdin, test.args...); code != 0 || out != read(test.want) || messages != "" {
			t.Errorf("%v: code %d\n%s%s", test.args, code, out, messages)
		}
	}
}

// requests are three requests: r-1 in two traces, the second of which r-2 shares; and one with a trace only.
const requests = `{"t":"2026-01-02T03:04:05.001Z","lvl":"info","service":"a","msg":"a-begin-ok","RequestID":"r-1","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736"}
{"t":"2026-01-02T03:04:05.002Z","lvl":"info","service":"b","msg":"b-called-ok","dd.trace_id":"11803532876627986230"}
not json
{"t":"2026-01-02T03:04:05.003Z","lvl":"error","service":"c","msg":"mail to bob@example.com","RequestID":"r-1","trace_id":"aaaabbbbccccddddeeeeffff00001111"}
{"t":"2026-01-02T03:04:05.004Z","lvl":"info","service":"d","msg":"d-done-ok","RequestID":"r-2","trace_id":"aaaabbbbccccddddeeeeffff00001111"}
{"t":"2026-01-02T03:04:05.005Z","lvl":"info","service":"e","msg":"e-done-ok","RequestID":"unknown","trace_id":"00000000000000000000000000000001"}
`

func TestTraceOfRecords(t *testing.T) {
	head := func(lines ...string) string { return strings.Join(lines, "\n") + "\n" }
	const at = "2026-01-02 03:04:05."
	a, b, c, d := at+"001\ta\tinfo\ta-begin-ok\t-\t-", at+"002\tb\tinfo\tb-called-ok\t-\t-", at+"003\tc\terror\tmail to <email>\t-\t-", at+"004\td\tinfo\td-done-ok\t-\t-"
	const first, second = "Trace: 4bf92f3577b34da6a3ce929d0e0e4736", "Trace: aaaabbbbccccddddeeeeffff00001111"
	for _, test := range []struct {
		id, want string
	}{
		{"r-1", head("Request: r-1", first, second, "Conflict: one RequestID with 2 traces", "Conflict: its trace belongs to another RequestID too", "", a, b, c)},
		{"r-2", head("Request: r-2", second, "Conflict: its trace belongs to another RequestID too", "", d)},
		{"aaaabbbb", head("Request: r-1", "Request: r-2", first, second, "Conflict: one trace with 2 RequestIDs", "Conflict: one RequestID with 2 traces", "", a, c, d)},
		{"4bf92f3577b34da6a3ce929d0e0e4736", head("Request: r-1", first, second, "Conflict: one RequestID with 2 traces", "", a, b, c)},
	} {
		code, out, messages := runTrace(t, requests, test.id)
		if code != 0 || messages != "" {
			t.Errorf("%s: code %d: %s", test.id, code, messages)
		}
		if sortedLines(out) != sortedLines(test.want) {
			t.Errorf("%s:\n%swant\n%s", test.id, out, test.want)
		}
	}
}

// sortedLines leaves the order of names open: free forms are ordered by their hash.
func sortedLines(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		for j := i + 1; j < len(lines); j++ {
			if lines[j] < lines[i] {
				lines[i], lines[j] = lines[j], lines[i]
			}
		}
	}
	return strings.Join(lines, "\n")
}

func TestTraceFailures(t *testing.T) {
	for _, test := range []struct {
		args     []string
		code     int
		messages string
	}{
		{[]string{"r-99999"}, 1, "logproc: no record has this RequestID"},
		{[]string{"-", "-"}, 2, "the id is one that stands for a missing id"},
		{[]string{"unknown"}, 2, "the id is one that stands for a missing id"},
		{[]string{"--link", "x=javascript:1", "r-1"}, 2, "--link x: it is no URL template"},
		{[]string{"-r", "none.yaml", "r-1"}, 2, "read the call rules: open none.yaml"},
		{[]string{"r-1", "none.log"}, 2, "none.log: no such file"},
	} {
		code, out, messages := runTrace(t, requests, test.args...)
		if code != test.code || out != "" || !strings.Contains(messages, test.messages) {
			t.Errorf("%v: code %d, out %q, messages %q", test.args, code, out, messages)
		}
	}
	ambiguous := strings.ReplaceAll(requests, "r-1", "request-1") + strings.ReplaceAll(requests, "r-1", "request-2")
	if code, _, messages := runTrace(t, ambiguous, "reque"); code != 2 || !strings.Contains(messages, "request-1, request-2") {
		t.Errorf("ambiguous: code %d, %q", code, messages)
	}
}

func TestCheckReportsLinks(t *testing.T) {
	file := filepath.Join(t.TempDir(), "logproc.yaml")
	if err := os.WriteFile(file, []byte("correlate:\n  links:\n    jaeger: https://jaeger.example/trace/{trace_id}\n    bad: jaeger/{trace}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), []string{"check", "-c", file}, streams{strings.NewReader(""), &stdout, &stderr})
	if want := file + ":4:10: correlate.links.bad: it is no URL template"; code != 2 || !strings.HasPrefix(stdout.String(), want) || strings.Count(stdout.String(), "\n") != 1 {
		t.Errorf("code %d: %s", code, stdout.String())
	}
}
