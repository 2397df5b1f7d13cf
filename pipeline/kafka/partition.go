package kafka

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/logproc/logproc/internal/backoff"
	"github.com/logproc/logproc/pipeline"
	"github.com/logproc/logproc/rollup"
)

// corruptTries is how often a batch that cannot be read is fetched before it is given up: what went
// wrong on the way is right the second time.
const corruptTries = 3

// partition is an assigned partition. It implements pipeline.Partition.
type partition struct {
	src  *Source
	ctx  context.Context // ends when the partition is taken away
	tp   rollup.TopicPartition
	id   topicID
	stop int64 // with UntilEnd, the offset to stop at

	// Of the goroutine that works on it.
	at      position
	reading *reading
	answer  answer
	failed  error // the error that ended the partition
	probed  bool  // an answer was had at a position beyond stop
	corrupt struct {
		first int64
		tries int
	}

	held  atomic.Int64 // batches in the caller's hands
	group *generation  // that it was assigned in; nil in tests without one

	mu       sync.Mutex
	stats    pipeline.PartitionStats
	illSince time.Time
	placed   int // serial of the metadata in use
}

var _ pipeline.Partition = (*partition)(nil)

func (s *Source) newPartition(ctx context.Context, tp rollup.TopicPartition, id topicID, g *generation) *partition {
	p := &partition{src: s, ctx: ctx, tp: tp, id: id, group: g, at: position{lastEpoch: -1}, stop: s.ends[tp]}
	p.stats.End = -1
	p.corrupt.first = -1
	return p
}

func (p *partition) newFetcher() fetcher {
	if p.src.cfg.Plain {
		return &plainFetcher{p: p}
	}
	return &rawFetcher{p: p}
}

// ID implements pipeline.Partition.
func (p *partition) ID() rollup.TopicPartition { return p.tp }

// TopicID implements pipeline.Partition.
func (p *partition) TopicID() rollup.TopicID { return p.id.rollup() }

// Start implements pipeline.Partition.
func (p *partition) Start(ctx context.Context) (int64, error) {
	pause := backoff.Backoff{Rand: p.src.cfg.Rand}
	start := p.src.cfg.Start
	if int(p.tp.Partition) >= p.src.first[p.tp.Topic] {
		start = StartEarliest() // it came while we ran: what it held before we noticed is not from before our time
	}
	for {
		offset, pl, err := p.src.cluster.offsetAt(ctx, p.tp, start.timestamp(), p.serial())
		if err == nil {
			err = pl.checkSame(p.tp, p.id)
		}
		if err == nil {
			p.wellAt(-1)
			return offset, nil
		}
		p.sawSerial(pl.serial)
		if res, _ := p.recover(ctx, &rangeJudge{p: p}, p.at, err); res.err != nil {
			return 0, p.ended(fmt.Errorf("find where to start in %s: %w", p.tp, res.err))
		}
		if !pause.Wait(ctx) {
			return 0, ctx.Err()
		}
	}
}

// MoveTo implements pipeline.Partition.
func (p *partition) MoveTo(offset int64) {
	p.restart(position{offset: offset, lastEpoch: -1})
	p.failed = nil // it was about another place
	p.wellAt(-1)
	p.probed = false
	p.corrupt.first, p.corrupt.tries = -1, 0
}

// restart drops what was read ahead; the next call of Next begins anew.
func (p *partition) restart(at position) {
	if p.answer != nil {
		p.answer.drop()
		p.answer = nil
	}
	if p.reading != nil {
		p.reading.stop()
		p.reading = nil
	}
	p.at = at
}

// close ends the partition's goroutine and gives back what was read ahead. Batches in the caller's hands
// stay valid.
func (p *partition) close() { p.restart(p.at) }

