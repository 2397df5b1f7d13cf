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
}

// publish hands a record to the redacted topic. Fragments are not published: a value could be cut in two,
// so that neither half is recognised. Their record is, with its last fragment.
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
	from := len(q.services)
	q.services = append(q.services, service...)
	q.records[q.n] = unpublished{m, q.services[from:]}
	if q.n++; q.n == publishChunk {
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
