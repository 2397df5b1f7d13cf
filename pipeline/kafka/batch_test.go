package kafka

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/logproc/logproc/pipeline"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// rec is a record to encode, by deltas.
type rec struct {
	offset     int32
	time       int64
	key, value []byte
	headers    []kmsg.Header
}

// encodeRecords is franz-go's encoding of records.
func encodeRecords(records []rec) []byte {
	var out []byte
	for _, r := range records {
		k := kmsg.Record{TimestampDelta64: r.time, OffsetDelta: r.offset, Key: r.key, Value: r.value, Headers: r.headers}
		body := k.AppendTo(nil)[1:] // its length is 0 so far, which takes one byte
		k.Length = int32(len(body))
		out = k.AppendTo(out)
	}
	return out
}

// encodeBatch makes a batch of packed records; change may alter its head before it gets its checksum.
func encodeBatch(base int64, codec int16, packed []byte, count, last int32, change func(*kmsg.RecordBatch)) []byte {
	b := kmsg.RecordBatch{FirstOffset: base, Length: int32(batchHeader - batchPrefix + len(packed)), PartitionLeaderEpoch: 3, Magic: 2,
		Attributes: codec, LastOffsetDelta: last, FirstTimestamp: 1000, MaxTimestamp: 5000, ProducerID: 7, NumRecords: count, Records: packed}
	if change != nil {
		change(&b)
	}
	raw := b.AppendTo(nil)
	binary.BigEndian.PutUint32(raw[17:], crc32.Checksum(raw[crcStart:], castagnoli))
	return raw
}

// sample has n records with some of everything.
func sample(n int) []rec {
	records := make([]rec, n)
	for i := range records {
		records[i] = rec{offset: int32(i), time: int64(i), key: fmt.Appendf(nil, "key-%d", i),
			value: fmt.Appendf(nil, `{"msg":"api-sync-fail","n":%d,"text":"%s"}`, i, strings.Repeat("lorem ", 50))}
		switch i % 4 {
		case 1:
			records[i].key = nil
		case 2:
			records[i].value = nil
		case 3:
			records[i].headers = []kmsg.Header{{Key: "a", Value: []byte("1")}, {Key: "", Value: nil}}
		}
	}
	return records
}

