// Package deadletter writes down where the lines are that could not be read, and why.
//
// A letter holds coordinates, never a byte of the line: topic, partition and offset find it in Kafka again.
// Letters are written before the commit of the records they tell of, so a crash in between writes them a
// second time; readers tell by topic, partition and offset. Writing never holds up the counting: a letter
// that cannot be written is counted, and the reason is shown.
package deadletter

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/logproc/logproc/parse"
	"github.com/logproc/logproc/rollup"
)

// Defaults of Options.
const (
	DefaultPerReason = 1000
	DefaultKeep      = 100
)

// Writer is where letters go. It is called by one goroutine at a time.
type Writer interface {
	// Write writes entries so that they outlast a crash, or gives an error; some may then be written.
	Write(ctx context.Context, entries []Entry) error
	Close() error
}

// Options says where letters go and how many are written. Zero values mean the defaults given.
type Options struct {
	// Writers each get all letters. None is needed: the newest are kept for the status in any case.
	Writers []Writer
	// PerReason is how many letters of one partition and reason are written in full per commit (default
	// 1,000); an entry says how many more there were.
	PerReason int
	// Keep is how many of the newest are kept for the status (default 100).
	Keep int
	// Now is the clock (default time.Now).
	Now func() time.Time
}

// Letters takes the dead letters of a pipeline. It is safe for concurrent use.
type Letters struct {
	options Options

	writing sync.Mutex // held while writing: partitions take turns
	closed  bool

	mu     sync.Mutex // guards what follows, and is never held while writing
	recent []Entry    // a ring
	next   int        // where the ring's next entry goes
	failed uint64
	err    error
}

// New makes Letters, which own the writers.
func New(options Options) *Letters {
	if options.PerReason <= 0 {
		options.PerReason = DefaultPerReason
	}
	if options.Keep <= 0 {
		options.Keep = DefaultKeep
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	return &Letters{options: options}
}

// errClosed: letters after the end are a defect of the caller, and are counted as not written.
var errClosed = errors.New("write dead letters: closed")

// Write writes the letters of one commit, and returns when they would outlast a crash. Every writer is
// tried; the error joins what failed.
func (l *Letters) Write(ctx context.Context, letters []rollup.DeadLetter) error {
	entries := l.limit(letters)
	if len(entries) == 0 {
		return nil
	}
	l.remember(entries)
	err := l.write(ctx, entries)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.err = err
	if err != nil {
		l.failed += uint64(len(letters))
	}
	return err
}

func (l *Letters) write(ctx context.Context, entries []Entry) error {
	l.writing.Lock()
	defer l.writing.Unlock()
	if l.closed {
		return errClosed
	}
	var errs []error
	for _, w := range l.options.Writers {
		if err := w.Write(ctx, entries); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// flood is a partition's letters of one reason.
type flood struct {
	rollup.TopicPartition
	parse.Reason
}

// limit makes entries of letters: the first few of each partition and reason in full, and one for the rest.
func (l *Letters) limit(letters []rollup.DeadLetter) []Entry {
	now := l.options.Now().UTC()
	seen := make(map[flood]int)
	rest := make(map[flood]int) // index of the entry that counts the rest
	entries := make([]Entry, 0, min(len(letters), 2*l.options.PerReason))
	for i := range letters {
		d := &letters[i]
		of := flood{d.TopicPartition, d.Reason}
		seen[of]++
		if seen[of] <= l.options.PerReason {
			entries = append(entries, entryOf(d, now))
			continue
		}
		at, found := rest[of]
		if !found {
			at = len(entries)
			rest[of] = at
			entries = append(entries, Entry{At: now, Topic: d.Topic, Partition: d.Partition, Offset: d.Offset, Reason: d.Reason.String()})
		}
		entries[at].LeftOut++
		entries[at].LastOffset = d.Offset
	}
	return entries
}

func (l *Letters) remember(entries []Entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range entries[max(0, len(entries)-l.options.Keep):] {
		if len(l.recent) < l.options.Keep {
			l.recent = append(l.recent, e)
			continue
		}
		l.recent[l.next] = e
		l.next = (l.next + 1) % l.options.Keep
	}
}

// Recent gives the newest entries, oldest first.
func (l *Letters) Recent() []Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append(append([]Entry{}, l.recent[l.next:]...), l.recent[:l.next]...)
}

// Failed gives the number of letters that at least one writer did not take.
func (l *Letters) Failed() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.failed
}

// Err gives the error of the last Write; nil when it was well. It suits a health check.
func (l *Letters) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// Close closes the writers after the Write under way.
func (l *Letters) Close() error {
	l.writing.Lock()
	defer l.writing.Unlock()
	if l.closed {
		return nil
	}
	l.closed = true
	var errs []error
	for _, w := range l.options.Writers {
		errs = append(errs, w.Close())
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("close the dead letters: %w", err)
	}
	return nil
}
