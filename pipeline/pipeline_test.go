package pipeline_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/logproc/logproc/parse"
	"github.com/logproc/logproc/pipeline"
	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/rollup"
	"github.com/logproc/logproc/rollup/memstore"
)

var logs0 = rollup.TopicPartition{Topic: "logs"}

func line(service, level, msg string) string {
	return fmt.Sprintf(`{"t":"2026-11-20T12:00:00Z","service":%q,"env":"test","lvl":%q,"msg":%q}`, service, level, msg)
}

func single(log *fakeLog, batch int) *fakeSource {
	return &fakeSource{batch: batch, logs: map[rollup.TopicPartition]*fakeLog{logs0: log}}
}

func TestEveryRecordCountsOnceUnderItsKey(t *testing.T) {
	log := newLog(
		line("ctrl", "info", "api-sync-ok"),
		line("ctrl", "error", "api-sync-fail"),
		line("ctrl", "info", "api-sync-ok"),
		line("ctrl", "warn", "Login failed for anna.svensson@example.com"),
		`{"t":"2026-11-20T12:00:00Z","service":"ctrl","env":"test","lvl":"info"}`,
		`not json`,
		``,
	)
	store, shown, dead := memstore.New(time.Now), newMetrics(), &letters{}
	p := newPipeline(t, pipeline.Config{Source: single(log, 3), Store: store, Metrics: shown, DeadLetters: dead, Finite: true})
	if err := p.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := map[rollup.Key]uint64{
		key("ctrl", parse.LevelInfo, "api-sync-ok"):                                           2,
		key("ctrl", parse.LevelError, "api-sync-fail"):                                        1,
		key("ctrl", parse.LevelWarning, rollup.MsgInvalid):                                    1,
		key("ctrl", parse.LevelInfo, rollup.MsgMissing):                                       1,
		{Service: redact.Const(rollup.ServiceUnknown), Msg: redact.Const(rollup.MsgUnparsed)}: 2,
	}
	if got := totals(t, store); !maps.Equal(got, want) {
		t.Errorf("counted %v\nwant    %v", got, want)
	}
	if !maps.Equal(shown.counts, want) {
		t.Errorf("shown   %v\nwant    %v", shown.counts, want)
	}
	if got := fmt.Sprint(shown.outcomes); got != "{5 2 0}" {
		t.Errorf("outcomes (counted, dead-lettered, skipped): %s, want {5 2 0}", got)
	}
	if len(dead.list) != 2 || dead.list[0].Offset != 5 || dead.list[0].Reason != parse.NotJSON || dead.list[1].Reason != parse.Empty {
		t.Errorf("dead letters: %+v", dead.list)
	}
	if log.copiedOffset() != 7 {
		t.Errorf("Kafka was told offset %d, want 7", log.copiedOffset())
	}
	balanced(t, p)
}

func TestFormsOfInvalidKeysHoldNothingPersonal(t *testing.T) {
	log := newLog(line("ctrl", "warn", "Login failed for anna.svensson@example.com"), line("ctrl", "warn", "Login failed for bo@example.com"))
	store := memstore.New(time.Now)
	if err := newPipeline(t, pipeline.Config{Source: single(log, 10), Store: store}).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	var forms []rollup.Form
	_ = store.Forms(t.Context(), rollup.Everything(), func(f rollup.Form) error { forms = append(forms, f); return nil })
	if len(forms) != 1 || forms[0].N != 2 || strings.Contains(forms[0].Text.String(), "@") || !strings.Contains(forms[0].Text.String(), "failed") {
		t.Errorf("forms: %+v", forms)
	}
}

func TestLostRangesAreBookedAndPassed(t *testing.T) {
	log := newLog(line("a", "info", "one-ok"), "x", "x", line("a", "info", "two-ok"))
	log.records[1], log.records[2] = nil, nil
	log.lost = []rollup.Lost{{First: 1, Last: 2, Reason: rollup.LostRetention}}
	store := memstore.New(time.Now)
	p := newPipeline(t, pipeline.Config{Source: single(log, 1), Store: store})
	if err := p.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	ledgers, err := store.Ledgers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if l := ledgers[0]; l.LostOffsets[rollup.LostRetention] != 2 || l.Outcomes.Counted != 2 || l.Offset != 4 {
		t.Errorf("ledger: %+v", l)
	}
	balanced(t, p)
}

