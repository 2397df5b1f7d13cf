package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// runWith runs the program on input and gives its exit code and what it wrote.
func runWith(t *testing.T, input string, args ...string) (code int, out, errs string) {
	t.Helper()
	t.Setenv("LOGPROC_KEYS", "")
	t.Setenv("LOGPROC_KEYS_FILE", "")
	var stdout, stderr bytes.Buffer
	code = run(context.Background(), args, streams{strings.NewReader(input), &stdout, &stderr})
	return code, stdout.String(), stderr.String()
}

func TestPolicyCommands(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := file("good.yaml", "version: 1\nid: good-1\nrules:\n- {rule: notes, names: [note], operator: drop}\ntests:\n- {name: n, in: '{\"note\":\"x1\"}', hide: [x1]}\n")
	bad := file("bad.yaml", "version: 1\nid: bad-1\nrules:\n- {rule: notes, names: [note], operator: dorp}\n")
	failing := file("failing.yaml", "version: 1\nid: bad-2\ntests:\n- {name: n, in: '{\"note\":\"siobhan\"}', hide: [siobhan]}\n")
	expired := file("expired.yaml", "version: 1\nid: old-1\nexceptions:\n- {names: [x], detectors: [ip], reason: r, owner: o, expires: 2020-01-31}\n")
	const record = `{"msg":"login","note":"siobhan called","user":{"mail":"siobhan@example.org"},"clientHost":"192.0.2.18"}` + "\n"
	sample := file("sample.jsonl", record)
	kcat := file("kcat.jsonl", `{"topic":"logs","partition":0,"offset":7,"headers":["user","siobhan"],"key":"siobhan","payload":"{\"card_no\":\"4111117862403797\",\"shop\":7}"}`+"\n")
	for _, test := range []struct {
		name, args string
		code       int
		out, err   string // what is in there
	}{
		{"test", "policy test " + good, 0, "good.yaml: policy good-1 is in order: ", ""},
		{"test the built-in policy", "policy test", 0, "policy logproc-default-1 is in order", ""},
		{"test a bad one", "policy test " + bad, 2, "", `bad.yaml:4:42: unknown operator "dorp", expected "drop"`},
		{"test several", "policy test " + bad + " " + good, 2, "good-1", "bad.yaml:4:"},
		{"a test fails", "policy test " + failing, 2, "", `failing.yaml:4:46: test "n": entry 1 of hide is still there`},
		{"expired", "policy test " + expired, 0, "old-1", "the exception expired on 2020-01-31"},
		{"no file", "policy test " + dir + "/none.yaml", 2, "", "read the redaction policy: "},
		{"explain", "policy explain " + sample, 0, "found by rule email", ""},
		{"explain stdin", "policy explain", 0, "<email>", ""},
		{"explain a field", "policy explain -p " + good + " --field note -", 0, "rule notes (" + good + ":4): drop", ""},
		{"explain as JSON", "policy explain --format json " + sample, 0, `"outcome":"hidden"`, ""},
		{"explain with a bad policy", "policy explain -p " + bad + " " + sample, 2, "", "bad.yaml:4:42"},
		{"diff", "policy diff default " + good + " " + sample, 1, "note: kept -> notes drop", ""},
		{"no difference", "policy diff default default " + sample, 0, "0 of 1 records differ", ""},
		{"diff as JSON", "policy diff --format json default " + good, 1, `"after": "notes drop"`, ""},
		{"report", "policy report -p " + good + " " + sample, 0, "policy good-1, deny-list, sha256 ", ""},
		{"report of kcat's lines", "policy report --input kcat " + kcat, 0, "  payment  card_no  replace", ""},
		{"fields of kcat's lines", "policy report --input kcat " + kcat, 0, "fields that no rule is for: 2\n  card_no\n  shop\n", ""},
		{"explain kcat's lines", "policy explain --input kcat " + kcat, 0, "card_no", ""},
		{"report without keys", "policy report --keys " + dir + "/none.yaml " + sample, 2, "", "none.yaml"},
		{"schema", "policy schema", 0, `"title": "logproc redaction policy"`, ""},
		{"built-in file", "policy schema --default", 0, "id: logproc-default-1", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			code, out, errs := runWith(t, record, strings.Fields(test.args)...)
			if code != test.code || !strings.Contains(out, test.out) || !strings.Contains(errs, test.err) {
				t.Errorf("exit %d, want %d\nout: %s\nerr: %s", code, test.code, out, errs)
			}
			if strings.Contains(test.args, "schema") {
				return // the built-in policy's tests have values
			}
			for _, value := range []string{"siobhan@", "192.0.2.18"} {
				if strings.Contains(out+errs, value) {
					t.Errorf("a value is in the output: %s%s", out, errs)
				}
			}
		})
	}
}

func TestPolicyExplainLine(t *testing.T) {
	for _, line := range []string{`{"clientHost":"192.0.2.18"}`, `peer 192.0.2.18 gone`} {
		code, out, errs := runWith(t, "", "policy", "explain", line)
		if code != 0 || !strings.Contains(out, "<ip>") || strings.Contains(out, "192.0.2") {
			t.Errorf("exit %d: %s%s", code, out, errs)
		}
	}
	if code, _, errs := runWith(t, "", "policy", "explain", "no-such-file"); code != 2 || !strings.Contains(errs, "no-such-file") {
		t.Errorf("exit %d: %s", code, errs)
	}
}

func TestPolicyReportJSON(t *testing.T) {
	_, out, _ := runWith(t, `{"mail":"siobhan@example.org"}`, "policy", "report", "--format", "json")
	var report struct {
		Policy struct{ SHA256 string }
		Hits   []struct{ Rule string }
	}
	if err := json.Unmarshal([]byte(out), &report); err != nil || len(report.Policy.SHA256) != 64 || len(report.Hits) != 1 || report.Hits[0].Rule != "email" {
		t.Errorf("%v: %s", err, out)
	}
}
