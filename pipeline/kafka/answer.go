package kafka

import (
	"context"
	"errors"

	"github.com/logproc/logproc/pipeline"
)

// rawAnswer is the answer to a raw fetch: record batches in a pooled buffer.
type rawAnswer struct {
	p        *partition
	buf      *buffer
	set      []byte // what was not handed out yet
	limit    int64  // high watermark: no batch reaches beyond it
	endAt    int64
	floor    int64 // the offset after the batch before
	skipped  int64 // the offset after batches that hold nothing for the caller
	whole    bool  // at least one batch is whole
	cut      bool  // the answer was beyond all bounds and is here only in part
	position position
	txns     txnFilter
}

func newRawAnswer(p *partition, buf *buffer, resp fetchResponse, at position, cut bool) *rawAnswer {
	a := &rawAnswer{p: p, buf: buf, set: resp.records, limit: resp.end, endAt: resp.end, cut: cut, position: scan(resp.records, at)}
	_, _, err := cutBatch(resp.records)
	a.whole = err == nil
	if !p.src.cfg.ReadUncommitted {
		a.endAt = resp.stable
		a.txns.load(resp.aborted)
	}
	return a
}

// scan finds the position after the last whole batch of a record set.
func scan(set []byte, at position) position {
	for {
		batch, rest, err := cutBatch(set)
		if err != nil {
			return at
		}
		if h := parseHeader(batch); h.next() > at.offset {
			at = position{offset: h.next(), lastEpoch: h.leaderEpoch}
		}
		set = rest
	}
}

func (a *rawAnswer) after() position { return a.position }
func (a *rawAnswer) end() int64      { return a.endAt }
func (a *rawAnswer) empty() bool     { return len(a.set) == 0 }
func (a *rawAnswer) drop()           { a.buf.drop() }

// next implements answer.
func (a *rawAnswer) next(ctx context.Context, from int64) (*pipeline.Batch, error) {
	for len(a.set) > 0 {
		batch, rest, err := cutBatch(a.set)
		if errors.Is(err, errCut) && a.whole {
			break // it comes whole with the next fetch
		}
		if err != nil {
			return nil, a.broken(from, err)
		}
		h := parseHeader(batch)
		if err := a.check(&h, batch); err != nil {
			return nil, a.broken(from, err)
		}
		if a.skips(&h, batch[batchHeader:], from) {
			a.set, a.floor, a.skipped = rest, h.next(), h.next()
			continue
		}
		b, err := a.read(ctx, &h, batch[batchHeader:], from)
		if err != nil && ctx.Err() != nil {
			return nil, ctx.Err() // the batch is still here for another call
		}
		if err != nil {
			return nil, a.broken(from, err)
		}
		a.set, a.floor = rest, h.next()
		return b, nil
	}
	a.set = nil
	if a.skipped > from { // nothing but what is left out: the caller can move on all the same
		b := a.p.src.handOut(a.p)
		b.Next = a.skipped
		return &b.Batch, nil
	}
	return nil, nil
}

// racingRecords is how far beyond the high watermark of an answer its records may plausibly lie.
const racingRecords = 1 << 20

// check adds to the batch's own check what can be told of its place: the checksum does not cover it.
func (a *rawAnswer) check(h *header, batch []byte) error {
	if err := h.check(batch, a.p.src.castagnoli); err != nil {
		return err
	}
	// A leader notes the high watermark before it reads, so that records which come just then lie beyond it.
	if h.base < a.floor || a.limit >= 0 && h.last >= a.limit+racingRecords {
		return errBadPlace
	}
	return nil
}

// skips tells whether a batch holds nothing for the caller: a marker, the records of an aborted
// transaction, or only what is below the wanted offset.
func (a *rawAnswer) skips(h *header, payload []byte, from int64) bool {
	if h.control() {
		a.txns.control(h, payload)
		return true
	}
	return a.txns.aborted(h) || h.next() <= from
}

// read hands out a batch's records from an offset on.
func (a *rawAnswer) read(ctx context.Context, h *header, payload []byte, from int64) (*pipeline.Batch, error) {
	b := a.p.src.handOut(a.p)
	b.buf = a.buf
	b.buf.keep()
	if codec := h.attributes & attrCodec; codec != codecNone {
		unpacked, err := a.unpack(ctx, payload, codec)
		b.buf.drop()
		if b.buf = unpacked; err != nil {
			b.Release()
			return nil, err
		}
		payload = unpacked.b
	}
	var err error
	if b.Messages, err = appendRecords(b.Messages, payload, h, from); err != nil {
		b.Release()
		return nil, err
	}
	b.Next = h.next()
	return &b.Batch, nil
}

// unpack gives a batch's records in a buffer of their own that counts for the budget; nil with an error.
func (a *rawAnswer) unpack(ctx context.Context, payload []byte, codec int16) (*buffer, error) {
	src := a.p.src
	u := src.unpacker()
	defer src.unpackers.Put(u)
	guess := u.guess(payload)
	claim, err := src.budget.takeForBatch(ctx, int64(guess), a.p.held.Load() <= 1) // the one being made
	if err != nil {
		return nil, err
	}
	buf := src.buffers.get(guess)
	buf.charge(src.budget, claim)
	if buf.b, err = u.unpack(buf.b, payload, codec); err != nil {
		buf.drop()
		return nil, err
	}
	src.budget.resize(claim, int64(cap(buf.b)))
	return buf, nil
}

// broken tells what is lost with the batch at the beginning of a.set.
func (a *rawAnswer) broken(from int64, err error) error {
	if a.cut && errors.Is(err, errCut) {
		err = errTooLarge
	}
	first := from
	if len(a.set) >= batchHeader && !errors.Is(err, errBadPlace) {
		first = max(from, parseHeader(a.set).base)
	}
	return &corruptError{first: first, last: lastGuess(a.set, first, a.limit), cause: err}
}
