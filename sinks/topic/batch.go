package topic

import (
	"encoding/binary"
	"hash/crc32"
	"math/bits"
	"slices"

	"github.com/logproc/logproc/redact"
)

// batch is records as they stand in a v2 record batch, before compression.
type batch struct {
	raw   []byte
	count int32
	base  int64 // the first record's time in milliseconds, from which the others' are counted
	max   int64 // the newest record's
	claim int64 // the room it holds
	// stamped says that the records have got their time here, so that another refusal is for good.
	stamped bool
}

// record is a record's fields, as slices of somebody else's bytes.
type record struct {
	millis     int64
	key, value []byte
	headers    []redact.Header
	encoded    []byte // more headers, in the form of a record, without their number
	more       int    // the number of headers in encoded
	source     []byte // value of the header SourceHeader; nil for none
}

// add appends a record.
func (b *batch) add(r *record) {
	if b.count == 0 {
		b.base, b.max = r.millis, r.millis
	}
	b.max = max(b.max, r.millis)
	delta, count := r.millis-b.base, r.more+len(r.headers)
	if r.source != nil {
		count++
	}
	size := 1 + varintSize(delta) + varintSize(int64(b.count)) + fieldSize(r.key) + fieldSize(r.value) + varintSize(int64(count)) + len(r.encoded)
	for i := range r.headers {
		size += varintSize(int64(len(r.headers[i].Name))) + len(r.headers[i].Name) + fieldSize(r.headers[i].Value)
	}
	if r.source != nil {
		size += 1 + len(SourceHeader) + fieldSize(r.source)
	}
	raw := slices.Grow(b.raw, size+binary.MaxVarintLen64)
	raw = binary.AppendVarint(raw, int64(size))
	raw = append(raw, 0) // no attributes
	raw = binary.AppendVarint(raw, delta)
	raw = binary.AppendVarint(raw, int64(b.count))
	raw = appendField(raw, r.key)
	raw = appendField(raw, r.value)
	raw = binary.AppendVarint(raw, int64(count))
	raw = append(raw, r.encoded...)
	for i := range r.headers {
		raw = binary.AppendVarint(raw, int64(len(r.headers[i].Name)))
		raw = append(raw, r.headers[i].Name...)
		raw = appendField(raw, r.headers[i].Value)
	}
	if r.source != nil {
		raw = append(raw, 2*byte(len(SourceHeader))) // as a varint
		raw = append(raw, SourceHeader...)
		raw = appendField(raw, r.source)
	}
	b.raw = raw
	b.count++
}

// each calls f for the records of b in order. Their bytes are those of b.
func (b *batch) each(f func(r *record)) {
	var r record
	for raw := b.raw; len(raw) > 0; {
		size, n := binary.Varint(raw)
		rest := raw[n+1 : n+int(size)]
		raw = raw[n+int(size):]
		delta, n := binary.Varint(rest)
		rest = rest[n:]
		_, n = binary.Varint(rest)
		rest = rest[n:]
		r.key, rest = cutField(rest)
		r.value, rest = cutField(rest)
		count, n := binary.Varint(rest)
		r.millis, r.more, r.encoded = b.base+delta, int(count), rest[n:]
		f(&r)
	}
}

// appendField appends a nullable byte string.
func appendField(dst, field []byte) []byte {
	if field == nil {
		return append(dst, 1) // -1
	}
	return append(binary.AppendVarint(dst, int64(len(field))), field...)
}

func cutField(b []byte) (field, rest []byte) {
	size, n := binary.Varint(b)
	if size < 0 {
		return nil, b[n:]
	}
	end := n + int(size)
	return b[n:end:end], b[end:]
}

func fieldSize(field []byte) int {
	if field == nil {
		return 1
	}
	return varintSize(int64(len(field))) + len(field)
}

// varintSize is the number of bytes of a zig-zag varint.
func varintSize(v int64) int {
	return (bits.Len64(uint64(v<<1)^uint64(v>>63)|1) + 6) / 7
}

// Sizes in a record set as a request carries it: its length, then one batch.
const (
	setPrefix   = 4
	batchHeader = 61
	crcStart    = 21 // in the batch: what the checksum covers
)

// castagnoli is what batches are summed with.
func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

// finish fills in the head of a record set that holds the packed records of b.
func (b *batch) finish(set []byte, codec Compression, table *crc32.Table) {
	binary.BigEndian.PutUint32(set, uint32(len(set)-setPrefix))
	h := set[setPrefix:]
	binary.BigEndian.PutUint64(h, 0) // the broker numbers the records
	binary.BigEndian.PutUint32(h[8:], uint32(len(h)-12))
	binary.BigEndian.PutUint32(h[12:], 0xffffffff) // leader epoch: the broker's too
	h[16] = 2                                      // the format
	binary.BigEndian.PutUint16(h[21:], codec.number())
	binary.BigEndian.PutUint32(h[23:], uint32(b.count-1))
	binary.BigEndian.PutUint64(h[27:], uint64(b.base))
	binary.BigEndian.PutUint64(h[35:], uint64(b.max))
	for i := 43; i < 57; i++ {
		h[i] = 0xff // no producer id, epoch and sequence
	}
	binary.BigEndian.PutUint32(h[57:], uint32(b.count))
	binary.BigEndian.PutUint32(h[17:], crc32.Checksum(h[crcStart:], table))
}
