package redact_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/redact/redacttest"
)

// planted is what no output may hold: a name that nothing else has, in what each detector must find.
const (
	plantedWord  = "zyxwvut.planted"
	plantedEmail = plantedWord + "@example.com"
)

// disguises are the ways in which a fuzzed record holds the planted value.
var disguises = []func(data string) string{
	func(data string) string { return object("text", data+" "+plantedEmail+" "+data) },
	func(data string) string { return object(data, plantedEmail) },
	func(data string) string { return object(data+" "+plantedEmail+" ", data) },
	func(data string) string { return object(data, []any{data, []any{plantedEmail}, data}) },
	func(data string) string {
		return object("body", object(data, map[string]any{"firstName": plantedWord, "x": data}))
	},
	func(data string) string {
		return object("body", object("body", object("m", data, "lastName", plantedWord)))
	},
	func(data string) string { return object("body", data+" "+object("email", plantedEmail)+data) },
	func(data string) string {
		return `{"a":"` + strings.ReplaceAll(plantedEmail, "@", `\u0040`) + `","firstName":"` + escapedAll(plantedWord) + `"}`
	},
	func(data string) string { return object("q", "/v1?x="+url.QueryEscape(plantedEmail)+" "+data) },
	func(data string) string { return object("b", base64.StdEncoding.EncodeToString([]byte(plantedEmail))) },
	func(data string) string { return data + " " + plantedEmail + " " + data },
	func(data string) string { return data + " " + object("email", plantedEmail) + data },
	func(data string) string { return `{"a":1,"firstName":"` + plantedWord },
	func(data string) string { return object("x", data, "AccountID", plantedWord, "y", data) },
	func(data string) string { return strings.TrimSuffix(object("x", data, "email", plantedEmail), `"}`) },
}

// object gives a JSON object with the keys in the order given.
func object(pairs ...any) string {
	var b bytes.Buffer
	b.WriteByte('{')
	for i := 0; i < len(pairs); i += 2 {
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(marshal(pairs[i]))
		b.WriteByte(':')
		b.Write(marshal(pairs[i+1]))
	}
	b.WriteByte('}')
	return b.String()
}

func marshal(v any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(err)
	}
	return bytes.TrimSpace(b.Bytes())
}

// escapedAll writes every character as an escape.
func escapedAll(text string) string {
	var b strings.Builder
	for _, c := range text {
		b.WriteString(`\u00`)
		b.WriteByte("0123456789abcdef"[c>>4])
		b.WriteByte("0123456789abcdef"[c&15])
	}
	return b.String()
}

// FuzzApply: whatever comes in, JSON stays JSON, redacting twice changes nothing, and what was planted is gone.
func FuzzApply(f *testing.F) {
	for i, seed := range []string{``, `{"a":1}`, `{"a@example.com":[1,{"b":"c"}]}`, `192.0.2.1 - - "GET /x?email=a%40example.com"`, `{"a":"{\"b\":\"\\u0040\"}`,
		"\xff\x00\"\\", `{"msisdn":4.47700900123e11}`, `[[[[[`, `{"x":nul}`, `password=hunter2&x="y`, `\u0040\\\"`, `<email>#2`, `{"AccountID":"acc_k0_`, `pAss=A`, `0ACCountID`, `AACCountID:`, `["--password","x"`, `cfg["token"]=> string(3) "x"`, "pin:\n  x", `{"headers":["Cookie","a`, `password->"`} {
		f.Add([]byte(seed), byte(i))
	}
	r := newRedactor(f)
	f.Fuzz(func(t *testing.T, data []byte, disguise byte) {
		check(t, r, data)
		line := disguises[int(disguise)%len(disguises)](string(data))
		out := check(t, r, []byte(line))
		if strings.Contains(redacttest.Views(out), plantedWord) {
			t.Errorf("the planted value is left:\n in %q\nout %q", line, out)
		}
		if text := r.Label(data, "msg").String(); !utf8.ValidString(text) {
			t.Errorf("label %q is not UTF-8", text)
		}
		if r.Hits().Withheld[redact.Defect] > 0 {
			r.Hits().Reset()
			t.Fatalf("the redactor failed on %q or %q", data, line)
		}
	})
}

// check redacts twice and gives the result.
func check(t *testing.T, r *redact.Redactor, line []byte) string {
	t.Helper()
	out := bytes.Clone(r.Apply(redact.Source{Value: line}).Value())
	if json.Valid(line) && !json.Valid(out) {
		t.Errorf("JSON in, but not out:\n in %q\nout %q", line, out)
	}
	if again := r.Apply(redact.Source{Value: out}).Value(); !bytes.Equal(again, out) {
		t.Errorf("redacted twice:\n   in %q\n once %q\ntwice %q", line, out, again)
	}
	return string(out)
}
