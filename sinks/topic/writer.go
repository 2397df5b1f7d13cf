package topic

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/logproc/logproc/redact"
)

// grain is in what steps a batch takes room, so that not every record has to ask.
const grain = 64 << 10

// Meta is where a record comes from, within its source partition.
type Meta struct {
	Offset int64
	Time   int64 // Unix nanoseconds; 0 when there is none
}

// Writer writes the records of one source partition. It is used by one goroutine. Records that go to one
// partition of the topic arrive in the order in which they were added.
type Writer struct {
	p         *Publisher
	name      string // of the source partition, for messages
	partition int32
	source    []byte // "topic/partition/", then the offset of the record at hand
	prefix    int    // length of the first
	rec       record
	lanes     []*lane // by partition of the topic, nil while unused
	turn      int32   // the partition whose turn it is

	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	work   sync.WaitGroup // of running lanes

	mu      sync.Mutex
	pending int           // batches that are sealed and not acknowledged
	failed  error         // for good
	settled chan struct{} // closed when pending gets to 0 or failed is set; nil while nobody waits
}

// Writer gives a Writer for a source partition. The caller closes it.
func (p *Publisher) Writer(topic string, partition int32) *Writer {
	w := &Writer{p: p, name: topic + "/" + strconv.Itoa(int(partition)), partition: partition, lanes: make([]*lane, p.partitions)}
	w.source = append([]byte(w.name), '/')
	w.prefix = len(w.source)
	w.turn = partition % p.partitions
	w.ctx, w.cancel = context.WithCancel(context.Background())
	if partition >= p.partitions {
		p.warnMismatch(topic, int(partition)+1)
	}
	return w
}

// Add copies a record into a batch. It waits while too much is in flight, and gives an error when ctx ends
// meanwhile, or the one for which the Writer has failed for good: then what was added since the last Flush
// has to be added again to another Writer. A record that the policy drops is only counted.
func (w *Writer) Add(ctx context.Context, r redact.Redacted, m Meta) error {
	if r.Dropped() {
		w.p.stats.dropped.Add(1)
		return nil
	}
	return w.add(ctx, r.Key(), r.Value(), r.Headers(), m)
}

func (w *Writer) add(ctx context.Context, key, value []byte, headers []redact.Header, m Meta) error {
	r := &w.rec
	w.source = strconv.AppendInt(w.source[:w.prefix], m.Offset, 10)
	r.key, r.value, r.headers, r.source = key, value, headers, w.source
	r.millis = m.Time / int64(time.Millisecond)
	if m.Time == 0 || w.p.o.Arrival {
		r.millis = w.p.o.Now().UnixMilli()
	}
	l := w.lane(w.p.o.Partitioning.target(w.partition, key, w.p.partitions, w.turn))
	if err := l.reserve(ctx, r); err != nil {
		return err
	}
	l.open.add(r)
	if len(l.open.raw) >= w.p.o.BatchBytes {
		return l.seal()
	}
	return nil
}

func (w *Writer) lane(partition int32) *lane {
	l := w.lanes[partition]
	if l == nil {
		l = &lane{w: w, partition: partition}
		w.lanes[partition] = l
	}
	return l
}

// Flush returns when all records that were added are acknowledged. Passing faults of the brokers are tried
// again until ctx ends; the records then stay, and another Flush waits for them. Any other error is for
// good, see Add.
func (w *Writer) Flush(ctx context.Context) error {
	if err := w.sealAll(); err != nil {
		return err
	}
	w.mu.Lock()
	if w.pending == 0 || w.failed != nil {
		defer w.mu.Unlock()
		return w.failed
	}
	if w.settled == nil {
		w.settled = make(chan struct{})
	}
	settled := w.settled
	w.mu.Unlock()
	select {
	case <-settled:
	case <-ctx.Done():
		return fmt.Errorf("write %s to topic %s: wait for the acknowledgement: %w", w.name, w.p.o.Topic, ctx.Err())
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.failed
}

// sealAll hands all open batches on.
func (w *Writer) sealAll() error {
	for _, l := range w.lanes {
		if l != nil && l.open != nil {
			if err := l.seal(); err != nil {
				return err
			}
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.failed
}

// Close gives up what is not acknowledged and waits until nothing is sent any more.
func (w *Writer) Close() {
	w.fail(errClosed)
	w.cancel()
	w.work.Wait()
	for _, l := range w.lanes {
		if l != nil && l.open != nil {
			w.p.recycle(l.open)
			l.open = nil
		}
	}
}

// fail makes an error the one for good, unless there is one.
func (w *Writer) fail(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.failed == nil {
		w.failed = err
	}
	w.wake()
}

// wake ends the wait of Flush; w.mu is held.
func (w *Writer) wake() {
	if w.settled != nil {
		close(w.settled)
		w.settled = nil
	}
}
