package pipeline_test

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/logproc/logproc/parse"
	"github.com/logproc/logproc/pipeline"
	"github.com/logproc/logproc/rollup"
	"github.com/logproc/logproc/rollup/memstore"
)

func repeated(n int, line string) []string {
	lines := make([]string, n)
	for i := range lines {
		lines[i] = line
	}
	return lines
}

// forgetful is a store that comes back as it was when it was saved.
type forgetful struct {
	rollup.Store
	id string
}

func (s *forgetful) StateID() string { return s.id }

// TestAnotherReplicaAfterTheStoreFellBack: what one replica has shown, another must not show again. All it
// has to go by is the copy of the offset in Kafka.
func TestAnotherReplicaAfterTheStoreFellBack(t *testing.T) {
	ok := line("ctrl", "info", "api-sync-ok")
	want := key("ctrl", parse.LevelInfo, "api-sync-ok")
	for _, test := range []struct {
		name        string
		storeID     string // of the store that comes back
		known       bool   // it still knows the partition
		start       int64  // the configured start, as it is resolved then
		shownByNext uint64
	}{
		{"from the past", "store", true, 0, 30},
		{"from before the first commit", "store", false, 0, 130},
		{"another store", "other", true, 0, 80},
		{"lost its content, starting at the end", "other", false, 130, 130},
	} {
		t.Run(test.name, func(t *testing.T) {
			log := newLog(repeated(50, ok)...)
			first, old, shown := &forgetful{memstore.New(time.Now), "store"}, &forgetful{memstore.New(time.Now), test.storeID}, newMetrics()
			if test.known { // it saw the first 50 records, and nothing after them
				quiet := newLog(repeated(50, ok)...)
				if err := newPipeline(t, pipeline.Config{Source: single(quiet, 7), Store: old}).Run(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			for range 50 {
				log.append(ok)
			}
			if err := newPipeline(t, pipeline.Config{Source: single(log, 7), Store: first, Metrics: shown}).Run(t.Context()); err != nil {
				t.Fatal(err)
			}
			if shown.counts[want] != 100 || log.copiedOffset() != 100 {
				t.Fatalf("the first replica has shown %v and copied %d", shown.counts, log.copiedOffset())
			}
			for range 30 {
				log.append(ok)
			}
			log.start = test.start
			again := newMetrics()
			p := newPipeline(t, pipeline.Config{Source: single(log, 7), Store: old, Metrics: again})
			if err := p.Run(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := totals(t, old)[want]; got != 130 {
				t.Errorf("the store holds %d, want 130", got)
			}
			if got := again.counts[want]; got != test.shownByNext {
				t.Errorf("the next replica has shown %d, want %d", got, test.shownByNext)
			}
			balanced(t, p)
		})
	}
}

// running is a pipeline at work in the bubble of a synctest.
func running(t *testing.T, cfg pipeline.Config) (p *pipeline.Pipeline, stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	p = newPipeline(t, cfg)
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	synctest.Wait()
	return p, func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func TestTopicCreatedAgainGoesOnWhenAnOperatorSaysSo(t *testing.T) {
	ok := line("a", "info", "one-ok")
	synctest.Test(t, func(t *testing.T) {
		store, shown := memstore.New(time.Now), newMetrics()
		if err := newPipeline(t, pipeline.Config{Source: single(newLog(repeated(10, ok)...), 4), Store: store}).Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		again := newLog(repeated(3, ok)...)
		again.topicID = "another"
		source := single(again, 4)
		source.wait = true
		p, stop := running(t, pipeline.Config{Source: source, Store: store, Metrics: shown})
		time.Sleep(time.Minute)
		synctest.Wait()
		s := p.Status()[0]
		if !s.Stopped || s.Err == nil || !strings.Contains(s.Err.Error(), "logproc state accept") || p.Stalled(time.Hour) == nil {
			t.Errorf("status %+v, want a partition that is stopped and says what to do", s)
		}
		if got := totals(t, store)[key("a", parse.LevelInfo, "one-ok")]; got != 10 {
			t.Errorf("%d counted, want the old 10", got)
		}
		if _, err := store.SetOffset(t.Context(), logs0, 0); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if s := p.Status()[0]; s.Stopped || s.Offset != 3 {
			t.Errorf("status %+v, want offset 3", s)
		}
		if got := totals(t, store)[key("a", parse.LevelInfo, "one-ok")]; got != 13 || shown.counts[key("a", parse.LevelInfo, "one-ok")] != 3 {
			t.Errorf("%d counted, %v shown; want 13 and 3", got, shown.counts)
		}
		if _, note, _, _ := (&fakePartition{fakeLog: again}).Copied(t.Context(), -1); !strings.Contains(note, "topic=another ") {
			t.Errorf("note %q goes with the copied offset, want one that names the new topic", note)
		}
		stop()
		balanced(t, p)
	})
}

func TestLogThatWasCutBack(t *testing.T) {
	ok := line("a", "info", "one-ok")
	synctest.Test(t, func(t *testing.T) {
		store, shown := memstore.New(time.Now), newMetrics()
		log := newLog(repeated(10, ok)...)
		source := single(log, 4)
		source.wait = true
		p, stop := running(t, pipeline.Config{Source: source, Store: store, Metrics: shown})
		time.Sleep(2 * time.Second)
		synctest.Wait()
		log.cutBack(6)
		time.Sleep(time.Minute)
		synctest.Wait()
		if s := p.Status()[0]; !s.Stopped || s.Offset != 10 {
			t.Errorf("status %+v, want a stop at offset 10", s)
		}
		if _, err := store.SetOffset(t.Context(), logs0, 6); err != nil {
			t.Fatal(err)
		}
		for range 5 {
			log.append(ok) // at the offsets 6 to 10, where others were
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := totals(t, store)[key("a", parse.LevelInfo, "one-ok")]; got != 15 || shown.counts[key("a", parse.LevelInfo, "one-ok")] != 15 {
			t.Errorf("%d counted, %v shown; want 15 and 15", got, shown.counts)
		}
		stop()
		balanced(t, p)
	})
}

func at(t time.Time, msg string) string {
	return fmt.Sprintf(`{"t":%q,"service":"a","env":"test","lvl":"info","msg":%q}`, t.Format(time.RFC3339Nano), msg)
}

// TestEventsOfImpossibleTimesHaveBucketsOfTheirOwn and they are the same after a restart, since what is late
// is measured on the records.
func TestEventsOfImpossibleTimesHaveBucketsOfTheirOwn(t *testing.T) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC) // the carrier's time in a fake log
	lines := []string{
		at(now.AddDate(-7, 0, 0), "old-ok"), // the first one: nothing is newer yet
		at(now.Add(-time.Hour), "new-ok"),
		at(now.AddDate(0, 0, -34), "month-ok"),
		at(now.AddDate(0, 0, -36), "late-ok"),
		at(now.Add(9*time.Minute), "skew-ok"),
		at(now.Add(11*time.Minute), "future-ok"),
		at(now.AddDate(80, 0, 0), "future-ok"),
		at(now.AddDate(0, 0, -34), "month-ok"), // no clock that is wrong makes it late
	}
	want := map[string]rollup.Bucket{
		"old-ok": rollup.BucketOf(now.AddDate(-7, 0, 0).UnixNano()), "new-ok": rollup.BucketOf(now.Add(-time.Hour).UnixNano()),
		"month-ok": rollup.BucketOf(now.AddDate(0, 0, -34).UnixNano()), "late-ok": rollup.BucketLate,
		"skew-ok": rollup.BucketOf(now.Add(9 * time.Minute).UnixNano()), "future-ok": rollup.BucketFuture,
	}
	for cut := range len(lines) {
		store := memstore.New(time.Now)
		log, late, future := newLog(), uint64(0), uint64(0)
		for _, part := range [][]string{lines[:cut], lines[cut:]} { // the second one by a new process
			for _, l := range part {
				log.append(l)
			}
			m := &untimely{metrics: newMetrics()}
			p := newPipeline(t, pipeline.Config{Source: single(log, 3), Store: store, Metrics: m,
				Horizon: rollup.Horizon{Retention: 35 * 24 * time.Hour, Skew: 10 * time.Minute}})
			if err := p.Run(t.Context()); err != nil {
				t.Fatal(err)
			}
			late, future = late+m.late, future+m.future
		}
		got := map[string]rollup.Bucket{}
		_ = store.Counts(t.Context(), rollup.Everything(), func(c rollup.Count) error {
			got[c.Key.Msg.String()] = c.Bucket
			return nil
		})
		if !maps.Equal(got, want) {
			t.Errorf("restarted at %d: buckets %v\nwant %v", cut, got, want)
		}
		if late != 1 || future != 2 {
			t.Errorf("restarted at %d: %d late and %d future, want 1 and 2", cut, late, future)
		}
	}
}

type untimely struct {
	*metrics
	late, future uint64
}

func (m *untimely) Committed(c *rollup.Commit, took time.Duration) {
	m.metrics.Committed(c, took)
	m.late, m.future = m.late+c.Late, m.future+c.Future
}

// swapped is a store that another one takes the place of.
type swapped struct {
	rollup.Store
	mu sync.Mutex
}

func (s *swapped) swap(with rollup.Store) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Store = with
}

func (s *swapped) now() rollup.Store {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.Store
}

func (s *swapped) Claim(ctx context.Context, tp rollup.TopicPartition) (rollup.Claim, error) {
	return s.now().Claim(ctx, tp)
}

func (s *swapped) Commit(ctx context.Context, c *rollup.Commit) (rollup.Result, error) {
	return s.now().Commit(ctx, c)
}

func (s *swapped) StateID() string { return "store" }

// TestStoreThatForgetsWhileItIsUsed: an empty store takes a first commit from anywhere, but not from a worker that
// has committed before. On a quiet partition it is noticed too, and nothing is shown twice.
func TestStoreThatForgetsWhileItIsUsed(t *testing.T) {
	ok := line("a", "info", "one-ok")
	for name, more := range map[string]int{"quiet": 0, "busy": 3} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store, shown := &swapped{Store: memstore.New(time.Now)}, newMetrics()
				log := newLog(repeated(10, ok)...)
				source := single(log, 4)
				source.wait = true
				p, stop := running(t, pipeline.Config{Source: source, Store: store, Metrics: shown})
				time.Sleep(2 * time.Second)
				empty := memstore.New(time.Now)
				if _, err := empty.Claim(t.Context(), logs0); err != nil { // so that the worker's own claim is no later one
					t.Fatal(err)
				}
				store.swap(empty)
				for range more {
					log.append(ok)
				}
				time.Sleep(time.Minute)
				synctest.Wait()
				key, want := key("a", parse.LevelInfo, "one-ok"), uint64(10+more)
				if got := totals(t, empty)[key]; got != want || shown.counts[key] != want {
					t.Errorf("%d counted and %d shown, want %d", got, shown.counts[key], want)
				}
				stop()
				balanced(t, p)
			})
		})
	}
}

