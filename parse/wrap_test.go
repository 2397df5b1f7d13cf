package parse_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"github.com/logproc/logproc/parse"
)

// The functions below wrap a line as the shippers do.

const wrapTime = "2020-01-02T03:04:05.678901234Z"

func quote(line []byte) []byte {
	q, err := json.Marshal(string(line))
	if err != nil {
		panic(err)
	}
	return q
}

func wrapDocker(line []byte) []byte {
	return fmt.Appendf(nil, `{"log":%s,"stream":"stdout","time":"%s"}`, quote(append(line[:len(line):len(line)], '\n')), wrapTime)
}

func wrapCRI(line []byte) []byte { return fmt.Appendf(nil, "%s stdout F %s", wrapTime, line) }

// quoted makes a wrapper of a format that holds the line as a JSON string.
func quoted(format string) func([]byte) []byte {
	return func(line []byte) []byte { return fmt.Appendf(nil, format, quote(line)) }
}

// raw makes a wrapper of a format that holds the line as it is.
func raw(format string) func([]byte) []byte {
	return func(line []byte) []byte { return fmt.Appendf(nil, format, line) }
}

const kubernetes = `"kubernetes":{"pod_name":"other-1","labels":{"app":"other","env":"other"},"container_name":"other"}`

// wrappers name every envelope; the fields that they name must not win over the line's own.
var wrappers = map[string]func([]byte) []byte{
	"none":              raw("%s"),
	"docker":            wrapDocker,
	"docker-attrs":      quoted(`{"log":%s,"stream":"stderr","attrs":{"com.docker.compose.service":"other"},"time":"` + wrapTime + `"}`),
	"cri":               wrapCRI,
	"fluent-bit":        quoted(`{"@timestamp":"` + wrapTime + `","log":%s,"stream":"stdout",` + kubernetes + `}`),
	"fluent-bit-merged": raw(`{"date":1577934245.678901,"log_processed":%s,` + kubernetes + `}`),
	"fluent-bit-object": raw(`{"date":1577934245.678901,"log":%s,` + kubernetes + `}`),
	"filebeat":          quoted(`{"@timestamp":"` + wrapTime + `","agent":{"type":"filebeat"},"message":%s,"container":{"name":"other"},"log":{"offset":1}}`),
	"filebeat-json":     raw(`{"@timestamp":"` + wrapTime + `","agent":{"type":"filebeat"},"json":%s,"service":{"name":"other"}}`),
	"vector":            quoted(`{"message":%s,"timestamp":"` + wrapTime + `","source_type":"kubernetes_logs",` + kubernetes + `}`),
	"vector-object":     raw(`{"message":%s,"timestamp":"` + wrapTime + `",` + kubernetes + `}`),
	"cee":               raw("@cee: %s"),
	"rsyslog-json":      quoted(`{"msg":%s,"programname":"other","timereported":"` + wrapTime + `","syslogseverity":"6"}`),
	"rfc5424":           raw("<134>1 " + wrapTime + " h other 1 - - @cee: %s"),
	"rfc3164":           raw("<134>Jan  2 03:04:05 h other[1]: @cee:%s"),
	"syslog-file":       raw("2020-01-02T03:04:05.678901+01:00 h other[1]: @cee: %s"),
	"logspout":          quoted(`{"message":%s,"stream":"stdout","docker":{"name":"/other"}}`),
	"kcat":              quoted(`{"topic":"logs","partition":0,"offset":1,"tstype":"create","ts":1577934245678,"broker":0,"key":null,"payload":%s}`),
	"journald":          quoted(`{"__REALTIME_TIMESTAMP":"1577934245678901","PRIORITY":"6","SYSLOG_IDENTIFIER":"other","MESSAGE":%s}`),
	"fluent-bit-cri":    func(l []byte) []byte { return wrappers2["fluent-bit"](wrapCRI(l)) },
	"kcat-docker":       func(l []byte) []byte { return wrappers2["kcat"](wrapDocker(l)) },
	"otlp-body": quoted(`{"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"other"}}]},` +
		`"scopeLogs":[{"logRecords":[{"severityNumber":9,"timeUnixNano":"1577934245678901234","body":{"stringValue":%s}}]}]}]}`),
}

var wrappers2 = map[string]func([]byte) []byte{
	"fluent-bit": quoted(`{"log":%s,` + kubernetes + `}`),
	"kcat":       quoted(`{"topic":"logs","partition":0,"offset":1,"ts":1577934245678,"payload":%s}`),
}

func fixture(t testing.TB) [][]byte {
	t.Helper()
	text, err := os.ReadFile("testdata/ctrl.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Split(bytes.TrimSuffix(text, []byte("\n")), []byte("\n"))
}

// one parses a line that must give one record, and describes it.
func one(t *testing.T, p *parse.Parser, in parse.Input) string {
	t.Helper()
	if r := p.Parse(in); r != parse.OK {
		t.Fatalf("%s: %.200q", r, in.Line)
	}
	rec, ok := p.Next()
	if !ok {
		t.Fatalf("no record: %.200q", in.Line)
	}
	got := describe(rec)
	if _, more := p.Next(); more {
		t.Fatalf("a second record: %.200q", in.Line)
	}
	return got
}

func TestEnvelopesChangeNothing(t *testing.T) {
	lines := fixture(t)
	if len(lines) != 50 {
		t.Fatalf("%d lines", len(lines))
	}
	for name, wrap := range wrappers {
		t.Run(name, func(t *testing.T) {
			plain, wrapped := newParser(t, parse.Options{}), newParser(t, parse.Options{})
			for _, line := range lines {
				want := one(t, plain, parse.Input{Line: line, Time: carrier})
				if got := one(t, wrapped, parse.Input{Line: wrap(line), Time: carrier}); got != want {
					t.Fatalf("got  %s\nwant %s", got, want)
				}
			}
		})
	}
}

func TestNestedEnvelopesAreBounded(t *testing.T) {
	line := []byte(`{"msg":"x"}`)
	p := newParser(t, parse.Options{})
	for depth := range 5 {
		if r := p.Parse(parse.Input{Line: line}); r != parse.OK {
			t.Fatalf("%d envelopes: %s", depth, r)
		}
		line = wrapDocker(line)
	}
	for range 5 {
		line = wrapDocker(line)
	}
	if r := p.Parse(parse.Input{Line: line}); r != parse.TooDeep {
		t.Errorf("10 envelopes: %s", r)
	}
	if r := p.Parse(parse.Input{Line: bytes.Repeat([]byte("@cee:"), 10_000)}); r != parse.TooDeep {
		t.Errorf("10,000 cookies: %s", r)
	}
}

func TestRecordsAreTheParsersOwn(t *testing.T) {
	for name, wrap := range wrappers {
		p := newParser(t, parse.Options{})
		line := wrap([]byte(`{"msg":"some-key","RequestID":"r-1"}`))
		if r := p.Parse(parse.Input{Line: line}); r != parse.OK {
			t.Fatalf("%s: %s", name, r)
		}
		rec, _ := p.Next()
		want := describe(rec)
		for i := range line {
			line[i] = '!' // the caller may use its buffer again
		}
		if got := describe(rec); got != want {
			t.Errorf("%s: %s, was %s", name, got, want)
		}
	}
}
