package kafka

import (
	"context"
	"fmt"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/logproc/logproc/rollup"
)

// Times that ListOffsets understands beside milliseconds since 1970.
const (
	timestampLatest   int64 = -1
	timestampEarliest int64 = -2
)

// Isolation levels in requests.
const (
	readUncommitted int8 = 0
	readCommitted   int8 = 1
)

// askOffset asks the leader for the offset at a timestamp; -1 when no record is that young.
func (c *conn) askOffset(tp rollup.TopicPartition, leaderEpoch int32, timestamp int64, isolation int8) (int64, error) {
	version, err := c.version(apiListOffsets, 1, 7)
	if err != nil {
		return 0, err
	}
	flex := version >= 6
	e := c.request(apiListOffsets, version, flex)
	e.int32(-1) // no replica
	if version >= 2 {
		e.int8(isolation)
	}
	e.array(1)
	e.string(tp.Topic)
	e.array(1)
	e.int32(tp.Partition)
	if version >= 4 {
		e.int32(leaderEpoch)
	}
	e.int64(timestamp)
	e.tags()
	e.tags()
	e.tags()
	d, err := c.roundTrip(flex)
	if err != nil {
		return 0, err
	}
	return decodeOffset(&d, version, tp)
}

func decodeOffset(d *decoder, version int16, tp rollup.TopicPartition) (int64, error) {
	if version >= 2 {
		d.int32() // throttled for
	}
	if d.array(8) != 1 || d.string() != tp.Topic || d.array(22) != 1 || d.int32() != tp.Partition {
		return 0, errWire
	}
	code := d.int16()
	d.int64() // the record's time
	offset := d.int64()
	if d.bad {
		return 0, errWire
	}
	return offset, codeError(code, "list offsets of "+tp.String())
}

// bounds are the offsets between which a partition can be read.
type bounds struct {
	start, // of the oldest record
	end int64 // after the newest record, committed or not
}

// leader asks the leader of a partition something over a connection of its own. It is for what happens
// seldom. The place it was asked at is given back, for knowledge newer than that.
func (c *cluster) leader(ctx context.Context, tp rollup.TopicPartition, serial int, f func(*conn, place) error) (place, error) {
	pl, err := c.place(ctx, tp, serial)
	if err != nil {
		return pl, err
	}
	cn, err := c.cfg.dial(ctx, pl.addr)
	if err != nil {
		return pl, err
	}
	defer cn.close()
	defer context.AfterFunc(ctx, cn.close)()
	if err := f(cn, pl); err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return pl, fmt.Errorf("broker %s: %w", pl.addr, err)
	}
	return pl, nil
}

// bounds asks for a partition's bounds by knowledge newer than serial.
func (c *cluster) bounds(ctx context.Context, tp rollup.TopicPartition, serial int) (b bounds, pl place, err error) {
	pl, err = c.leader(ctx, tp, serial, func(cn *conn, pl place) (err error) {
		if b.start, err = cn.askOffset(tp, pl.leaderEpoch, timestampEarliest, readUncommitted); err == nil {
			b.end, err = cn.askOffset(tp, pl.leaderEpoch, timestampLatest, readUncommitted)
		}
		return err
	})
	return b, pl, err
}

// offsetAt resolves a timestamp, giving the end where no record is that young.
func (c *cluster) offsetAt(ctx context.Context, tp rollup.TopicPartition, timestamp int64, serial int) (offset int64, pl place, err error) {
	pl, err = c.leader(ctx, tp, serial, func(cn *conn, pl place) (err error) {
		offset, err = cn.askOffset(tp, pl.leaderEpoch, timestamp, c.cfg.isolation())
		if err == nil && offset < 0 {
			offset, err = cn.askOffset(tp, pl.leaderEpoch, timestampLatest, c.cfg.isolation())
		}
		if err == nil && offset < 0 {
			err = &brokerError{code: kafkago.OffsetNotAvailable, doing: "list offsets of " + tp.String()}
		}
		return err
	})
	return offset, pl, err
}

func (c *Config) isolation() int8 {
	if c.ReadUncommitted {
		return readUncommitted
	}
	return readCommitted
}
