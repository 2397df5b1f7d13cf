package rules_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/logproc/logproc/internal/conf"
	"github.com/logproc/logproc/rules"
)

func load(t testing.TB, text string) *rules.Naming {
	t.Helper()
	n, err := rules.LoadNaming("naming.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestCheckDefault(t *testing.T) {
	n := rules.DefaultNaming()
	for _, test := range []struct {
		key  string
		want rules.Rule
	}{
		{"api-sync-ok", rules.RuleNone},
		{"api-sync-fail-customer-info-err_account_not_active", rules.RuleNone},
		{"smpl-upload-logs-create-convert-version-atoi", rules.RuleNone},
		{"http2-v12-err_404", rules.RuleNone},
		{"2fa-login-ok", rules.RuleNone},
		{"a__b-c", rules.RuleNone},
		{"retry-3-of-5", rules.RuleNone},
		{"sha256-mismatch", rules.RuleNone},
		{"deadbeef-found", rules.RuleNone},
		{"", rules.RuleMissingKey},
		{"ok", rules.RuleSegments},
		{"a-b-c-d-e-f-g-h-i-j-k-l-m", rules.RuleSegments},
		{"api--ok", rules.RuleSegments},
		{"-api-ok", rules.RuleSegments},
		{"api-ok-", rules.RuleSegments},
		{"-", rules.RuleSegments},
		{"Api-ok", rules.RuleCharacters},
		{"api.ok", rules.RuleCharacters},
		{"api-ok\x00", rules.RuleCharacters},
		{"api-\xff", rules.RuleCharacters},
		{"api-é", rules.RuleCharacters},
		{"api-_ok", rules.RuleCharacters},
		{"api_-ok", rules.RuleCharacters},
		{"api-ok_", rules.RuleCharacters},
		{"_invalid", rules.RuleCharacters},
		{"api-sync ok", rules.RuleFreeText},
		{"api-ok\n", rules.RuleFreeText},
		{"Something went wrong", rules.RuleFreeText},
		{strings.Repeat("abcdefghi-", 10) + "j", rules.RuleLength},
		{strings.Repeat("abcdefghi-", 9) + "abcdefghij", rules.RuleNone},
		{strings.Repeat("a", 5000), rules.RuleLength},
		{"order-123456-failed", rules.RuleIdentifier},
		{"order-12345-failed", rules.RuleNone},
		{"order-x123456y-failed", rules.RuleIdentifier},
		{"order-7f3a9b2c-failed", rules.RuleIdentifier},
		{"order-7F3A9B2C-failed", rules.RuleIdentifier},
		{"order-123e4567-e89b-12d3-a456-426614174000", rules.RuleIdentifier},
		{"order-01arz3ndektsv4rrffq69g5fav", rules.RuleIdentifier},
		{"backup-2019-09-24", rules.RuleIdentifier},
		{"backup-20190924", rules.RuleIdentifier},
		{"ip-10-0-0-1", rules.RuleIdentifier},
		{"peer-10.0.0.1", rules.RuleIdentifier},
		{"login-anna@example.com", rules.RuleIdentifier},
		{"user anna@example.com logged in", rules.RuleIdentifier},
	} {
		if got := n.Check([]byte("ctrl"), []byte(test.key)); got != test.want {
			t.Errorf("Check(%q) = %v, want %v", test.key, got, test.want)
		}
	}
}

func TestCheckByService(t *testing.T) {
	n := load(t, `
grammar: {min_segments: 1, max_length: 20}
rules:
  characters: {except: [legacy-*]}
  segments: {services: [ctrl]}
  unregistered: {services: [pay]}
  free_text: off
first_segments:
  - {services: [ctrl, api-*], segments: [sms, api]}
  - {services: [ctrl], segments: [brkr]}
keys:
  - {key: pay-ok, service: pay}
  - {key: any-ok}
`)
	for _, test := range []struct {
		service, key string
		want         rules.Rule
	}{
		{"ctrl", "api-ok", rules.RuleNone},
		{"ctrl", "brkr-ok", rules.RuleNone},
		{"ctrl", "sms", rules.RuleNone},
		{"ctrl", "smsx-ok", rules.RuleFirstSegment},
		{"api-eu", "brkr-ok", rules.RuleFirstSegment},
		{"other", "brkr-ok", rules.RuleNone},
		{"ctrl", "api--ok", rules.RuleSegments},
		{"other", "api--ok", rules.RuleNone},
		{"legacy-x", "Api.Ok", rules.RuleNone},
		{"legacy-x", "Api Ok", rules.RuleNone},
		{"legacy-x", "Api\x01Ok", rules.RuleCharacters}, // no label value, whatever the rules say
		{"legacy-x", "Api\xffOk", rules.RuleCharacters},
		{"other", "Api Ok", rules.RuleCharacters},
		{"pay", "pay-ok", rules.RuleNone},
		{"pay", "any-ok", rules.RuleNone},
		{"pay", "pay-nok", rules.RuleUnregistered},
		{"other", "pay-nok", rules.RuleNone},
		{"other", "abcdefghi-abcdefghi-a", rules.RuleLength},
	} {
		if got := n.Check([]byte(test.service), []byte(test.key)); got != test.want {
			t.Errorf("Check(%s, %q) = %v, want %v", test.service, test.key, got, test.want)
		}
	}
}

func TestExplain(t *testing.T) {
	n := load(t, `
first_segments: [{services: [strict], segments: [sms, api]}]
rules: {unregistered: {services: [pay, strict]}}
keys:
  - {key: api-sync-ok}
  - {key: api-sync-fail, service: ctrl}
  - {key: pay-capture-ok, service: pay}
`)
	for _, test := range []struct{ service, key, want string }{
		{"ctrl", "", "missing_key: the key is empty ()"},
		{"ctrl", "Api-Sync-OK", `characters: it has upper-case letters (api-sync-ok)`},
		{"ctrl", "api-snyc-ok!", `characters: it has '!' (api-sync-ok)`},
		{"ctrl", "api.sync/fial", `characters: it has '.' and '/' (api-sync-fail)`},
		{"other", "api sync fial", `free_text: it is a sentence; a key has hyphens instead of spaces, and what varies in fields (api-sync-ok)`},
		{"other", "OrderStore Failed", `free_text: it is a sentence; a key has hyphens instead of spaces, and what varies in fields (order-store-failed)`},
		{"other", "user john not found", `free_text: it is a sentence; a key has hyphens instead of spaces, and what varies in fields ()`},
		{"other", "order-7f3a9b2c-failed", `identifier: it holds hexadecimal digits; that belongs in a field of its own ()`},
		{"other", "order-anna@example.com", `identifier: it holds an e-mail address; that belongs in a field of its own ()`},
		{"other", "ok", `segments: it has 1 segment, 2 to 12 are allowed ()`},
		{"other", "order--stored", `segments: it has an empty segment: a hyphen at an end, or two in a row (order-stored)`},
		{"other", "_order-stored", `characters: it begins with an underscore, as only logproc's own keys do (order-stored)`},
		{"other", "order_-stored", `characters: it has an underscore at an end of a segment (order-stored)`},
		{"other", "order-é\x01\xff", `characters: it has characters beyond ASCII and control characters and bytes that are no UTF-8 ()`},
		{"strict", "brkr-ok", `first_segment: service strict may begin its keys with api, sms only ()`},
		{"pay", "pay-captrue-ok", `unregistered: it is not in the registry of keys (pay-capture-ok)`},
		{"pay", "something-else-entirely", `unregistered: it is not in the registry of keys ()`},
		{"other", "fine-key", "none:  ()"},
	} {
		v := n.Explain(test.service, []byte(test.key))
		if got := fmt.Sprintf("%v: %s (%s)", v.Rule, v.Why, v.Suggestion); got != test.want {
			t.Errorf("Explain(%q)\n got %s\nwant %s", test.key, got, test.want)
		}
	}
	v := n.Explain("other", []byte(strings.Repeat("Key ", 300)))
	if v.Rule != rules.RuleFreeText || v.Suggestion != "" {
		t.Errorf("a long key: %+v", v)
	}
}

func TestKnown(t *testing.T) {
	n := load(t, `keys:
  - {key: api-sync-ok, service: ctrl, env: [anna, bob], level: info, description: synced}
  - {key: api-sync-ok, service: pay-*, env: [anna], level: info}
  - {key: api-sync-fail, service: ctrl, level: error}`)
	var got []string
	for _, k := range n.Known() {
		got = append(got, fmt.Sprint(k, k.Exact()))
	}
	want := "{api-sync-ok ctrl [anna bob] info synced} true|{api-sync-ok pay-* [anna] info } false|{api-sync-fail ctrl [] error } false"
	if strings.Join(got, "|") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, "|"), want)
	}
}

