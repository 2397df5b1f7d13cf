package redact_test

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"strings"
	"testing"

	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/redact/keyring"
)

// constantReader gives the same bytes for ever, so that tests have the same key each time.
type constantReader struct{ seed byte }

func (r *constantReader) Read(p []byte) (int, error) {
	for i := range p {
		r.seed = r.seed*73 + 41
		p[i] = r.seed
	}
	return len(p), nil
}

func testKeys(t testing.TB) *keyring.Keyring {
	t.Helper()
	k, err := keyring.Ephemeral(&constantReader{7})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func newRedactor(t testing.TB) *redact.Redactor {
	t.Helper()
	return redact.NewRedactor(redact.DefaultPolicy(), testKeys(t), redact.Options{})
}

func withPolicy(t testing.TB, policy string) *redact.Redactor {
	t.Helper()
	p, err := redact.LoadPolicy("policy.yaml", []byte(policy), redact.LoadOptions{SkipTest: true})
	if err != nil {
		t.Fatal(err)
	}
	return redact.NewRedactor(p, testKeys(t), redact.Options{})
}

// apply redacts a line twice and fails when the second time changes something, or when JSON became none.
func apply(t testing.TB, r *redact.Redactor, line string) string {
	t.Helper()
	out := string(r.Apply(redact.Source{Value: []byte(line)}).Value())
	again := string(r.Apply(redact.Source{Value: []byte(out)}).Value())
	if again != out {
		t.Errorf("redacted twice:\n   in %s\n once %s\ntwice %s", line, out, again)
	}
	if json.Valid([]byte(line)) && !json.Valid([]byte(out)) {
		t.Errorf("JSON in, but not out:\n in %s\nout %s", line, out)
	}
	return out
}

// TestExceptedValues: a finding that an exception names stays, and nothing else does because of it.
func TestExceptedValues(t *testing.T) {
	p, err := redact.LoadPolicy("policy.yaml", []byte("version: 1\nid: test\nexceptions:\n- {values: [noreply@example.com, 192.0.2.1], detectors: [email, ip], services: [mail-*],"+
		" reason: r, owner: o, expires: 2099-12-31}\n"), redact.LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	r := redact.NewRedactor(p, testKeys(t), redact.Options{})
	const in = `{"a":"noreply@example.com","b":"from noreply@example.com to anna@example.com via 192.0.2.1","c":"192.0.2.11","password":"192.0.2.1"}`
	for service, want := range map[string]string{
		"mail-1": `{"a":"noreply@example.com","b":"from noreply@example.com to <email> via 192.0.2.1","c":"<ip>","password":"<secret>"}`,
		"other":  `{"a":"<email>","b":"from <email> to <email> via <ip>","c":"<ip>","password":"<secret>"}`,
	} {
		if got := string(r.Apply(redact.Source{Value: []byte(in), Service: []byte(service)}).Value()); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", service, got, want)
		}
	}
}

func TestApply(t *testing.T) {
	r := newRedactor(t)
	for name, c := range map[string]struct{ in, want string }{
		"nothing to hide":       {`{"msg":"a","n":1.0,"e":1e3,"big":123456789012345678901234567890}`, ``},
		"spaces stay":           {` { "msg" : "a" , "b" : [ 1 , 2 ] } `, ``},
		"email":                 {`{"user":"anna@example.com"}`, `{"user":"<email>"}`},
		"in text":               {`{"err":"for anna@example.com done"}`, `{"err":"for <email> done"}`},
		"escaped value":         {`{"err":"for anna\u0040example.com \"done\"\n"}`, `{"err":"for <email> \"done\"\n"}`},
		"escaped key name":      {`{"\u006dsisdn":"447700900123"}`, `{"\u006dsisdn":"<phone>"}`},
		"arguments":             {`{"argv":["x","--api-key","Zq7","-storepass","Zq8","-p","y","--verbose","z"]}`, `{"argv":["x","--api-key","<secret>","-storepass","<secret>","-p","y","--verbose","z"]}`},
		"headers in turn":       {`{"rawHeaders":["Host","a","Cookie","sid=1"],"headers":[["X-Api-Key","Zq7"]],"fields":["password","email"]}`, `{"rawHeaders":["Host","a","Cookie","<secret>"],"headers":[["X-Api-Key","<secret>"]],"fields":["password","email"]}`},
		"a value's type":        {`{"contact":{"type":"phone","value":"46701740605"},"t":{"type":"string","value":"46701740605"}}`, `{"contact":{"type":"phone","value":"<phone>"},"t":{"type":"string","value":"46701740605"}}`},
		"hemispheres":           {`{"lat":"N59.329323","loc":"59.329323,18.068581","loc_count":12}`, `{"lat":"N<geo>","loc":"<geo>,<geo>","loc_count":12}`},
		"counts of secrets":     {`{"tokens":512,"note":"secrets=3 tokens=Zq7xaaTT"}`, `{"tokens":512,"note":"secrets=3 tokens=<secret>"}`},
		"nothing to tell":       {`{"note":"password=null, token: none; first_name=null pass=*** otp=enabled"}`, ``},
		"elements":              {`{"x":"<a:Body><ns2:imsi>001014117715162</ns2:imsi><lösenord>Zq7</lösenord></a:Body>"}`, `{"x":"<a:Body><ns2:imsi><imsi></ns2:imsi><lösenord><secret></lösenord></a:Body>"}`},
		"an index":              {`cfg["password"] = "Zq7"; {["email"]=> string(3) "a@b.se" ["password"]=> string(8) "Zq7xaaTT"}`, `cfg["password"] = "<secret>"; {["email"]=> string(3) "<email>" ["password"]=> string(8) "<secret>"}`},
		"Ruby's hash":           {`{:first_name=>"Siobhan", "last_name" => "B", n: 1}`, `{:first_name=>"<name>", "last_name" => "<name>", n: 1}`},
		"array":                 {`{"to":["x",7,null,["anna@example.com"]]}`, `{"to":["x",7,null,["<email>"]]}`},
		"key":                   {`{"m":{"anna@example.com":1}}`, `{"m":{"<email>":1}}`},
		"keys that collide":     {`{"a@example.com":1,"b@example.com":2}`, `{"<email>":1,"<email>#2":2}`},
		"a key that is there":   {`{"<email>":1,"b@example.com":2}`, `{"<email>":1,"<email>#2":2}`},
		"duplicate keys":        {`{"email":"a@example.com","email":"b@example.com"}`, `{"email":"<email>","email":"<email>"}`},
		"number":                {`{"msisdn":447700900123}`, `{"msisdn":"<phone>"}`},
		"float":                 {`{"msisdn":447700900123.0}`, `{"msisdn":"<phone>"}`},
		"exponent":              {`{"msisdn":4.47700900123E11}`, `{"msisdn":"<phone>"}`},
		"JSON in a string":      {`{"body":"{\"firstName\":\"Ingeborg\",\"op\":\"z\"}"}`, `{"body":"{\"firstName\":\"<name>\",\"op\":\"z\"}"}`},
		"two levels":            {`{"b":"{\"w\":\"{\\\"mail\\\":\\\"a@example.com\\\",\\\"n\\\":2}\"}"}`, `{"b":"{\"w\":\"{\\\"mail\\\":\\\"<email>\\\",\\\"n\\\":2}\"}"}`},
		"number in a string":    {`{"b":"{\"msisdn\":447700900123}"}`, `{"b":"{\"msisdn\":\"<phone>\"}"}`},
		"prefix":                {`2019-09-24T09:29:07Z stdout F {"email":"a@example.com","firstName":"Anna"}`, `2019-09-24T09:29:07Z stdout F {"email":"<email>","firstName":"<name>"}`},
		"byte order mark":       {"\ufeff{\"firstName\":\"Anna\"}", "\ufeff{\"firstName\":\"<name>\"}"},
		"cut off in a value":    {`{"a":1,"firstName":"Ann`, `{"a":1,"firstName":"<name>`},
		"cut off in a key":      {`{"a":1,"anna@example.com`, `{"a":1,"<email>`},
		"broken value":          {`{"a":1,"firstName":Anna,"b":2}`, `{"a":1,"firstName":<name>,"b":2}`},
		"broken object":         {`{"firstName":"Anna" "email":"a@example.com"}`, `{"firstName":"<name>" "email":"<email>"}`},
		"Python":                {`{'firstName': 'Anna'}`, `{'firstName': '<name>'}`},
		"logfmt":                {`lvl=info firstName=Anna`, `lvl=info firstName=<name>`},
		"named value":           {`[{"key":"first.name","value":"Anna"}]`, ``},
		"named value of OTLP":   {`[{"key":"msisdn","value":{"stringValue":"447700900123"}}]`, `[{"key":"msisdn","value":{"stringValue":"<phone>"}}]`},
		"XML":                   {`{"x":"<u><firstName>Anna</firstName><msisdn>447700900123</msisdn></u>"}`, `{"x":"<u><firstName><name></firstName><msisdn><phone></msisdn></u>"}`},
		"markers are no XML":    {`password=<secret> there </b> x`, ``},
		"text of a float":       {`{"msisdn":"4.47700900123e11"}`, `{"msisdn":"<phone>"}`},
		"Go":                    {`{FirstName:Ingeborg Age:3}`, `{FirstName:<name> Age:3}`},
		"JavaScript":            {`{a:1,firstName:"Ingeborg"}`, `{a:1,firstName:"<name>"}`},
		"prose with a colon":    {`street: two lanes, surname: missing`, ``},
		"text":                  {`mail to anna@example.com`, `mail to <email>`},
		"a string":              {`"anna@example.com"`, `"<email>"`},
		"escaped text":          {`body {\"firstName\":\"Anna\"} end`, `body {\"firstName\":\"<name>\"} end`},
		"lone surrogates":       {`{"e":"\udc00 a@example.com \ud800 tail"}`, `{"e":"\udc00 <email> \ud800 tail"}`},
		"surrogates in JSON":    {`{"e":"{\"f\":\"\ud83d\ude00 a@example.com \\ud800\"}"}`, `{"e":"{\"f\":\"\ud83d\ude00 <email> \\ud800\"}"}`},
		"control characters":    {`{"e":"\u0000 a@example.com \u0001"}`, `{"e":"\u0000 <email> \u0001"}`},
		"invalid UTF-8":         {"{\"e\":\"bad \x80 a@example.com \xc3 tail\"}", "{\"e\":\"bad \x80 <email> \xc3 tail\"}"},
		"booleans stay":         {`{"password":true,"firstName":null}`, ``},
		"empty":                 {``, ``},
		"white space":           {`  `, ``},
		"text behind an object": {`{"a":1} a@example.com`, `{"a":1} <email>`},
	} {
		t.Run(name, func(t *testing.T) {
			want := c.want
			if want == "" {
				want = c.in
			}
			if name == "named value" {
				want = strings.Replace(c.in, "Anna", "<name>", 1)
			}
			if got := apply(t, r, c.in); got != want {
				t.Errorf("in   %s\ngot  %s\nwant %s", c.in, got, want)
			}
		})
	}
}

func TestUntouchedRecordIsNotCopied(t *testing.T) {
	line := []byte(`{"msg":"a"}`)
	if out := newRedactor(t).Apply(redact.Source{Value: line}).Value(); &out[0] != &line[0] {
		t.Error("the line was copied")
	}
}

func TestPseudonyms(t *testing.T) {
	r := newRedactor(t)
	out := r.Apply(redact.Source{Value: []byte(`{"AccountID":"4f27a78479b3b5b29c86e106"}`), Key: []byte("4f27a78479b3b5b29c86e106")})
	var object struct{ AccountID string }
	if err := json.Unmarshal(out.Value(), &object); err != nil {
		t.Fatal(err)
	}
	if !keyring.IsToken([]byte(object.AccountID)) {
		t.Errorf("AccountID became %q, want a token", object.AccountID)
	}
	if string(out.Key()) != object.AccountID {
		t.Errorf("the key became %q, want the same token %q", out.Key(), object.AccountID)
	}
	number := apply(t, r, `{"account_id":12345}`)
	if text := apply(t, r, `{"account_id":"12345"}`); number != text {
		t.Errorf("a number became %s and its text %s", number, text)
	}
	if again := apply(t, r, string(out.Value())); again != string(out.Value()) {
		t.Errorf("the token became %s", again)
	}
	for in, want := range map[string]string{
		`{"msg":"account 4f27a78479b3b5b29c86e106 there","AccountID":"4f27a78479b3b5b29c86e106"}`:             `{"msg":"account T there","AccountID":"T"}`,
		`{"m":{"4f27a78479b3b5b29c86e106":1},"AccountID":"4f27a78479b3b5b29c86e106"}`:                         `{"m":{"T":1},"AccountID":"T"}`,
		`{"4f27a78479b3b5b29c86e106":1,"AccountIDs":["4f27a78479b3b5b29c86e106","4f27a78479b3b5b29c86e106"]}`: `{"T":1,"AccountIDs":["T","T"]}`,
		`{"AccountID":"4f27a78479b3b5b29c86e106","RequestID":"4f27a78479b3b5b29c86e106x"}`:                    `{"AccountID":"T","RequestID":"4f27a78479b3b5b29c86e106x"}`,
	} {
		if got := strings.ReplaceAll(apply(t, r, in), object.AccountID, "T"); got != want {
			t.Errorf("in   %s\ngot  %s\nwant %s", in, got, want)
		}
	}
	other, err := keyring.Ephemeral(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	second := redact.NewRedactor(redact.DefaultPolicy(), other, redact.Options{})
	if again := second.Apply(redact.Source{Value: out.Value()}).Value(); !bytes.Equal(again, out.Value()) {
		t.Errorf("another key made %s of the token", again)
	}
}

// TestPlainIDsHoldNoNumber: what passes as the name of a machine without a search has nothing that a search
// would find.
func TestPlainIDsHoldNoNumber(t *testing.T) {
	r := newRedactor(t)
	for _, value := range []string{
		"887-59-6077", "sn627926d", "sn-62-79-26-d", "sn 62 79 26 d", "ie42zzxq20176147169543", "192.0.2.1", "0000.5e00.5349", "00-00-5e-00-53-49",
		"199202039807", "920203-9807", "4111-1111-1111-1111", "no9386011117947",
	} {
		for _, around := range []string{"", "x.", "a-"} {
			line := `{"env":"anna","host":"` + around + value + `","lvl":"info"}`
			first := string(r.Apply(redact.Source{Value: []byte(line)}).Value()) // by the slow way, which the second goes by
			quick := newRedactor(t)
			quick.Apply(redact.Source{Value: []byte(`{"env":"anna","host":"some-host","lvl":"info"}`)})
			if got := string(quick.Apply(redact.Source{Value: []byte(line)}).Value()); got != first {
				t.Errorf("%s: %s the quick way, %s the slow way", line, got, first)
			}
		}
	}
}
