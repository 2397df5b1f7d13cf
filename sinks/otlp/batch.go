package otlp

import (
	commonpb "go.opentelemetry.io/proto/slim/otlp/common/v1"
	resourcepb "go.opentelemetry.io/proto/slim/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/slim/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// Bounds of what is sent at once. Receivers commonly take 4 MiB.
const (
	batchSpans = 512
	batchBytes = 1 << 20
)

// batch is what is sent at once: spans by what logged them.
type batch struct {
	version string // of the program
	spans   uint64
	bytes   int
	list    []*tracepb.ResourceSpans
	at      map[resource]int // in list
}

// full reports whether no more should be added.
func (b *batch) full() bool { return b.spans >= batchSpans || b.bytes >= batchBytes }

func (b *batch) add(s *span) {
	i, ok := b.at[s.resource]
	if !ok {
		if b.at == nil {
			b.at = make(map[resource]int)
		}
		i = len(b.list)
		b.at[s.resource] = i
		b.list = append(b.list, &tracepb.ResourceSpans{Resource: resourceMessage(s.resource), ScopeSpans: []*tracepb.ScopeSpans{{
			Scope: &commonpb.InstrumentationScope{Name: "logproc", Version: b.version},
		}}})
	}
	scope := b.list[i].ScopeSpans[0]
	scope.Spans = append(scope.Spans, s.Span)
	b.spans++
	b.bytes += proto.Size(s.Span)
}

func (b *batch) reset() { *b = batch{version: b.version} }

func resourceMessage(r resource) *resourcepb.Resource {
	var a attributes
	a.word("service.name", r.service)
	a.word("host.name", r.host)
	a.word("cloud.availability_zone", r.zone)
	return &resourcepb.Resource{Attributes: a}
}
