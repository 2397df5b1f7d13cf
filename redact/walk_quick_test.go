package redact_test

import (
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