// TestStoreThatForgetsAgainWhileItCatchesUp: the rest of a batch belongs behind what is counted again, and not
// behind what comes of a second fall.
func TestStoreThatForgetsAgainWhileItCatchesUp(t *testing.T) {
	ok := line("a", "info", "one-ok")
	log := newLog(repeated(100, ok)...)
	first, past := &swapped{Store: memstore.New(time.Now)}, memstore.New(time.Now)
	quiet := newLog(repeated(50, ok)...)
	for s, l := range map[rollup.Store]*fakeLog{first: log, past: quiet} {
		if err := newPipeline(t, pipeline.Config{Source: single(l, 7), Store: s}).Run(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for range 30 {
		log.append(ok)
	}
	empty := memstore.New(time.Now)
	store := &swapped{Store: past}
	faulty := &faultyStore{Store: store, before: func(*rollup.Commit) error { store.swap(empty); return nil }}
	p := newPipeline(t, pipeline.Config{Source: single(log, 200), Store: faulty})
	if err := p.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := totals(t, empty)[key("a", parse.LevelInfo, "one-ok")]; got != 130 {
		t.Errorf("%d counted, want 130", got)
	}
	balanced(t, p)
}

// TestClaimThatComesTwice: a worker whose own claim comes a second time is not replaced by anybody.
func TestClaimThatComesTwice(t *testing.T) {
	ok := line("a", "info", "one-ok")
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New(time.Now)
		log := newLog(repeated(10, ok)...)
		source := single(log, 4)
		source.wait = true
		p, stop := running(t, pipeline.Config{Source: source, Store: store})
		if _, err := store.Claim(t.Context(), logs0); err != nil { // sent at the start, and late
			t.Fatal(err)
		}
		log.append(ok)
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := totals(t, store)[key("a", parse.LevelInfo, "one-ok")]; got != 11 || p.Stalled(time.Second) != nil {
			t.Errorf("%d counted, want 11; %v", got, p.Stalled(time.Second))
		}
		stop()
		balanced(t, p)
	})
}

// TestLossBreaksSplitRecords: what is held before a loss is not joined with what comes after it.
func TestLossBreaksSplitRecords(t *testing.T) {
	whole, log := line("a", "info", "one-ok"), newLog()
	log.appendKeyed("pod", "2026-11-20T12:00:00Z stdout P "+whole[:20]) // its rest is lost
	log.append("lost")
	log.appendKeyed("pod", "2026-11-20T12:00:00Z stdout P "+whole[:30])
	log.appendKeyed("pod", "2026-11-20T12:00:00Z stdout F "+whole[30:])
	log.records[1] = nil
	log.lost = []rollup.Lost{{First: 1, Last: 1, Reason: rollup.LostCorrupt}}
	store, dead := memstore.New(time.Now), &letters{}
	p := newPipeline(t, pipeline.Config{Source: single(log, 1), Store: store, DeadLetters: dead})
	if err := p.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := totals(t, store)[key("a", parse.LevelInfo, "one-ok")]; got != 1 {
		t.Errorf("%d counted, want 1", got)
	}
	if len(dead.list) != 1 || dead.list[0].Offset != 0 || dead.list[0].Reason != parse.Incomplete {
		t.Errorf("dead letters: %+v", dead.list)
	}
	balanced(t, p)
}
