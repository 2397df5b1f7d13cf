package files

import (
	"errors"
	"io"

	"github.com/logproc/logproc/pipeline"
)

// errOnce: what comes through a pipe comes once.
var errOnce = errors.New("it is a stream and cannot be read again from an earlier line; give it as a file")

// A batch ends when it has this many bytes or lines.
const (
	batchBytes = 256 << 10
	batchLines = 4096
	// keepBytes is the size up to which a batch's buffer is used again; larger ones, made by very long
	// lines, are left to the garbage collector.
	keepBytes = 2 << 20
)

// result is a batch, or why there is none.
type result struct {
	batch *pipeline.Batch
	err   error
	end   int64 // with io.EOF: the number of lines
}

// readAhead reads batches of a file in a goroutine that is always one batch ahead.
type readAhead struct {
	results  chan result
	stopped  chan struct{} // closed to end the goroutine
	finished chan struct{} // closed by the goroutine
	regular  bool          // reads end by themselves
	free     chan *buffer
}

// buffer is the memory of a batch.
type buffer struct {
	data     []byte
	messages []pipeline.Message
	batch    pipeline.Batch
}

func startReading(name string, options *Options, now clock, regular bool) *readAhead {
	r := &readAhead{
		results:  make(chan result, 1),
		stopped:  make(chan struct{}),
		finished: make(chan struct{}),
		regular:  regular,
		free:     make(chan *buffer, 4), // one read, one waiting, one worked on, one being given back
	}
	go r.run(name, options, now)
	return r
}

// stop ends the goroutine. It waits for it only where a read cannot last for ever: one blocked on a
// terminal or a pipe ends with its next line, or with the process.
func (r *readAhead) stop() {
	close(r.stopped)
	if r.regular {
		<-r.finished
	}
}

// run owns the file from opening to closing.
func (r *readAhead) run(name string, options *Options, now clock) {
	defer close(r.finished)
	file, err := Open(name, options.Stdin)
	if err != nil {
		r.send(result{err: err})
		return
	}
	defer func() { _ = file.Close() }() // read only: all that Close can report is of no use to the reader
	lines := NewLines(file, options.MaxLine)
	offset := int64(0)
	for err == nil {
		b := r.buffer()
		err = b.fill(lines, offset, now, !r.regular)
		// Lines read before a fault count; the fault comes after them.
		if b.batch.Next > offset {
			offset = b.batch.Next
			if err == io.EOF {
				b.batch.End = offset
			}
			if !r.send(result{batch: &b.batch}) {
				return
			}
		}
	}
	r.send(result{err: err, end: offset})
}

// send reports whether somebody still wants results.
func (r *readAhead) send(x result) bool {
	select {
	case r.results <- x:
		return true
	case <-r.stopped:
		return false
	}
}

// buffer gives an unused buffer.
func (r *readAhead) buffer() *buffer {
	var b *buffer
	select {
	case b = <-r.free:
	default:
		b = &buffer{data: make([]byte, 0, batchBytes+readSize)}
		b.batch.Free = func() { r.giveBack(b) }
	}
	return b
}

func (r *readAhead) giveBack(b *buffer) {
	if cap(b.data) > keepBytes {
		return
	}
	select {
	case r.free <- b:
	default:
	}
}

// fill reads a batch of lines, the first of which has the given offset. After an error the batch holds
// the lines before it. A batch of a stream is handed on when no further line is there yet.
func (b *buffer) fill(lines *Lines, offset int64, now clock, stream bool) error {
	b.data, b.messages = b.data[:0], b.messages[:0]
	var at int64 // read when the first line is there: waiting for it may take long
	var failure error
	for n := 0; n < batchLines && len(b.data) < batchBytes; n++ {
		line, size, oversize, err := lines.Next()
		if err != nil {
			failure = err
			break
		}
		if at == 0 {
			at = now()
		}
		if !blank(line) {
			// When append needs a larger array, earlier messages keep the old one.
			from := len(b.data)
			b.data = append(b.data, line...)
			b.messages = append(b.messages, pipeline.Message{Offset: offset, Time: at,
				Value: b.data[from:len(b.data):len(b.data)], Size: size, Oversize: oversize})
		}
		offset++
		if stream && !lines.ready() {
			break
		}
	}
	b.batch.Messages, b.batch.Next, b.batch.End, b.batch.Lost = b.messages, offset, -1, nil
	return failure
}

// blank reports whether a line holds nothing but white space.
func blank(line []byte) bool {
	for _, c := range line {
		if c != ' ' && c != '\t' && c != '\r' {
			return false
		}
	}
	return true
}
