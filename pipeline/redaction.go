package pipeline

import (
	"context"
	"encoding/binary"

	"github.com/logproc/logproc/internal/backoff"
	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/redact/keyring"
	"github.com/logproc/logproc/rollup"
)

// Redaction is the policy that is in force, and the keys of its pseudonyms; without keys pseudonyms become
// markers. It is replaced as a whole.
type Redaction struct {
	Policy *redact.Policy
	Keys   *keyring.Keyring
}

// SetRedaction puts a policy in force. Every worker commits what it has counted under the old one first.
func (p *Pipeline) SetRedaction(r Redaction) { p.redaction.Store(&r) }

// Publisher takes every record in redacted form, at least once: a record is counted only after it was
// acknowledged, and after a crash the same source coordinates can come again.
type Publisher interface {
	// Writer gives a writer for the records of one partition. It is used by one goroutine, which closes it.
	Writer(tp rollup.TopicPartition) RecordWriter
}

// RecordWriter writes the records of one partition.
type RecordWriter interface {
	// Add takes a copy of a record, whose offset and time (Unix nanoseconds, 0 for none) are its source's.
	// It waits while too much is under way. After an error the writer is of no use any more, and what was
	// added since the last Flush has to be added again to another one.
	Add(ctx context.Context, r redact.Redacted, offset, time int64) error
	// Flush returns when all that was added is acknowledged. Its errors are as those of Add, but for the
	// context's, after which it can be called again.
	Flush(ctx context.Context) error
	Close()
}

// redactWith makes the worker's redactor and everything that remembers what the last one has said.
func (w *worker) redactWith(r *Redaction) {
	w.redaction = r
	w.redactor = redact.NewRedactor(r.Policy, r.Keys, redact.Options{Output: redact.Topic})
	w.observer = nil
	if observed := r.Policy.Observed(); observed != nil {
		w.observer = redact.NewRedactor(observed, r.Keys, redact.Options{Output: redact.Topic})
	}
	w.observeWith(r)
	newest := int64(0)
	if w.tally != nil {
		newest = w.tally.newest
	}
	w.tally = newTally(w.cfg.Naming, w.budget, w.redactor, w.cfg.Horizon)
	w.tally.policy = r.Policy
	w.tally.newest = newest
}

// changeRedaction follows a new policy between two batches.
func (w *worker) changeRedaction(ctx context.Context) error {
	r := w.Pipeline.redaction.Load()
	if r == w.redaction {
		return nil
	}
	if !w.clean() {
		if err := w.push(ctx); err != nil {
			return err
		}
	}
	w.redactWith(r)
	return nil
}

// recoverOutput goes back to the stored offset with a new writer, after the old one has failed. What is
// read again may be in the topic twice, with the same coordinates.
func (w *worker) recoverOutput(ctx context.Context, err error) error {
	if w.outTries == 0 {
		w.cfg.Logger.Error("redacted records not written, reading them again", "partition", w.partition.ID().String(), "error", err)
	}
	w.progress.storeTrouble(err, w.cfg.Now())
	if !backoff.Sleep(ctx, w.backoff(w.outTries)) {
		return err
	}
	w.outTries++
	w.out.Close()
	w.out, w.outErr = w.cfg.Publisher.Writer(w.partition.ID()), nil
	return w.takeOver(ctx)
}

// appendHeaders decodes the headers of a v2 record, which the source has checked: their number, then name
// and value each with its length, where -1 is no value.
func appendHeaders(dst []redact.Header, b []byte) []redact.Header {
	if len(b) == 0 {
		return dst
	}
	n, size := binary.Varint(b)
	if size <= 0 {
		return dst
	}
	for b = b[size:]; n > 0; n-- {
		name, rest, ok := cutHeaderField(b)
		value, after, ok2 := cutHeaderField(rest)
		if !ok || !ok2 {
			return dst
		}
		dst = append(dst, redact.Header{Name: name, Value: value})
		b = after
	}
	return dst
}

func cutHeaderField(b []byte) (field, rest []byte, ok bool) {
	n, size := binary.Varint(b)
	if size <= 0 || n > int64(len(b)-size) {
		return nil, nil, false
	}
	if n < 0 {
		return nil, b[size:], true
	}
	return b[size : size+int(n)], b[size+int(n):], true
}

// redactions puts what the redactor did since the last commit into c.
func (w *worker) redactions(c *rollup.Commit) {
	c.Redactions, c.Observed, c.Withheld = c.Redactions[:0], c.Observed[:0], c.Withheld[:0]
	hits := w.redactor.Hits()
	c.Redactions = appendHits(c.Redactions, w.redaction.Policy, hits)
	if w.observer != nil {
		c.Observed = appendHits(c.Observed, w.redaction.Policy.Observed(), w.observer.Hits())
	}
	for reason, n := range hits.Withheld {
		if n > 0 {
			c.Withheld = append(c.Withheld, rollup.Withheld{Reason: redact.Limit(reason).String(), N: n})
		}
	}
}

func appendHits(dst []rollup.Redaction, p *redact.Policy, hits *redact.Hits) []rollup.Redaction {
	for _, h := range hits.List() {
		dst = append(dst, rollup.Redaction{Rule: p.RuleName(h.Rule), Field: h.Field, Operator: h.Operator.String(), N: h.N})
	}
	return dst
}
