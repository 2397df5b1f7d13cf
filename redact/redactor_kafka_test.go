package redact_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/redact/keyring"
)

func TestKcatLine(t *testing.T) {
	r := withPolicy(t, "version: 1\nid: test\nkafka: {key: {operator: keep}}\n")
	token := strings.Split(apply(t, r, `{"AccountID":"4f27a78479b3b5b29c86e106"}`), `"`)[3]
	for name, c := range map[string]struct{ in, want string }{
		"all parts": {
			`{"topic":"logs","partition":0,"offset":7,"ts":1569315000000,"headers":["user","a@example.com"],"key":"a@example.com","payload":"{\"email\":\"b@example.com\"}"}`,
			`{"topic":"logs","partition":0,"offset":7,"ts":1569315000000,"headers":[],"key":"<email>","payload":"{\"email\":\"<email>\"}"}`,
		},
		"the key is an account of the value": {
			`{"topic":"l","partition":0,"offset":7,"key":"4f27a78479b3b5b29c86e106","payload":"{\"AccountID\":\"4f27a78479b3b5b29c86e106\"}"}`,
			`{"topic":"l","partition":0,"offset":7,"key":"` + token + `","payload":"{\"AccountID\":\"` + token + `\"}"}`,
		},
		"nothing to hide": {`{"topic":"l","partition":0,"offset":7,"key":null,"payload":"{\"msg\":\"a\"}"}`, ``},
		"tombstone":       {`{"topic":"l","partition":0,"offset":7,"key":"k","payload":null}`, ``},
		"two payloads": {
			`{"payload":"a@example.com","topic":"l","partition":0,"offset":7,"payload":"b@example.com"}`,
			`{"payload":"<email>","topic":"l","partition":0,"offset":7,"payload":"<email>"}`,
		},
		"other fields": {
			`{"topic":"l","partition":0,"offset":7,"note":"a@example.com","payload":"x","headers":7}`,
			`{"topic":"l","partition":0,"offset":7,"note":"<email>","payload":"x","headers":[]}`,
		},
		"a record":             {`{"email":"a@example.com"}`, `{"email":"<email>"}`},
		"text":                 {`a@example.com`, `<email>`},
		"cut off":              {`{"topic":"l","partition":0,"offset":7,"payload":"a@example.com`, `{"topic":"l","partition":0,"offset":7,"payload":"<email>`},
		"cut off in a payload": {`{"topic":"l","partition":0,"offset":7,"headers":["user","Anna"],"payload":"{\"firstName\":\"An`, `{"topic":"l","partition":0,"offset":7,"headers":[],"payload":"{\"firstName\":\"<name>`},
		"cut off in a key":     {`{"topic":"l","partition":0,"offset":7,"key":"4f27a784`, `{"topic":"l","partition":0,"offset":7,"key":"<withheld>"`},
		"cut off in headers":   {`{"topic":"l","partition":0,"offset":7,"headers":["user","Anna`, `{"topic":"l","partition":0,"offset":7,"headers":[]`},
		"cut off in a name":    {`{"topic":"l","partition":0,"offset":7,"ke`, ``},
		"cut off in a field":   {`{"topic":"l","partition":0,"offset":7,"note":"a@example.com`, `{"topic":"l","partition":0,"offset":7,"note":"<email>`},
		"a topic's name":       {`{"topic":"of-a@example.com","partition":0,"offset":7,"payload":"x"}`, `{"topic":"<email>","partition":0,"offset":7,"payload":"x"}`},
		"escaped names":        {`{"topic":"l","partition":0,"offset":7,"\u0070ayload":"{\"firstName\":\"Anna\"}"}`, `{"topic":"l","partition":0,"offset":7,"\u0070ayload":"{\"firstName\":\"<name>\"}"}`},
	} {
		t.Run(name, func(t *testing.T) {
			want := c.want
			if want == "" {
				want = c.in
			}
			got := string(r.KcatLine([]byte(c.in), nil).Value())
			if got != want {
				t.Errorf("in   %s\ngot  %s\nwant %s", c.in, got, want)
			}
			if json.Valid([]byte(c.in)) && !json.Valid([]byte(got)) {
				t.Error("JSON in, but not out")
			}
			if again := string(r.KcatLine([]byte(got), nil).Value()); again != got {
				t.Errorf("redacted twice: %s", again)
			}
		})
	}
}

func TestHeaders(t *testing.T) {
	r := newRedactor(t)
	out := r.Apply(redact.Source{Value: []byte(`{}`), Headers: []redact.Header{
		{Name: []byte("traceparent"), Value: []byte("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")},
		{Name: []byte("user"), Value: []byte("anna")},
	}})
	headers := out.Headers()
	if len(headers) != 1 || string(headers[0].Name) != "traceparent" || string(headers[0].Value) != "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" {
		t.Errorf("headers became %q, want traceparent as it was and nothing else", headers)
	}
}

func TestTombstoneStaysOne(t *testing.T) {
	out := newRedactor(t).Apply(redact.Source{Key: []byte("a@example.com")})
	if out.Value() != nil || !keyring.IsToken(out.Key()) {
		t.Errorf("got value %q and key %q", out.Value(), out.Key())
	}
}

// TestKcatLineCutAnywhere: wherever a line ends, no header and no key of it is left, and twice is as once.
func TestKcatLineCutAnywhere(t *testing.T) {
	r := newRedactor(t)
	const line = `{"topic":"l","partition":0,"offset":7,"headers":["user","Annika"],"key":"Siobhan-7","payload":"{\"firstName\":\"Tobias\",\"n\":\"\\u00e5\"}","x":[1,{"y":"z"}]}`
	for end := range len(line) + 1 {
		once := string(r.KcatLine([]byte(line[:end]), nil).Value())
		for _, hide := range []string{"Anni", "Siob", "Tobi"} {
			if strings.Contains(once, hide) {
				t.Errorf("cut at %d: %s is left in %s", end, hide, once)
			}
		}
		if twice := string(r.KcatLine([]byte(once), nil).Value()); twice != once {
			t.Errorf("cut at %d\n once %s\ntwice %s", end, once, twice)
		}
	}
}
