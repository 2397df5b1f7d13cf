// Package pipeline is the way of a record from its source to the commit. Read this file first: it shows
// the whole path from top to bottom.
//
//	source ─► parse ─► check the key ─► count ─► commit (counts + offset, one atomic step) ─► metrics
//	             └─► dead letters (coordinates and reason)
//
// What it promises, and where:
//   - Exact: the store holds the counts of exactly the records below its offset. Counts and offset change
//     in one step that succeeds only if the stored offset is the one the step starts from (commit).
//     Everything else that shows numbers grows only after it.
//   - Bounded: series by Limits, read-ahead by the source, lines by the parser, forms by the tally.
//   - One bad record or partition stops nothing else: a line that cannot be read is a dead letter
//     (process), and a partition that cannot go on ends alone and is shown (work).
//
// A worker owns everything it touches: parser, tally, letters. That is why there is no lock on the way of
// a record. What others may see of it is published once per batch (see progress).
package pipeline

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/logproc/logproc/internal/crash"
	"github.com/logproc/logproc/parse"
	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/rollup"
	"github.com/logproc/logproc/rules"
)

// Config says what a pipeline is made of. Source, Store and Naming are needed; for the rest, zero values
// mean the defaults given.
type Config struct {
	Source Source
	Store  rollup.Store
	Parse  parse.Options
	Naming *rules.Naming
	Limits Limits

	// Horizon says which event times are believed (default: all).
	Horizon rollup.Horizon

	// UntilEnd says that nobody waits for what an operator has to decide: a partition whose topic was created
	// again then ends with its error at once.
	UntilEnd bool
	// Finite says that the source's end is the end of the data (files): fragments that still wait for
	// their rest then become dead letters, and do not wait for the next start.
	Finite bool

	// Redaction is in force at the start (default: the built-in policy, without keys).
	Redaction Redaction
	// Publisher takes every record in redacted form; nil for none.
	Publisher Publisher

	// Correlation takes what records say of requests; nil for none.
	Correlation Correlation
	// Calls say what the two sides of a call look like (default: the built-in rules).
	Calls *rules.Calls

	// Metrics shows what has been committed; nil for none.
	Metrics Metrics
	// DeadLetters takes the coordinates of lines that could not be read; nil for none.
	DeadLetters DeadLetters

	// CommitInterval is how long counts may stay uncommitted (default 1s); what is uncommitted at a crash
	// is read again. A shorter one costs more commits.
	CommitInterval time.Duration
	// CommitRecords commits earlier when that many records wait (default 500,000).
	CommitRecords uint64
	// DrainTimeout is how long a partition that is taken away may take for its last commit (default 5s).
	DrainTimeout time.Duration

	Logger *slog.Logger     // default: discard
	Now    func() time.Time // default: time.Now
	// Rand gives numbers from 0 to below 1 for the jitter of pauses (default: math/rand); it must be safe for
	// concurrent use.
	Rand func() float64

	planted
}

func (c *Config) setDefaults() {
	if c.CommitInterval <= 0 {
		c.CommitInterval = time.Second
	}
	if c.CommitRecords == 0 {
		c.CommitRecords = 500_000
	}
	if c.DrainTimeout <= 0 {
		c.DrainTimeout = 5 * time.Second
	}
	if c.Redaction.Policy == nil {
		c.Redaction.Policy = redact.DefaultPolicy()
	}
	if c.Metrics == nil {
		c.Metrics = noMetrics{}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Rand == nil {
		c.Rand = rand.Float64
	}
}

// Metrics shows what happened. Its methods are called once per commit, from all workers, and must not
// block or keep what they are given.
type Metrics interface {
	// Committed is called after c took effect, once, and never for a step that was discarded, nor for one
	// that only counts again what was shown before the store fell back.
	Committed(c *rollup.Commit, took time.Duration)
	// Conflict is called when the store answered a commit with anything but Committed.
	Conflict(o rollup.Outcome)
}

// DeadLetters takes the coordinates of lines that could not be read. Write is called before the commit of
// the records it tells of, from all workers: after a crash the same letters can come again. An error is
// logged; it does not hold up the counting.
type DeadLetters interface {
	Write(ctx context.Context, letters []rollup.DeadLetter) error
}

// Pipeline reads a source into a store.
type Pipeline struct {
	cfg       Config
	budget    *budget
	redaction atomic.Pointer[Redaction]

	mu         sync.Mutex
	partitions map[rollup.TopicPartition]*progress
}

// New checks the configuration and makes a pipeline; nothing runs yet.
func New(cfg Config) (*Pipeline, error) {
	cfg.setDefaults()
	if _, err := parse.New(cfg.Parse); err != nil {
		return nil, err
	}
	p := &Pipeline{cfg: cfg, budget: newBudget(cfg.Limits), partitions: make(map[rollup.TopicPartition]*progress)}
	p.SetRedaction(cfg.Redaction)
	return p, nil
}

// Run works until ctx ends or the source does. When the source came to its end by itself, the error names
// every partition that stopped before its own end.
func (p *Pipeline) Run(ctx context.Context) error {
	if err := p.admitStored(ctx); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	if err := p.cfg.Source.Run(ctx, p.work); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return nil
	}
	return p.stopped()
}

