package redact

import (
	"strings"
	"testing"
	"time"

	"github.com/logproc/logproc/redact/detect"
)

// head begins the policies of these tests; it has two lines.
const head = "version: 1\nid: t-1\n"

func mustLoad(t testing.TB, text string) *Policy {
	t.Helper()
	p, err := LoadPolicy("p.yaml", []byte(head+text), LoadOptions{SkipTest: true, Now: time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func pathOf(text string) (path [][]byte) {
	for key := range strings.SplitSeq(text, "/") {
		path = append(path, []byte(key))
	}
	return path
}

func TestLoadReports(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"operator", "rules:\n- {rule: a, names: [x], operator: relpace}", `4:35: unknown operator "relpace", expected "replace" or another of keep, replace`},
		{"hash", "rules:\n- {rule: a, names: [x], operator: sha256}", `4:35: operator "sha256" is a hash without a key: whoever tries all`},
		{"detector", "rules:\n- {rule: a, detectors: [emial], operator: replace}", `4:25: unknown detector "emial", expected "email" or another of`},
		{"evidence", "rules:\n- {rule: a, names: [x], evidence_of: [zzz]}", `4:39: unknown detector "zzz", expected one of email`},
		{"no operator", "rules:\n- {rule: a, names: [x]}", `the rule has no operator, expected operator or evidence_of`},
		{"no field", "rules:\n- {rule: a, operator: drop}", `the rule is for no field and no detector`},
		{"both", "rules:\n- {rule: a, names: [x], detectors: [ip], operator: drop}", `4:36: the rule is for detectors and for fields`},
		{"detector rule for a service", "rules:\n- {rule: a, detectors: [ip], operator: drop, services: [s]}", `a rule for detectors is for some services`},
		{"rule name", "rules:\n- {rule: 'a b', names: [x], operator: drop}", `4:10: the name of the rule is not valid`},
		{"two names", "rules:\n- {rule: a, names: [x], operator: drop}\n- {rule: a, names: [y], operator: drop}", `5:10: a second rule "a"`},
		{"name with star inside", "rules:\n- {rule: a, names: ['x*y'], operator: drop}", `4:21: rules[0].names[0] is not valid`},
		{"empty path part", "rules:\n- {rule: a, paths: ['x..y'], operator: drop}", `rules[0].paths[0] is not valid`},
		{"path with too many wildcards", "rules:\n- {rule: a, paths: ['**.x.**.y.**'], operator: drop}", `rules[0].paths[0] is too long, expected at most 16 names`},
		{"output", "rules:\n- {rule: a, names: [x], operator: drop, outputs: [tpoic]}", `rules[0].outputs[0] is "tpoic", expected "topic" or another of`},
		{"unreachable", "rules:\n- {rule: a, names: [phoneNo], operator: drop}\n- {rule: b, names: [other, PHONE_NO], operator: keep}", `5:28: names[1] of rule "b" is never reached: rule "a" (p.yaml:4) comes first`},
		{"unreachable path", "rules:\n- {rule: a, paths: ['**.x'], operator: drop}\n- {rule: b, paths: ['*.x'], operator: replace}", `5:21: paths[0] of rule "b" is never reached`},
		{"unreachable detector", "rules:\n- {rule: a, detectors: [ip], operator: drop}\n- {rule: b, detectors: [ip], operator: replace, outputs: [label]}", `5:25: rules[1].detectors[0] is never reached`},
		{"wide keep", "rules:\n- {rule: a, suffixes: [id], operator: keep}", `4:24: suffixes[0] keeps more than rule "accounts" (default.yaml (built-in):`},
		{"keep everything", "rules:\n- {rule: a, paths: ['**'], operator: keep}", `paths[0] keeps more than rule`},
		{"mask keeps 5", "rules:\n- {rule: a, names: [x], operator: mask, keep_last: 5, as: card}", `keep_last is 5, expected 0 to 4`},
		{"mask of phones", "rules:\n- {rule: a, names: [x], operator: mask, keep_last: 4, as: phone}", `the last characters of phone identify`},
		{"mask of ids", "rules:\n- {rule: a, detectors: [personnummer], operator: mask, keep_last: 4}", `the last characters of personnummer identify`},
		{"mask of the unknown", "rules:\n- {rule: a, names: [x], operator: mask, keep_last: 2}", `the last characters of a value of unknown kind identify`},
		{"wrong parameter", "rules:\n- {rule: a, names: [x], operator: drop, keep_last: 2}", `keep_last is given, the operator is drop`},
		{"generalise what", "rules:\n- {rule: a, names: [x], operator: generalise}", `generalise is for`},
		{"network too small", "rules:\n- {rule: a, detectors: [ip], operator: generalise, ipv4_bits: 30}", `ipv4_bits is 30, expected 8 to 24`},
		{"pseudonym without prefix", "rules:\n- {rule: a, names: [x], operator: pseudonym}", `the pseudonym has no prefix`},
		{"prefix", "rules:\n- {rule: a, names: [x], operator: pseudonym, prefix: Acc_}", `prefix is not valid`},
		{"text of a rule that hides", "rules:\n- {rule: a, names: [x], operator: drop, text: scan}", `text is "scan", or the rule does not keep`},
		{"exception for values and fields", "exceptions:\n- {names: [x], values: [y], detectors: [ip], reason: r, owner: o, expires: 2030-01-01}", `the exception is for values, and for fields or rules`},
		{"exception for an empty value", "exceptions:\n- {values: [''], detectors: [ip], reason: r, owner: o, expires: 2030-01-01}", `exceptions[0].values[0] is not valid`},
		{"pattern without literal", "patterns:\n- {pattern: emp, regexp: '[0-9]{6}'}", `pattern "emp" has no literal`},
		{"pattern with another literal", "patterns:\n- {pattern: emp, regexp: 'EMP-[0-9]{6}', literal: XEMP}", `the expression can match without the literal`},
		{"pattern not RE2", "patterns:\n- {pattern: emp, regexp: 'EMP-(?=x)'}", `regexp is not valid: invalid or unsupported Perl syntax`},
		{"pattern of its marker", "patterns:\n- {pattern: EMP-1, regexp: 'EMP-[0-9]*'}", `or its own marker`},
		{"exception", "exceptions:\n- {names: [x], detectors: [ip]}", "the exception has no reason|the exception has no owner|the exception has no expires"},
		{"exception for nothing", "exceptions:\n- {reason: r, owner: o, expires: 2027-01-01}", "names neither detectors nor rules|is for no field"},
		{"exception from no rule", "exceptions:\n- {names: [x], rules: [acounts], reason: r, owner: o, expires: 2027-01-01}", `no rule is called "acounts", expected "accounts" or another`},
		{"exception date", "exceptions:\n- {names: [x], detectors: [ip], reason: r, owner: o, expires: soon}", `expected a date such as 2026-12-31`},
		{"keys", "keys: [hunter2hunter2hunter2]", `keys is given in a policy, expected pseudonym keys in a file of their own`},
		{"salt", "salt: hunter2", `salt is given in a policy`},
		{"mode", "mode: denylist", `3:7: mode is "denylist", expected "deny-list" or another`},
		{"extends", "extends: other", `extends is "other", expected default, none`},
		{"unknown kept", "mode: allow-list\nunknown: {operator: keep}", `unknown fields are kept`},
		{"unknown in deny-list", "unknown: {operator: drop}", `the mode hides no unknown fields`},
		{"limits", "limits: {depth: 0, decode_levels: 99, beyond: pass}", `limits.depth is 0|limits.decode_levels is 99|limits.beyond is "pass"`},
		{"non_json", "non_json: keep", `non_json is "keep"`},
		{"unknown key", "ruels: []", `unknown key "ruels", did you mean "rules"?`},
		{"key mask", "kafka: {key: {operator: mask}}", `kafka.key.operator is mask`},
		{"all headers", "kafka: {headers: {allow: ['*']}}", `a header that allows everything`},
		{"detector word", "detectors: {phone: {context: [x]}}", `word 1 of detectors.phone is not valid`},
		{"detector of words", "detectors: {phnoe: {context: [xyz]}}", `unknown detector "phnoe"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := LoadPolicy("p.yaml", []byte(head+test.text), LoadOptions{SkipTest: true})
			if err == nil {
				t.Fatal("loaded")
			}
			for want := range strings.SplitSeq(test.want, "|") {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got\n%v\nwant %s", err, want)
				}
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Error("key material is in the message")
			}
		})
	}
	for _, test := range []struct{ text, want string }{
		{"id: x", "version is 0, expected 1"}, {"version: 2\nid: x", "version is 2"}, {"version: 1", "id is not valid"}, {"- x", "the file is a list"}, {"", "version is 0"},
	} {
		if _, err := LoadPolicy("p.yaml", []byte(test.text), LoadOptions{}); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: got %v, want %s", test.text, err, test.want)
		}
	}
}

func TestWarnings(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"rules:\n- {rule: a, suffixes: [accountID], operator: keep}", `p.yaml:4:24: suffixes[0] keeps what rule "accounts" (default.yaml (built-in):`},
		{"exceptions:\n- {names: [x], detectors: [ip], reason: r, owner: o, expires: 2026-06-30}", "p.yaml:4:3: the exception expired on 2026-06-30 and does not apply"},
	} {
		p := mustLoad(t, test.text)
		if len(p.Warnings()) != 1 || !strings.Contains(p.Warnings()[0].Error(), test.want) {
			t.Errorf("%s: got %v, want %s", test.text, p.Warnings(), test.want)
		}
	}
}

func TestExceptions(t *testing.T) {
	p := mustLoad(t, `
exceptions:
- {names: [peer], detectors: [ip], services: [edge-*], reason: ours, owner: ops, expires: 2026-07-01}
- {paths: [batch.accountId], rules: [accounts], reason: test data, owner: qa, expires: 2026-12-31}
- {names: [gone], detectors: [ip], reason: old, owner: qa, expires: 2026-06-30}
`)
	ip := detect.Of(detect.IP)
	for _, test := range []struct {
		service, path string
		ip, act       bool
	}{
		{"edge-1", "peer", false, false}, {"core", "peer", true, false}, {"", "peer", true, false}, {"edge-1", "gone", true, false},
		{"", "batch/accountId", true, false}, {"", "batch/AccountID", true, false}, {"", "accountId", true, true}, {"", "other/accountId", true, true},
	} {
		f := p.Field(Topic, []byte(test.service), pathOf(test.path))
		if (f.On&ip != 0) != test.ip || (f.Act != nil) != test.act {
			t.Errorf("%s %s: ip %v, act %v", test.service, test.path, f.On&ip != 0, f.Act)
		}
	}
}

func TestObserve(t *testing.T) {
	old := mustLoad(t, "rules:\n- {rule: old, names: [note], operator: drop}")
	p, err := LoadPolicy("new.yaml", []byte("version: 1\nid: new-1\nmode: observe\nobserves: allow-list\nrules:\n- {rule: new, names: [other], operator: drop}"),
		LoadOptions{SkipTest: true, Previous: old})
	if err != nil {
		t.Fatal(err)
	}
	observed := p.Observed()
	if p.Mode() != Observe || p.Version() != "new-1" || observed.Mode() != AllowList || observed.Version() != "new-1" || observed.Observed() != nil {
		t.Errorf("mode %v, version %s, observed %v %s", p.Mode(), p.Version(), observed.Mode(), observed.Version())
	}
	if p.Field(Topic, nil, pathOf("note")).Act == nil || p.Field(Topic, nil, pathOf("other")).Act != nil {
		t.Error("the old policy does not apply")
	}
	if observed.Field(Topic, nil, pathOf("other")).Act == nil {
		t.Error("the observed policy lost its rules")
	}
}

func TestHash(t *testing.T) {
	a, b := mustLoad(t, "mode: deny-list"), mustLoad(t, "mode: deny-list # note")
	if len(a.Hash()) != 64 || a.Hash() == b.Hash() || a.Hash() != mustLoad(t, "mode: deny-list").Hash() {
		t.Error("the hash does not follow the file")
	}
}

func FuzzLoadPolicy(f *testing.F) {
	f.Add([]byte(head))
	f.Add([]byte(head + "extends: none\nmode: allow-list\nrules:\n- {rule: a, paths: ['**.x.*'], operator: drop, services: ['s*']}\n- {rule: b, names: ['*y'], operator: keep}\n"))
	f.Add([]byte(head + "detectors: {phone: {context: [ring]}}\nlimits: {depth: 3, value_bytes: 1KiB, beyond: drop}\nkafka: {key: {operator: keep}, headers: {allow: ['x-*']}}\nnon_json: drop\nmode: observe\nobserves: allow-list\n"))
	f.Add([]byte(head + "rules:\n- {rule: a, detectors: [ip, card], operator: generalise, ipv4_bits: 16}\n- {rule: m, suffixes: [pan], operator: mask, keep_last: 4, as: card}\ntests:\n- {name: n, in: '{}', headers: {a: b}, hide: [x]}\n"))
	f.Add([]byte(head + "patterns:\n- {pattern: emp, regexp: '\\bEMP-[0-9]{6}'}\nexceptions:\n- {names: [x], detectors: [ip], reason: r, owner: o, expires: 2027-01-01}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		// As if it were the built-in policy: without reading that one below it each time.
		p, err := load("f", data, LoadOptions{SkipTest: true}, true)
		if err != nil {
			return
		}
		for _, path := range []string{"x", "a/x/b", "password", "*", ""} {
			for out := range outputCount {
				if got, again := p.Field(out, []byte("s1"), pathOf(path)), p.Field(out, []byte("s1"), pathOf(path)); got != again {
					t.Errorf("%s: %v, then %v", path, got, again)
				}
			}
		}
		p.FindPatterns(nil, Topic, data)
	})
}

// TestDefaultPolicy runs the tests inside the built-in policy; each of its rules has one.
func TestDefaultPolicy(t *testing.T) {
	p, err := LoadPolicy("default.yaml", DefaultPolicyFile(), LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Warnings()) != 0 || p.Tests() < 20 || p.Version() != DefaultPolicy().Version() {
		t.Errorf("warnings %v, %d tests", p.Warnings(), p.Tests())
	}
}

func BenchmarkLoad(b *testing.B) {
	b.Run("small", func(b *testing.B) {
		for b.Loop() {
			if _, err := LoadPolicy("p.yaml", []byte(head), LoadOptions{SkipTest: true}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("default with tests", func(b *testing.B) {
		for b.Loop() {
			if _, err := LoadPolicy("p.yaml", DefaultPolicyFile(), LoadOptions{}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
