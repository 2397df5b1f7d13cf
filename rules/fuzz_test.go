package rules_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/logproc/logproc/internal/conf"
	"github.com/logproc/logproc/rules"
)

func FuzzCheck(f *testing.F) {
	for _, key := range []string{"", "api-sync-ok", "Api Sync", "-a--_b-", "order-7f3a9b2c", "a@b.c", "\xff-\x00", "10-0-0-1"} {
		f.Add([]byte("ctrl"), []byte(key))
	}
	n := load(f, `keys: [{key: api-sync-ok}, {key: ctrl-stored, service: ctrl}]
rules: {unregistered: {services: [ctrl]}}
first_segments: [{services: ["c*l"], segments: [api, ctrl]}]`)
	f.Fuzz(func(t *testing.T, service, key []byte) {
		rule := n.Check(service, key)
		if rule == rules.RuleNone && (len(key) > 100 || bytes.ContainsAny(key, "@ABC \n.:/%\\\x00") || bytes.ContainsFunc(key, func(r rune) bool { return r > 'z' })) {
			t.Errorf("%q is in order", key)
		}
		v := n.Explain(string(service), key)
		if v.Rule != rule || (rule == rules.RuleNone) != (v.Why == "") {
			t.Errorf("Check(%q) is %v, Explain %+v", key, rule, v)
		}
		if v.Suggestion != "" && n.Check(service, []byte(v.Suggestion)) != rules.RuleNone {
			t.Errorf("for %q the suggestion %q breaks %v", key, v.Suggestion, n.Check(service, []byte(v.Suggestion)))
		}
	})
}

func FuzzLoadNaming(f *testing.F) {
	f.Add(rules.DefaultNamingFile())
	for _, text := range []string{"keys: [{key: a-b, service: x, env: [y], level: info}]", "rules: {length: off, segments: {services: [a*]}}",
		"fields: [{name: a.b, type: time, required: true}]", "first_segments: [{services: [a], segments: [b]}]", "grammar: {min_segments: 99}"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		n, err := rules.LoadNaming("f.yaml", data)
		if err != nil {
			diags, ok := errors.AsType[conf.Diagnostics](err)
			if !ok || len(diags) == 0 || n != nil {
				t.Fatalf("%T %v", err, err)
			}
			return
		}
		n.Check([]byte("ctrl"), []byte("Api-Sync-Ok"))
		n.Explain("ctrl", []byte("Api-Sync-Ok"))
		for _, k := range n.Known() {
			if rule := n.Check([]byte(k.Service), []byte(k.Key)); rule != rules.RuleNone {
				t.Errorf("the registered key %q breaks %v", k.Key, rule)
			}
		}
	})
}
