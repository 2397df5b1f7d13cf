package redact_test

import (
	"testing"

	"github.com/logproc/logproc/redact"
)

// typicalLine has an address and an account in it, as every line of a service has that logs requests.
const typicalLine = `{"ContainerID":"8593af5258f9cfa6ae8a3","MesosTaskID":"ctrl-green.c93ff979-8486","env":"anna","lvl":"debug","msg":"brkr-somesystem-http-response","status":200,"t":"2019-09-24T09:29:07.068959383Z","duration":81.253642,"AccountID":"ed11061279fc4636c4effc24","RequestID":"573975","clientHost":"13.73.22.220","action":"Redeem","callName":"CreditControl","clientVersion":100207,"clientOS":"iOS","clientOSVersion":"ios-12"}`

const (
	plainLine  = `{"ContainerID":"c1c2","env":"anna","lvl":"debug","msg":"brkr-somesystem-http-response","status":200,"duration":81.253642,"action":"Redeem","callName":"CreditControl","clientOS":"iOS","text":"nothing to be seen here, move along please, all is well"}`
	textLine   = `{"lvl":"error","msg":"user-mail-failed","t":"2019-09-24T09:29:07.068959383Z","error":"could not deliver to anna.andersson@example.com (tel +46 8 465 004 13): mailbox of 192.0.2.44 is full, retry later"}`
	nestedLine = `{"lvl":"info","msg":"http-request","t":"2019-09-24T09:29:07.068959383Z","body":"{\"firstName\":\"Ingeborg\",\"op\":\"z\",\"items\":[{\"n\":1,\"text\":\"mail a@example.com\"}]}"}`
)

func BenchmarkApply(b *testing.B) {
	for _, c := range []struct{ name, line string }{
		{"no candidates", plainLine}, {"typical line", typicalLine}, {"free text", textLine}, {"nested JSON", nestedLine},
	} {
		b.Run(c.name, func(b *testing.B) {
			r := newRedactor(b)
			source := redact.Source{Value: []byte(c.line), Service: []byte("ctrl")}
			b.SetBytes(int64(len(c.line)))
			b.ReportAllocs()
			for b.Loop() {
				r.Apply(source)
			}
		})
	}
}

func BenchmarkLabel(b *testing.B) {
	r := newRedactor(b)
	msg := []byte("brkr-somesystem-http-response")
	b.ReportAllocs()
	for b.Loop() {
		r.Label(msg, "msg")
	}
}

func TestSteadyStateAllocatesNothing(t *testing.T) {
	r := newRedactor(t)
	for _, line := range []string{plainLine, typicalLine, textLine, nestedLine} {
		source := redact.Source{Value: []byte(line), Key: []byte("ed11061279fc4636c4effc24"), Service: []byte("ctrl")}
		if n := testing.AllocsPerRun(100, func() { r.Apply(source) }); n > 0 {
			t.Errorf("%v allocations for %s", n, line)
		}
	}
}
