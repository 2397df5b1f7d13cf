package kafka

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"github.com/logproc/logproc/pipeline"
)

// Sizes in the format of record batches, version 2.
const (
	batchPrefix = 12 // base offset and length, which the length does not count
	batchHeader = 61 // up to the first record
	crcStart    = 21 // what the checksum covers
	minRecord   = 7  // bytes of the smallest record: its length and six fields of one byte each
)

// Bits of a batch's attributes.
const (
	attrCodec         = 0x07
	attrLogAppendTime = 0x08
	attrTransactional = 0x10
	attrControl       = 0x20
)

// Errors of batches; they never hold any of the content.
var (
	errCut        = errors.New("the batch is cut off")
	errBadLength  = errors.New("the batch has an impossible length")
	errOldFormat  = errors.New("the batch is in a message format from before Kafka 0.11")
	errBadCRC     = errors.New("the batch's checksum is wrong")
	errBadRecords = errors.New("the batch's records are malformed")
	errBadPlace   = errors.New("the batch's offsets do not fit its place in the log")
)

// header is the head of a record batch.
type header struct {
	base          int64 // offset of the first record the batch was made with
	last          int64 // offset of the last one; both may be gone by compaction
	leaderEpoch   int32
	attributes    int16
	baseTimestamp int64 // milliseconds, as the next
	maxTimestamp  int64
	producerID    int64
	count         int32
	crc           uint32
}

func (h *header) control() bool       { return h.attributes&attrControl != 0 }
func (h *header) transactional() bool { return h.attributes&attrTransactional != 0 }

// next is the offset after the batch.
func (h *header) next() int64 { return h.last + 1 }

// cutBatch gives the first batch of a record set and what follows it. It gives errCut when the set ends
// inside of the batch, as a broker cuts it off at the number of bytes that were asked for.
func cutBatch(set []byte) (batch, rest []byte, err error) {
	if len(set) < batchPrefix {
		return nil, set, errCut
	}
	length := int64(int32(binary.BigEndian.Uint32(set[8:])))
	if length < batchHeader-batchPrefix {
		if len(set) > 16 && length > 0 && set[16] < 2 {
			return nil, set, errOldFormat
		}
		return nil, set, errBadLength
	}
	if length > int64(len(set)-batchPrefix) {
		return nil, set, errCut
	}
	n := batchPrefix + int(length)
	if set[16] < 2 {
		return set[:n:n], set[n:], errOldFormat
	}
	return set[:n:n], set[n:], nil
}

// parseHeader reads the head of a batch of at least batchHeader bytes.
func parseHeader(b []byte) header {
	base := int64(binary.BigEndian.Uint64(b))
	return header{
		base:          base,
		leaderEpoch:   int32(binary.BigEndian.Uint32(b[12:])),
		crc:           binary.BigEndian.Uint32(b[17:]),
		attributes:    int16(binary.BigEndian.Uint16(b[21:])),
		last:          base + int64(int32(binary.BigEndian.Uint32(b[23:]))),
		baseTimestamp: int64(binary.BigEndian.Uint64(b[27:])),
		maxTimestamp:  int64(binary.BigEndian.Uint64(b[35:])),
		producerID:    int64(binary.BigEndian.Uint64(b[43:])),
		count:         int32(binary.BigEndian.Uint32(b[57:])),
	}
}

// check tells whether a whole batch is what its producer made.
func (h *header) check(batch []byte, table *crc32.Table) error {
	switch {
	case batch[16] != 2:
		return fmt.Errorf("the batch has the unknown format %d", batch[16])
	case crc32.Checksum(batch[crcStart:], table) != h.crc:
		return errBadCRC
	case h.base < 0 || h.last < h.base || h.count < 0 || int64(h.count) > h.last-h.base+1:
		return errBadRecords
	}
	return nil
}

// lastGuess is the last offset of a batch that cannot be trusted, at least from: as far as the head
// says if that is possible, but not beyond what follows or the log's end.
func lastGuess(set []byte, from, end int64) int64 {
	last := from
	switch {
	case len(set) >= batchHeader && set[16] >= 2:
		// Either of the two fields may be what is damaged. What the smaller one leaves is fetched again.
		h := parseHeader(set)
		last = min(h.last, h.base+int64(max(h.count, 1))-1)
	case len(set) >= 8: // the old formats carry the last offset at this place
		last = int64(binary.BigEndian.Uint64(set))
	}
	if len(set) >= batchPrefix {
		if _, rest, err := cutBatch(set); (err == nil || err == errOldFormat) && len(rest) >= 8 {
			if next := int64(binary.BigEndian.Uint64(rest)); next > from {
				last = min(last, next-1)
			}
		}
	}
	if end > from {
		last = min(last, end-1)
	}
	return max(last, from)
}

