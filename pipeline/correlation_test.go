package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/logproc/logproc/correlate"
	"github.com/logproc/logproc/correlate/live"
	"github.com/logproc/logproc/pipeline"
	"github.com/logproc/logproc/rollup"
	"github.com/logproc/logproc/rollup/memstore"
)

// shown collects what a correlator shows.
type shown struct {
	mu   sync.Mutex
	list []*correlate.Closed
}

func (s *shown) Closed(closed []*correlate.Closed) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list = append(s.list, closed...)
}

// runCorrelated reads logs to their end. Without finish, what is open then is given up as by a crash.
func runCorrelated(t *testing.T, store rollup.Store, logs map[rollup.TopicPartition]*fakeLog, finish bool) (*pipeline.Pipeline, *shown) {
	t.Helper()
	out := &shown{}
	c := live.New(live.Config{Store: store, Group: "g", Shown: out, KeepAll: true})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); c.Run(ctx) }()
	p := newPipeline(t, pipeline.Config{Source: &fakeSource{batch: 3, logs: logs}, Store: store, Correlation: inProcess{c}})
	if err := p.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if finish {
		if err := c.Finish(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	<-done
	balanced(t, p)
	return p, out
}

func requestLine(second int, request, trace string) string {
	return fmt.Sprintf(`{"t":"2026-11-20T12:00:%02d.000Z","lvl":"error","service":"a","env":"test","msg":"a-b-c","RequestID":%q,"TraceID":%q}`, second, request, trace)
}

// TestOpenRequestsAreReadAgain ends a process whose counts are committed and whose requests are open: the next one reads
// their records again, counts none of them twice, and gives each request out once.
func TestOpenRequestsAreReadAgain(t *testing.T) {
	store := memstore.New(time.Now)
	other := rollup.TopicPartition{Topic: "logs", Partition: 1}
	logs := map[rollup.TopicPartition]*fakeLog{logs0: newLog(), other: newLog()}
	for i := range 10 {
		logs[logs0].append(requestLine(i, "one-1", "4bf92f3577b34da6a3ce929d0e0e4736"))
		logs[other].append(requestLine(i, fmt.Sprintf("two-%d", i), ""))
	}
	if _, out := runCorrelated(t, store, logs, false); len(out.list) != 0 {
		t.Errorf("%d requests given out before the end", len(out.list))
	}
	for i := range 5 {
		logs[other].append(requestLine(10+i, "one-1", ""))
	}
	p, out := runCorrelated(t, store, logs, true)
	if len(out.list) != 11 {
		t.Errorf("%d requests given out, want 11", len(out.list))
	}
	var counted uint64
	for _, n := range totals(t, store) {
		counted += n
	}
	if counted != 25 {
		t.Errorf("%d records counted, want 25", counted)
	}
	var discarded uint64
	for _, s := range p.Status() {
		discarded += s.Discarded
	}
	if discarded != 20 {
		t.Errorf("%d records were read again and thrown away, want 20", discarded)
	}
	for _, id := range []string{"one-1", "4bf92f3577b34da6a3ce929d0e0e4736", "a3ce929d0e0e4736", "4bf92f"} {
		c, err := live.Find(t.Context(), store, id)
		if err != nil || c.Records != 15 {
			t.Errorf("%s: %+v, %v; want 15 records", id, c, err)
		}
	}
	var several *live.AmbiguousError
	if _, err := live.Find(t.Context(), store, "two-"); !errors.As(err, &several) && !errors.Is(err, live.ErrNotFound) {
		t.Errorf("a beginning of many: %v", err)
	}
	if _, out := runCorrelated(t, store, logs, true); len(out.list) != 0 {
		t.Errorf("%d requests given out again", len(out.list))
	}
}

// TestNoRequestsNothingRead: without ids nothing is observed, and a restart reads nothing again.
func TestNoRequestsNothingRead(t *testing.T) {
	store := memstore.New(time.Now)
	log := newLog()
	for range 10 {
		log.append(`{"t":"2026-11-20T12:00:00Z","lvl":"info","service":"a","env":"test","msg":"a-b-c"}`)
	}
	logs := map[rollup.TopicPartition]*fakeLog{logs0: log}
	runCorrelated(t, store, logs, true)
	p, _ := runCorrelated(t, store, logs, true)
	if s := p.Status(); s[0].Fetched != 0 {
		t.Errorf("%d records read again", s[0].Fetched)
	}
}

// TestIDsThatAreNone: an id that half of the records share is bounded and counted, and one of a MiB is read by its
// beginning only.
func TestIDsThatAreNone(t *testing.T) {
	store := memstore.New(time.Now)
	log := newLog()
	huge := strings.Repeat("x", 1_000_000)
	for i := range 3000 {
		log.append(requestLine(i%60, "shared-by-all", ""))
		log.append(requestLine(i%60, "-", "0"))
	}
	log.append(requestLine(1, huge, ""))
	_, out := runCorrelated(t, store, map[rollup.TopicPartition]*fakeLog{logs0: log}, true)
	if len(out.list) != 2 {
		t.Fatalf("%d requests, want the shared id and the huge one", len(out.list))
	}
	for _, c := range out.list {
		if c.Records == 3000 && len(c.Events) <= 256 || c.Records == 1 && len(c.Requests[0].Text.String()) <= 256 {
			continue
		}
		t.Errorf("%d records, %d events kept, an id of %d bytes", c.Records, len(c.Events), len(c.Requests[0].Text.String()))
	}
}
