package sim

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/logproc/logproc/pipeline"
	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/rollup"
)

// showing is what the metrics of all processes have shown of one record.
type showing struct {
	by        []int // numbers of the processes
	forgotten bool  // the store has forgotten the record since, so that it is counted, and may be shown, again
	moved     bool  // an operator has had it counted again since
}

// metrics judges what a process shows. It implements pipeline.Metrics.
type metrics struct{ process *process }

// Committed implements pipeline.Metrics.
func (m *metrics) Committed(c *rollup.Commit, _ time.Duration) {
	h := m.process.handle(c.TopicPartition)
	if h.step("before the metrics") != nil {
		return
	}
	m.process.world.do(func() { h.show(c.Base, c.Next) })
	_ = h.step("after the metrics")
}

// Conflict implements pipeline.Metrics.
func (m *metrics) Conflict(rollup.Outcome) {}

// show judges that a range of offsets is shown. What one process has shown it never shows again. Another one may
// where the store has forgotten it, but for what the copy of the offset told it. A store whose clock is behind
// when it falls back issues fences twice: then a worker that was replaced can take the other one's commit of the
// same step for its own, and both show it.
func (h *handle) show(from, to int64) {
	l, w, p := h.log, h.process.world, h.process.number
	if to > l.committed {
		w.violate("process %d shows %s up to %d, the store has only had %d", p, l.tp, to, l.committed)
		return
	}
	if over := int(to) - len(l.shown); over > 0 {
		l.shown = append(l.shown, make([]showing, over)...)
	}
	d := w.server.shard(l.tp)
	late := h.falls != d.falls // the store has fallen back since it took the commit
	for offset := from; offset < to; offset++ {
		s := &l.shown[offset]
		switch {
		case slices.Contains(s.by, p) && !s.moved:
			w.violate("process %d shows %s offset %d for the second time", p, l.tp, offset)
		case len(s.by) > 0 && !s.forgotten && !s.moved && !late && w.server.behind == 0:
			w.violate("process %d shows %s offset %d, which process %d has shown", p, l.tp, offset, s.by[len(s.by)-1])
		case offset < h.guard():
			w.violate("process %d shows %s offset %d, and its group's copy of the offset was %d", p, l.tp, offset, h.guard())
		}
		if len(s.by) > 0 {
			w.see("shown again")
		}
		s.by, s.forgotten, s.moved = append(s.by, p), late, late && d.current.state.Ledger.TopicID == ""
	}
	w.note("process %d shows %s [%d,%d)", p, partitionOf(l.tp), from, to)
}

// forgotten tells that the store does not know a partition's records from an offset on any more.
func (w *world) forgotten(d *shard, offset int64) {
	d.falls++
	l := d.log()
	if n := len(d.current.chapters); n == 0 || d.current.chapters[n-1].log != l {
		offset = 0
	}
	for i := int(offset); i < len(l.shown); i++ {
		l.shown[i].forgotten = true
		if d.current.state.Ledger.TopicID == "" { // from where an operator has decided on
			l.shown[i].moved = true
		}
	}
}

// letters takes dead letters. It implements pipeline.DeadLetters.
type letters struct{ process *process }

var errWriter = errors.New("it is not written")

// Write implements pipeline.DeadLetters.
func (o *letters) Write(_ context.Context, list []rollup.DeadLetter) (err error) {
	h := o.process.handle(list[0].TopicPartition)
	if err := h.step("before the dead letters"); err != nil {
		return err
	}
	w := o.process.world
	fails := chance(h.random, w.plan.outputs) && !w.isCalm()
	w.do(func() {
		if fails {
			w.see("dead letters not written")
			h.log.undeclared, err = true, errWriter
			return
		}
		for _, l := range list {
			h.log.lettered[l.Offset] = true
		}
	})
	return err
}

// publisher takes redacted records. It implements pipeline.Publisher.
type publisher struct{ process *process }

// Writer implements pipeline.Publisher.
func (o *publisher) Writer(tp rollup.TopicPartition) pipeline.RecordWriter {
	return &recordWriter{handle: o.process.handle(tp)}
}

type recordWriter struct {
	handle *handle
	added  []int64
	failed bool
}

// Add implements pipeline.RecordWriter.
func (o *recordWriter) Add(_ context.Context, _ redact.Redacted, offset, _ int64) error {
	w := o.handle.process.world
	if o.failed || chance(o.handle.random, w.plan.outputs/20) && !w.isCalm() {
		return o.fail()
	}
	o.added = append(o.added, offset)
	return nil
}

// Flush implements pipeline.RecordWriter.
func (o *recordWriter) Flush(ctx context.Context) error {
	h := o.handle
	if err := h.step("before a flush"); err != nil {
		return err
	}
	if err := h.pause(ctx, between(h.random, time.Millisecond, 100*time.Millisecond)); err != nil {
		return err
	}
	w := h.process.world
	if w.plan.bug.unacknowledged {
		return nil
	}
	if o.failed || chance(h.random, w.plan.outputs) && !w.isCalm() {
		return o.fail()
	}
	w.do(func() { o.acknowledge(len(o.added)) })
	return h.step("after a flush")
}

// fail acknowledges some of the records, and is of no use any more.
func (o *recordWriter) fail() error {
	w := o.handle.process.world
	w.do(func() {
		if !o.failed {
			o.failed = true
			w.see("redacted records not written")
			o.acknowledge(o.some(o.handle.random))
		}
	})
	return errWriter
}

func (o *recordWriter) some(random *rand.Rand) int { return random.IntN(len(o.added) + 1) }

func (o *recordWriter) acknowledge(n int) {
	for _, offset := range o.added[:n] {
		o.handle.log.published[offset] = true
	}
	o.added = o.added[:0]
}

// Close implements pipeline.RecordWriter.
func (o *recordWriter) Close() {}

// checkOutputs checks that what was committed in [from, c.to) had been written before, as far as it was there.
func (w *world) checkOutputs(c *chapter, from int64) {
	l := c.log
	for offset := from; offset < c.to; offset++ {
		if slices.ContainsFunc(c.lost, func(lost rollup.Lost) bool { return lost.First <= offset && offset <= lost.Last }) {
			continue
		}
		k := l.records[offset].kind
		if w.plan.publishes && (k == whole || k == bad || k == last) && !l.published[offset] {
			w.violate("%s: offset %d is counted, and its redacted record was not acknowledged", l.tp, offset)
		}
		if k == bad && !l.undeclared && !l.lettered[offset] {
			w.violate("%s: offset %d is counted, and its dead letter was not written", l.tp, offset)
		}
	}
}
