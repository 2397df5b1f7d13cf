package kafka

import (
	"fmt"
	"io"
	"testing"

	"github.com/pierrec/lz4/v4"

	"github.com/logproc/logproc/pipeline"
)

// logLines is a batch of about 1 MB of JSON lines that compress like logs do.
func logLines() []rec {
	records := make([]rec, 2400)
	for i := range records {
		records[i] = rec{offset: int32(i), time: int64(i / 7), value: fmt.Appendf(nil,
			`{"lvl":"info","t":"2026-01-31T07:%02d:%02d.%03dZ","msg":"api-sync-done-customer-%d","RequestID":"%08x-%04x","service":"ctrl","env":"anna","duration":%d.%d,"status":200,"host":"node-%d.internal.example","thread":"worker-%d","text":"synchronised %d customers with the upstream service, nothing left to do, next run in %d seconds"}`,
			i/60%60, i%60, i%1000, i%40, i*2654435761, i%65536, i%900, i%10, i%12, i%8, i*7%1000, i%300)}
	}
	return records
}

func BenchmarkDecodeBatch(b *testing.B) {
	records := logLines()
	plain := encodeRecords(records)
	for codec, name := range []string{"none", "gzip", "snappy", "lz4", "zstd"} {
		raw := encodeBatch(0, int16(codec), pack(b, int16(codec), plain), int32(len(records)), int32(len(records)-1), nil)
		b.Run(name, func(b *testing.B) {
			u := newUnpacker(64 << 20)
			var buf []byte
			var messages []pipeline.Message
			b.SetBytes(int64(len(plain)))
			b.ReportAllocs()
			for b.Loop() {
				h := parseHeader(raw)
				if err := h.check(raw, castagnoli); err != nil {
					b.Fatal(err)
				}
				payload := raw[batchHeader:]
				var err error
				if codec != codecNone {
					if cap(buf) == 0 {
						buf = make([]byte, 0, 2<<20)
					}
					if buf, err = u.unpack(buf, payload, int16(codec)); err != nil {
						b.Fatal(err)
					}
					payload = buf
				}
				if messages, err = appendRecords(messages[:0], payload, &h, 0); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(records)), "ns/record")
		})
	}
}

// BenchmarkLZ4 compares the frame reader here with the library's, which checks xxHash sums.
func BenchmarkLZ4(b *testing.B) {
	plain := encodeRecords(logLines())
	packed := pack(b, codecLZ4, plain)
	b.Run("own", func(b *testing.B) {
		dst := make([]byte, 0, 2<<20)
		b.SetBytes(int64(len(plain)))
		for b.Loop() {
			if _, err := appendLZ4(dst, packed, 4<<20); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("library", func(b *testing.B) {
		dst := make([]byte, len(plain))
		r := lz4.NewReader(nil)
		u := newUnpacker(0)
		b.SetBytes(int64(len(plain)))
		for b.Loop() {
			u.input.Reset(packed)
			r.Reset(&u.input)
			if _, err := io.ReadFull(r, dst); err != nil {
				b.Fatal(err)
			}
		}
	})
}
