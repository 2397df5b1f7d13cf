package kafka

import (
	"context"
	"fmt"
	"time"

	kafkago "github.com/segmentio/kafka-go"
)

// rawFetcher encodes Fetch requests itself and reads the answers into pooled buffers.
type rawFetcher struct {
	p    *partition
	conn *conn
	at   place
	stop func() bool // ends the watch that closes conn when the context ends
}

// fetch implements fetcher.
func (f *rawFetcher) fetch(ctx context.Context, at position) (answer, error) {
	a, err := f.try(ctx, at)
	if err != nil {
		f.close()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, err
	}
	return a, nil
}

func (f *rawFetcher) try(ctx context.Context, at position) (answer, error) {
	if err := f.connect(ctx); err != nil {
		return nil, err
	}
	a, err := f.exchange(ctx, at)
	if err != nil {
		return nil, fmt.Errorf("broker %s: %w", f.at.addr, err)
	}
	return a, nil
}

// connect opens the connection to the leader unless there is one.
func (f *rawFetcher) connect(ctx context.Context) error {
	if f.conn != nil {
		return nil
	}
	pl, err := f.p.locate(ctx)
	if err != nil {
		return err
	}
	cn, err := f.p.src.cfg.dial(ctx, pl.addr)
	if err != nil {
		return err
	}
	f.conn, f.at = cn, pl
	f.stop = context.AfterFunc(ctx, cn.close)
	return nil
}

func (f *rawFetcher) exchange(ctx context.Context, at position) (answer, error) {
	cfg := f.p.src.cfg
	version, err := f.conn.fetchVersion(f.at.id)
	if err != nil {
		return nil, err
	}
	req := fetchRequest{tp: f.p.tp, id: f.at.id, at: at, leaderEpoch: f.at.leaderEpoch,
		maxWait: int32(cfg.MaxWait / time.Millisecond), maxBytes: int32(cfg.FetchBytes), isolation: cfg.isolation()}
	f.conn.encodeFetch(version, &req)
	size, err := f.conn.send(cfg.MaxWait + requestTimeout)
	if err != nil {
		return nil, err
	}
	buf, cut, err := f.receive(ctx, size)
	if err != nil {
		return nil, err
	}
	a, err := f.decode(buf, version, &req, cut)
	if err != nil {
		buf.drop()
		return nil, err
	}
	return a, nil
}

// answerRoom is what an answer takes beside its records.
const answerRoom = 64 << 10

// receive reads an answer of size bytes into a buffer that counts for the budget. Of an answer beyond all
// bounds only the beginning is read, which tells the offsets that are lost with it; cut is then true.
func (f *rawFetcher) receive(ctx context.Context, size int) (buf *buffer, cut bool, err error) {
	src := f.p.src
	if limit := max(src.cfg.MaxBatch, src.cfg.FetchBytes) + answerRoom; size > limit {
		size, cut = answerRoom, true
	}
	claim, err := src.budget.takeForAnswer(ctx, int64(size))
	if err != nil {
		return nil, false, err
	}
	buf = src.buffers.get(size)
	buf.charge(src.budget, claim)
	if err := f.conn.receive(buf.b, requestTimeout); err != nil {
		buf.drop()
		return nil, false, err
	}
	return buf, cut, nil
}

func (f *rawFetcher) decode(buf *buffer, version int16, req *fetchRequest, cut bool) (answer, error) {
	d, err := f.conn.answer(buf.b, version >= 12)
	if err != nil {
		return nil, err
	}
	resp, err := decodeFetch(&d, version, req, cut)
	if cut {
		f.conn.close() // the rest of the answer is still to come; the next fetch connects anew
		defer f.close()
	}
	switch {
	case err != nil:
		return nil, err
	case kafkago.Error(resp.code) == kafkago.OffsetOutOfRange:
		return nil, &rangeError{at: req.at}
	case resp.code != 0:
		return nil, codeError(resp.code, "fetch "+req.tp.String())
	case resp.diverging.found:
		return nil, &divergedError{tp: req.tp, at: req.at, divergence: resp.diverging}
	}
	return newRawAnswer(f.p, buf, resp, req.at, cut), nil
}

// close implements fetcher.
func (f *rawFetcher) close() {
	if f.conn != nil {
		f.stop()
		f.conn.close()
		f.conn = nil
	}
}
