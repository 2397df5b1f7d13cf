package redact_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/logproc/logproc/redact"
)

func TestOperators(t *testing.T) {
	for name, c := range map[string]struct{ rule, in, want string }{
		"drop the first":         {"operator: drop", `{"x":"secret","b":1}`, `{"b":1}`},
		"drop one in the middle": {"operator: drop", `{"a":0, "x":"secret","b":1}`, `{"a":0,"b":1}`},
		"drop the last":          {"operator: drop", `{"a":0,"x":{"y":[1]} }`, `{"a":0 }`},
		"drop all":               {"operator: drop", `{"x":1,"x":2 , "x":3}`, `{ }`},
		"drop several":           {"operator: drop", `{"x":1,"a":0,"x":2,"x":3,"b":1,"x":4}`, `{"a":0,"b":1}`},
		"drop nested":            {"operator: drop", `{"a":{"x":1},"x":{"x":2},"b":[{"x":1,"c":2}]}`, `{"a":{},"b":[{"c":2}]}`},
		"drop where findings go": {"operator: drop", `{"a":"b@example.com","x":"a@example.com","c":"d@example.com"}`, `{"a":"<email>","c":"<email>"}`},
		"drop in a string":       {"operator: drop", `{"s":"{\"x\":1,\"a\":\"\\u0041\"}"}`, `{"s":"{\"a\":\"\\u0041\"}"}`},
		"withhold":               {"operator: withhold", `{"x":{"y":[1,"}"]},"z":0}`, `{"x":"<withheld>","z":0}`},
		"replace an object":      {"{operator: replace, as: name}", `{"x":{"y":1}}`, `{"x":"<name>"}`},
		"replace a number":       {"{operator: replace, as: name}", `{"x":-1.5e3}`, `{"x":"<name>"}`},
		"replace in an array":    {"{operator: replace, as: name}", `{"x":["a","b"]}`, `{"x":"<name>"}`},
		"mask":                   {"{operator: mask, as: secret, keep_last: 3}", `{"x":"abcdefgh"}`, `{"x":"****fgh"}`},
		"mask a short value":     {"{operator: mask, as: secret, keep_last: 3}", `{"x":"abcdef"}`, `{"x":"****"}`},
		"mask a number":          {"{operator: mask, as: secret, keep_last: 3}", `{"x":12345678}`, `{"x":"****678"}`},
		"mask letters":           {"{operator: mask, as: secret, keep_last: 2}", `{"x":"abcdåäö"}`, `{"x":"****äö"}`},
		"mask quotes":            {"{operator: mask, as: secret, keep_last: 2}", `{"x":"abcdef\"\\"}`, `{"x":"****\"\\"}`},
		"mask items":             {"{operator: mask, as: secret, keep_last: 1}", `{"x":["abc",{"y":"def"}]}`, `{"x":["****c",{"y":"****f"}]}`},
		"generalise IPv4":        {"{operator: generalise, as: ip}", `{"x":"192.0.2.77"}`, `{"x":"192.0.2.0/24"}`},
		"generalise IPv6":        {"{operator: generalise, as: ip}", `{"x":"2001:db8:1:2::3"}`, `{"x":"2001:db8:1::/48"}`},
		"generalise a position":  {"{operator: generalise, as: geo}", `{"x":59.32938,"y":1}`, `{"x":59.32,"y":1}`},
		"generalise a birth day": {"{operator: generalise, as: birth_date}", `{"x":"1984-05-06"}`, `{"x":"1984"}`},
		"generalise what is no":  {"{operator: generalise, as: ip}", `{"x":"here"}`, `{"x":"<ip>"}`},
	} {
		t.Run(name, func(t *testing.T) {
			rule := strings.TrimSuffix(strings.TrimPrefix(c.rule, "{"), "}")
			r := withPolicy(t, "version: 1\nid: test\nrules:\n  - {rule: test, names: [x], "+rule+"}\n")
			got := apply(t, r, c.in)
			if got != c.want {
				t.Errorf("in   %s\ngot  %s\nwant %s", c.in, got, c.want)
			}
		})
	}
}

func TestPseudonymsInside(t *testing.T) {
	r := newRedactor(t)
	one := apply(t, r, `{"AccountID":"4f27a784"}`)
	token := strings.Split(one, `"`)[3]
	for in, want := range map[string]string{
		`{"AccountIDs":["4f27a784","4f27a784"]}`: `{"AccountIDs":["` + token + `","` + token + `"]}`,
		`{"a":[{"account_id":"4f27a784"}]}`:      `{"a":[{"account_id":"` + token + `"}]}`,
		`AccountID=4f27a784 done`:                `AccountID=` + token + ` done`,
		`{"s":"{\"accountId\":\"4f27a784\"}"}`:   `{"s":"{\"accountId\":\"` + token + `\"}"}`,
	} {
		if got := apply(t, r, in); got != want {
			t.Errorf("in   %s\ngot  %s\nwant %s", in, got, want)
		}
	}
}

func TestWithoutKeysPseudonymsAreMarkers(t *testing.T) {
	r := redact.NewRedactor(redact.DefaultPolicy(), nil, redact.Options{})
	if got := apply(t, r, `{"AccountID":"4f27a784"}`); strings.Contains(got, "4f27") || !json.Valid([]byte(got)) {
		t.Errorf("got %s", got)
	}
}