// TestExactThroughFaults runs a log to its end through lost replies, failing commits, stores that fall
// back, and restarts at random places, split records included, and compares with the truth.
func TestExactThroughFaults(t *testing.T) {
	for seed := range uint64(200) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { runWithFaults(t, seed) })
	}
}

func runWithFaults(t *testing.T, seed uint64) {
	random := rand.New(rand.NewPCG(seed, 1))
	log, want := randomLog(random, 400)
	back := &rewindable{Store: memstore.New(time.Now)}
	faulty := &faultyStore{Store: back}
	faulty.after = func(*rollup.Commit) error {
		if random.IntN(10) == 0 {
			return errAway // it took effect, and the reply was lost
		}
		return nil
	}
	synctest.Test(t, func(t *testing.T) {
		for restart := 0; ; restart++ {
			ctx, cancel := context.WithCancel(t.Context())
			left := 1 + random.IntN(12)
			faulty.before = func(*rollup.Commit) error {
				if left--; left == 0 && restart < 8 {
					cancel() // a crash: this commit does not happen, and nothing after it
				}
				if ctx.Err() != nil || random.IntN(10) == 0 {
					return errAway
				}
				return nil
			}
			p := newPipeline(t, pipeline.Config{
				Source: single(log, 1+random.IntN(40)), Store: faulty, CommitRecords: uint64(1 + random.IntN(50)), DrainTimeout: time.Millisecond, Finite: true,
			})
			_ = p.Run(ctx)
			balanced(t, p)
			crashed := ctx.Err() != nil
			cancel()
			if !crashed {
				break
			}
		}
	})
	if got := totals(t, back.Store); !maps.Equal(got, want) {
		t.Errorf("counted %v\nwant    %v", got, want)
	}
}

type rewindable struct{ rollup.Store }

// randomLog gives a log with CRI fragments of several streams among whole lines, and what it counts to.
func randomLog(random *rand.Rand, n int) (*fakeLog, map[rollup.Key]uint64) {
	log, want := newLog(), make(map[rollup.Key]uint64)
	var open [3][]string // what is left of a split line, by stream
	for range n {
		stream := random.IntN(len(open))
		pod := fmt.Sprint("pod-", stream)
		if parts := open[stream]; len(parts) > 0 {
			tag := "P"
			if len(parts) == 1 {
				tag = "F"
			}
			log.appendKeyed(pod, "2026-11-20T12:00:00.000000001Z stdout "+tag+" "+parts[0])
			open[stream] = parts[1:]
			continue
		}
		msg := fmt.Sprint("api-sync-ok", string(rune('a'+random.IntN(5))))
		whole := line("ctrl", "info", msg)
		if random.IntN(4) > 0 {
			log.appendKeyed(pod, whole)
		} else {
			a := 1 + random.IntN(len(whole)-2)
			b := a + 1 + random.IntN(len(whole)-a-1)
			open[stream] = []string{whole[a:b], whole[b:]}
			log.appendKeyed(pod, "2026-11-20T12:00:00Z stdout P "+whole[:a])
		}
		want[key("ctrl", parse.LevelInfo, msg)]++
	}
	for stream, parts := range open {
		for i, part := range parts {
			log.appendKeyed(fmt.Sprint("pod-", stream), "2026-11-20T12:00:00Z stdout "+map[bool]string{true: "F", false: "P"}[i == len(parts)-1]+" "+part)
		}
	}
	return log, want
}

func (l *fakeLog) appendKeyed(key, line string) {
	l.append(line)
	l.records[len(l.records)-1].Key = []byte(key)
}

// TestStoreFromThePast checks that a store that falls back to an older state is followed there.
func TestStoreFromThePast(t *testing.T) {
	var lines []string
	want := map[rollup.Key]uint64{key("ctrl", parse.LevelInfo, "api-sync-ok"): 1000}
	for range 1000 {
		lines = append(lines, line("ctrl", "info", "api-sync-ok"))
	}
	log, shown := newLog(lines...), newMetrics()
	past := &pastStore{now: memstore.New(time.Now), old: memstore.New(time.Now), at: 500}
	p := newPipeline(t, pipeline.Config{Source: single(log, 10), Store: past, Metrics: shown, CommitRecords: 100})
	if err := p.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := totals(t, past); !maps.Equal(got, want) {
		t.Errorf("counted %v, want %v", got, want)
	}
	if !maps.Equal(shown.counts, want) {
		t.Errorf("shown %v, want %v: what was shown before the store fell back must not be shown again", shown.counts, want)
	}
	if shown.conflicts[rollup.Behind] != 1 {
		t.Errorf("conflicts: %v, want one that the store is behind", shown.conflicts)
	}
	balanced(t, p)
}

