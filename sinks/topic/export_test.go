package topic

import (
	"context"

	"github.com/logproc/logproc/redact"
)

// AddFields is Add with the fields of a record, which outside of tests only a redactor gives.
func (w *Writer) AddFields(ctx context.Context, key, value []byte, headers []redact.Header, m Meta) error {
	return w.add(ctx, key, value, headers, m)
}

// NewWithout gives a Publisher whose record sets go to send instead of a broker.
func NewWithout(o Options, partitions int32, send func(ctx context.Context, partition int32, set []byte) error) (*Publisher, error) {
	p, err := newPublisher(o)
	if err != nil {
		return nil, err
	}
	p.partitions, p.send = partitions, send
	return p, nil
}

// Murmur2 and Target let tests compare with what Kafka's clients do.
var Murmur2 = murmur2

// Target is the choice of a partition.
func (p Partitioning) Target(from int32, key []byte, partitions, turn int32) int32 {
	return p.target(from, key, partitions, turn)
}
