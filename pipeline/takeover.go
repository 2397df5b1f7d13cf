package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/logproc/logproc/internal/backoff"
	"github.com/logproc/logproc/rollup"
)

// takeOver claims the partition in the store and goes to the offset that is stored there. A crash after
// the claim only leaves a fence number unused.
func (w *worker) takeOver(ctx context.Context) error {
	claim, err := w.claim(ctx)
	if err != nil {
		return err
	}
	if claim.Known && w.isOther(claim) {
		w.forget() // of a topic that may not be counted yet
		w.next = w.base
		return w.awaitOperator(ctx, fmt.Errorf("the stored counts of %s are of another topic of that name: %w", w.partition.ID(), ErrTopicChanged))
	}
	return w.goOn(ctx, claim)
}

func (w *worker) claim(ctx context.Context) (rollup.Claim, error) {
	claim, err := retry(ctx, w, "claim", func() (rollup.Claim, error) { return w.cfg.Store.Claim(ctx, w.partition.ID()) })
	w.fence = claim.Fence
	return claim, err
}

// reclaim is what to do when the store has issued a newer claim. Mostly another worker has the partition now, and
// ctx ends as soon as we are told. But it can have been our own claim, which came twice or late, or the store fell
// back and issued our number again: then nobody else works on the partition, so we claim it anew.
func (w *worker) reclaim(ctx context.Context) error {
	err := fmt.Errorf("%s was taken over by another worker", w.partition.ID())
	w.progress.storeTrouble(err, w.cfg.Now())
	if !backoff.Sleep(ctx, reclaimPause-time.Duration(w.cfg.Rand()*float64(reclaimPause/2))) {
		return err
	}
	return w.takeOver(ctx)
}

// reclaimPause is within which a worker that was replaced is told so, with time to spare: a heartbeat to the
// group's coordinator and its answer.
const reclaimPause = 10 * time.Second

// isOther tells whether the stored counts are of a topic that was deleted since.
func (w *worker) isOther(claim rollup.Claim) bool {
	return claim.TopicID != "" && w.partition.TopicID() != "" && claim.TopicID != w.partition.TopicID()
}

// goOn begins where the store says. Where it knows nothing, that is the configured start, or an earlier
// place from which this group has counted into a store that is lost.
func (w *worker) goOn(ctx context.Context, claim rollup.Claim) error {
	copied := w.copied(ctx, claim)
	if claim.Known {
		w.shown = w.progress.highWater(claim.TopicID)
		if w.cfg.has("forget what was shown") {
			w.shown = 0
		}
		if copied.sameStore && copied.topicID == claim.TopicID {
			w.shown = max(w.shown, copied.offset)
		}
		w.note = copyNote{stateID: w.cfg.Store.StateID(), topicID: cmp.Or(claim.TopicID, w.partition.TopicID()), start: claim.Start}.String()
		from, err := w.watchFrom(ctx, claim.Resume)
		if err != nil {
			return err
		}
		w.moveTo(claim.Offset, from, claim.Newest)
		w.known = true
		return nil
	}
	start, err := w.partition.Start(ctx)
	if err != nil {
		return fmt.Errorf("find the start of %s: %w", w.partition.ID(), err)
	}
	if copied.ours && copied.topicID == w.partition.TopicID() && copied.start < start {
		w.cfg.Logger.Warn("the store knows nothing of a partition that this group has counted: it is new, or has lost its content; counting again",
			"partition", w.partition.ID().String(), "from", copied.start, "to", copied.offset)
		start = copied.start
	}
	// The start is stored at once: "latest" must not mean a later place after a crash before the first commit.
	w.shown = w.progress.highWater(w.partition.TopicID())
	w.note = copyNote{stateID: w.cfg.Store.StateID(), topicID: w.partition.TopicID(), start: start}.String()
	from, err := w.watchFrom(ctx, start)
	if err != nil {
		return err
	}
	w.moveTo(start, from, 0)
	w.known = false // only now: what was in the tally until here must not be the first that it hears of the partition
	return w.push(ctx)
}

// copied is what the source's copy of the offset tells of a store that has forgotten.
type copied struct {
	copyNote
	offset          int64
	ours, sameStore bool
}

