package redact_test

import (
	"strings"
	"testing"

	"github.com/logproc/logproc/redact"
)

// TestKnownMembers gives the same object with other values again and again: a member that is expected has to be
// treated as one that is met for the first time, whatever comes in it.
func TestKnownMembers(t *testing.T) {
	r := newRedactor(t)
	usual := `{"task":"a-1","ContainerID":"8593af5258f9c","host":"192.0.2.7","n":12,"t":"2019-09-24T09:29:07.068959383Z","last":"x"}`
	for _, c := range []struct{ in, want string }{
		{usual, `{"task":"a-1","ContainerID":"8593af5258f9c","host":"<ip>","n":12,"t":"2019-09-24T09:29:07.068959383Z","last":"x"}`},
		{`{"task":"ab123456c","ContainerID":"ab123456c","host":"otp-4111","n":12}`, `{"task":"<nino>","ContainerID":"<nino>","host":"otp-<otp>","n":12}`},
		{`{"task":"aa-bb-cc-dd-ee-ff","ContainerID":"otp-4111","host":"127.0.0.1"}`, `{"task":"<mac>","ContainerID":"otp-4111","host":"127.0.0.1"}`},
		{`{"task":"10.1.2.3","ContainerID":"10.1.2.3","host":"300.1.2.3"}`, `{"task":"<ip>","ContainerID":"<ip>","host":"300.1.2.3"}`},
		{`{"task":true,"ContainerID":null,"host":false,"n":007}`, `{"task":true,"ContainerID":null,"host":false,"n":007}`},
		{`{"task":"a\"b","ContainerID":"c","host":"10.1.2.3","last":"a@b.example"}`, `{"task":"a\"b","ContainerID":"c","host":"<ip>","last":"<email>"}`},
		{`{"task":"x","ContainerID":"\u0061@b.example","host":"\"10.1.2.3"}`, `{"task":"x","ContainerID":"<email>","host":"\"<ip>"}`},
		{`{"task":"a-1","ContainerID":"8593`, `{"task":"a-1","ContainerID":"8593`},
		{`{"task":"10.1.2.3" ,"ContainerID":"a" }`, `{"task":"<ip>" ,"ContainerID":"a" }`},
		{`{"task":"10.1.2.3"x`, `{"task":"<ip>"x`},
		{`{"task":"a-1","ContainerID":"10.1.2`, `{"task":"a-1","ContainerID":"10.1.2`},
	} {
		if got := string(r.Apply(redact.Source{Value: []byte(c.in)}).Value()); got != c.want {
			t.Errorf("%s\ngives %s\nwant  %s", c.in, got, c.want)
		}
		r.Apply(redact.Source{Value: []byte(usual)})
	}
}

// TestEchoesInKnownMembers: the account's raw id is found wherever else it is, also in lines of which each member
// is known, and where an id as long stood before.
func TestEchoesInKnownMembers(t *testing.T) {
	const id, other = "ed11061279fc4636c4effc24", "8593af5258f9cfa6ae8a3c0f"
	r := newRedactor(t)
	line := func(container, msg, host string) string {
		return `{"ContainerID":"` + container + `","AccountID":"` + id + `","msg":"` + msg + `","host":"` + host + `"}`
	}
	token := func(text string) string {
		_, rest, _ := strings.Cut(text, `"AccountID":"`)
		return rest[:strings.IndexByte(rest, '"')]
	}
	for _, c := range []struct{ container, msg, host string }{
		{"c1", "a-b-ok", "h1"}, {other, "a-b-ok", "h1"}, {id, "a-b-ok", "h1"}, {other, "get-" + id, "h1"}, {other, "a-b-ok", id}, {other, id, id}, {other, "a-b-ok", "h1"},
	} {
		in := line(c.container, c.msg, c.host)
		got := string(r.Apply(redact.Source{Value: []byte(in)}).Value())
		if want := strings.ReplaceAll(in, id, token(got)); got != want {
			t.Errorf("%s\ngives %s", in, got)
		}
	}
}
