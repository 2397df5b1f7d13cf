package detect_test

import (
	"strings"
	"testing"

	"github.com/logproc/logproc/redact/detect"
)

// benchTexts are values as log records hold them, and whole lines.
var benchTexts = []struct{ name, text string }{
	{"word", "ctrl-balance-checked"},
	{"hexid", "d6f4286eb1a2f8a4c0a91"},
	{"uuid", "48254336-0286-4017-8124-b7db68062622"},
	{"time", "2019-09-24T09:29:07.565311477Z"},
	{"ip", "203.0.113.65"},
	{"prose", "connection to the balance service was closed by the peer after the last request had been answered"},
	{"email", "could not notify annika.bergstrand@example.com within 30s"},
	{"line", benchLine},
	{"lineip", strings.Replace(benchLine, `"lvl"`, `"clientHost":"203.0.113.65","lvl"`, 1)},
}

const benchLine = `{"ContainerID":"76c99b54724cf5f02f987","MesosTaskID":"ctrl-green.fb6daadd-eaa0","env":"anna","lvl":"debug",` +
	`"msg":"ntfy-sms-queued","status":404,"t":"2019-09-20T08:36:12.761282402Z","duration":146.900941,` +
	`"AccountID":"d9669dd1290d913ee8c972da","RequestID":"472618","action":"Sync","callName":"CreditControl",` +
	`"clientVersion":100207,"clientOS":"iOS","clientOSVersion":"ios-12","detail":"request answered from the cache after two attempts in the other zone"}`

func BenchmarkFind(b *testing.B) {
	benchmark(b, func(s *detect.Scanner, text []byte) { s.Find(text, topic, 0, true) })
}

func BenchmarkFindKept(b *testing.B) {
	benchmark(b, func(s *detect.Scanner, text []byte) { s.Find(text, topic, 0, false) })
}

func BenchmarkFindAll(b *testing.B) {
	benchmark(b, func(s *detect.Scanner, text []byte) { s.FindAll(text, topic, 0, true) })
}

func BenchmarkCandidate(b *testing.B) {
	benchmark(b, func(s *detect.Scanner, text []byte) { s.Candidate(text) })
}

func benchmark(b *testing.B, f func(*detect.Scanner, []byte)) {
	s := detect.NewScanner(detect.Options{})
	for _, c := range benchTexts {
		text := []byte(c.text)
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				f(s, text)
			}
		})
	}
}
