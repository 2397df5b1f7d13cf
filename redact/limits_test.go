package redact_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/logproc/logproc/redact"
)

// limited is a policy with small limits.
const limited = "version: 1\nid: test\nlimits: {depth: 4, value_bytes: 256B, decode_levels: 2, record_bytes: 4KiB}\n"

func TestLimits(t *testing.T) {
	for name, c := range map[string]struct {
		in, want string
		limit    redact.Limit
	}{
		"depth":           {`{"a":{"b":{"c":{"d":{"e":"secret"}}}},"z":1}`, `{"a":{"b":{"c":{"d":"<withheld>"}}},"z":1}`, redact.BeyondDepth},
		"depth of arrays": {`[[[[["}]"]]]],2]`, `[[[["<withheld>"]]],2]`, redact.BeyondDepth},
		"depth cut off":   {`[[[[["a`, `[[[["<withheld>"`, redact.BeyondDepth},
		"depth in a string": {`{"a":{"b":"{\"c\":{\"d\":{\"e\":1}}}"}}`, `{"a":{"b":"{\"c\":{\"d\":\"<withheld>\"}}"}}`,
			redact.BeyondDepth},
		"levels":       {nested(3, "x"), "", redact.BeyondLevels},
		"a long value": {`{"a":"` + strings.Repeat("word ", 60) + `"}`, `{"a":"` + strings.Repeat("word ", 50) + `word<withheld>"}`, redact.BeyondValue},
		"a finding at the end": {`{"a":"` + strings.Repeat("x", 250) + ` anna.andersson@example.com and more"}`, `{"a":"` + strings.Repeat("x", 250) + `<withheld>"}`,
			redact.BeyondValue},
		"long text":     {strings.Repeat("word ", 60), strings.Repeat("word ", 50) + "word<withheld>", redact.BeyondValue},
		"a long record": {`{"a":"` + strings.Repeat("x", 5000) + `"}`, `{"redacted":"<withheld>"}`, redact.BeyondRecord},
		"a long array":  {`["` + strings.Repeat("x", 5000) + `"]`, `["<withheld>"]`, redact.BeyondRecord},
		"a long line":   {strings.Repeat("x", 5000), `<withheld>`, redact.BeyondRecord},
	} {
		t.Run(name, func(t *testing.T) {
			r := withPolicy(t, limited)
			got := apply(t, r, c.in)
			if c.want != "" && got != c.want {
				t.Errorf("in   %s\ngot  %s\nwant %s", c.in, got, c.want)
			}
			if !strings.Contains(got, "<withheld>") || r.Hits().Withheld[c.limit] == 0 {
				t.Errorf("%s: nothing was withheld or counted as %v: %s", c.in, c.limit, got)
			}
		})
	}
}

// nested gives JSON in strings inside of each other.
func nested(levels int, text string) string {
	for range levels + 1 {
		text = object("s", text)
	}
	return text
}

func TestWorkIsBounded(t *testing.T) {
	r := newRedactor(t)
	for _, in := range []string{
		strings.Repeat(`{"a":[`, 50000), strings.Repeat(`{"`, 50000), strings.Repeat(`\`, 100000), strings.Repeat(`["\u005c`, 20000),
		strings.Repeat(`a=b `, 50000), strings.Repeat(`{"a@b.example":1,`, 5000), `"` + strings.Repeat(`\"`, 50000) + `"`, strings.Repeat(`%25`, 50000),
		object(strings.Repeat("=:'", 50000), 1),
	} {
		apply(t, r, in)
	}
	if r.Hits().Withheld[redact.Defect] > 0 {
		t.Error("the redactor failed")
	}
}

func TestNonJSON(t *testing.T) {
	for treatment, want := range map[string]string{"scan": "mail <email>", "withhold": "<withheld>", "drop": "<withheld>"} {
		r := withPolicy(t, "version: 1\nid: test\nnon_json: "+treatment+"\n")
		if got := apply(t, r, "mail a@example.com"); got != want {
			t.Errorf("%s: got %s, want %s", treatment, got, want)
		}
		if got := apply(t, r, `2019-09-24T09:29:07Z stdout F {"a":1}`); got != `2019-09-24T09:29:07Z stdout F {"a":1}` {
			t.Errorf("%s: got %s for an object behind a prefix", treatment, got)
		}
		out := r.Apply(redact.Source{Value: []byte("text")})
		if out.Dropped() != (treatment == "drop") {
			t.Errorf("%s: dropped is %v", treatment, out.Dropped())
		}
	}
}

func TestLabel(t *testing.T) {
	r := newRedactor(t)
	for _, c := range []struct{ field, in, want string }{
		{"msg", "api-sync-ok", "api-sync-ok"},
		{"msg", "card-4111111111111111-declined", "card-<card>-declined"},
		{"msg", "order 1029384756 done", "order <digits> done"},
		{"msg", "greet anna%40example.com", "greet <email>"},
		{"env", "a@example.com", "<email>"},
		{"service", "\xff", "\uFFFD"},
		{"lvl", "", ""},
	} {
		for range 2 {
			if got := r.Label([]byte(c.in), c.field).String(); got != c.want {
				t.Errorf("%s %q: got %q, want %q", c.field, c.in, got, c.want)
			}
		}
	}
	if redact.Const("a") != redact.Stored("a") {
		t.Error("equal texts differ")
	}
}

func TestHits(t *testing.T) {
	r := newRedactor(t)
	for range 3 {
		r.Apply(redact.Source{Value: []byte(`{"user":{"email":"a@example.com"},"b@example.com":"c@example.com"}`)})
	}
	h := r.Hits()
	counts := make(map[string]uint64)
	for _, hit := range h.List() {
		counts[hit.Field] += hit.N
	}
	if h.Records != 3 || h.Changed != 3 || counts["user.email"] != 3 {
		t.Errorf("got %d records, %d changed, %v", h.Records, h.Changed, counts)
	}
	text, err := json.Marshal(h.List())
	if err != nil || strings.Contains(string(text), "@") {
		t.Errorf("the hits hold a value: %s %v", text, err)
	}
	if h.Reset(); h.Records != 0 || len(h.List()) != 0 {
		t.Error("Reset left something")
	}
}
