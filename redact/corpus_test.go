package redact_test

import (
	"strings"
	"testing"

	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/redact/redacttest"
)

// lineOf gives the line to redact, and whether it is a record as kcat prints it.
func lineOf(c *redacttest.Case) (line []byte, kcat bool) {
	raw := c.Value()
	if c.Key == nil && c.Headers == nil {
		return []byte(strings.ReplaceAll(string(raw), "\n", " ")), false
	}
	var headers []string
	for _, h := range c.HeaderPairs() {
		headers = append(headers, h[0], h[1])
	}
	return []byte(object("topic", "logs", "partition", 0, "offset", c.ID, "headers", headers, "key", c.Key, "payload", string(raw))), true
}

// TestCorpus holds the built-in policy to a corpus of what must be hidden and what must be kept, looked
// at through every decoding that a reader may apply.
func TestCorpus(t *testing.T) {
	r := newRedactor(t)
	cases, err := redacttest.Load("testdata/corpus.jsonl")
	if err != nil || len(cases) < 100 {
		t.Fatalf("%d cases: %v", len(cases), err)
	}
	redactLine := func(line []byte, kcat bool) string {
		if kcat {
			return string(r.KcatLine(line, nil).Value())
		}
		return string(r.Apply(redact.Source{Value: line}).Value())
	}
	for i := range cases {
		c := &cases[i]
		line, kcat := lineOf(c)
		out := redactLine(line, kcat)
		if again := redactLine([]byte(out), kcat); again != out {
			t.Errorf("%d %s: redacted twice\n once %s\ntwice %s", c.ID, c.Kind, out, again)
		}
		seen := redacttest.Views(out)
		for _, hide := range c.MustHide {
			if strings.Contains(seen, hide) {
				t.Errorf("%d %s: %q leaks\n in %s\nout %s", c.ID, c.Kind, hide, line, out)
			}
		}
		for _, keep := range c.MustKeep {
			if !strings.Contains(seen, keep) {
				t.Errorf("%d %s: %q is lost\n in %s\nout %s", c.ID, c.Kind, keep, line, out)
			}
		}
	}
}
