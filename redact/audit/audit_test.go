package audit_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/redact/audit"
	"github.com/logproc/logproc/redact/keyring"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// raw are the values in sample that no output may hold.
var raw = []string{"siobhan", "Siobhan", "4111117862403797", "192.0.2.18", "hunter2", "594f1ee71fca", "447700900122", "bergstrand"}

// builtInLine is a place in the built-in policy, whose lines move.
var builtInLine = regexp.MustCompile(`\(built-in\):[0-9]+`)

func sample(t *testing.T) [][]byte {
	t.Helper()
	data, err := os.ReadFile("testdata/sample.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Split(bytes.TrimSpace(data), []byte("\n"))
}

func policy(t *testing.T, file string) *redact.Policy {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	p, err := redact.LoadPolicy(filepath.Base(file), data, redact.LoadOptions{Now: time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func keys(t *testing.T) *keyring.Keyring {
	t.Helper()
	k, err := keyring.Ephemeral(strings.NewReader(strings.Repeat("a key for tests that is no secret at all. ", 8)))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	got = builtInLine.ReplaceAll(got, []byte("(built-in)"))
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs:\n%s", name, got)
	}
	for _, value := range raw {
		if bytes.Contains(got, []byte(value)) {
			t.Errorf("%s holds %s", name, value)
		}
	}
}

func TestExplain(t *testing.T) {
	var out bytes.Buffer
	e := audit.NewExplainer(policy(t, "testdata/new.yaml"), keys(t))
	for _, line := range sample(t) {
		if err := audit.WriteText(&out, e.Explain(line, nil, "")); err != nil {
			t.Fatal(err)
		}
		out.WriteByte('\n')
	}
	golden(t, "explain.txt", out.Bytes())
}

func TestExplainField(t *testing.T) {
	e := audit.NewExplainer(policy(t, "testdata/new.yaml"), nil)
	record := []byte(`{"user":{"phone":"07700 900123","x":1},"phone":"+447700900122","telephone":"no"}`)
	for field, want := range map[string]int{"user.phone": 1, "phone": 2, "x": 1, "nothing": 0, "": 4} {
		if got := len(e.Explain(record, nil, field)); got != want {
			t.Errorf("%q: %d values, want %d", field, got, want)
		}
	}
}

func TestDiff(t *testing.T) {
	d := audit.NewDiffer(policy(t, "testdata/old.yaml"), policy(t, "testdata/new.yaml"), keys(t))
	for _, line := range sample(t) {
		d.Add(line, nil)
	}
	var out bytes.Buffer
	if err := d.WriteText(&out); err != nil {
		t.Fatal(err)
	}
	golden(t, "diff.txt", out.Bytes())
	same := audit.NewDiffer(policy(t, "testdata/new.yaml"), policy(t, "testdata/new.yaml"), keys(t))
	for _, line := range sample(t) {
		same.Add(line, nil)
	}
	if same.Changed != 0 || len(same.Changes()) != 0 {
		t.Errorf("a policy differs from itself: %v", same.Changes())
	}
}

func TestReport(t *testing.T) {
	r := audit.NewReporter(policy(t, "testdata/new.yaml"), keys(t))
	for _, line := range sample(t) {
		r.Add(line, nil)
	}
	report := r.Report(time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC))
	report.Policy.Hash = "0000" // follows the files, the built-in policy's too
	var out bytes.Buffer
	if err := report.WriteText(&out); err != nil {
		t.Fatal(err)
	}
	golden(t, "report.txt", out.Bytes())
	text, err := json.MarshalIndent(report, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "report.json", append(text, '\n'))
}

// TestObserve: in observe mode the hits are those of the policy that is tried out.
func TestObserve(t *testing.T) {
	p, err := redact.LoadPolicy("o.yaml", []byte("version: 1\nid: o-1\nmode: observe\nrules:\n- {rule: notes, names: [note], operator: drop}\n"+
		"tests:\n- {name: n, in: '{\"note\":\"abc\"}', hide: [abc]}\n"), redact.LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	r := audit.NewReporter(p, nil)
	r.Add([]byte(`{"note":"x"}`), nil)
	report := r.Report(time.Time{})
	if len(report.Hits) != 1 || report.Hits[0].Rule != "notes" || report.Policy.Mode != "observe" || report.Policy.Tests != 1 {
		t.Errorf("%+v", report)
	}
}

func FuzzAudit(f *testing.F) {
	f.Add([]byte(`{"a":{"b":[1,{"c":"x@example.org"}]},"a":2,"":{}}`))
	f.Add([]byte(`not json`))
	f.Add([]byte(`{"a":[[],{}],"b":"{\"otp\":1}"`))
	p := redact.DefaultPolicy()
	d := audit.NewDiffer(p, p, nil)
	r := audit.NewReporter(p, nil)
	f.Fuzz(func(t *testing.T, record []byte) {
		d.Add(record, nil)
		r.Add(record, nil)
		if d.Changed != 0 {
			t.Error("a policy differs from itself")
		}
	})
}