// pastStore forgets everything after offset at, once: from then on the old copy answers, which saw the
// first commits only.
type pastStore struct {
	rollup.Store
	now, old rollup.Store
	at       int64
	fell     bool
}

func (s *pastStore) current() rollup.Store {
	if s.fell {
		return s.old
	}
	return s.now
}

func (s *pastStore) Claim(ctx context.Context, tp rollup.TopicPartition) (rollup.Claim, error) {
	if !s.fell {
		if c, err := s.old.Claim(ctx, tp); err != nil {
			return c, err
		}
	}
	return s.current().Claim(ctx, tp)
}

func (s *pastStore) Commit(ctx context.Context, c *rollup.Commit) (rollup.Result, error) {
	if !s.fell && c.Base >= s.at {
		s.fell = true
	}
	if !s.fell && c.Next <= s.at/2 {
		if r, err := s.old.Commit(ctx, c); err != nil {
			return r, err
		}
	}
	return s.current().Commit(ctx, c)
}

func (s *pastStore) StateID() string { return s.now.StateID() }

func (s *pastStore) Counts(ctx context.Context, q rollup.Query, f func(rollup.Count) error) error {
	return s.current().Counts(ctx, q, f)
}

func TestTopicOfAnotherIDStopsThePartition(t *testing.T) {
	store := memstore.New(time.Now)
	if err := newPipeline(t, pipeline.Config{Source: single(newLog(line("a", "info", "one-ok")), 1), Store: store}).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	other := newLog(line("a", "info", "one-ok"), line("a", "info", "two-ok"))
	other.topicID = "another"
	p := newPipeline(t, pipeline.Config{Source: single(other, 1), Store: store, UntilEnd: true})
	if err := p.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "logs/0") || !strings.Contains(err.Error(), "logproc state accept --topic logs --partition 0") {
		t.Errorf("error: %v, want one that names the partition and what to do", err)
	}
	if p.Stalled(time.Hour) == nil {
		t.Error("a partition that stopped is not reported as stalled")
	}
}

func TestCommitsComeByTimeWithoutNewRecords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := newLog(line("a", "info", "one-ok"))
		source := single(log, 10)
		source.wait = true
		store := memstore.New(time.Now)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		p := newPipeline(t, pipeline.Config{Source: source, Store: store, CommitInterval: time.Second})
		go func() { done <- p.Run(ctx) }()
		time.Sleep(1500 * time.Millisecond)
		synctest.Wait()
		if got := totals(t, store); len(got) != 1 {
			t.Errorf("after the commit interval %v is counted", got)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestStopCommitsWhatWasRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := newLog(line("a", "info", "one-ok"), line("a", "info", "one-ok"))
		source := single(log, 10)
		source.wait = true
		store := memstore.New(time.Now)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		p := newPipeline(t, pipeline.Config{Source: source, Store: store, CommitInterval: time.Hour})
		go func() { done <- p.Run(ctx) }()
		synctest.Wait()
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if got := totals(t, store)[key("a", parse.LevelInfo, "one-ok")]; got != 2 {
			t.Errorf("after the stop %d are counted, want 2", got)
		}
	})
}

