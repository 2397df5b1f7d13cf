package produce

import (
	"bytes"
	"io"
	"time"

	"github.com/segmentio/kafka-go"
)

// recordReader hands a batch to the client record by record. The record is the same one every time:
// the client encodes it before it asks for the next.
type recordReader struct {
	batch  Batch
	time   time.Time
	from   int
	next   int
	value  value
	record kafka.Record
}

// value implements kafka.Bytes over a part of the batch.
type value struct{ bytes.Reader }

func (*value) Close() error { return nil }

func (r *recordReader) ReadRecord() (*kafka.Record, error) {
	if r.next == len(r.batch.Ends) {
		return nil, io.EOF
	}
	end := r.batch.Ends[r.next]
	r.value.Reset(r.batch.Text[r.from:end])
	r.from = end + 1
	r.record = kafka.Record{Offset: int64(r.next), Time: r.time, Value: &r.value}
	r.next++
	return &r.record, nil
}
