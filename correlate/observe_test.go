package correlate_test

import (
	"testing"

	"github.com/logproc/logproc/correlate"
	"github.com/logproc/logproc/parse"
	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/rules"
)

// redactors are as a command has them.
func redactors() (names, ids correlate.Redact) {
	n := redact.NewRedactor(redact.DefaultPolicy(), nil, redact.Options{Output: redact.Label})
	i := redact.NewRedactor(redact.DefaultPolicy(), nil, redact.Options{Output: redact.Topic})
	return n.Label, i.FieldText
}

func TestObserve(t *testing.T) {
	names, ids := redactors()
	o := correlate.NewObserver(rules.DefaultCalls(), names, ids)
	p, err := parse.New(parse.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		line, request, trace, key string
		ok                        bool
	}{
		{`{"msg":"a-done-ok","RequestID":"r-1"}`, "r-1", "", "a-done-ok", true},
		{`{"msg":"mail to bob@example.com","RequestID":"bob@example.com"}`, "<email>", "", "mail to <email>", true},
		{`{"msg":"a-done-ok","dd.trace_id":"11803532876627986230"}`, "", "a3ce929d0e0e4736", "a-done-ok", true},
		{`{"msg":"a-done-ok","traceparent":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}`, "", "4bf92f3577b34da6a3ce929d0e0e4736", "a-done-ok", true},
		{`{"msg":"a-done-ok","RequestID":"-","trace_id":"0"}`, "", "", "", false},
		{`{"msg":"a-done-ok"}`, "", "", "", false},
	} {
		if reason := p.Parse(parse.Input{Line: []byte(test.line)}); reason != parse.OK {
			t.Fatal(reason)
		}
		r, _ := p.Next()
		obs, ok := o.Observe(r)
		if ok != test.ok || obs.RequestText.String() != test.request || obs.TraceText.String() != test.trace || obs.Key.String() != test.key {
			t.Errorf("%s: %v %q %q %q", test.line, ok, obs.RequestText, obs.TraceText, obs.Key)
		}
	}
}

func BenchmarkObserve(b *testing.B) {
	names, ids := redactors()
	o := correlate.NewObserver(rules.DefaultCalls(), names, ids)
	p, err := parse.New(parse.Options{})
	if err != nil {
		b.Fatal(err)
	}
	p.Parse(parse.Input{Line: []byte(`{"ContainerID":"8593af5258f9cfa6ae8a3","MesosTaskID":"ctrl-green.c93ff979-8486","env":"anna","lvl":"debug","msg":"api-sync-ok","status":200,"t":"2019-09-24T09:29:07.068959383Z","duration":81.253642,"AccountID":"ed11061279fc4636c4effc24","RequestID":"57397500afbc","clientHost":"192.0.2.1","action":"Redeem","callName":"CreditControl","clientVersion":100207,"clientOS":"iOS","clientOSVersion":"ios-12"}`)})
	r, _ := p.Next()
	b.ReportAllocs()
	for b.Loop() {
		o.Observe(r)
	}
}