// Next implements pipeline.Partition.
func (p *partition) Next(ctx context.Context) (*pipeline.Batch, error) {
	if p.failed != nil {
		return nil, p.failed
	}
	for {
		if p.atEnd() {
			return nil, io.EOF
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if p.answer == nil {
			b, err := p.receive(ctx)
			if b != nil || err != nil {
				return b, err
			}
			continue
		}
		b, err := p.answer.next(ctx, p.at.offset)
		var corrupt *corruptError
		switch {
		case errors.As(err, &corrupt):
			if b, err = p.retryOrLose(ctx, corrupt); b != nil || err != nil {
				return b, err
			}
		case err != nil:
			return nil, err
		case b == nil:
			p.answer.drop()
			p.answer = nil
		default:
			return p.moveOn(b, p.answer.end()), nil
		}
	}
}

// atEnd tells whether an until-end partition is done. A position beyond the end that was noted may be one
// that the log was cut back from, which only an answer can tell.
func (p *partition) atEnd() bool {
	if !p.src.cfg.UntilEnd {
		return false
	}
	return p.at.offset == p.stop || p.at.offset > p.stop && p.probed
}

// receive waits for the next result of the reading; a batch comes of it only where something was lost.
func (p *partition) receive(ctx context.Context) (*pipeline.Batch, error) {
	if p.reading == nil {
		p.reading = p.startReading(p.at)
	}
	var res result
	select {
	case res = <-p.reading.results:
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-p.ctx.Done():
		return nil, p.ctx.Err()
	}
	switch {
	case res.err != nil:
		p.reading.stop()
		p.reading = nil
		return nil, p.ended(res.err)
	case res.lost != nil:
		return p.lose(*res.lost, p.Stats().End), nil
	}
	p.probed = true
	p.answer = res.answer
	return nil, nil
}

// moveOn makes a batch the caller's.
func (p *partition) moveOn(b *pipeline.Batch, end int64) *pipeline.Batch {
	if p.src.cfg.UntilEnd && p.at.offset < p.stop && b.Next > p.stop {
		// The end was inside of this batch: what came later is not asked for.
		n := len(b.Messages)
		for n > 0 && b.Messages[n-1].Offset >= p.stop {
			n--
		}
		b.Messages, b.Next = b.Messages[:n], p.stop
	}
	b.End = end
	p.at = position{offset: b.Next, lastEpoch: -1}
	if p.corrupt.tries > 0 {
		p.corrupt.first, p.corrupt.tries = -1, 0
		p.setErr(nil)
	}
	return b
}

// lose hands out a batch that only tells of a loss.
func (p *partition) lose(lost rollup.Lost, end int64) *pipeline.Batch {
	b := p.src.handOut(p)
	b.Next, b.Lost = lost.Last+1, []rollup.Lost{lost}
	b.End = end
	p.at = position{offset: b.Next, lastEpoch: -1}
	return &b.Batch
}

// retryOrLose has a batch that cannot be read fetched again, over a new connection, and gives it up in
// the end. One that adjoins a loss is given up at once: it is part of the same damage.
func (p *partition) retryOrLose(ctx context.Context, c *corruptError) (*pipeline.Batch, error) {
	end := p.answer.end()
	if p.corrupt.first != c.first {
		p.corrupt.first, p.corrupt.tries = c.first, 0
	}
	p.corrupt.tries++
	if p.corrupt.tries < corruptTries {
		p.setErr(fmt.Errorf("read %s: %w", p.tp, c))
		p.restart(p.at)
		pause := backoff.Backoff{Rand: p.src.cfg.Rand, Tries: p.corrupt.tries - 1}
		if !pause.Wait(ctx) {
			return nil, ctx.Err()
		}
		return nil, nil
	}
	p.src.cfg.Logger.Error("a batch cannot be read and is passed over", "partition", p.tp.String(),
		"first", c.first, "last", c.last, "error", c.cause)
	p.restart(p.at)
	p.corrupt.first, p.corrupt.tries = c.last+1, corruptTries-1
	p.setErr(nil) // it is booked as lost now
	return p.lose(rollup.Lost{First: c.first, Last: c.last, Reason: rollup.LostCorrupt}, end), nil
}

// ended notes the error that ends this partition. What cannot pass by itself ends the whole source.
func (p *partition) ended(err error) error {
	if p.ctx.Err() != nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	p.failed = err
	p.setErr(err)
	if isFatal(err) {
		p.src.fail(err)
	}
	return err
}

// Committed implements pipeline.Partition.
func (p *partition) Committed(offset int64, note string) {
	p.group.commits.note(p.tp, offset, note)
}

// Copied implements pipeline.Partition: the copy is the group's offset with its metadata. The offset came
// with the assignment, so that only a copy beyond the given offset costs a request.
func (p *partition) Copied(ctx context.Context, beyond int64) (offset int64, note string, ok bool, err error) {
	if p.group.copied(p.tp) <= beyond {
		return 0, "", false, nil
	}
	offset, note, err = p.src.fetchCopy(ctx, p.tp)
	return offset, note, err == nil && offset > beyond, err
}
