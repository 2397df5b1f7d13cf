package kafka_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/logproc/logproc/internal/testbroker"
	"github.com/logproc/logproc/pipeline"
	"github.com/logproc/logproc/pipeline/kafka"
	"github.com/logproc/logproc/rollup"
)

// ledger is a store of offsets as the pipeline has one, with everything that was read.
type ledger struct {
	mu      sync.Mutex
	offsets map[rollup.TopicPartition]int64
	seen    map[rollup.TopicPartition]map[int64]int
	total   int
	changed *sync.Cond
}

func newLedger() *ledger {
	l := &ledger{offsets: map[rollup.TopicPartition]int64{}, seen: map[rollup.TopicPartition]map[int64]int{}}
	l.changed = sync.NewCond(&l.mu)
	return l
}

// work reads a partition from the stored offset on and finishes the batch in hand when it is told to end.
func (l *ledger) work(ctx context.Context, p pipeline.Partition) {
	l.mu.Lock()
	from := l.offsets[p.ID()]
	l.mu.Unlock()
	p.MoveTo(from)
	for {
		b, err := p.Next(ctx)
		if err != nil {
			return
		}
		l.mu.Lock()
		seen := l.seen[p.ID()]
		if seen == nil {
			seen = map[int64]int{}
			l.seen[p.ID()] = seen
		}
		for _, m := range b.Messages {
			seen[m.Offset]++
			l.total++
		}
		l.offsets[p.ID()] = b.Next
		l.changed.Broadcast()
		l.mu.Unlock()
		p.Committed(b.Next, "note")
		b.Release()
	}
}

// wait waits for a number of records, or fails the test.
func (l *ledger) wait(t *testing.T, n int) {
	t.Helper()
	timer := time.AfterFunc(30*time.Second, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.total = -1 << 40
		l.changed.Broadcast()
	})
	defer timer.Stop()
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.total >= 0 && l.total < n {
		l.changed.Wait()
	}
	if l.total < 0 {
		t.Fatalf("waited too long for %d records", n)
	}
}

// wantOnce checks that each of n records was read exactly once.
func (l *ledger) wantOnce(t *testing.T, n int) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	records, twice := 0, 0
	for _, offsets := range l.seen {
		records += len(offsets)
		for _, times := range offsets {
			if times != 1 {
				twice++
			}
		}
	}
	if records != n || twice > 0 {
		t.Errorf("%d records and %d of them more than once, want %d once each", records, twice, n)
	}
}

// join starts a member and gives a function that ends it and waits.
func join(t *testing.T, cfg kafka.Config, l *ledger) (leave func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	src := newSource(t, cfg)
	done := make(chan error, 1)
	go func() { done <- src.Run(ctx, l.work) }()
	leave = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	t.Cleanup(leave)
	return leave
}

func stable(t *testing.T, b *testbroker.Broker, group string, members int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if _, err := b.Cluster().WaitGroupStable(ctx, group, members); err != nil {
		t.Fatalf("group of %d members: %v", members, err)
	}
}

func TestMembersComeAndGo(t *testing.T) {
	fetchers(t, func(t *testing.T, plain bool) {
		const partitions, rounds = 6, 7
		b := start(t, testbroker.Options{Brokers: 2, Topics: map[string]int32{"logs": partitions}})
		producer := newProducer(t, b, testbroker.Snappy)
		total := 0
		more := func() {
			for p := range int32(partitions) {
				for range 5 {
					if err := producer.Values(context.Background(), "logs", p, "a", "b", "c", "d"); err != nil {
						t.Fatal(err)
					}
					total += 4
				}
			}
		}
		l := newLedger()
		cfg := config(b, "logs")
		cfg.Plain, cfg.FetchBytes = plain, 1024
		more()
		first := join(t, cfg, l)
		l.wait(t, total/2)
		second := join(t, cfg, l)
		more()
		stable(t, b, cfg.Group, 2)
		more()
		third := join(t, cfg, l)
		l.wait(t, total-20)
		stable(t, b, cfg.Group, 3)
		more()
		first()
		more()
		stable(t, b, cfg.Group, 2)
		more()
		third()
		more()
		l.wait(t, total)
		second()
		l.wantOnce(t, total)
		if total != rounds*partitions*20 {
			t.Errorf("%d records written", total)
		}
		for p, c := range b.Cluster().GroupInfo(cfg.Group).Commits["logs"] {
			if want := l.offsets[rollup.TopicPartition{Topic: "logs", Partition: p}]; c.Offset != want {
				t.Errorf("partition %d: offset %d in Kafka, want %d", p, c.Offset, want)
			}
		}
	})
}

