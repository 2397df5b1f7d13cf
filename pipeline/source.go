package pipeline

import (
	"context"
	"errors"
	"time"

	"github.com/logproc/logproc/rollup"
)

// Message is one Kafka record or one line of a file. Its slices are valid until its Batch is released.
type Message struct {
	Offset  int64
	Time    int64  // the carrier's time in Unix nanoseconds; 0 when it has none
	Key     []byte // the Kafka record's key; for files nil
	Value   []byte // nil is a tombstone
	Headers []byte // as encoded in a v2 record, from the number of headers on; nil where there are none
	Size    int    // bytes of the value as the source saw it, which may be more than it kept: see Oversize
	// Oversize marks a line that was longer than the source's limit; Value then holds its beginning.
	Oversize bool
}

// Batch is what one fetch or one read brought, in the order of offsets.
type Batch struct {
	Messages []Message
	// Next is the offset after this batch. It is beyond the last message's where the log has holes.
	Next int64
	// End is the partition's end as known at the time of the fetch (high watermark, or last stable
	// offset when reading committed); -1 when unknown.
	End int64
	// Lost names ranges before Next that could not be read; they lie behind the messages.
	Lost []rollup.Lost

	Free func() // gives the buffers back; set by the source, may be nil
}

// Release gives the batch's buffers back to its source; the messages must not be used any more.
func (b *Batch) Release() {
	if b.Free != nil {
		b.Free()
	}
}

// ErrTruncated is wrapped by Partition.Next when the log now ends below the offset that was asked for,
// and ErrTopicChanged when the topic was deleted and created again: counts and log no longer fit
// together, so the partition stops until an operator decides.
var (
	ErrTruncated    = errors.New("the log ends below the offset that is counted up to")
	ErrTopicChanged = errors.New("the topic was deleted and created again")
)

// Partition is an assigned partition, or a file. Except for Stats it is used by one goroutine.
type Partition interface {
	ID() rollup.TopicPartition
	// TopicID gives the topic's id, empty where there is none.
	TopicID() rollup.TopicID
	// Start resolves the configured start (earliest, latest or a time) to an offset. It is called when
	// nothing is stored yet.
	Start(ctx context.Context) (int64, error)
	// MoveTo sets the offset of the next batch and drops what was read ahead. It is called before the
	// first Next and whenever the store says so.
	MoveTo(offset int64)
	// Next gives the next batch, waiting for one if need be; the fetch after it is then already under
	// way. It retries passing faults by itself and returns io.EOF at the end (of a file, or with
	// until-end), the context's error, or an error that ends this partition. A batch without messages
	// is possible (only Next or Lost moved). The caller releases every batch.
	Next(ctx context.Context) (*Batch, error)
	// Committed copies the offset to where the source shows it (Kafka's group offset), with a note. It
	// never blocks on the network and never fails: it is a copy, for lag tools and for Copied.
	Committed(offset int64, note string)
	// Copied gives the newest copy that any process has made, when its offset is beyond the given one; else,
	// or where the source keeps no copies, ok is false. It is the only trace of what a store has forgotten.
	Copied(ctx context.Context, beyond int64) (offset int64, note string, ok bool, err error)
	// Stats tells where the partition is. It is safe to call from any goroutine.
	Stats() PartitionStats
}

// PartitionStats is a look at a partition from outside.
type PartitionStats struct {
	End       int64     // the newest known end offset, -1 when unknown
	LastFetch time.Time // when the source last answered, with or without messages
	Err       error     // what the source is retrying just now; nil when it is well
}

// Source gives partitions to work on as they are assigned.
type Source interface {
	// Run calls work in a goroutine of its own for every partition that is assigned, with a context that
	// ends when it is taken away. A work function that has been told to end must return within the
	// drain deadline; its partition is handed on only then. Run returns when ctx ends and all work has
	// returned, when all partitions have come to their end (files, until-end), or with an error that
	// cannot pass by itself (wrong credentials, no such topic). An error returned by work is logged by
	// the caller of Run's work itself, and only stops that partition.
	Run(ctx context.Context, work func(ctx context.Context, p Partition)) error
}
