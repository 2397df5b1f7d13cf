package lint_test

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/logproc/logproc/pipeline/files"
	"github.com/logproc/logproc/rules"
	"github.com/logproc/logproc/rules/lint"
)

// block is a code block of the manual, with the comment on the line before it as its name.
var block = regexp.MustCompile("(?m)(?:^<!-- (\\S+) -->\n)?^```(\\w+)\n((?s:.*?))^```$")

// TestManual loads every rule file in the manual, and lints its example.
func TestManual(t *testing.T) {
	manual, err := os.ReadFile("../../docs/naming.md")
	if err != nil {
		t.Fatal(err)
	}
	named := make(map[string]string)
	loaded := 0
	for _, m := range block.FindAllStringSubmatch(string(manual), -1) {
		named[m[1]] = m[3]
		if m[2] == "yaml" {
			loaded++
			if _, err := rules.LoadNaming("docs/naming.md", []byte(m[3])); err != nil {
				t.Error(err)
			}
		}
	}
	if loaded < 2 {
		t.Errorf("%d rule files in the manual", loaded)
	}
	naming, err := rules.LoadNaming("naming.yaml", []byte(named["naming.yaml"]))
	if err != nil {
		t.Fatal(err)
	}
	for _, format := range []string{"text", "json"} {
		var out bytes.Buffer
		r, err := lint.NewRenderer(format, &out, "")
		if err != nil {
			t.Fatal(err)
		}
		l, err := lint.New(naming, r, lint.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := l.File(t.Context(), "app.jsonl", files.NewLines(strings.NewReader(named["app.jsonl"]), 1<<20)); err != nil {
			t.Fatal(err)
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		if out.String() != named[format] {
			t.Errorf("%s: got\n%s\nthe manual says\n%s", format, out.String(), named[format])
		}
		if totals := l.Totals().String(); !strings.Contains(string(manual), "`"+totals+"`") {
			t.Errorf("the manual does not say %q", totals)
		}
	}
	for r := rules.RuleNone + 1; int(r) < rules.RuleCount; r++ {
		if !strings.Contains(string(manual), "`"+r.String()+"`") {
			t.Errorf("the manual does not explain %s", r)
		}
	}
}
