package files

import (
	"context"
	"fmt"
	"io"
	"sync"

	"github.com/logproc/logproc/pipeline"
	"github.com/logproc/logproc/rollup"
)

// partition is a file that is being read. A goroutine of its own reads one batch ahead.
type partition struct {
	name    string
	options *Options

	reading *readAhead // nil before the first Next and after a move backwards
	next    int64      // the offset of the next batch that is wanted
	begun   bool       // a stream that cannot be read again has been touched

	mu    sync.Mutex // guards stats
	stats pipeline.PartitionStats
}

func newPartition(name string, options *Options) *partition {
	return &partition{name: name, options: options, stats: pipeline.PartitionStats{End: -1}}
}

// ID is {"file:NAME", 0}, or {"stdin", 0}.
func (p *partition) ID() rollup.TopicPartition {
	if p.name == Stdin {
		return rollup.TopicPartition{Topic: "stdin"}
	}
	return rollup.TopicPartition{Topic: "file:" + p.name}
}

// TopicID is empty: files have none.
func (p *partition) TopicID() rollup.TopicID { return "" }

// Start is the first line.
func (p *partition) Start(context.Context) (int64, error) { return 0, nil }

// MoveTo goes on at a line number. Lines before it are skipped; to go back, a file is opened again.
func (p *partition) MoveTo(offset int64) {
	if p.reading != nil && offset < p.next {
		p.reading.stop()
		p.reading = nil
	}
	p.next = offset
}

// Next gives the next batch of lines, io.EOF after the last, or an *Error.
func (p *partition) Next(ctx context.Context) (*pipeline.Batch, error) {
	if p.reading == nil {
		if err := p.open(); err != nil {
			return nil, err
		}
	}
	for {
		var r result
		select {
		case r = <-p.reading.results:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		p.note(r)
		if r.err != nil {
			p.reading.results <- r // so that every further call gives it again
			return nil, p.atEnd(r)
		}
		if r.batch.Next <= p.next {
			r.batch.Release() // wholly before the offset that is wanted
			continue
		}
		for len(r.batch.Messages) > 0 && r.batch.Messages[0].Offset < p.next {
			r.batch.Messages = r.batch.Messages[1:]
		}
		p.next = r.batch.Next
		return r.batch, nil
	}
}

// atEnd tells the end of the file from a file that is shorter than what was counted before.
func (p *partition) atEnd(r result) error {
	if r.err != io.EOF || r.end >= p.next {
		return r.err
	}
	return &Error{Name: displayName(p.name), Line: p.next,
		Err: fmt.Errorf("%w: it has %d lines now; was it replaced?", pipeline.ErrTruncated, r.end)}
}

// open starts reading from the first line.
func (p *partition) open() error {
	clock := func() int64 { return p.options.Now().UnixNano() }
	again := false
	if p.name != Stdin {
		ns, regular, err := modified(p.name)
		if err != nil {
			return err
		}
		again = regular
		clock = func() int64 { return ns }
	}
	if p.begun && !again {
		return &Error{Name: displayName(p.name), Err: errOnce}
	}
	p.begun = true
	p.reading = startReading(p.name, p.options, clock, again)
	return nil
}

// Committed does nothing: nobody else follows a file.
func (p *partition) Committed(int64, string) {}

// Copied finds no copy, as Committed makes none.
func (p *partition) Copied(context.Context, int64) (int64, string, bool, error) {
	return 0, "", false, nil
}

// Stats gives the number of lines once the end has been seen.
func (p *partition) Stats() pipeline.PartitionStats {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stats
}

func (p *partition) note(r result) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stats.LastFetch = p.options.Now()
	switch {
	case r.err == io.EOF:
		p.stats.End = r.end
	case r.err != nil:
		p.stats.Err = r.err
	default:
		p.stats.End = max(p.stats.End, r.batch.End)
	}
}

// close stops the reading.
func (p *partition) close() {
	if p.reading != nil {
		p.reading.stop()
	}
}

var _ pipeline.Partition = (*partition)(nil)

// clock gives the time of lines, in Unix nanoseconds.
type clock = func() int64