// TestWorkFinishesBeforeHandOver: a partition is handed on only when its work has returned.
func TestWorkFinishesBeforeHandOver(t *testing.T) {
	b := start(t, testbroker.Options{Topics: map[string]int32{"logs": 2}})
	cfg := config(b, "logs")
	var mu sync.Mutex
	owners := map[rollup.TopicPartition]int{}
	revoked, slow := make(chan struct{}), make(chan struct{})
	work := func(first bool) func(ctx context.Context, p pipeline.Partition) {
		return func(ctx context.Context, p pipeline.Partition) {
			mu.Lock()
			owners[p.ID()]++
			if owners[p.ID()] > 1 {
				t.Errorf("%s has two owners", p.ID())
			}
			mu.Unlock()
			<-ctx.Done()
			if first {
				select {
				case revoked <- struct{}{}:
					<-slow
				case <-slow:
				}
			}
			mu.Lock()
			owners[p.ID()]--
			mu.Unlock()
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	run := func(first bool) {
		src := newSource(t, cfg)
		all.Go(func() {
			if err := src.Run(ctx, work(first)); err != nil {
				t.Errorf("Run: %v", err)
			}
		})
	}
	run(true)
	stable(t, b, cfg.Group, 1)
	run(false)
	<-revoked
	close(slow)
	stable(t, b, cfg.Group, 2)
	cancel()
	all.Wait()
}

func TestOffsetsAreCopied(t *testing.T) {
	b, producer := one(t, testbroker.Options{})
	fill(t, producer, "logs", 3)
	l := newLedger()
	cfg := config(b, "logs")
	join(t, cfg, l)
	l.wait(t, 30)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	for ctx.Err() == nil { // while the member goes on: the copy does not wait for its end
		if b.Cluster().GroupInfo(cfg.Group).Commits["logs"][0].Offset == 30 {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Error("the offset was not copied in time")
}

func TestPatternFindsLaterTopics(t *testing.T) {
	b := start(t, testbroker.Options{Topics: map[string]int32{"logs.a": 2, "logs.b": 1, "xlogs.a": 1, "other": 1}})
	producer := newProducer(t, b, testbroker.None)
	put := func(topic string) {
		t.Helper()
		if err := producer.Values(context.Background(), topic, 0, "v"); err != nil {
			t.Fatal(err)
		}
	}
	for _, topic := range []string{"logs.a", "logs.b", "xlogs.a", "other"} {
		put(topic)
	}
	cfg := config(b)
	cfg.Topics, cfg.TopicPattern = nil, `logs\..+`
	l := newLedger()
	leave := join(t, cfg, l)
	l.wait(t, 2)
	if err := b.CreateTopic("logs.later", 1); err != nil {
		t.Fatal(err)
	}
	put("logs.later")
	l.wait(t, 3)
	leave()
	l.wantOnce(t, 3)
	for tp := range l.seen {
		if tp.Topic == "other" || tp.Topic == "xlogs.a" {
			t.Errorf("%s does not match", tp.Topic)
		}
	}
}

// TestLaterTopicsBeginAtTheirBeginning: `latest` leaves out what was there at the start, not what came while we ran.
func TestLaterTopicsBeginAtTheirBeginning(t *testing.T) {
	b := start(t, testbroker.Options{Topics: map[string]int32{"logs.a": 1}})
	producer := newProducer(t, b, testbroker.None)
	put := func(topic string) {
		t.Helper()
		if err := producer.Values(context.Background(), topic, 0, "v"); err != nil {
			t.Fatal(err)
		}
	}
	put("logs.a")
	cfg := config(b)
	cfg.Topics, cfg.TopicPattern, cfg.Start = nil, `logs\..+`, kafka.StartLatest()
	starts := make(chan rollup.TopicPartition, 10)
	offsets := make(chan int64, 10)
	ctx, cancel := context.WithCancel(t.Context())
	src := newSource(t, cfg)
	done := make(chan error, 1)
	go func() {
		done <- src.Run(ctx, func(ctx context.Context, p pipeline.Partition) {
			if offset, err := p.Start(ctx); err == nil {
				starts <- p.ID()
				offsets <- offset
			}
			<-ctx.Done()
		})
	}()
	if tp, offset := <-starts, <-offsets; tp.Topic != "logs.a" || offset != 1 {
		t.Errorf("%s starts at %d, want the end", tp, offset)
	}
	if err := b.CreateTopic("logs.later", 1); err != nil {
		t.Fatal(err)
	}
	put("logs.later")
	for tp := range starts {
		if offset := <-offsets; tp.Topic == "logs.later" {
			if offset != 0 {
				t.Errorf("%s starts at %d, want its beginning", tp, offset)
			}
			break
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestPatternWithNoTopicYet(t *testing.T) {
	b := start(t, testbroker.Options{})
	cfg := config(b)
	cfg.Topics, cfg.TopicPattern = nil, `^logs$`
	l := newLedger()
	join(t, cfg, l)
	producer := newProducer(t, b, testbroker.None)
	if err := b.CreateTopic("logs", 1); err != nil {
		t.Fatal(err)
	}
	if err := producer.Values(context.Background(), "logs", 0, "v"); err != nil {
		t.Fatal(err)
	}
	l.wait(t, 1)
}

func TestSeveralTopics(t *testing.T) {
	topics := map[string]int32{}
	var names []string
	for i := range 6 {
		name := fmt.Sprintf("logs-%d", i)
		topics[name] = 1
		names = append(names, name)
	}
	b := start(t, testbroker.Options{Topics: topics})
	producer := newProducer(t, b, testbroker.None)
	for _, name := range names {
		if err := producer.Values(context.Background(), name, 0, "v"); err != nil {
			t.Fatal(err)
		}
	}
	cfg := config(b, names...)
	l := newLedger()
	join(t, cfg, l)
	join(t, cfg, l)
	stable(t, b, cfg.Group, 2)
	l.wait(t, 6)
	for _, m := range b.Cluster().GroupInfo(cfg.Group).Members {
		if m.NumAssigned() != 3 { // topics of one partition are dealt out evenly too
			t.Errorf("a member has %d partitions, want 3", m.NumAssigned())
		}
	}
}

func TestUntilEndWithTwoMembers(t *testing.T) {
	b := start(t, testbroker.Options{Topics: map[string]int32{"logs": 4}})
	producer := newProducer(t, b, testbroker.Gzip)
	for p := range int32(4) {
		for range 50 {
			if err := producer.Values(context.Background(), "logs", p, "a", "b", "c"); err != nil {
				t.Fatal(err)
			}
		}
	}
	cfg := config(b, "logs")
	cfg.UntilEnd, cfg.FetchBytes = true, 1024
	l := newLedger()
	var all sync.WaitGroup
	for range 2 {
		src := newSource(t, cfg)
		all.Go(func() {
			if err := src.Run(context.Background(), l.work); err != nil {
				t.Errorf("Run: %v", err)
			}
		})
	}
	all.Wait()
	l.wantOnce(t, 600)
}

// TestDrainDeadline: work that does not end is named, and Run does not wait for it for good.
func TestDrainDeadline(t *testing.T) {
	b := start(t, testbroker.Options{Topics: map[string]int32{"logs": 1}})
	cfg := config(b, "logs")
	cfg.DrainTimeout = 200 * time.Millisecond
	ctx, cancel := context.WithCancel(context.Background())
	stuck := make(chan struct{})
	defer close(stuck)
	err := newSource(t, cfg).Run(ctx, func(context.Context, pipeline.Partition) {
		cancel()
		<-stuck
	})
	if err == nil || !strings.Contains(err.Error(), "logs/0") || !strings.Contains(err.Error(), "200ms") {
		t.Errorf("Run: %v", err)
	}
}
