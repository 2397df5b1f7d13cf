package rules_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/logproc/logproc/internal/conf"
	"github.com/logproc/logproc/parse"
	"github.com/logproc/logproc/rules"
)

func readRecord(t testing.TB, line string) *parse.Record {
	t.Helper()
	p, err := parse.New(parse.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if reason := p.Parse(parse.Input{Line: []byte(line)}); reason != parse.OK {
		t.Fatalf("%s: %v", line, reason)
	}
	r, _ := p.Next()
	return r
}

func TestDefaultCalls(t *testing.T) {
	m := rules.DefaultCalls().NewMatcher()
	for _, test := range []struct{ line, want string }{
		{`{"msg":"platform-trace-start","event":"START"}`, `start ""→"" @""/"" "" -`},
		{`{"msg":"platform-trace-req","az":"eu","host":"h","event":"REQ","from":"a","to":"b.list"}`, `request "a"→"b.list" @"eu"/"h" "" -`},
		{`{"event":"OUT","from":"a","to":"b.list","duration":0.1,"err":"no config"}`, `out "a"→"b.list" @""/"" "no config" 0.1`},
		{`{"event":"Timeout","from":"a","to":"b"}`, `timeout "a"→"b" @""/"" "" -`},
		{`{"event":"OTHER","from":"a","to":"b"}`, ``},
		{`{"service":"ctrl","msg":"brkr-somesystem-http-request"}`, `request "ctrl"→"brkr-somesystem" @""/"" "" -`},
		{`{"service":"ctrl","msg":"brkr-somesystem-http-response","duration":81.2}`, `reply "ctrl"→"brkr-somesystem" @""/"" "" 81.2`},
		{`{"service":"ctrl","msg":"brkr-somesystem-http-error","err":"502"}`, `reply "ctrl"→"brkr-somesystem" @""/"" "502" -`},
		{`{"service":"brkr","msg":"brkr-somesystem-http-request","span.kind":"server","peer.service":"ctrl"}`, `in "ctrl"→"brkr-somesystem" @""/"" "" -`},
		{`{"msg":"finished call","service":"a","grpc.component":"client","grpc.service":"shop.Cart","grpc.method":"Get","grpc.code":"OK","grpc.time_ms":12.5}`,
			`reply "a"→"shop.Cart" Get @""/"" "" 12.5`},
		{`{"msg":"finished call","service":"b","grpc.component":"server","grpc.service":"shop.Cart","grpc.method":"Get","grpc.code":"OK","grpc.time_ms":"x"}`,
			`out ""→"shop.Cart" Get @""/"" "" -`},
		{`{"msg":"finished unary call with code DeadlineExceeded","service":"a","span":{"kind":"client"},"grpc":{"service":"s","method":"m","code":"DeadlineExceeded","error":"late"}}`,
			`timeout "a"→"s" m @""/"" "late" -`},
		{`{"msg":"api-sync-ok","duration":1}`, ``},
	} {
		if got := show(m.Match(readRecord(t, test.line))); got != test.want {
			t.Errorf("%s\n got %s\nwant %s", test.line, got, test.want)
		}
	}
}

func show(c *rules.Call) string {
	if c == nil {
		return ""
	}
	duration := "-"
	if c.HasDuration {
		duration = fmt.Sprint(float64(c.Duration))
	}
	op := ""
	if c.Operation != nil {
		op = string(c.Operation) + " "
	}
	return fmt.Sprintf("%v %q→%q %s@%q/%q %q %s", c.Frame, c.From, c.To, op, c.Zone, c.Host, c.Error, duration)
}

func TestOwnCalls(t *testing.T) {
	c, err := rules.LoadCalls("calls.yaml", []byte(`
calls:
  - name: jobs
    frames:
      - {frame: request, when: {msg: "ask-*", kind: 7}}
    to: $key
`))
	if err != nil {
		t.Fatal(err)
	}
	m := c.NewMatcher()
	if got := show(m.Match(readRecord(t, `{"msg":"ask-bank","kind":7}`))); got != `request ""→"bank" @""/"" "" -` {
		t.Error(got)
	}
	if m.Match(readRecord(t, `{"event":"REQ","from":"a","to":"b"}`)) != nil {
		t.Error("the built-in list is still there")
	}
}

func TestCallFileErrors(t *testing.T) {
	_, err := rules.LoadCalls("calls.yaml", []byte(`calls:
  - name: a
    frames:
      - {frame: reqest, when: {event: REQ}}
      - {frame: in, when: {}}
      - {frame: out, when: {event: []}}
    to: [$srevice]
  - name: a
    frmes: []
`))
	var found conf.Diagnostics
	if !errors.As(err, &found) {
		t.Fatal(err)
	}
	text := err.Error()
	for _, want := range []string{
		`calls.yaml:4:17: calls[0].frames[0].frame is "reqest", expected start, request`,
		`calls.yaml:5:`, `calls.yaml:6:`, `calls.yaml:7:10: calls[0].to[0] is "$srevice", expected the name of a field, $service or $key`,
		`calls.yaml:8:11: calls[1].name: there are two rules "a"`, `calls.yaml:9:5: unknown key "frmes"`, `calls[1] has no to`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no message %q in\n%s", want, text)
		}
	}
}

func TestMatchAllocatesNothing(t *testing.T) {
	m := rules.DefaultCalls().NewMatcher()
	r := readRecord(t, `{"msg":"api-sync-ok","lvl":"info","duration":1,"event":7,"RequestID":"a"}`)
	if n := testing.AllocsPerRun(100, func() { m.Match(r) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkMatchNoCall(b *testing.B) {
	m := rules.DefaultCalls().NewMatcher()
	r := readRecord(b, `{"ContainerID":"8593af5258f9cfa6ae8a3","MesosTaskID":"ctrl-green.c93ff979-8486","env":"anna","lvl":"debug","msg":"api-sync-ok","status":200,"t":"2019-09-24T09:29:07.068959383Z","duration":81.253642,"AccountID":"ed11061279fc4636c4effc24","RequestID":"573975","clientHost":"192.0.2.1","action":"Redeem","callName":"CreditControl","clientVersion":100207,"clientOS":"iOS","clientOSVersion":"ios-12"}`)
	for b.Loop() {
		m.Match(r)
	}
}

func FuzzLoadCalls(f *testing.F) {
	f.Add(rules.DefaultCallsFile())
	f.Add([]byte("calls: [{name: a, frames: [{frame: in, when: {a: b}}], to: [$key]}]"))
	r := readRecord(f, `{"event":"REQ","from":"a","to":"b","msg":"x-http-request"}`)
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := rules.LoadCalls("calls.yaml", data)
		if err != nil {
			var found conf.Diagnostics
			if !errors.As(err, &found) {
				t.Errorf("no diagnostics: %v", err)
			}
			return
		}
		c.NewMatcher().Match(r)
	})
}