// pack compresses as producers do.
func pack(t testing.TB, codec int16, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	var err error
	switch codec {
	case codecNone:
		return data
	case codecGzip:
		w := gzip.NewWriter(&b)
		_, err = w.Write(data)
		err = errors.Join(err, w.Close())
	case codecSnappy:
		return s2.EncodeSnappy(nil, data)
	case codecLZ4:
		w := lz4.NewWriter(&b)
		_, err = w.Write(data)
		err = errors.Join(err, w.Close())
	case codecZstd:
		w, failed := zstd.NewWriter(&b)
		if failed != nil {
			t.Fatal(failed)
		}
		_, err = w.Write(data)
		err = errors.Join(err, w.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// decode reads a whole batch as an answer does.
func decode(raw []byte, from int64, max int) (header, []pipeline.Message, error) {
	batch, _, err := cutBatch(raw)
	if err != nil {
		return header{}, nil, err
	}
	h := parseHeader(batch)
	if err := h.check(batch, castagnoli); err != nil {
		return h, nil, err
	}
	payload := batch[batchHeader:]
	if codec := h.attributes & attrCodec; codec != codecNone {
		if payload, err = newUnpacker(max).unpack(nil, payload, codec); err != nil {
			return h, nil, err
		}
	}
	messages, err := appendRecords(nil, payload, &h, from)
	return h, messages, err
}

func TestDecodeBatch(t *testing.T) {
	records := sample(100)
	for codec, name := range []string{"none", "gzip", "snappy", "lz4", "zstd"} {
		t.Run(name, func(t *testing.T) {
			raw := encodeBatch(500, int16(codec), pack(t, int16(codec), encodeRecords(records)), 100, 99, nil)
			h, got, err := decode(raw, 540, 1<<20)
			if err != nil {
				t.Fatal(err)
			}
			if h.base != 500 || h.next() != 600 || h.leaderEpoch != 3 || h.producerID != 7 || len(got) != 60 {
				t.Fatalf("header %+v, %d records", h, len(got))
			}
			for i, m := range got {
				want := records[40+i]
				if m.Offset != int64(540+i) || m.Time != (1000+want.time)*1e6 || !bytes.Equal(m.Key, want.key) || !bytes.Equal(m.Value, want.value) ||
					(m.Key == nil) != (want.key == nil) || (m.Value == nil) != (want.value == nil) || m.Size != len(want.value) ||
					(m.Headers == nil) != (want.headers == nil) {
					t.Fatalf("record %d: got %+v, want %+v", i, m, want)
				}
			}
		})
	}
}

func TestLogAppendTime(t *testing.T) {
	raw := encodeBatch(0, attrLogAppendTime, encodeRecords(sample(2)), 2, 1, nil)
	_, got, err := decode(raw, 0, 1<<20)
	if err != nil || got[0].Time != 5000e6 || got[1].Time != 5000e6 {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestCompactedBatch(t *testing.T) {
	raw := encodeBatch(10, 0, encodeRecords([]rec{{offset: 3}, {offset: 8}}), 2, 20, nil)
	h, got, err := decode(raw, 0, 1<<20)
	if err != nil || len(got) != 2 || got[0].Offset != 13 || got[1].Offset != 18 || h.next() != 31 {
		t.Errorf("got %+v, next %d, %v", got, h.next(), err)
	}
}

// TestMalformed: each of these is an error, and none a panic.
func TestMalformed(t *testing.T) {
	good := encodeRecords(sample(4))
	damaged := func(at int, value byte) []byte {
		b := bytes.Clone(good)
		b[at] = value
		return b
	}
	whole := encodeBatch(0, 0, good, 4, 3, nil)
	for name, c := range map[string]struct {
		raw  []byte
		want error
	}{
		"cut off":            {whole[:len(whole)-1], errCut},
		"cut in the head":    {whole[:30], errCut},
		"no bytes":           {nil, errCut},
		"length too small":   {append(append([]byte{}, whole[:8]...), append([]byte{0, 0, 0, 9}, whole[12:]...)...), errBadLength},
		"negative length":    {append(append([]byte{}, whole[:8]...), append([]byte{0xff, 0, 0, 9}, whole[12:]...)...), errBadLength},
		"old format":         {encodeBatch(0, 0, good, 4, 3, func(b *kmsg.RecordBatch) { b.Magic = 1 }), errOldFormat},
		"bad checksum":       {append(bytes.Clone(whole[:len(whole)-1]), whole[len(whole)-1]^1), errBadCRC},
		"too many records":   {encodeBatch(0, 0, good, 1<<30, 1<<30, nil), errBadRecords},
		"negative count":     {encodeBatch(0, 0, good, -1, 3, nil), errBadRecords},
		"too few records":    {encodeBatch(0, 0, good, 3, 3, nil), errBadRecords},
		"offsets run out":    {encodeBatch(0, 0, encodeRecords([]rec{{offset: 9}}), 1, 3, nil), errBadRecords},
		"offsets repeat":     {encodeBatch(0, 0, encodeRecords([]rec{{offset: 1}, {offset: 1}}), 2, 3, nil), errBadRecords},
		"negative offset":    {encodeBatch(0, 0, encodeRecords([]rec{{offset: -1}}), 1, 3, nil), errBadRecords},
		"negative last":      {encodeBatch(5, 0, good, 4, -2, nil), errBadRecords},
		"record too long":    {encodeBatch(0, 0, damaged(1, 0x7f), 4, 3, nil), errBadRecords},
		"lz4 garbage":        {encodeBatch(0, codecLZ4, good, 4, 3, nil), errPacked},
		"snappy garbage":     {encodeBatch(0, codecSnappy, []byte("\x10garbage"), 4, 3, nil), errPacked},
		"gzip garbage":       {encodeBatch(0, codecGzip, good, 4, 3, nil), errPacked},
		"zstd garbage":       {encodeBatch(0, codecZstd, good, 4, 3, nil), errPacked},
		"unknown codec":      {encodeBatch(0, 6, good, 4, 3, nil), nil},
		"gzip bomb":          {encodeBatch(0, codecGzip, pack(t, codecGzip, make([]byte, 4<<20)), 4, 3, nil), errTooLarge},
		"snappy bomb":        {encodeBatch(0, codecSnappy, pack(t, codecSnappy, make([]byte, 4<<20)), 4, 3, nil), errTooLarge},
		"lz4 bomb":           {encodeBatch(0, codecLZ4, pack(t, codecLZ4, make([]byte, 4<<20)), 4, 3, nil), errTooLarge},
		"zstd bomb":          {encodeBatch(0, codecZstd, pack(t, codecZstd, make([]byte, 4<<20)), 4, 3, nil), errTooLarge},
		"xerial cut":         {encodeBatch(0, codecSnappy, append([]byte(xerialMagic+"\x00\x00\x00\x01\x00\x00\x00\x01"), 0, 0, 9, 9, 1), 4, 3, nil), errPacked},
		"headers run out":    {encodeBatch(0, 0, []byte{16, 0, 0, 0, 1, 1, 4, 2, 'a'}, 1, 0, nil), errBadRecords},
		"value below minus1": {encodeBatch(0, 0, []byte{12, 0, 0, 0, 1, 3, 0}, 1, 0, nil), errBadRecords},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := decode(c.raw, 0, 1<<20)
			if err == nil || c.want != nil && !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestXerialFraming(t *testing.T) {
	data := encodeRecords(sample(50))
	framed := []byte(xerialMagic + "\x00\x00\x00\x01\x00\x00\x00\x01")
	for part := range bytes.SplitSeq(data, []byte("lorem")) { // blocks of any size
		if len(part) == 0 {
			continue
		}
		block := s2.EncodeSnappy(nil, part)
		framed = append(binary.BigEndian.AppendUint32(framed, uint32(len(block))), block...)
	}
	got, err := newUnpacker(1<<20).unpack(nil, framed, codecSnappy)
	if err != nil || string(got) != strings.ReplaceAll(string(data), "lorem", "") {
		t.Errorf("got %d bytes, %v", len(got), err)
	}
}

func TestLZ4Forms(t *testing.T) {
	data := bytes.Repeat(encodeRecords(sample(200)), 8)
	for name, options := range map[string][]lz4.Option{
		"64 KiB blocks": {lz4.BlockSizeOption(lz4.Block64Kb)},
		"4 MiB blocks":  {lz4.BlockSizeOption(lz4.Block4Mb)},
		"all sums":      {lz4.BlockChecksumOption(true), lz4.ChecksumOption(true), lz4.SizeOption(uint64(len(data)))},
		"no sums":       {lz4.ChecksumOption(false)},
		"best":          {lz4.CompressionLevelOption(lz4.Level9)},
	} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			w := lz4.NewWriter(&b)
			for range 2 { // two frames after each other
				w.Reset(&b)
				applied := w.Apply(options...)
				_, err := w.Write(data)
				if err := errors.Join(applied, err, w.Close()); err != nil {
					t.Fatal(err)
				}
			}
			for _, room := range []int{0, 100, len(data), 3 * len(data)} {
				got, err := newUnpacker(4<<20).unpack(make([]byte, 0, room), b.Bytes(), codecLZ4)
				if err != nil || !bytes.Equal(got, bytes.Repeat(data, 2)) {
					t.Errorf("into %d bytes: got %d of %d bytes, %v", room, len(got), 2*len(data), err)
				}
			}
		})
	}
}

// TestLZ4LinkedBlocks: blocks that look back at the ones before, as other encoders make them.
func TestLZ4LinkedBlocks(t *testing.T) {
	data := encodeRecords(sample(400))
	frame := []byte{0x04, 0x22, 0x4d, 0x18, 0x40, 0x40, 0xc0} // linked, 64 KiB, a header sum that nobody checks
	for rest := data; len(rest) > 0; {
		n := min(len(rest), 64<<10)
		frame = append(binary.LittleEndian.AppendUint32(frame, uint32(n)|lz4Stored), rest[:n]...)
		rest = rest[n:]
	}
	// A match that reaches back into the stored block before it: 4 literals, then 100 bytes from 1,000 bytes ago, then the end.
	block := []byte{0x4f, 'a', 'b', 'c', 'd', 0xe8, 0x03, 100 - 19, 0x50, 'e', 'f', 'g', 'h', 'i'}
	frame = append(binary.LittleEndian.AppendUint32(frame, uint32(len(block))), block...)
	frame = append(frame, 0, 0, 0, 0)
	want := append(bytes.Clone(data), "abcd"...)
	want = append(append(want, want[len(want)-1000:len(want)-900]...), "efghi"...)
	got, err := newUnpacker(4<<20).unpack(nil, frame, codecLZ4)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("got %d of %d bytes, %v", len(got), len(want), err)
	}
}

func TestLastGuess(t *testing.T) {
	a := encodeBatch(10, 0, encodeRecords(sample(5)), 5, 4, nil)
	b := encodeBatch(15, 0, encodeRecords(sample(5)), 5, 4, nil)
	wild := encodeBatch(10, 0, encodeRecords(sample(5)), 5, 1<<20, nil)
	for name, c := range map[string]struct {
		set            []byte
		from, end, out int64
	}{
		"its own head":       {a, 12, 100, 14},
		"followed by other":  {append(bytes.Clone(wild), b...), 10, 100, 14},
		"bounded by count":   {wild, 10, 30, 14},
		"bounded by the end": {wild, 10, 13, 12},
		"nothing to go by":   {[]byte{1, 2}, 10, 30, 10},
		"below from":         {a, 50, 100, 50},
	} {
		if got := lastGuess(c.set, c.from, c.end); got != c.out {
			t.Errorf("%s: got %d, want %d", name, got, c.out)
		}
	}
}