// work does one partition from its assignment until it is taken away or ends.
func (p *Pipeline) work(ctx context.Context, part Partition) {
	progress := p.assign(part)
	err := newWorker(p, part, progress).run(ctx)
	taken := ctx.Err() != nil // from us, or the program ends: whatever went wrong is the next owner's now
	switch {
	case err != nil && taken:
		p.cfg.Logger.Warn("partition given up before its last commit; its next owner counts the rest", "partition", part.ID().String(), "error", err)
		err = nil
	case err != nil && !p.cfg.Finite: // else Run returns it
		p.cfg.Logger.Error("partition stopped", "partition", part.ID().String(), "error", err)
	}
	progress.finish(err)
}

// worker takes one partition's batches through the path. Nothing in it is shared.
type worker struct {
	*Pipeline
	partition Partition
	progress  *progress
	parser    *parse.Parser
	redactor  *redact.Redactor
	redaction *Redaction       // what redactor was made of
	observer  *redact.Redactor // of a policy that only observes; nil without one
	tally     *tally
	out       RecordWriter    // to the redacted topic; nil without one
	outErr    error           // out is of no use any more
	outTries  int             // failures of out in a row
	headers   []redact.Header // of the record at hand
	waiting   toPublish
	watch     *watch // nil without correlation
	letters   []rollup.DeadLetter
	commit    rollup.Commit // reused; Base, Next and Resume are set by push
	fence     rollup.Fence
	base      int64           // the stored offset: everything below it is counted
	known     bool            // the store has been told of the partition: if it does not know it, it has forgotten
	shown     int64           // everything below it has been in the metrics, whatever the store has forgotten since
	note      string          // goes with the copies of the offset
	next      int64           // the offset of the next record; records in [base, next) are in tally
	moves     int             // how often reading began anew, somewhere
	read      int64           // the carrier's time of the last record
	fetched   uint64          // records since the last update of progress
	discarded uint64          // of them, those that were counted before
	held      uint64          // fragments that the parser holds: they have no outcome yet
	outcomes  rollup.Outcomes // of the records in tally
	lost      []rollup.Lost
	due       time.Time // of the next commit
	// until ends when a commit is due; it lasts from one commit to the next, so that batches cost no timer.
	until     context.Context
	stopUntil context.CancelFunc
}

func newWorker(p *Pipeline, part Partition, progress *progress) *worker {
	w := &worker{Pipeline: p, partition: part, progress: progress, parser: p.newParser()}
	if p.cfg.Correlation != nil {
		w.watch = &watch{}
	}
	w.redactWith(p.redaction.Load())
	if p.cfg.Publisher != nil {
		w.out = p.cfg.Publisher.Writer(part.ID())
	}
	return w
}

// run takes the partition over and works on it until ctx ends, the partition does, or it cannot go on.
func (w *worker) run(ctx context.Context) error {
	defer w.release()
	if err := w.takeOver(ctx); err != nil {
		return err
	}
	for {
		batch, err := w.receive(ctx)
		switch {
		case err == nil:
			err := w.take(ctx, batch)
			batch.Release()
			if err != nil {
				return w.end(ctx, err)
			}
		case errors.Is(err, errCommitDue):
		case errors.Is(err, errIdle):
			if err := w.push(ctx); err != nil { // nothing, only to be told when the store has fallen back
				return w.end(ctx, err)
			}
		case errors.Is(err, io.EOF):
			if w.cfg.Finite {
				w.flushFragments()
			}
			if w.clean() {
				w.endWatching()
				return nil
			}
			w.due = time.Time{} // commit now; should the store send us back, there is more to read after all
		case ctx.Err() != nil: // taken away, or the program ends
			return w.drain(ctx)
		case errors.Is(err, ErrTruncated), errors.Is(err, ErrTopicChanged):
			if err := w.awaitOperator(ctx, err); err != nil {
				return err
			}
		default:
			return errors.Join(err, w.drain(ctx))
		}
		if err := w.settle(ctx); err != nil {
			return w.end(ctx, err)
		}
	}
}

