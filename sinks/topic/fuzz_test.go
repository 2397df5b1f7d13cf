package topic_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"hash/crc32"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/sinks/topic"
)

// FuzzRecords: another implementation reads from a batch what was added, also after the broker has refused
// it for its size or its times.
func FuzzRecords(f *testing.F) {
	f.Add([]byte("key"), []byte(`{"msg":"x"}`), []byte("name"), []byte("value"), int64(1769850000e9), int64(5), uint8(0))
	f.Add([]byte(nil), []byte{}, []byte{}, []byte(nil), int64(-1), int64(0), uint8(1))
	f.Add([]byte("k"), []byte("v"), []byte("n"), []byte("v"), int64(0), int64(1<<62), uint8(2))
	f.Fuzz(func(t *testing.T, key, value, name, content []byte, at, offset int64, fault uint8) {
		const n = 5
		var sets [][]byte
		refused := false
		p, err := topic.NewWithout(topic.Options{Topic: "out", Compression: topic.Uncompressed}, 1, func(_ context.Context, _ int32, set []byte) error {
			if err := refusalOf(fault); err != nil && !refused {
				refused = true
				return err
			}
			sets = append(sets, bytes.Clone(set))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		w := p.Writer("in", 0)
		for i := range int64(n) {
			h := []redact.Header{{Name: name, Value: content}}
			if err := w.AddFields(t.Context(), key, value, h, topic.Meta{Offset: offset, Time: at / (i + 1)}); err != nil {
				t.Fatal(err)
			}
		}
		flush(t, w)
		w.Close()
		count := 0
		for _, set := range sets {
			for _, r := range records(t, set) {
				count++
				if !bytes.Equal(r.Key, key) || !bytes.Equal(r.Value, value) || len(r.Headers) != 2 || r.Headers[0].Key != string(name) ||
					!bytes.Equal(r.Headers[0].Value, content) || r.Headers[1].Key != topic.SourceHeader {
					t.Fatalf("record %+v", r)
				}
			}
		}
		if count != n {
			t.Fatalf("%d records, expected %d", count, n)
		}
	})
}

// records reads a record set by franz-go's means.
func records(t *testing.T, set []byte) []kmsg.Record {
	t.Helper()
	if n := binary.BigEndian.Uint32(set); int(n) != len(set)-4 {
		t.Fatalf("the set says %d bytes of %d", n, len(set)-4)
	}
	var b kmsg.RecordBatch
	if err := b.ReadFrom(set[4:]); err != nil {
		t.Fatal(err)
	}
	if sum := crc32.Checksum(set[4+21:], crc32.MakeTable(crc32.Castagnoli)); uint32(b.CRC) != sum {
		t.Fatal("checksum")
	}
	if b.LastOffsetDelta != b.NumRecords-1 || b.Magic != 2 || b.FirstTimestamp > b.MaxTimestamp {
		t.Fatalf("head %+v", b)
	}
	list := make([]kmsg.Record, b.NumRecords)
	rest := b.Records
	for i := range list {
		size, n := binary.Varint(rest)
		if err := list[i].ReadFrom(rest[:n+int(size)]); err != nil {
			t.Fatal(err)
		}
		rest = rest[n+int(size):]
		if list[i].OffsetDelta != int32(i) {
			t.Fatalf("record %d has the number %d", i, list[i].OffsetDelta)
		}
	}
	if len(rest) > 0 {
		t.Fatalf("%d bytes after the records", len(rest))
	}
	return list
}