func TestLoadReportsEverything(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{`grammar: {min_segments: 13, max_length: 2000}
identifiers: {digits: 1}
keys: [{key: Api-Ok, level: loud}]
`, `n.yaml:1:25: grammar.max_segments is 12, expected at least min_segments, which is 13
n.yaml:1:41: grammar.max_length is 2000, expected 1 to 1024
n.yaml:2:23: identifiers.digits is 1, expected 3 to 64
n.yaml:3:29: keys[0].level is "loud", expected trace, debug, info, warning, error or fatal`},
		{`first_segments:
  - {services: [a], segments: [Api, b-c]}
  - {}
fields:
  - {name: "", type: string}
  - {name: status, type: string}
  - {name: x, type: strng}
  - {name: y}
keys:
  - {key: Api-Ok}
  - {key: api-ok}
  - {key: api-ok}
`, `n.yaml:2:32: first_segments[0].segments[0] is "Api", expected one segment: a-z, 0-9 and underscores inside it
n.yaml:2:37: first_segments[0].segments[1] is "b-c", expected one segment: a-z, 0-9 and underscores inside it
n.yaml:3:5: first_segments[1] names no services, expected services, ["*"] for all
n.yaml:3:5: first_segments[1] names no segments, expected segments that the services may use
n.yaml:5:12: fields[0].name has 0 bytes, expected 1 to 256
n.yaml:6:26: fields[1].type is string, but status is a field with a meaning of its own, expected integer
n.yaml:7:21: fields[2].type is "strng", expected string, number, integer, boolean, time, object or array
n.yaml:8:5: fields[3] says nothing about "y", expected required: true, or a type
n.yaml:10:11: keys[0].key breaks the rule characters: it has upper-case letters
n.yaml:12:5: keys[2]: the key "api-ok" is registered twice for service ""`},
		{`rules:
  segmets: on
  length: maybe
  identifier: {services: [""]}
`, `n.yaml:2:3: unknown key "segmets" in rules, did you mean "segments"?
n.yaml:3:11: rules.length is "maybe", expected on, off, or a mapping with services or except
n.yaml:4:27: rules.identifier.services[0] has 0 bytes, expected 1 to 256`},
	} {
		_, err := rules.LoadNaming("n.yaml", []byte(test.text))
		if _, ok := errors.AsType[conf.Diagnostics](err); !ok || err.Error() != test.want {
			t.Errorf("got\n%v\nwant\n%s", err, test.want)
		}
	}
}

