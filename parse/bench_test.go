package parse_test

import (
	"testing"

	"github.com/valyala/fastjson"

	"github.com/logproc/logproc/parse"
)

// plainLine has the shape and length of the line that the reference figures are measured with.
const plainLine = `{"ContainerID":"8593af5258f9cfa6ae8a3","MesosTaskID":"ctrl-green.c93ff979-8486","env":"anna","lvl":"debug",` +
	`"msg":"brkr-somesystem-http-response","status":200,"t":"2019-09-24T09:29:07.068959383Z","duration":81.253642,` +
	`"AccountID":"ed11061279fc4636c4effc24","RequestID":"573975","clientHost":"13.73.22.220","action":"Redeem",` +
	`"callName":"CreditControl","clientVersion":100207,"clientOS":"iOS","clientOSVersion":"ios-12"}`

// shapes are lines whose reading must not allocate.
func shapes() map[string][]byte {
	return map[string][]byte{
		"plain":  []byte(plainLine),
		"docker": wrapDocker([]byte(plainLine)),
		"cri":    wrapCRI([]byte(plainLine)),
		"otlp":   []byte(otlpLine),
	}
}

const otlpLine = `{"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"ctrl"}},` +
	`{"key":"deployment.environment","value":{"stringValue":"anna"}}]},"scopeLogs":[{"scope":{"name":"ctrl"},"logRecords":[` +
	`{"timeUnixNano":"1569317347068959383","observedTimeUnixNano":"1569317347068959383","severityNumber":5,"severityText":"DEBUG",` +
	`"body":{"stringValue":"brkr-somesystem-http-response"},"attributes":[{"key":"status","value":{"intValue":"200"}},` +
	`{"key":"duration","value":{"doubleValue":81.253642}},{"key":"request_id","value":{"stringValue":"573975"}}],` +
	`"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174"}]}]}]}`

func newParser(tb testing.TB, opt parse.Options) *parse.Parser {
	tb.Helper()
	p, err := parse.New(opt)
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

func BenchmarkParse(b *testing.B) {
	for name, line := range shapes() {
		b.Run(name, func(b *testing.B) {
			p := newParser(b, parse.Options{})
			b.SetBytes(int64(len(line)))
			b.ReportAllocs()
			for b.Loop() {
				if r := p.Parse(parse.Input{Line: line}); r != parse.OK {
					b.Fatal(r)
				}
				for {
					if _, ok := p.Next(); !ok {
						break
					}
				}
			}
		})
	}
}

// BenchmarkFastjsonEightGets is the reference for BenchmarkParse/plain: the least that any reader with
// fastjson has to do for the same fields.
func BenchmarkFastjsonEightGets(b *testing.B) {
	var p fastjson.Parser
	line := []byte(plainLine)
	b.SetBytes(int64(len(line)))
	b.ReportAllocs()
	keys := [...]string{"lvl", "msg", "t", "env", "MesosTaskID", "RequestID", "status", "duration"}
	for b.Loop() {
		v, err := p.ParseBytes(line)
		if err != nil {
			b.Fatal(err)
		}
		for _, k := range keys {
			if v.Get(k) == nil {
				b.Fatal(k)
			}
		}
	}
}

// BenchmarkFastjsonEightValues is the same with the values read, as every use of them has to.
func BenchmarkFastjsonEightValues(b *testing.B) {
	var p fastjson.Parser
	line := []byte(plainLine)
	b.SetBytes(int64(len(line)))
	b.ReportAllocs()
	texts := [...]string{"lvl", "msg", "t", "env", "MesosTaskID", "RequestID"}
	for b.Loop() {
		v, err := p.ParseBytes(line)
		if err != nil {
			b.Fatal(err)
		}
		for _, k := range texts {
			if v.GetStringBytes(k) == nil {
				b.Fatal(k)
			}
		}
		if v.GetInt64("status") == 0 || v.GetFloat64("duration") == 0 {
			b.Fatal("status or duration")
		}
	}
}

// BenchmarkReject measures lines that are no records.
func BenchmarkReject(b *testing.B) {
	for name, line := range map[string]string{
		"text":      "2019-09-24 09:29:07 INFO connected to the broker after three attempts",
		"truncated": plainLine[:len(plainLine)-20],
	} {
		b.Run(name, func(b *testing.B) {
			p := newParser(b, parse.Options{})
			b.ReportAllocs()
			for b.Loop() {
				if p.Parse(parse.Input{Line: []byte(line)}) == parse.OK {
					b.Fatal("this line is no record")
				}
			}
		})
	}
}
