package pipeline

import (
	"context"
	"fmt"

	"github.com/logproc/logproc/correlate"
	"github.com/logproc/logproc/correlate/live"
	"github.com/logproc/logproc/internal/backoff"
	"github.com/logproc/logproc/internal/crash"
	"github.com/logproc/logproc/parse"
	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/rollup"
	"github.com/logproc/logproc/rules"
)

// Correlation takes what records say of requests. It is called from all workers.
type Correlation interface {
	// Open begins with a partition that was claimed. The worker closes what it gives.
	Open(ctx context.Context, a live.Assignment) (CorrelationInput, error)
}

// CorrelationInput takes the observations of one partition. It is used by one goroutine.
type CorrelationInput interface {
	// ReadFrom gives the offset from which the partition has to be observed, which may be below the stored one.
	ReadFrom() int64
	// HandOver takes observations, waiting while too much is under way, and gives an empty slice for the next ones. An
	// error means that they were not taken, and that all since the last Flush has to be handed over again.
	HandOver(ctx context.Context, h live.Handover) ([]live.Observed, error)
	// Flush returns when all that was handed over can no longer be lost, or will be asked for again by ReadFrom. It
	// is called before the commit of the records that were observed.
	Flush(ctx context.Context) error
	// End says that the partition has come to its end for good.
	End()
	// Close gives the partition up.
	Close(ctx context.Context)
}

// observedChunk is how many observations are handed over together at most.
const observedChunk = 1024

// watch observes the records of a partition. It belongs to the partition's worker.
type watch struct {
	input    CorrelationInput
	topicID  rollup.TopicID
	observer *correlate.Observer
	pending  []live.Observed
	lost     bool
	seen     int64 // everything below it was observed since the input was opened
	until    int64 // records below it are only observed: they are neither counted, nor fragments of what is
	parser   *parse.Parser
	err      error // why handing over failed
	tries    int   // failures in a row
}

// observeWith makes the observer of a policy. Its redactors are its own: those of the outputs count what they do.
func (w *worker) observeWith(r *Redaction) {
	if w.watch == nil {
		return
	}
	names := redact.NewRedactor(r.Policy, r.Keys, redact.Options{Output: redact.Summary})
	ids := redact.NewRedactor(r.Policy, r.Keys, redact.Options{Output: redact.Topic})
	calls := w.cfg.Calls
	if calls == nil {
		calls = rules.DefaultCalls()
	}
	w.watch.observer = correlate.NewObserver(calls, names.Label, ids.FieldText)
}

// watchFrom opens the input of the partition, once, and gives where reading begins: at resume, or further back where
// records of open requests are to be observed again.
func (w *worker) watchFrom(ctx context.Context, resume int64) (int64, error) {
	o := w.watch
	if o == nil {
		return resume, nil
	}
	from := min(resume, o.seen)
	if o.input == nil || o.topicID != w.partition.TopicID() {
		w.stopWatching(ctx)
		id := w.partition.ID()
		input, err := w.cfg.Correlation.Open(ctx, live.Assignment{TopicPartition: id, TopicID: w.partition.TopicID(), Resume: resume, Fence: w.fence, Behind: w.progress.behind})
		if err != nil {
			return 0, fmt.Errorf("take over %s: %w", id, err)
		}
		o.input, o.topicID, o.seen, from = input, w.partition.TopicID(), 0, resume
		from = min(from, input.ReadFrom())
	}
	o.pending, o.lost, o.err = o.pending[:0], false, nil
	o.until, o.parser = resume, nil
	if from < resume {
		o.parser = w.newParser()
	}
	return from, nil
}

// observe takes what a record says of a request, if it names one and was not observed before. A panic in it is a defect
// of ours; the record stays counted.
func (w *worker) observe(offset int64, r *parse.Record) {
	o := w.watch
	if o == nil || offset < o.seen {
		return
	}
	if len(r.RequestID) == 0 && len(r.TraceID) == 0 {
		return
	}
	defer func() {
		if cause := recover(); cause != nil {
			w.cfg.Logger.Error("defect: this record made the program panic; please report it",
				"partition", w.partition.ID().String(), "offset", offset, "at", crash.Site())
		}
	}()
	if observation, ok := o.observer.Observe(r); ok {
		o.pending = append(o.pending, live.Observed{Offset: offset, Observation: observation})
	}
}

// observeReplayed observes the records of a message that is read again for the fragments that were held.
func (w *worker) observeReplayed(offset int64, reason parse.Reason) {
	if w.watch == nil || reason != parse.OK {
		return
	}
	for r, ok := w.parser.Next(); ok; r, ok = w.parser.Next() {
		w.observe(offset, r)
	}
}

// missed notes that records are lost: what they would have said accuses nobody.
func (w *worker) missed() {
	if w.watch != nil {
		w.watch.lost = true
	}
}

// observeAgain observes a record that is counted already, and is read again only for that. It has a parser of its own,
// so that what is counted afterwards does not depend on how far back the reading began.
func (w *worker) observeAgain(m *Message) {
	w.discarded++
	defer func() {
		if cause := recover(); cause != nil {
			w.watch.parser = w.newParser() // it was said when it was counted
		}
	}()
	p := w.watch.parser
	if p.Parse(parse.Input{Line: m.Value, Stream: m.Key, Offset: m.Offset, Time: m.Time, Oversize: m.Oversize}) != parse.OK {
		return
	}
	for r, ok := p.Next(); ok; r, ok = p.Next() {
		w.observe(m.Offset, r)
	}
}

// handOver hands over what was observed, when it is much, or all.
func (w *worker) handOver(ctx context.Context, all bool) {
	o := w.watch
	if o == nil || o.err != nil || len(o.pending) < observedChunk && !all {
		return
	}
	if o.pending, o.err = o.input.HandOver(ctx, live.Handover{Observed: o.pending, Next: w.next, Lost: o.lost}); o.err == nil {
		o.lost, o.seen, o.tries = false, max(o.seen, w.next), 0
	}
}

// flushWatch makes sure that what was observed is not lost once it is counted.
func (w *worker) flushWatch(ctx context.Context) error {
	o := w.watch
	if o == nil || o.input == nil {
		return nil
	}
	return o.input.Flush(ctx)
}

// recoverWatch goes back to what is stored with a new input, after the old one has failed.
func (w *worker) recoverWatch(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return err
	}
	w.cfg.Logger.Error("correlation interrupted, reading again", "partition", w.partition.ID().String(), "error", err)
	w.progress.storeTrouble(err, w.cfg.Now())
	if !backoff.Sleep(ctx, w.backoff(w.watch.tries)) {
		return err
	}
	w.watch.tries++
	w.stopWatching(ctx)
	return w.takeOver(ctx)
}

// endWatching says that there is nothing more to come.
func (w *worker) endWatching() {
	if w.watch != nil && w.watch.input != nil {
		w.watch.input.End()
		w.watch.input = nil
	}
}

// stopWatching gives the input up, within the drain deadline.
func (w *worker) stopWatching(ctx context.Context) {
	if w.watch == nil || w.watch.input == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), w.cfg.DrainTimeout)
	defer cancel()
	w.watch.input.Close(ctx)
	w.watch.input = nil
}