// copied asks for the copy. That it cannot be had only means that what other replicas have shown may be
// shown again after the store fell back, so that it holds nothing up.
func (w *worker) copied(ctx context.Context, claim rollup.Claim) copied {
	beyond := int64(-1)
	if claim.Known {
		beyond = claim.Offset
	}
	offset, text, ok, err := w.partition.Copied(ctx, beyond)
	if err != nil && ctx.Err() == nil {
		w.cfg.Logger.Warn("cannot read the copy of the offset", "partition", w.partition.ID().String(), "error", err)
	}
	note, ours := parseCopyNote(text)
	if !ok || !ours {
		return copied{}
	}
	same := note.stateID == w.cfg.Store.StateID()
	if same && claim.Known && note.topicID == claim.TopicID {
		w.cfg.Logger.Warn("the store has come back from the past, counting again from there",
			"partition", w.partition.ID().String(), "stored", claim.Offset, "counted", offset)
	}
	return copied{copyNote: note, offset: offset, ours: true, sameStore: same}
}

// copyNote goes with the copy of the offset: which store it stands for, which topic, and where counting began.
type copyNote struct {
	stateID string
	topicID rollup.TopicID
	start   int64
}

const copyNoteFormat = "logproc state=%s topic=%s start=%d"

// String gives what parseCopyNote reads. A topic without an id is written as "-".
func (n copyNote) String() string {
	id := n.topicID
	if id == "" {
		id = "-"
	}
	return fmt.Sprintf(copyNoteFormat, n.stateID, id, n.start)
}

func parseCopyNote(text string) (n copyNote, ok bool) {
	if fields, err := fmt.Sscanf(text, copyNoteFormat, &n.stateID, &n.topicID, &n.start); fields != 3 || err != nil {
		return copyNote{}, false
	}
	if n.topicID == "-" {
		n.topicID = ""
	}
	return n, true
}

// operatorInterval is how often the store is asked whether an operator has decided.
const operatorInterval = 5 * time.Second

// awaitOperator commits what is counted, and waits until somebody has said where to go on (Store.SetOffset).
// The partition is shown as stopped meanwhile.
func (w *worker) awaitOperator(ctx context.Context, cause error) error {
	if w.cfg.Finite {
		return errors.Join(cause, w.drain(ctx))
	}
	cause = fmt.Errorf("%w; its counts stay, and it goes on from offset N after `logproc state accept --topic %s --partition %d --offset N` (0: with all that the topic holds now)",
		cause, w.partition.ID().Topic, w.partition.ID().Partition)
	if w.cfg.UntilEnd {
		return errors.Join(cause, w.drain(ctx))
	}
	if !w.clean() {
		if err := w.push(ctx); err != nil {
			return errors.Join(cause, err)
		}
	}
	w.cfg.Logger.Error("partition stopped", "partition", w.partition.ID().String(), "error", cause)
	w.progress.stop(cause)
	defer w.progress.stop(nil)
	stuck := w.base
	for backoff.Sleep(ctx, operatorInterval) {
		claim, err := w.claim(ctx)
		if err != nil {
			return err
		}
		if !claim.Known || !w.isOther(claim) && (claim.Offset != stuck || claim.TopicID != w.partition.TopicID()) {
			w.cfg.Logger.Warn("partition goes on, as an operator has said", "partition", w.partition.ID().String(), "offset", claim.Offset)
			return w.goOn(ctx, claim)
		}
	}
	return cause
}

// cutBatch cuts a batch in two at an offset. Neither part frees its buffers.
func cutBatch(b *Batch, at int64) (before, after Batch) {
	n := 0
	for n < len(b.Messages) && b.Messages[n].Offset < at {
		n++
	}
	before = Batch{Messages: b.Messages[:n], Next: at, End: b.End}
	after = Batch{Messages: b.Messages[n:], Next: b.Next, End: b.End}
	for _, l := range b.Lost {
		if l.First < at {
			before.Lost = append(before.Lost, rollup.Lost{First: l.First, Last: min(l.Last, at-1), Reason: l.Reason})
		}
		if l.Last >= at {
			after.Lost = append(after.Lost, rollup.Lost{First: max(l.First, at), Last: l.Last, Reason: l.Reason})
		}
	}
	return before, after
}
