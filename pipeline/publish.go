package pipeline

import (
	"context"
	"fmt"

	"github.com/logproc/logproc/internal/crash"
	"github.com/logproc/logproc/redact"
)

// publishChunk is how many records are read and counted before they are redacted together. Redaction in turn
// with reading costs a quarter more, as their instructions and tables drive each other out of the processor's
// caches; this many lines stay in them.
const publishChunk = 32

// toPublish are records of the batch at hand that were counted, and are still to be redacted and published.
type toPublish struct {
	records  [publishChunk]unpublished
	n        int
	services []byte // the parser's next call takes away what it gave
}

type unpublished struct {
	message *Message
	service []byte
	of      recordOf
}

// publish hands a record to the redacted topic. Fragments are not published: a value could be cut in two,
// so that neither half is recognised. Their record is, with its last fragment. When the record is counted, counted
// has to be called.
func (w *worker) publish(ctx context.Context, m *Message, service []byte) {
	if w.out == nil && w.observer == nil || w.outErr != nil {
		return
	}
	if whole := w.parser.JoinedText(); whole != nil {
		w.publishWaiting(ctx)
		w.publishRecord(ctx, m, whole, service)
		return
	}
	q := &w.waiting
	if q.n == publishChunk { // the last record made the program panic before it was counted
		w.publishWaiting(ctx)
	}
	from := len(q.services)
	q.services = append(q.services, service...)
	q.records[q.n] = unpublished{message: m, service: q.services[from:]}
	q.n++
}

// counted tells whose the record was that publish was called with last: what is hidden in it is booked there.
func (w *worker) counted(ctx context.Context) {
	of, q := w.tally.counted(), &w.waiting
	w.tally.redacted(of, w.redactor.Hits().Recent()) // in its labels, or in all of it when it did not wait
	if q.n > 0 {
		q.records[q.n-1].of = of
	}
	if q.n == publishChunk {
		w.publishWaiting(ctx)
	}
}

// publishWaiting publishes what waits for it, in order. It has to be called before the batch is released. A panic
// in it is a defect of ours, and as bad as an output that fails: the records were counted, so they are read again.
func (w *worker) publishWaiting(ctx context.Context) {
	q := &w.waiting
	defer func() {
		q.n, q.services = 0, q.services[:0]
		if cause := recover(); cause != nil {
			w.outErr = fmt.Errorf("publish redacted records: defect at %s; please report it", crash.Site())
		}
	}()
	for _, u := range q.records[:q.n] {
		w.publishRecord(ctx, u.message, u.message.Value, u.service)
		w.tally.redacted(u.of, w.redactor.Hits().Recent())
	}
}

func (w *worker) publishRecord(ctx context.Context, m *Message, value, service []byte) {
	if w.outErr != nil {
		return
	}
	w.headers = appendHeaders(w.headers[:0], m.Headers)
	source := redact.Source{Value: value, Key: m.Key, Headers: w.headers, Service: service}
	if w.observer != nil {
		w.observer.Apply(source) // only for its hits
	}
	if w.out != nil {
		w.outErr = w.out.Add(ctx, w.redactor.Apply(source), m.Offset, m.Time)
	}
}