func TestDefaultNamingFile(t *testing.T) {
	if _, err := rules.LoadNaming("naming.yaml", rules.DefaultNamingFile()); err != nil {
		t.Error(err)
	}
	if len(rules.DefaultNaming().Known()) != 0 {
		t.Error("the built-in registry is not empty")
	}
}

func TestRuleNames(t *testing.T) {
	seen := make(map[string]bool)
	for r := range rules.Rule(rules.RuleCount) {
		if name := r.String(); seen[name] || name == "" || r.Help() == "" {
			t.Errorf("rule %d: name %q, help %q", r, name, r.Help())
		}
		seen[r.String()] = true
	}
	if rules.Rule(99).String() != "rule(99)" || rules.Rule(99).Help() != "" {
		t.Error("an unknown rule")
	}
}

func BenchmarkCheck(b *testing.B) {
	n := rules.DefaultNaming()
	service := []byte("ctrl")
	for _, key := range []string{"api-sync-fail-customer-info-err_account_not_active", "Something went wrong with order 123456 of the user"} {
		b.Run(fmt.Sprint(len(key), n.Check(service, []byte(key))), func(b *testing.B) {
			k := []byte(key)
			b.ReportAllocs()
			for b.Loop() {
				n.Check(service, k)
			}
		})
	}
}
