package redact_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/logproc/logproc/bench/workload"
	"github.com/logproc/logproc/redact"
)

// BenchmarkWorkload redacts lines as `make bench` has them: twenty services, personal data in the sentences of
// every twentieth line, and no two lines with the same ids, time or account.
func BenchmarkWorkload(b *testing.B) {
	sources := workloadSources(20_000)
	var size int
	for _, s := range sources {
		size += len(s.Value)
	}
	r := newRedactor(b)
	b.SetBytes(int64(size / len(sources)))
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		r.Apply(sources[i])
		if i++; i == len(sources) {
			i = 0
		}
	}
}

// workloadSources gives the first n lines of the workload, each with its service.
func workloadSources(n int) []redact.Source {
	g := workload.New(workload.Options{Records: n, Start: time.Unix(1569312000, 0), Span: time.Hour, Personal: 100})
	sources := make([]redact.Source, n)
	for i := range sources {
		line := bytes.TrimSuffix(g.Append(nil), []byte("\n"))
		_, task, _ := bytes.Cut(line, []byte(`"MesosTaskID":"`))
		service, _, _ := bytes.Cut(task, []byte("-"))
		sources[i] = redact.Source{Value: line, Service: service}
	}
	return sources
}
