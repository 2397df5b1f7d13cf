package kafka

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/logproc/logproc/pipeline"
)

// plainFetcher reads through kafka-go's Conn and Batch.
type plainFetcher struct {
	p    *partition
	conn *kafkago.Conn
	addr string
	stop func() bool
}

// fetch implements fetcher. It reads a whole answer, as kafka-go can do nothing else on the connection
// in the meantime.
func (f *plainFetcher) fetch(ctx context.Context, at position) (answer, error) {
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

func (f *plainFetcher) try(ctx context.Context, at position) (answer, error) {
	if err := f.connect(ctx); err != nil {
		return nil, err
	}
	cfg := f.p.src.cfg
	if _, err := f.conn.Seek(at.offset, kafkago.SeekAbsolute|kafkago.SeekDontCheck); err != nil {
		return nil, err
	}
	if err := f.conn.SetDeadline(time.Now().Add(cfg.MaxWait + requestTimeout)); err != nil {
		return nil, err
	}
	isolation := kafkago.ReadCommitted
	if cfg.ReadUncommitted {
		isolation = kafkago.ReadUncommitted
	}
	batch := f.conn.ReadBatchWith(kafkago.ReadBatchConfig{MinBytes: 1, MaxBytes: cfg.FetchBytes, MaxWait: cfg.MaxWait,
		IsolationLevel: isolation})
	a, err := f.read(ctx, batch, at)
	if err != nil {
		_ = batch.Close()
		return nil, fmt.Errorf("broker %s: %w", f.addr, err)
	}
	// What Close complains of was met by read already; a connection that it has closed gives an error
	// with the next fetch.
	_ = batch.Close()
	return a, nil
}

func (f *plainFetcher) connect(ctx context.Context) error {
	if f.conn != nil {
		return nil
	}
	pl, err := f.p.locate(ctx)
	if err != nil {
		return err
	}
	host, port, err := net.SplitHostPort(pl.addr)
	if err != nil {
		return err
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		return err
	}
	tp := f.p.tp
	conn, err := f.p.src.cfg.dialer().DialPartition(ctx, "tcp", pl.addr, kafkago.Partition{Topic: tp.Topic,
		ID: int(tp.Partition), Leader: kafkago.Broker{Host: host, Port: number}})
	if err != nil {
		return fmt.Errorf("connect to broker %s: %w", pl.addr, err)
	}
	f.conn, f.addr = conn, pl.addr
	f.stop = context.AfterFunc(ctx, func() { _ = conn.Close() })
	return nil
}

func (f *plainFetcher) close() {
	if f.conn != nil {
		f.stop()
		_ = f.conn.Close()
		f.conn = nil
	}
}

// read takes all records of an answer. kafka-go also gives records below the wanted offset, and it
// leaves out without a word a batch that was cut off.
func (f *plainFetcher) read(ctx context.Context, batch *kafkago.Batch, at position) (*plainAnswer, error) {
	a := &plainAnswer{p: f.p, endAt: batch.HighWaterMark(), from: at.offset, position: at}
	var bytes int64
	for {
		m, err := batch.ReadMessage()
		if err == nil {
			if m.Offset >= at.offset {
				a.messages = append(a.messages, message(m))
				bytes += int64(len(m.Key) + len(m.Value))
			}
			continue
		}
		a.position.offset = max(at.offset, batch.Offset())
		if n := len(a.messages); n > 0 {
			a.position.offset = max(a.position.offset, a.messages[n-1].Offset+1)
		}
		if errors.Is(err, io.EOF) || len(a.messages) > 0 && !isNetwork(err) {
			break // a batch that cannot be read comes first the next time
		}
		if err := plainError(err, at); err != nil {
			return nil, err
		}
		a.broken, a.position.offset = err, at.offset+1
		break
	}
	claim, err := f.p.src.budget.takeForAnswer(ctx, bytes)
	if err != nil {
		return nil, err
	}
	a.claim = claim
	return a, nil
}

// plainError gives what to do with an error at the beginning of an answer; nil when it is the batch that
// cannot be read.
func plainError(err error, at position) error {
	var code kafkago.Error
	switch {
	case errors.As(err, &code) && code == kafkago.OffsetOutOfRange:
		return &rangeError{at: at}
	case errors.As(err, &code) && code != kafkago.InvalidMessage, isNetwork(err):
		return err
	}
	return nil
}

func isNetwork(err error) bool {
	var n net.Error
	return errors.As(err, &n) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.ErrClosedPipe) ||
		errors.Is(err, net.ErrClosed) || errors.Is(err, io.ErrNoProgress)
}

func message(m kafkago.Message) pipeline.Message {
	out := pipeline.Message{Offset: m.Offset, Key: m.Key, Value: m.Value, Size: len(m.Value), Headers: encodeHeaders(m.Headers)}
	if !m.Time.IsZero() && m.Time.UnixMilli() != -1 {
		out.Time = nanoseconds(m.Time.UnixMilli())
	}
	return out
}

// plainAnswer is an answer that kafka-go has taken apart.
type plainAnswer struct {
	p        *partition
	messages []pipeline.Message
	endAt    int64
	from     int64
	position position
	broken   error
	claim    *claim
}

func (a *plainAnswer) after() position { return a.position }
func (a *plainAnswer) end() int64      { return a.endAt }
func (a *plainAnswer) empty() bool     { return a.position.offset == a.from }

func (a *plainAnswer) drop() {
	if a.claim != nil {
		a.p.src.budget.release(a.claim)
		a.claim = nil
	}
}

// next implements answer: all of the answer is one batch.
func (a *plainAnswer) next(_ context.Context, from int64) (*pipeline.Batch, error) {
	if a.broken != nil {
		return nil, &corruptError{first: from, last: from, cause: a.broken}
	}
	if a.position.offset <= from {
		return nil, nil
	}
	b := a.p.src.handOut(a.p)
	b.claim, a.claim = a.claim, nil
	for _, m := range a.messages {
		if m.Offset >= from {
			b.Messages = append(b.Messages, m)
		}
	}
	b.Next = a.position.offset
	return &b.Batch, nil
}
