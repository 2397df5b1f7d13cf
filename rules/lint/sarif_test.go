package lint_test

import (
	"encoding/json"
	"net/url"
	"testing"

	"github.com/logproc/logproc/rules/lint"
)

// object looks at a JSON object the way the published schema does.
type object map[string]any

func (o object) object(t *testing.T, name string) object {
	t.Helper()
	m, ok := o[name].(map[string]any)
	if !ok {
		t.Fatalf("%s is %T, not an object", name, o[name])
	}
	return m
}

func (o object) objects(t *testing.T, name string) []object {
	t.Helper()
	list, ok := o[name].([]any)
	if !ok {
		t.Fatalf("%s is %T, not an array", name, o[name])
	}
	var out []object
	for _, v := range list {
		m, ok := v.(map[string]any)
		if !ok {
			t.Fatalf("%s holds %T", name, v)
		}
		out = append(out, m)
	}
	return out
}

func (o object) text(t *testing.T, name string) string {
	t.Helper()
	s, ok := o[name].(string)
	if !ok || s == "" {
		t.Fatalf("%s is %v, not text", name, o[name])
	}
	return s
}

func (o object) integer(t *testing.T, name string, least int) int {
	t.Helper()
	n, ok := o[name].(float64)
	if !ok || n != float64(int(n)) || int(n) < least {
		t.Fatalf("%s is %v, not an integer from %d on", name, o[name], least)
	}
	return int(n)
}

// only fails for members that the schema does not know in this place.
func (o object) only(t *testing.T, names ...string) {
	t.Helper()
	for member := range o {
		found := false
		for _, name := range names {
			found = found || name == member
		}
		if !found {
			t.Errorf("the schema has no %s here", member)
		}
	}
}

// TestSARIF checks what the schema of SARIF 2.1.0 requires of a log, and what GitHub reads from it.
func TestSARIF(t *testing.T) {
	for _, input := range [][]byte{testInput(t), nil} {
		out, totals := run(t, "sarif", "logs/app 1:2.jsonl", input, lint.Options{})
		var log object
		if err := json.Unmarshal([]byte(out), &log); err != nil {
			t.Fatal(err)
		}
		log.only(t, "$schema", "version", "runs")
		if _, err := url.Parse(log.text(t, "$schema")); err != nil || log.text(t, "version") != "2.1.0" {
			t.Error("schema or version", err)
		}
		runs := log.objects(t, "runs")
		if len(runs) != 1 {
			t.Fatalf("%d runs", len(runs))
		}
		runs[0].only(t, "tool", "columnKind", "results")
		driver := runs[0].object(t, "tool").object(t, "driver")
		driver.only(t, "name", "version", "informationUri", "rules")
		driver.text(t, "name")
		ids := checkRules(t, driver.objects(t, "rules"))
		results := runs[0].objects(t, "results")
		if len(results) != int(totals.Findings) {
			t.Errorf("%d results of %d findings", len(results), totals.Findings)
		}
		for _, r := range results {
			checkResult(t, r, ids)
		}
	}
}

func checkRules(t *testing.T, list []object) []string {
	t.Helper()
	var ids []string
	seen := make(map[string]bool)
	for _, r := range list {
		r.only(t, "id", "name", "shortDescription", "fullDescription", "help", "defaultConfiguration")
		id := r.text(t, "id")
		if seen[id] {
			t.Errorf("rule %s twice", id)
		}
		seen[id] = true
		ids = append(ids, id)
		for _, member := range []string{"shortDescription", "fullDescription", "help"} {
			r.object(t, member).text(t, "text")
		}
		checkLevel(t, r.object(t, "defaultConfiguration").text(t, "level"))
	}
	return ids
}

func checkLevel(t *testing.T, level string) {
	t.Helper()
	switch level {
	case "none", "note", "warning", "error":
	default:
		t.Errorf("level %q", level)
	}
}

func checkResult(t *testing.T, r object, ids []string) {
	t.Helper()
	r.only(t, "ruleId", "ruleIndex", "level", "message", "locations", "occurrenceCount", "partialFingerprints", "properties")
	if i := r.integer(t, "ruleIndex", 0); i >= len(ids) || ids[i] != r.text(t, "ruleId") {
		t.Errorf("rule %v has index %d", r["ruleId"], i)
	}
	checkLevel(t, r.text(t, "level"))
	r.object(t, "message").text(t, "text")
	r.integer(t, "occurrenceCount", 1)
	locations := r.objects(t, "locations")
	if len(locations) != 1 {
		t.Fatalf("%d locations", len(locations))
	}
	at := locations[0].object(t, "physicalLocation")
	uri := at.object(t, "artifactLocation").text(t, "uri")
	if u, err := url.Parse(uri); err != nil || u.Scheme != "" || u.Path != "logs/app 1:2.jsonl" {
		t.Errorf("uri %q: %v", uri, err)
	}
	at.object(t, "region").integer(t, "startLine", 1)
	r.object(t, "partialFingerprints").text(t, "logproc/v1")
}