// appendRecords appends the records of an unpacked batch at offset from or after to dst. They point
// into payload.
func appendRecords(dst []pipeline.Message, payload []byte, h *header, from int64) ([]pipeline.Message, error) {
	if int64(h.count)*minRecord > int64(len(payload)) {
		return dst, errBadRecords
	}
	width := h.last - h.base
	previous := int64(-1)
	for range h.count {
		size, n := varint(payload)
		if n <= 0 || size < minRecord-1 || size > int64(len(payload)-n) {
			return dst, errBadRecords
		}
		record := payload[n : n+int(size)]
		payload = payload[n+int(size):]
		var m pipeline.Message
		delta, ok := parseRecord(record, h, &m)
		if !ok || delta <= previous || delta > width {
			return dst, errBadRecords
		}
		previous = delta
		if m.Offset >= from {
			dst = append(dst, m)
		}
	}
	if len(payload) > 0 {
		return dst, errBadRecords
	}
	return dst, nil
}

// parseRecord fills m with a record, given without its length, and gives its offset's delta.
func parseRecord(b []byte, h *header, m *pipeline.Message) (delta int64, ok bool) {
	at := 1 // after the attributes, which have no use
	timeDelta, n := varint(b[at:])
	if n <= 0 {
		return 0, false
	}
	at += n
	delta, n = varint(b[at:])
	if n <= 0 {
		return 0, false
	}
	at += n
	if m.Key, at = field(b, at); at < 0 {
		return 0, false
	}
	if m.Value, at = field(b, at); at < 0 {
		return 0, false
	}
	if m.Headers, ok = headers(b[at:]); !ok {
		return 0, false
	}
	m.Offset = h.base + delta
	m.Size = len(m.Value)
	millis := h.baseTimestamp + timeDelta
	if h.attributes&attrLogAppendTime != 0 {
		millis = h.maxTimestamp
	}
	m.Time = nanoseconds(millis)
	return delta, true
}

// nanoseconds turns Kafka's milliseconds into ours: 0 for none, and the nearest that fits for times
// that are more than 292 years away.
func nanoseconds(millis int64) int64 {
	const most = int64(1<<63-1) / 1e6
	switch {
	case millis == -1:
		return 0
	case millis > most:
		return 1<<63 - 1
	case millis < -most:
		return -1 << 63
	}
	return millis * 1e6
}

// field gives the nullable byte string at b[at:] and where it ends, or -1.
func field(b []byte, at int) ([]byte, int) {
	size, n := varint(b[at:])
	if n <= 0 {
		return nil, -1
	}
	at += n
	if size < 0 {
		if size != -1 {
			return nil, -1
		}
		return nil, at
	}
	if size > int64(len(b)-at) {
		return nil, -1
	}
	end := at + int(size)
	return b[at:end:end], end
}

// headers checks a record's headers, which take the rest of it, and gives nil where there are none.
func headers(b []byte) ([]byte, bool) {
	count, at := varint(b)
	if at <= 0 || count < 0 || count > int64(len(b)) {
		return nil, false
	}
	for range count {
		size, n := varint(b[at:])
		if n <= 0 || size < 0 || size > int64(len(b)-at-n) { // a header's name is never null
			return nil, false
		}
		at += n + int(size)
		if _, at = field(b, at); at < 0 {
			return nil, false
		}
	}
	if at != len(b) {
		return nil, false
	}
	if count == 0 {
		return nil, true
	}
	return b, true
}

// varint reads a zig-zag varint and the number of its bytes, or n <= 0 when there is none. Most take
// one or two bytes.
func varint(b []byte) (v int64, n int) {
	if len(b) > 1 {
		if b[0] < 0x80 {
			return int64(b[0]>>1) ^ -int64(b[0]&1), 1
		}
		if b[1] < 0x80 {
			u := uint64(b[0]&0x7f) | uint64(b[1])<<7
			return int64(u>>1) ^ -int64(u&1), 2
		}
	}
	return binary.Varint(b)
}
