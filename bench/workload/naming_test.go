package workload_test

import (
	"encoding/json"
	"testing"

	"github.com/logproc/logproc/bench/workload"
	"github.com/logproc/logproc/rules"
)

// The generator's truth takes its keys for valid and its sentences for invalid: so must the built-in
// naming convention, or a comparison of the two would tell nothing about counting.
func TestKeysFollowTheBuiltInConvention(t *testing.T) {
	naming := rules.DefaultNaming()
	g := workload.New(workload.Options{Seed: 1, Start: start, Keys: 1000, Services: 50, Personal: 50})
	lines(g, 100_000)
	for _, r := range g.Truth().Rows {
		if r.Msg == "_invalid" {
			continue
		}
		if rule := naming.Check([]byte(r.Service), []byte(r.Msg)); rule != rules.RuleNone {
			t.Errorf("key %s breaks %v", r.Msg, rule)
		}
	}
	for i := range 1_000_000 {
		if key := workload.DistinctKey(i); naming.Check([]byte("ctrl"), []byte(key)) != rules.RuleNone {
			t.Fatalf("distinct key %s breaks a rule", key)
		}
	}
}

func TestSentencesBreakTheBuiltInConvention(t *testing.T) {
	naming := rules.DefaultNaming()
	for name, opt := range map[string]workload.Options{
		"free text": {Seed: 1, Start: start, FreeText: 100, Personal: 50},
		"distinct":  {Seed: 1, Start: start, FreeText: 100, Distinct: 100, DistinctText: true},
	} {
		g := workload.New(opt)
		for range 1000 {
			var o struct{ Msg string }
			line := g.Append(nil)
			if err := json.Unmarshal(line, &o); err != nil {
				t.Fatal(err)
			}
			if naming.Check([]byte("ctrl"), []byte(o.Msg)) == rules.RuleNone {
				t.Fatalf("%s: %q is a valid key", name, o.Msg)
			}
		}
	}
}
