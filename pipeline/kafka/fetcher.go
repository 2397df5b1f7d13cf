package kafka

import (
	"context"
	"fmt"

	"github.com/logproc/logproc/pipeline"
	"github.com/logproc/logproc/rollup"
)

// fetcher asks a partition's leader for records. It is used by one goroutine.
type fetcher interface {
	// fetch waits for records at a position, at most Config.MaxWait. It connects when it has to; after an
	// error it has no connection any more.
	fetch(ctx context.Context, at position) (answer, error)
	close()
}

// answer is what one fetch brought. It is read by one goroutine, which need not be the fetcher's.
type answer interface {
	// next gives the next batch with offsets from on, nil when the answer is used up. A corruptError
	// means that what follows has to be fetched again.
	next(ctx context.Context, from int64) (*pipeline.Batch, error)
	// empty tells that there is nothing to hand out.
	empty() bool
	// after is where the next fetch goes on.
	after() position
	// end is the partition's end as the broker told it.
	end() int64
	// drop gives up the buffers; batches that were handed out keep theirs.
	drop()
}

// rangeError says that the broker does not have the offset.
type rangeError struct{ at position }

func (e *rangeError) Error() string { return fmt.Sprintf("offset %d is out of range", e.at.offset) }

// divergedError says that the log was cut back below what was read of it.
type divergedError struct {
	tp rollup.TopicPartition
	at position
	divergence
}

func (e *divergedError) Error() string {
	return fmt.Sprintf("read %s at offset %d: %v: epoch %d ends at offset %d, epoch %d was read up to here",
		e.tp, e.at.offset, pipeline.ErrTruncated, e.epoch, e.divergence.end, e.at.lastEpoch)
}

func (e *divergedError) Unwrap() error { return pipeline.ErrTruncated }

// corruptError says that a batch cannot be read.
type corruptError struct {
	first, last int64 // the offsets it holds, as far as can be told
	cause       error
}

func (e *corruptError) Error() string {
	return fmt.Sprintf("offsets %d to %d cannot be read: %v", e.first, e.last, e.cause)
}

func (e *corruptError) Unwrap() error { return e.cause }
