package redact

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/logproc/logproc/redact/detect"
	"github.com/logproc/logproc/redact/keyring"
)

// tester runs the tests of a policy file and notes which rules they reach.
type tester struct {
	c       *compiler
	policy  *Policy // the compiled one, with a trace
	reached []bool  // by rule
}

// testRecord is what a test gives a Redactor.
type testRecord struct {
	Source
	label string // instead: the field of a label whose text the value is
}

// testResult is what it gets back.
type testResult struct {
	value, key []byte
	headers    []Header
	hits       []Hit
}

// testKey is no secret: with it the pseudonyms in the tests of a file are always the same.
const testKey = "logproc policy tests: not a secret key, never used for records.."

// applyTo redacts a test's record with a Redactor of its own.
func applyTo(p *Policy, t testRecord) testResult {
	keys, err := keyring.Ephemeral(strings.NewReader(strings.Repeat(testKey, 4)))
	if err != nil {
		keys = nil // pseudonyms become markers
	}
	r := NewRedactor(p, keys, Options{})
	if t.label != "" {
		text := r.Label(t.Value, t.label)
		return testResult{value: []byte(text.String()), hits: r.Hits().List()}
	}
	out := r.Apply(t.Source)
	return testResult{value: out.Value(), key: out.Key(), headers: out.Headers(), hits: r.Hits().List()}
}

// runTests runs the tests of the file. A failing test, and a rule that no test reaches, are findings.
func (c *compiler) runTests() {
	traced := *c.p
	traced.known = nil // so that every rule that is reached is seen
	t := tester{c: c, policy: &traced, reached: make([]bool, len(c.p.rules))}
	traced.trace = func(rule int) { t.reached[rule] = true }
	failed := false
	for i := range c.f.Tests {
		failed = !t.test(at("tests", i), &c.f.Tests[i]) || failed
	}
	c.p.tests = len(c.f.Tests)
	if failed {
		return
	}
	for i := range c.p.rules {
		r := &c.p.rules[i]
		if where, ok := c.ruleAt[r.name]; ok && !t.reached[i] && r.builtIn == c.builtIn {
			c.add(where, fmt.Sprintf("no test reaches rule %s", quoted(r.name)), "a test in this file with a record that it is for")
		}
	}
}

// test runs one test. What it reports names the entry of the test, never what the redactor left.
func (t *tester) test(path string, e *testEntry) bool {
	name := quoted(e.Name)
	before := len(t.c.doc.Diagnostics())
	if e.Name == "" {
		t.c.add(path, "the test has no name", "name")
	}
	if len(e.Hide)+len(e.Keep) == 0 && e.Out == "" {
		t.c.add(path, "test "+name+" checks nothing", "hide, keep or out")
	}
	record := testRecord{Source: Source{Value: []byte(e.In), Service: []byte(e.Service)}, label: e.Field}
	if e.Key != "" {
		record.Key = []byte(e.Key)
	}
	for _, h := range sortedHeaders(e.Headers) {
		record.Headers = append(record.Headers, Header{Name: []byte(h), Value: []byte(e.Headers[h])})
	}
	if e.Field != "" && (e.Key != "" || len(e.Headers) > 0) {
		t.c.add(path+".field", "test "+name+" is for a label, with a key or headers", "in alone beside field")
	}
	result := applyTo(t.policy, record)
	t.reach(&result, record.Value)
	views := viewsOf(&result)
	for i, text := range e.Hide {
		if text == "" || leaves(views, text) {
			t.c.add(at(path+".hide", i), fmt.Sprintf("test %s: entry %d of hide is still there", name, i+1), "it to be hidden")
		}
	}
	for i, text := range e.Keep {
		if !leaves(views, text) {
			t.c.add(at(path+".keep", i), fmt.Sprintf("test %s: entry %d of keep is gone", name, i+1), "it to be kept")
		}
	}
	if e.Out != "" && string(result.value) != e.Out {
		t.c.add(path+".out", "test "+name+": the result is another one", "exactly out")
	}
	return len(t.c.doc.Diagnostics()) == before
}

// reach notes the rules of findings, and those that named a field of the record without changing it.
func (t *tester) reach(result *testResult, value []byte) {
	for _, h := range result.hits {
		if h.Rule >= 0 && h.Rule < len(t.reached) {
			t.reached[h.Rule] = true
		}
	}
	for i := range t.c.p.rules {
		if !t.reached[i] && t.c.p.rules[i].findings {
			t.reached[i] = t.keepsFinding(i, value)
		}
	}
}

// keepsFinding reports whether a rule that keeps findings had one to keep: a rule with an operator that
// hides shows in the hits.
func (t *tester) keepsFinding(rule int, value []byte) bool {
	var kinds detect.Kinds
	for out := range outputCount {
		for k, a := range t.policy.findings[out] {
			if a != nil && a.Rule == rule && a.Op == OpKeep {
				kinds |= detect.Of(detect.Kind(k))
			}
		}
	}
	if kinds == 0 {
		return false
	}
	return len(detect.NewScanner(detect.Options{}).Find(value, kinds, 0, true)) > 0
}

func sortedHeaders(headers map[string]string) []string {
	names := make([]string, 0, len(headers))
	for name := range headers {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// viewsOf gives the result as it is written and as it reads when decoded.
func viewsOf(r *testResult) []string {
	views := []string{string(r.value), string(r.key)}
	for _, h := range r.headers {
		views = append(views, string(h.Name), string(h.Value))
	}
	decoder := json.NewDecoder(bytes.NewReader(r.value))
	decoder.UseNumber()
	var v any
	if decoder.Decode(&v) == nil {
		views = append(views, texts(v, nil)...)
	}
	return views
}

// texts lists the keys, strings and numbers of a JSON value.
func texts(v any, list []string) []string {
	switch v := v.(type) {
	case string:
		return append(list, v)
	case json.Number:
		return append(list, v.String())
	case []any:
		for _, item := range v {
			list = texts(item, list)
		}
	case map[string]any:
		for key, value := range v {
			list = texts(value, append(list, key))
		}
	}
	return list
}

func leaves(views []string, text string) bool {
	return slices.ContainsFunc(views, func(v string) bool { return strings.Contains(v, text) })
}
