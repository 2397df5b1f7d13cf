package kafka

import (
	"testing"

	"github.com/logproc/logproc/rollup"
)

func FuzzDecodeBatch(f *testing.F) {
	for codec := range int16(6) {
		packed := encodeRecords(sample(5))
		if codec <= codecZstd {
			packed = pack(f, codec, packed)
		}
		f.Add(packed, codec, int32(5), int32(4), int64(2))
	}
	f.Add(pack(f, codecZstd, make([]byte, 1<<20)), int16(codecZstd), int32(1), int32(1), int64(0))
	f.Fuzz(func(t *testing.T, packed []byte, attributes int16, count, last int32, from int64) {
		const max = 256 << 10
		raw := encodeBatch(100, attributes, packed, count, last, nil)
		h, messages, err := decode(raw, from, max)
		if err != nil {
			lastGuess(raw, from, -1)
			return
		}
		previous, size := int64(-1), 0
		for _, m := range messages {
			if m.Offset <= previous || m.Offset < from || m.Offset < h.base || m.Offset > h.last {
				t.Fatalf("offset %d after %d in a batch of %d to %d read from %d", m.Offset, previous, h.base, h.last, from)
			}
			previous = m.Offset
			size += len(m.Key) + len(m.Value) + len(m.Headers)
		}
		if size > max && attributes&attrCodec != codecNone {
			t.Fatalf("%d bytes of records from at most %d", size, max)
		}
		isAbortMarker(packed)
	})
}

func FuzzFetchResponse(f *testing.F) {
	tp := rollup.TopicPartition{Topic: "logs", Partition: 1}
	for version := int16(4); version <= 13; version++ {
		f.Add(encodeFetchAnswer(version, &fetchRequest{tp: tp}, encodeBatch(0, 0, encodeRecords(sample(3)), 3, 2, nil)), version, false)
	}
	f.Add([]byte{0}, int16(12), true)
	f.Fuzz(func(t *testing.T, answer []byte, version int16, cut bool) {
		version = min(max(version, 4), 13)
		d := decoder{b: answer, flex: version >= 12}
		resp, err := decodeFetch(&d, version, &fetchRequest{tp: tp}, cut)
		if err != nil {
			return
		}
		if len(resp.records) > len(answer) || len(resp.aborted) > len(answer)/16 {
			t.Fatalf("%d bytes of records and %d transactions from %d bytes", len(resp.records), len(resp.aborted), len(answer))
		}
		var filter txnFilter
		filter.load(resp.aborted)
		set := resp.records
		for {
			batch, rest, err := cutBatch(set)
			if err != nil {
				lastGuess(set, 0, resp.end)
				break
			}
			h := parseHeader(batch)
			filter.aborted(&h)
			filter.control(&h, batch[batchHeader:])
			set = rest
		}
		scan(resp.records, position{})
	})
}

func FuzzMetadata(f *testing.F) {
	f.Add([]byte{0, 0, 0, 0, 0, 0, 0, 1}, int16(7))
	f.Add([]byte{0, 0, 0, 0, 2, 0, 0, 0, 1, 2, 'h', 0, 0, 0x23, 0x84, 0, 0}, int16(12))
	f.Fuzz(func(t *testing.T, answer []byte, version int16) {
		version = min(max(version, 4), 12)
		d := decoder{b: answer, flex: version >= 9}
		m := decodeMetadata(&d, version)
		if len(m.topics) > len(answer) || len(m.brokers) > len(answer) {
			t.Fatalf("%d topics and %d brokers from %d bytes", len(m.topics), len(m.brokers), len(answer))
		}
		d = decoder{b: answer, flex: version >= 6}
		_, _ = decodeOffset(&d, min(version, 7), rollup.TopicPartition{})
	})
}

// encodeFetchAnswer is the broker's side, for one partition.
func encodeFetchAnswer(version int16, r *fetchRequest, records []byte) []byte {
	e := &encoder{flex: version >= 12}
	e.int32(0)
	if version >= 7 {
		e.int16(0)
		e.int32(0)
	}
	e.array(1)
	if version >= 13 {
		e.uuid(r.id)
	} else {
		e.string(r.tp.Topic)
	}
	e.array(1)
	e.int32(r.tp.Partition)
	e.int16(0)
	e.int64(100)
	e.int64(90)
	if version >= 5 {
		e.int64(0)
	}
	e.array(1)
	e.int64(7)
	e.int64(1)
	e.tags()
	if version >= 11 {
		e.int32(-1)
	}
	e.bytes(records)
	e.tags()
	e.tags()
	e.tags()
	return e.b
}