// end is what to do about an error of a commit: when it came of the end, which came while the store was
// asked, a last commit is tried.
func (w *worker) end(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return w.drain(ctx)
	}
	return err
}

// settle does what is due between two batches: recover from a failed output, commit, follow a new policy.
func (w *worker) settle(ctx context.Context) error {
	if w.outErr != nil {
		return w.recoverOutput(ctx, w.outErr)
	}
	if w.watch != nil && w.watch.err != nil {
		return w.recoverWatch(ctx, w.watch.err)
	}
	if w.isDue() {
		if err := w.push(ctx); err != nil {
			return err
		}
	}
	return w.changeRedaction(ctx)
}

// release gives back what the worker holds at its end.
func (w *worker) release() {
	w.forget()
	w.stopWatching(context.Background())
	if w.out != nil {
		w.out.Close()
	}
}

// moveTo discards what is not committed and goes on at offset. Reading starts at resume: the records in
// between are counted already, and only refill the fragments that were held back.
func (w *worker) moveTo(offset, resume, newest int64) {
	w.parser, w.held = w.newParser(), 0
	if !w.cfg.has("keep the tally after a rewind") {
		w.forget()
	}
	w.tally.newest = newest
	w.base, w.next = offset, resume
	w.moves++
	w.progress.moveTo(offset, resume, w.cfg.Now())
	w.partition.MoveTo(resume)
}

// forget empties what was gathered since the last commit, because it took effect or is discarded.
func (w *worker) forget() {
	if w.until != nil {
		w.stopUntil()
		w.until = nil
	}
	w.tally.reset()
	w.redactor.Hits().Reset()
	if w.observer != nil {
		w.observer.Hits().Reset()
	}
	w.letters, w.lost, w.outcomes = w.letters[:0], w.lost[:0], rollup.Outcomes{}
}

// receive waits for the next batch, but not beyond the time at which a commit is due.
func (w *worker) receive(ctx context.Context) (*Batch, error) {
	if w.clean() {
		return w.receiveIdle(ctx)
	}
	if w.until == nil {
		w.until, w.stopUntil = context.WithDeadline(ctx, w.due)
	}
	batch, err := w.partition.Next(w.until)
	if err != nil && ctx.Err() == nil && w.until.Err() != nil {
		return nil, errCommitDue
	}
	return batch, err
}

// receiveIdle waits for a batch while there is nothing to commit. On a quiet partition a store that falls back
// would not be noticed before the next record, and its totals would be too low until then: so it is asked
// now and then.
func (w *worker) receiveIdle(ctx context.Context) (*Batch, error) {
	if w.next < w.base { // what is held has to be read again first
		return w.partition.Next(ctx)
	}
	until, stop := context.WithTimeout(ctx, idleInterval)
	defer stop()
	batch, err := w.partition.Next(until)
	if err != nil && ctx.Err() == nil && until.Err() != nil {
		return nil, errIdle
	}
	return batch, err
}

// idleInterval is how often the store of a quiet partition is asked whether it has fallen back.
const idleInterval = 30 * time.Second

var (
	errCommitDue = errors.New("a commit is due")
	errIdle      = errors.New("nothing has come for a while")
)

// clean reports whether there is nothing to commit.
func (w *worker) clean() bool { return w.next <= w.base && len(w.lost) == 0 }

// take processes a batch. Records that were shown before the store forgot them are counted again, but in
// commits of their own: the next one begins exactly where what was shown ends.
func (w *worker) take(ctx context.Context, b *Batch) error {
	if w.base >= w.shown || b.Next <= w.shown {
		w.processAll(ctx, b)
		return nil
	}
	again, rest := cutBatch(b, w.shown)
	moves := w.moves
	w.processAll(ctx, &again)
	if !w.clean() {
		if err := w.push(ctx); err != nil {
			return err
		}
	}
	if w.moves == moves || w.cfg.has("go on with the rest of a batch after a rewind") { // else the store has sent us elsewhere, where the rest will be read again
		w.processAll(ctx, &rest)
	}
	return nil
}

