package topic

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"

	"github.com/logproc/logproc/internal/backoff"
)

// deliver sends a batch until it is acknowledged, or gives an error that is for good.
func (l *lane) deliver(ctx context.Context, b *batch) error {
	p := l.w.p
	set, err := p.packer.pack(b)
	if err != nil {
		return l.wrap(err)
	}
	defer p.packer.drop(set)
	pauses := backoff.Backoff{Rand: p.o.Random}
	for {
		err := p.send(ctx, l.partition, *set)
		switch {
		case err == nil:
			l.over()
			p.stats.records.Add(int64(b.count))
			p.stats.batches.Add(1)
			p.stats.bytes.Add(int64(len(b.raw)))
			p.stats.sent.Add(int64(len(*set)))
			return nil
		case ctx.Err() != nil:
			return l.wrap(errClosed)
		case tooLarge(err) && b.count > 1:
			return l.deliverHalves(ctx, b)
		case tooLarge(err):
			return l.deliverMarker(ctx, b)
		case badTime(err) && !b.stamped:
			return l.deliverStamped(ctx, b)
		case badTime(err) || !passes(err):
			return l.wrap(advised(err))
		}
		p.stats.retries.Add(1)
		l.note(err)
		if !pauses.Wait(ctx) {
			return l.wrap(errClosed)
		}
	}
}

// deliverHalves sends the records of a batch in two.
func (l *lane) deliverHalves(ctx context.Context, b *batch) error {
	for i, half := range b.split() {
		if err := l.deliver(ctx, half); err != nil {
			return fmt.Errorf("half %d of a batch: %w", i+1, err)
		}
	}
	return nil
}

// deliverMarker sends a marker instead of a record that is too large.
func (l *lane) deliverMarker(ctx context.Context, b *batch) error {
	p := l.w.p
	marker := b.marker()
	if bytes.Equal(marker.raw, b.raw) {
		return l.wrap(errors.New("the broker refuses even a marker of some hundred bytes as too large; check the topic's max.message.bytes"))
	}
	if err := l.deliver(ctx, marker); err != nil {
		return err
	}
	p.stats.withheld.Add(1)
	p.o.Logger.Warn("a record is too large for the redacted topic, a marker stands for it; raise the topic's max.message.bytes",
		"topic", p.o.Topic, "partition", l.partition, "source", string(marker.source()), "bytes", len(b.raw))
	return nil
}

// deliverStamped sends the records of a batch with the time of now, as the topic does not take theirs.
func (l *lane) deliverStamped(ctx context.Context, b *batch) error {
	now := l.w.p.o.Now().UnixMilli()
	l.w.p.o.Logger.Warn("the redacted topic does not take the times of a batch, they become that of now; raise the topic's message.timestamp.before.max.ms and after.max.ms",
		"topic", l.w.p.o.Topic, "partition", l.partition, "source", l.w.name, "records", b.count)
	return l.deliver(ctx, b.restamped(now))
}

// note logs the first of a row of failures.
func (l *lane) note(err error) {
	if l.ill.IsZero() {
		l.ill = l.w.p.o.Now()
		l.w.p.failing.begin(err)
		l.w.p.o.Logger.Warn("cannot write to the redacted topic for now, trying again", "topic", l.w.p.o.Topic, "partition", l.partition,
			"source", l.w.name, "error", err)
	}
}

// over logs that a row of failures has ended.
func (l *lane) over() {
	if !l.ill.IsZero() {
		l.w.p.o.Logger.Info("the redacted topic takes records again", "topic", l.w.p.o.Topic, "partition", l.partition,
			"after", l.w.p.o.Now().Sub(l.ill))
		l.recover()
	}
}

// recover ends a row of failures, one way or another.
func (l *lane) recover() {
	if !l.ill.IsZero() {
		l.ill = time.Time{}
		l.w.p.failing.end()
	}
}

func (l *lane) wrap(err error) error {
	return fmt.Errorf("write %s to topic %s/%d: %w", l.w.name, l.w.p.o.Topic, l.partition, err)
}

// produce sends a record set and gives what the leader says.
func (p *Publisher) produce(ctx context.Context, partition int32, set []byte) error {
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	case <-ctx.Done():
		return ctx.Err()
	}
	answer, err := p.client.RawProduce(ctx, &kafka.RawProduceRequest{Topic: p.o.Topic, Partition: int(partition),
		RequiredAcks: kafka.RequireAll, RawRecords: protocol.RawRecordSet{Reader: bytes.NewReader(set)}})
	if err == nil {
		err = answer.Error
	}
	return plain(err)
}

// plain gives a client's error without the names of its functions, and a broker's without its wording.
func plain(err error) error {
	if code := kafka.Error(0); errors.As(err, &code) {
		return brokerError{code}
	}
	if inner := errors.Unwrap(err); inner != nil && strings.HasPrefix(err.Error(), "kafka.(") {
		return inner
	}
	return err
}

// split gives the records of b in two batches of their own memory.
func (b *batch) split() [2]*batch {
	var halves [2]*batch
	for i := range halves {
		halves[i] = &batch{stamped: b.stamped}
	}
	n := int32(0)
	b.each(func(r *record) {
		halves[min(n/(b.count/2), 1)].add(r)
		n++
	})
	return halves
}

// restamped gives the records of b with another time.
func (b *batch) restamped(millis int64) *batch {
	out := &batch{stamped: true}
	b.each(func(r *record) {
		r.millis = millis
		out.add(r)
	})
	return out
}

// withheldValue is the value of a record that was too large for the broker; its coordinates are in the header.
const withheldValue = `{"msg":"_withheld","lvl":"warning","reason":"too_large_for_topic"}`

// marker gives a batch with what stands for the only record of b: its key, unless that is large too, and
// its coordinates.
func (b *batch) marker() *batch {
	const longKey = 4 << 10
	out := &batch{stamped: b.stamped}
	b.each(func(r *record) {
		m := record{millis: r.millis, value: []byte(withheldValue), source: r.lastHeader()}
		if len(r.key) <= longKey {
			m.key = r.key
		}
		out.add(&m)
	})
	return out
}

// source gives the coordinates of the first record of b.
func (b *batch) source() (source []byte) {
	b.each(func(r *record) {
		if source == nil {
			source = r.lastHeader()
		}
	})
	return source
}

// lastHeader gives the value of the last encoded header, which is always SourceHeader.
func (r *record) lastHeader() (value []byte) {
	rest := r.encoded
	for range r.more {
		size, n := binary.Varint(rest)
		value, rest = cutField(rest[n+int(size):])
	}
	return value
}