func TestStoreAwayHoldsTheSourceBackAndRecovers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lines []string
		for range 100 {
			lines = append(lines, line("a", "info", "one-ok"))
		}
		log := newLog(lines...)
		source := single(log, 10)
		source.wait = true
		var away atomic.Bool
		away.Store(true)
		store := &faultyStore{Store: memstore.New(time.Now)}
		store.before = func(c *rollup.Commit) error {
			if away.Load() && c.Next > 0 {
				return errAway
			}
			return nil
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		p := newPipeline(t, pipeline.Config{Source: source, Store: store, CommitRecords: 10})
		go func() { done <- p.Run(ctx) }()
		time.Sleep(time.Minute)
		synctest.Wait()
		if s := p.Status()[0]; s.Next != 10 || s.IdleTime < 30*time.Second {
			t.Errorf("while the store is away the worker read up to %d (idle %s), want it to wait at 10", s.Next, s.IdleTime)
		}
		if p.Stalled(30*time.Second) == nil {
			t.Error("a partition that waits for its store is not reported as stalled")
		}
		away.Store(false)
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if s := p.Status()[0]; s.Offset != 100 || p.Stalled(30*time.Second) != nil {
			t.Errorf("after the store came back: %+v, %v", s, p.Stalled(30*time.Second))
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestLimitsKeepTotalsAndNameTheOffender(t *testing.T) {
	log := newLog()
	for i := range 300 {
		log.append(line("loud", "info", "api-call-"+strings.Repeat("x", i%100)+string(rune('a'+i%26))+"y"))
		log.append(line("calm", "info", "api-call-ok"))
	}
	for i := range 50 {
		log.append(line(fmt.Sprint("svc", string(rune('a'+i%26)), string(rune('a'+i/26))), "info", "api-call-ok"))
	}
	store, shown := memstore.New(time.Now), newMetrics()
	p := newPipeline(t, pipeline.Config{Source: single(log, 64), Store: store, Metrics: shown, Limits: pipeline.Limits{SeriesPerService: 10, Services: 20}})
	if err := p.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	got, sum, services := totals(t, store), uint64(0), map[string]bool{}
	for k, n := range got {
		sum += n
		services[k.Service.String()] = true
	}
	if sum != 650 {
		t.Errorf("%d events counted in all, want 650", sum)
	}
	if got[key("loud", parse.LevelInfo, rollup.Overflow)] == 0 || shown.overflow["loud"] == 0 || shown.overflow["calm"] != 0 {
		t.Errorf("overflow: %v", shown.overflow)
	}
	if len(services) != 21 || got[key(rollup.Overflow, parse.LevelInfo, rollup.Overflow)]+got[key(rollup.Overflow, parse.LevelInfo, "api-call-ok")] != 32 {
		t.Errorf("%d services: %v", len(services), got)
	}
}

func TestNamesThatAreNoneAreNotShown(t *testing.T) {
	log := newLog(line("anna.svensson@example.com", "info", "api-sync-ok"), line(strings.Repeat("a", 100), "info", "api-sync-ok"))
	store := memstore.New(time.Now)
	if err := newPipeline(t, pipeline.Config{Source: single(log, 64), Store: store}).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := totals(t, store); got[key(rollup.MsgInvalid, parse.LevelInfo, "api-sync-ok")] != 2 {
		t.Errorf("counted %v", got)
	}
}

func TestRestartOnAQuietTopicIsReady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := newLog(line("a", "info", "one-ok"), line("a", "info", "one-ok"))
		store := memstore.New(time.Now)
		if err := newPipeline(t, pipeline.Config{Source: single(log, 10), Store: store}).Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		source := single(log, 10)
		source.wait = true
		p := newPipeline(t, pipeline.Config{Source: source, Store: store})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- p.Run(ctx) }()
		time.Sleep(time.Hour)
		synctest.Wait()
		if s := p.Status()[0]; s.Offset != 2 || s.Lag != 0 || s.IdleTime != 0 || p.Stalled(time.Second) != nil {
			t.Errorf("after an hour without new records: %+v, %v", s, p.Stalled(time.Second))
		}
		log.append(line("a", "info", "one-ok"))
		synctest.Wait()
		if s := p.Status()[0]; s.IdleTime > time.Second {
			t.Errorf("a record that came just now makes the partition idle for %s", s.IdleTime)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestLedgerOfFragmentsThatCannotBeRead(t *testing.T) {
	log := newLog()
	for _, text := range []string{"P {\"msg\":", "P no", "F json"} {
		log.appendKeyed("pod", "2026-11-20T12:00:00Z stdout "+text)
	}
	log.append(line("a", "info", "one-ok"))
	log.appendKeyed("pod", "2026-11-20T12:00:00Z stdout P {\"msg\":") // without an end
	store, shown, dead := memstore.New(time.Now), newMetrics(), &letters{}
	p := newPipeline(t, pipeline.Config{Source: single(log, 2), Store: store, Metrics: shown, DeadLetters: dead, CommitRecords: 1, Finite: true})
	if err := p.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(shown.outcomes); got != "{1 2 2}" {
		t.Errorf("outcomes (counted, dead-lettered, skipped): %s, want {1 2 2}", got)
	}
	if len(dead.list) != 2 || dead.list[1].Reason != parse.Incomplete || dead.list[1].Offset != 4 {
		t.Errorf("dead letters: %+v", dead.list)
	}
	balanced(t, p)
}

func TestLineThatTheSourceCutOff(t *testing.T) {
	log := newLog(line("a", "info", "one-ok"))
	log.appendKeyed("pod", "2026-11-20T12:00:00Z stdout P {\"msg\":")
	log.records[1].Oversize, log.records[1].Size = true, 5<<20
	shown, dead := newMetrics(), &letters{}
	p := newPipeline(t, pipeline.Config{Source: single(log, 2), Store: memstore.New(time.Now), Metrics: shown, DeadLetters: dead, Finite: true})
	if err := p.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(dead.list) != 1 || dead.list[0].Reason != parse.TooLong || dead.list[0].Size != 5<<20 || shown.outcomes.Total() != 2 {
		t.Errorf("outcomes %v, dead letters %+v", shown.outcomes, dead.list)
	}
	balanced(t, p)
}

func TestManySpellingsOfNoNameTakeNoMemory(t *testing.T) {
	log := newLog()
	for i := range 2000 {
		log.append(line(fmt.Sprint(strings.Repeat("x", 20_000), i), "info", "one-ok"))
	}
	p := newPipeline(t, pipeline.Config{Source: single(log, 100), Store: memstore.New(time.Now)})
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	if err := p.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 20<<20 { // the names alone are 40 MB
		t.Errorf("%d MiB allocated", grown>>20)
	}
}

func TestDurationsOfAnOperation(t *testing.T) {
	log := newLog(`{"t":"2026-11-20T12:00:00Z","service":"a","env":"test","lvl":"info","msg":"one-ok","duration":81.2}`,
		`{"t":"2026-11-20T12:00:00Z","service":"a","env":"test","lvl":"error","msg":"one-ok","duration":12}`)
	shown := newMetrics()
	if err := newPipeline(t, pipeline.Config{Source: single(log, 64), Store: memstore.New(time.Now), Metrics: shown}).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if shown.durations["a one-ok"] != 2 {
		t.Errorf("durations: %v", shown.durations)
	}
}

func TestExemplarsNameTraces(t *testing.T) {
	record := func(trace string, ms int) string {
		return fmt.Sprintf(`{"t":"2026-11-20T12:00:00Z","service":"a","env":"test","lvl":"info","msg":"one-ok","duration":%d,"trace_id":%q}`, ms, trace)
	}
	const slow = "4bf92f3577b34da6a3ce929d0e0e4736"
	log := newLog(record("-", 5), record("33eda743-f124-435c-71fc-3c872bbc98e6", 12), record(slow, 900), record("5577006791947779410", 3), record("no number", 70))
	shown := &exemplars{metrics: newMetrics()}
	if err := newPipeline(t, pipeline.Config{Source: single(log, 64), Store: memstore.New(time.Now), Metrics: shown}).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(shown.slowest) != 1 || fmt.Sprintf("%016x%016x %v", shown.slowest[0].TraceHi, shown.slowest[0].TraceLo, shown.slowest[0].Value) != slow+" 0.9" {
		t.Errorf("of the durations: %+v, want the slowest", shown.slowest)
	}
	if len(shown.events) != 1 || shown.events[0].TraceHi != 0x33eda743f124435c || shown.events[0].Time == 0 {
		t.Errorf("of the events: %+v, want the first with an id", shown.events)
	}
}

type exemplars struct {
	*metrics
	events  []rollup.SeriesExemplar
	slowest []rollup.Exemplar
}

func (m *exemplars) Committed(c *rollup.Commit, took time.Duration) {
	m.metrics.Committed(c, took)
	m.events = append(m.events, c.Exemplars...)
	for _, d := range c.Durations {
		m.slowest = append(m.slowest, d.Exemplar)
	}
}

// awayAtFirst does not answer the first reads.
type awayAtFirst struct {
	rollup.Store
	left int
}

func (s *awayAtFirst) Counts(ctx context.Context, q rollup.Query, f func(rollup.Count) error) error {
	if s.left--; s.left >= 0 {
		return rollup.ErrAway
	}
	return s.Store.Counts(ctx, q, f)
}

func TestStoreThatIsAwayAtTheStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &awayAtFirst{Store: memstore.New(time.Now), left: 3}
		p := newPipeline(t, pipeline.Config{Source: single(newLog(line("a", "info", "one-ok")), 1), Store: store})
		if err := p.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := totals(t, store)[key("a", parse.LevelInfo, "one-ok")]; got != 1 {
			t.Errorf("%d counted, want 1", got)
		}
	})
}