// processAll takes a batch's messages through the path. A panic in it is a defect of ours: the message
// that met it becomes a dead letter, and the rest goes on.
func (w *worker) processAll(ctx context.Context, b *Batch) {
	if w.clean() {
		w.due = w.cfg.Now().Add(w.cfg.CommitInterval)
	}
	w.tally.now = w.cfg.Now().UnixNano()
	for i := 0; i < len(b.Messages); {
		i = w.processFrom(ctx, b.Messages, i)
	}
	w.publishWaiting(ctx)
	for _, l := range b.Lost {
		w.breakFragments()
		w.missed()
		l.First = max(l.First, w.base) // below it all is counted, read again or not
		if l.First <= l.Last {
			w.lost = append(w.lost, l)
			w.cfg.Logger.Error("records lost", "partition", w.partition.ID().String(), "first", l.First, "last", l.Last, "reason", string(l.Reason))
		}
	}
	w.next = max(w.next, b.Next)
	w.handOver(ctx, true)
	w.progress.update(w, b, w.cfg.Now())
	w.fetched, w.discarded = 0, 0
}

func (w *worker) processFrom(ctx context.Context, messages []Message, i int) (next int) {
	defer func() {
		if cause := recover(); cause != nil {
			m := &messages[i]
			w.cfg.Logger.Error("defect: this record made the program panic; please report it",
				"partition", w.partition.ID().String(), "offset", m.Offset, "at", crash.Site())
			w.replaceParser(m.Time)
			w.deadLetter(m, &parse.Record{Time: m.Time}, parse.Defect)
			next = i + 1
		}
	}()
	for ; i < len(messages); i++ {
		w.process(ctx, &messages[i])
		w.handOver(ctx, false)
	}
	return i
}

// process takes one record through the path.
func (w *worker) process(ctx context.Context, m *Message) {
	if m.Offset < w.next && !w.cfg.has("count what an answer repeats") {
		return // the source answered with more than was asked for: these are counted already
	}
	w.next = m.Offset + 1
	w.fetched++
	w.read = m.Time
	if w.watch != nil && m.Offset < w.watch.until {
		w.observeAgain(m)
		return
	}
	// Below the base a record is counted already; it is read again only for the fragments that were held.
	replay := m.Offset < w.base
	reason := w.parser.Parse(parse.Input{Line: m.Value, Stream: m.Key, Offset: m.Offset, Time: m.Time, Oversize: m.Oversize})
	joined := uint64(w.parser.Joined())
	w.held -= joined
	if replay {
		w.observeReplayed(m.Offset, reason)
		w.replayed(reason, joined)
		return
	}
	w.parser.Evicted(func(offset int64) { w.giveUp(offset, m.Time) })
	switch reason {
	case parse.OK:
		w.tally.carrier(m.Time)
		r, ok := w.parser.Next()
		if ok {
			w.publish(ctx, m, r.Service)
		}
		for ; ok; r, ok = w.parser.Next() {
			w.tally.add(r)
			w.observe(m.Offset, r)
		}
		w.counted(ctx)
		w.outcomes.Counted++
		w.outcomes.Skipped += joined
	case parse.Held: // pending until its last part comes
		w.held++
	default:
		named := w.parser.Failed()
		w.publish(ctx, m, named.Service)
		w.deadLetter(m, named, reason)
		w.counted(ctx)
		w.outcomes.Skipped += joined
	}
}

// replayed books a record that was counted before: it was fetched, and is thrown away again unless it
// is a fragment that still waits for its rest.
func (w *worker) replayed(reason parse.Reason, joined uint64) {
	w.parser.Evicted(func(int64) { w.discarded++; w.held-- })
	w.discarded += joined
	if reason == parse.Held {
		w.held++
	} else {
		w.discarded++
	}
}

// replaceParser makes a new parser after a panic in the old one; what that held is given up.
func (w *worker) replaceParser(now int64) {
	defer func() { _ = recover() }() // the old one may be broken altogether
	old := w.parser
	w.parser = w.newParser()
	old.Flush(func(offset int64) { w.giveUp(offset, now) })
}

// deadLetter counts a line that could not be read and remembers where it is.
func (w *worker) deadLetter(m *Message, named *parse.Record, reason parse.Reason) {
	w.tally.carrier(m.Time)
	w.tally.addUnreadable(named, reason)
	w.outcomes.DeadLettered++
	w.letters = append(w.letters, rollup.DeadLetter{
		TopicPartition: w.partition.ID(), Offset: m.Offset, Time: time.Unix(0, m.Time).UTC(), Reason: reason,
		Service: w.tally.label(named.Service, "service", redact.Text{}), Size: m.Size,
	})
}

// giveUp makes a dead letter of a held fragment whose record did not become complete.
func (w *worker) giveUp(offset, now int64) {
	w.held--
	w.deadLetter(&Message{Offset: offset, Time: now}, &parse.Record{Time: now}, parse.Incomplete)
}

