package pipeline_test

import (
	"context"
	"errors"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/logproc/logproc/parse"
	"github.com/logproc/logproc/pipeline"
	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/rollup"
	"github.com/logproc/logproc/rules"
)

// fakeSource hands out partitions whose logs a test has written, in batches of a given size.
type fakeSource struct {
	batch int
	logs  map[rollup.TopicPartition]*fakeLog
	// wait makes a partition wait for more at its end, as Kafka does, instead of ending.
	wait bool
}

// fakeLog is the log of one partition: offset i is records[i]; nil entries are holes.
type fakeLog struct {
	topicID rollup.TopicID
	start   int64
	records []*pipeline.Message
	lost    []rollup.Lost // reported in batches of their own

	mu     sync.Mutex
	copied int64 // what Committed was told last
	note   string
	more   chan struct{}
}

func newLog(lines ...string) *fakeLog {
	l := &fakeLog{topicID: "id", more: make(chan struct{}, 1)}
	for _, line := range lines {
		l.append(line)
	}
	return l
}

func (l *fakeLog) append(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.records = append(l.records, &pipeline.Message{
		Offset: int64(len(l.records)), Time: time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC).UnixNano(), Value: []byte(line), Size: len(line),
	})
	select {
	case l.more <- struct{}{}:
	default:
	}
}

// cutBack drops records from an offset on.
func (l *fakeLog) cutBack(to int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.records = l.records[:to]
	select {
	case l.more <- struct{}{}:
	default:
	}
}

func (p *fakePartition) isCutBack() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.pos > int64(len(p.records))
}

func (l *fakeLog) copiedOffset() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.copied
}

func (s *fakeSource) Run(ctx context.Context, work func(context.Context, pipeline.Partition)) error {
	var running sync.WaitGroup
	for id, log := range s.logs {
		running.Go(func() { work(ctx, &fakePartition{fakeSource: s, fakeLog: log, id: id}) })
	}
	running.Wait()
	return nil
}

type fakePartition struct {
	*fakeSource
	*fakeLog
	id  rollup.TopicPartition
	pos int64
}

func (p *fakePartition) ID() rollup.TopicPartition            { return p.id }
func (p *fakePartition) TopicID() rollup.TopicID              { return p.topicID }
func (p *fakePartition) Start(context.Context) (int64, error) { return p.start, nil }
func (p *fakePartition) MoveTo(offset int64)                  { p.pos = offset }

func (p *fakePartition) Next(ctx context.Context) (*pipeline.Batch, error) {
	for {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if p.isCutBack() {
			return nil, pipeline.ErrTruncated
		}
		if b := p.next(); b != nil {
			return b, nil
		}
		if !p.wait {
			return nil, io.EOF
		}
		select {
		case <-ctx.Done():
		case <-p.more:
		}
	}
}

func (p *fakePartition) next() *pipeline.Batch {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.pos >= int64(len(p.records)) {
		return nil
	}
	b := &pipeline.Batch{End: int64(len(p.records))}
	for _, l := range p.lost {
		if p.pos <= l.Last && p.pos >= l.First {
			p.pos = l.Last + 1
			b.Lost, b.Next = append(b.Lost, l), p.pos
			return b
		}
	}
	for p.pos < int64(len(p.records)) && len(b.Messages) < p.batch {
		if m := p.records[p.pos]; m != nil {
			b.Messages = append(b.Messages, *m)
		}
		p.pos++
	}
	b.Next = p.pos
	return b
}

func (p *fakePartition) Committed(offset int64, note string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.copied, p.fakeLog.note = offset, note
}

func (p *fakePartition) Copied(_ context.Context, beyond int64) (int64, string, bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.copied, p.fakeLog.note, p.fakeLog.note != "" && p.copied > beyond, nil
}

func (p *fakePartition) Stats() pipeline.PartitionStats {
	p.mu.Lock()
	defer p.mu.Unlock()
	return pipeline.PartitionStats{End: int64(len(p.records))}
}

// faultyStore answers commits as a test says before it lets them through.
type faultyStore struct {
	rollup.Store
	before func(c *rollup.Commit) error // an error is returned instead of committing
	after  func(c *rollup.Commit) error // an error is returned although it was committed
}

func (s *faultyStore) Commit(ctx context.Context, c *rollup.Commit) (rollup.Result, error) {
	if s.before != nil {
		if err := s.before(c); err != nil {
			return rollup.Result{}, err
		}
	}
	r, err := s.Store.Commit(ctx, c)
	if err == nil && s.after != nil {
		err = s.after(c)
	}
	return r, err
}

// metrics sums what a pipeline shows.
type metrics struct {
	mu        sync.Mutex
	counts    map[rollup.Key]uint64
	conflicts map[rollup.Outcome]int
	outcomes  rollup.Outcomes
	violated  map[string]uint64
	overflow  map[string]uint64
	durations map[string]uint64
}

func newMetrics() *metrics {
	return &metrics{counts: map[rollup.Key]uint64{}, conflicts: map[rollup.Outcome]int{}, violated: map[string]uint64{}, overflow: map[string]uint64{}, durations: map[string]uint64{}}
}

func (m *metrics) Committed(c *rollup.Commit, _ time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, n := range c.Counts {
		m.counts[n.Key] += n.N
	}
	for _, v := range c.Violations {
		m.violated[v.Service.String()+" "+v.Rule] += v.N
	}
	for _, o := range c.Overflowed {
		m.overflow[o.Service.String()] += o.N
	}
	for _, d := range c.Durations {
		m.durations[d.Service.String()+" "+d.Msg.String()] += d.Histogram.Count()
	}
	m.outcomes.Add(c.Outcomes)
}

func (m *metrics) Conflict(o rollup.Outcome) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.conflicts[o]++
}

// letters keeps dead letters.
type letters struct {
	mu   sync.Mutex
	list []rollup.DeadLetter
}

func (l *letters) Write(_ context.Context, more []rollup.DeadLetter) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = append(l.list, more...)
	return nil
}

// newPipeline makes a pipeline with the defaults of tests.
func newPipeline(t *testing.T, cfg pipeline.Config) *pipeline.Pipeline {
	t.Helper()
	if cfg.Naming == nil {
		cfg.Naming = rules.DefaultNaming()
	}
	cfg.Redaction.Policy = builtIn()
	p, err := pipeline.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// builtIn is the built-in policy, compiled once: some tests make thousands of pipelines.
var builtIn = sync.OnceValue(redact.DefaultPolicy)

// totals gives a store's counts by key, over all buckets.
func totals(t *testing.T, s rollup.Store) map[rollup.Key]uint64 {
	t.Helper()
	sums := make(map[rollup.Key]uint64)
	if err := s.Counts(t.Context(), rollup.Everything(), func(c rollup.Count) error {
		sums[c.Key] += c.N
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return sums
}

func key(service string, level parse.Level, msg string) rollup.Key {
	return rollup.Key{Service: redact.Stored(service), Env: redact.Const("test"), Level: level, Msg: redact.Stored(msg)}
}

// balanced fails when a partition's ledger does not balance.
func balanced(t *testing.T, p *pipeline.Pipeline) {
	t.Helper()
	for _, s := range p.Status() {
		if !s.Balanced() {
			t.Errorf("%s: fetched %d, counted %d, dead-lettered %d, skipped %d, discarded %d, pending %d: the ledger does not balance",
				s.TopicPartition, s.Fetched, s.Outcomes.Counted, s.Outcomes.DeadLettered, s.Outcomes.Skipped, s.Discarded, s.Pending)
		}
	}
}

var errAway = errors.New("the store is away")
