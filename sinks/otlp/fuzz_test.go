package otlp

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	collectorpb "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"

	"github.com/logproc/logproc/correlate"
	"github.com/logproc/logproc/correlate/id"
	"github.com/logproc/logproc/parse"
	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/rules"
)

// FuzzTree makes requests of calls that may contradict each other in every way: the spans are always one tree that can
// be sent, and the same one in whatever order the records came.
func FuzzTree(f *testing.F) {
	f.Add([]byte("\x02\x00\x01\x00\x10\x05\x03\x00\x01\x01\x11\x00\x04\x00\x01\x01\x13\x02\x05\x00\x01\x00\x15\x05"))
	f.Add([]byte(strings.Repeat("\x02\x00\x00\x00\x00\x01", 5)))
	f.Fuzz(func(t *testing.T, data []byte) {
		data = data[:min(len(data), 600)]
		want := treeText(t, eventsOf(data))
		events := eventsOf(data)
		rand.New(rand.NewPCG(1, 2)).Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
		if got := treeText(t, events); got != want {
			t.Errorf("in another order:\n%s\nwant:\n%s", got, want)
		}
	})
}

// eventsOf reads events of six bytes each.
func eventsOf(data []byte) (events []correlate.Event) {
	services := []string{"a", "b", "c\xff", ""}
	for ; len(data) >= 6; data = data[6:] {
		e := correlate.Event{
			Frame: rules.Frame(data[0] % 7), Level: parse.Level(data[0] / 7 % 7), Host: redact.Stored(string('h' + rune(data[3]%3))),
			Time: int64(data[4]%32) * 1e6, Service: redact.Stored(services[data[3]/4%4]), Key: redact.Stored("key"),
			Duration: parse.Millis(int(data[5]) - 8), HasDuration: data[5]%4 != 0,
		}
		if e.Frame.Client() || e.Frame.Server() {
			e.From, e.To = redact.Stored(services[data[1]%4]), redact.Stored(services[data[2]%4]+".op")
		}
		events = append(events, e)
	}
	return events
}

// treeText makes the spans of a request, checks that they are a tree, and gives them as text.
func treeText(t *testing.T, events []correlate.Event) string {
	requests := []correlate.Name{{ID: id.Request([]byte("fuzz")), Text: redact.Stored("fuzz")}}
	c := &correlate.Closed{Timeline: correlate.NewTimeline(requests, nil, events, correlate.Options{})}
	spans := spansOf(c)
	if uint64(len(spans)) != countSpans(c) {
		t.Fatalf("%d spans, counted as %d", len(spans), countSpans(c))
	}
	parents := make(map[string]string)
	b := new(batch)
	for i := range spans {
		parents[string(spans[i].SpanId)] = string(spans[i].ParentSpanId)
		if (i == 0) != (len(spans[i].ParentSpanId) == 0) || spans[i].EndTimeUnixNano < spans[i].StartTimeUnixNano {
			t.Fatalf("span %d: %v", i, spans[i].Span)
		}
		b.add(&spans[i])
	}
	if len(parents) != len(spans) {
		t.Fatalf("%d ids for %d spans", len(parents), len(spans))
	}
	for at := range parents {
		for depth := 0; at != ""; depth++ {
			parent, ok := parents[at]
			if at = parent; !ok || depth > len(spans) {
				t.Fatal("a span does not hang on the root")
			}
		}
	}
	request := &collectorpb.ExportTraceServiceRequest{ResourceSpans: b.list}
	if _, err := proto.Marshal(request); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(len(spans), prototext.MarshalOptions{}.Format(request))
}