// flushFragments gives up what still waits for its rest, because there is no more to come.
func (w *worker) flushFragments() {
	now := w.cfg.Now().UnixNano()
	w.parser.Flush(func(offset int64) {
		w.giveUp(offset, now)
		w.next = max(w.next, w.base+1) // a commit that moves nothing could not be told from its own retry
	})
}

// breakFragments gives up what waits for its rest when records are lost: that may be among them, and what
// comes next of the same stream is of another record. It must not depend on who has read what before the loss.
func (w *worker) breakFragments() {
	if w.cfg.has("join fragments across a loss") {
		return
	}
	w.parser.Flush(func(offset int64) { w.giveUp(offset, w.read) })
}

func (w *worker) isDue() bool {
	return !w.clean() && (w.outcomes.Total() >= w.cfg.CommitRecords || len(w.letters) >= maxLetters || !w.cfg.Now().Before(w.due))
}

// maxLetters bounds the dead letters of one commit, which comes earlier for it.
const maxLetters = 10_000

// push commits what is in the tally. The order is what makes it exact:
//  1. outputs that may come twice: the redacted topic, acknowledged, and the dead letters. A crash after
//     them writes them again.
//  2. counts and offset in one compare-and-set. A crash before it reads the records again; after it, the
//     next owner starts behind them.
//  3. what must not count twice: the metrics. A crash before them loses what was not shown, which is
//     what a counter's reset means to Prometheus anyway.
//  4. the copy of the offset for Kafka's lag tools.
func (w *worker) push(ctx context.Context) error {
	if w.out != nil {
		if err := w.out.Flush(ctx); err != nil {
			if ctx.Err() != nil {
				return err
			}
			return w.recoverOutput(ctx, err)
		}
		w.outTries = 0
	}
	if err := w.flushWatch(ctx); err != nil {
		return w.recoverWatch(ctx, err)
	}
	w.writeLetters(ctx)
	c := w.prepare()
	began := w.cfg.Now()
	result, err := retry(ctx, w, "commit", func() (rollup.Result, error) { return w.cfg.Store.Commit(ctx, c) })
	if err != nil {
		return err
	}
	if result.Outcome != rollup.Committed {
		w.cfg.Metrics.Conflict(result.Outcome)
	}
	switch {
	case result.Outcome == rollup.Committed, result.Outcome == rollup.Already && result.Offset == c.Next && !result.Foreign:
		if c.Base >= w.shown {
			w.cfg.Metrics.Committed(c, w.cfg.Now().Sub(began))
			w.shown = c.Next
		}
		w.forget()
		w.known, w.base = true, c.Next
		w.progress.committed(c, w.shown, w.held, w.cfg.Now())
		if c.Next >= w.shown { // the copy must not forget, while the store catches up, what was shown
			w.partition.Committed(c.Next, w.note)
		}
		return nil
	case result.Outcome == rollup.Fenced:
		return w.reclaim(ctx)
	default: // Behind, Split, Already beyond our own step or by another worker, or of another topic: the store is right, we are not
		w.cfg.Logger.Warn("the store is at another offset, reading on from there",
			"partition", w.partition.ID().String(), "outcome", result.Outcome.String(), "stored", result.Offset, "base", c.Base)
		return w.takeOver(ctx)
	}
}

// prepare makes the commit of everything up to w.next.
func (w *worker) prepare() *rollup.Commit {
	c := &w.commit
	c.TopicPartition, c.TopicID, c.Fence = w.partition.ID(), w.partition.TopicID(), w.fence
	c.Known, c.Base, c.Next, c.Resume = w.known, w.base, max(w.next, w.base), max(w.next, w.base)
	if oldest, held := w.parser.OldestHeld(); held {
		c.Resume = min(oldest, c.Next)
	}
	c.Outcomes, c.Lost = w.outcomes, w.lost
	w.tally.into(c)
	w.redactions(c)
	return c
}

func (w *worker) writeLetters(ctx context.Context) {
	if len(w.letters) == 0 || w.cfg.DeadLetters == nil {
		return
	}
	if err := w.cfg.DeadLetters.Write(ctx, w.letters); err != nil {
		w.cfg.Logger.Error("dead letters not written", "partition", w.partition.ID().String(), "letters", len(w.letters), "error", err)
	}
	w.letters = w.letters[:0] // also when they were not: a commit that is tried again must not write them twice
}

// drain commits what was counted so far although the partition is ending, within the drain deadline. What
// it cannot commit is read again by the next owner.
func (w *worker) drain(ctx context.Context) error {
	if w.clean() {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), w.cfg.DrainTimeout)
	defer cancel()
	return w.push(ctx)
}
