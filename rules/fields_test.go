package rules_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/logproc/logproc/parse"
	"github.com/logproc/logproc/rules"
)

// record reads one line; the record is valid as long as the test, which has a parser for each.
func record(t testing.TB, line string) *parse.Record {
	t.Helper()
	p, err := parse.New(parse.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if reason := p.Parse(parse.Input{Line: []byte(line)}); reason != parse.OK {
		t.Fatalf("%s: %v", line, reason)
	}
	r, ok := p.Next()
	if !ok {
		t.Fatalf("%s: no record", line)
	}
	return r
}

// broken gives the violations in short, and tests that CheckFields and ExplainFields agree.
func broken(t *testing.T, n *rules.Naming, r *parse.Record) string {
	t.Helper()
	var list []string
	var set rules.RuleSet
	for _, v := range n.ExplainFields(r) {
		list = append(list, fmt.Sprintf("%v %s", v.Rule, v.Why))
		set = set.With(v.Rule)
	}
	if got := n.CheckFields(r); got != set {
		t.Errorf("CheckFields is %b, ExplainFields %b", got, set)
	}
	return strings.Join(list, "; ")
}

func TestCheckFieldsDefault(t *testing.T) {
	n := rules.DefaultNaming()
	for _, test := range []struct{ line, want string }{
		{`{"msg":"api-ok","lvl":"info","t":"2019-09-24T09:29:07Z","duration":1.5,"status":200}`, ""},
		{`{"event":"api-ok","severity":"ERROR","@timestamp":1569317347000}`, ""},
		{`{"lvl":"info","t":"2019-09-24T09:29:07Z"}`, "missing_key the record has no key"},
		{`{"msg":"api-ok","t":"2019-09-24T09:29:07Z"}`, `required_field the field "level" is missing`},
		{`{"msg":"api-ok","lvl":"info"}`, `required_field the field "time" is missing`},
		{`{"msg":"api-ok","lvl":"info","t":"yesterday"}`, `field_type the field "time" is not a time`},
		{`{"msg":{"a":1},"lvl":"info","t":"2019-09-24T09:29:07Z"}`, `field_type the field "key" is not a string`},
		{`{"msg":"api-ok","lvl":"info","t":"2019-09-24T09:29:07Z","duration":"slow","status":"fine"}`,
			`field_type the field "duration" is not a number; field_type the field "status" is not an integer`},
	} {
		if got := broken(t, n, record(t, test.line)); got != test.want {
			t.Errorf("%s\n got %s\nwant %s", test.line, got, test.want)
		}
	}
}

func TestCheckFieldsCustom(t *testing.T) {
	n := load(t, `
rules: {required_field: {except: [legacy]}}
fields:
  - {name: request_id, required: true, services: [api-*]}
  - {name: http.status, required: true, type: integer}
  - {name: flag, type: boolean}
  - {name: at, type: time}
  - {name: tags, type: array}
  - {name: ctx, type: object}
  - {name: who, type: string}
  - {name: ratio, type: number}
  - {name: size, type: integer}
`)
	for _, test := range []struct{ line, want string }{
		{`{"service":"api-eu","RequestID":"x","http":{"status":200},"flag":true,"at":"2019-09-24T09:29:07Z","tags":[],"ctx":{},"who":"x","ratio":1.5,"size":2.0}`, ""},
		{`{"service":"other","http.status":200,"at":1569317347,"size":1e3,"flag":null}`, ""},
		{`{"service":"api-eu","http":{}}`, `required_field the field "request_id" is missing; required_field the field "http.status" is missing`},
		{`{"service":"legacy"}`, ""},
		{`{"service":"legacy","flag":"yes","at":"soon","tags":{},"ctx":[],"who":1,"ratio":"1","size":1.5}`,
			`field_type the field "flag" is not true or false; field_type the field "at" is not a time; field_type the field "tags" is not an array; ` +
				`field_type the field "ctx" is not an object; field_type the field "who" is not a string; field_type the field "ratio" is not a number; field_type the field "size" is not an integer`},
		{`{"service":"legacy","at":"2019-09-24x09:29:07Z"}`, `field_type the field "at" is not a time`},
		{`{"service":"legacy","at":"2019/09/24T09:29:07Z"}`, `field_type the field "at" is not a time`},
		{`{"service":"legacy","at":"2019-09-24T09:29:0x"}`, `field_type the field "at" is not a time`},
	} {
		if got := broken(t, n, record(t, test.line)); got != test.want {
			t.Errorf("%s\n got %s\nwant %s", test.line, got, test.want)
		}
	}
}

func BenchmarkCheckFields(b *testing.B) {
	r := record(b, `{"service":"ctrl","msg":"api-ok","lvl":"info","t":"2019-09-24T09:29:07Z","duration":1.5,"status":200,"http":{"status":200}}`)
	for _, bench := range []struct {
		name string
		n    *rules.Naming
	}{
		{"default", rules.DefaultNaming()},
		{"custom", load(b, "fields: [{name: key, required: true}, {name: http.status, type: integer, services: [ctrl]}]")},
	} {
		b.Run(bench.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if bench.n.CheckFields(r) != 0 {
					b.Fatal("broken")
				}
			}
		})
	}
}
