package topic_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/logproc/logproc/internal/testbroker"
	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/sinks/topic"
)

// TestKeysAreSpreadAsByKafka compares with franz-go's default, which is that of the Java client.
func TestKeysAreSpreadAsByKafka(t *testing.T) {
	for _, n := range []int{1, 3, 12, 100} {
		java := kgo.StickyKeyPartitioner(nil).ForTopic("t")
		for i := range 200 {
			key := []byte(strings.Repeat("k", i%9) + fmt.Sprint(i))
			want := java.Partition(&kgo.Record{Key: key}, n)
			if got := topic.ByKey.Target(0, key, int32(n), 0); int(got) != want {
				t.Errorf("%s of %d: %d, want %d", key, n, got, want)
			}
		}
	}
}

func TestTarget(t *testing.T) {
	key := []byte("k")
	byKey := topic.ByKey.Target(0, key, 4, 0)
	for _, c := range []struct {
		p          topic.Partitioning
		from       int32
		key        []byte
		turn, want int32
	}{
		{topic.Keep, 3, key, 1, 3},
		{topic.Keep, 3, nil, 1, 3},
		{topic.Keep, 9, key, 1, byKey},
		{topic.Keep, 9, nil, 2, 1},
		{topic.ByKey, 3, key, 2, byKey},
		{topic.ByKey, 3, nil, 2, 2},
		{topic.RoundRobin, 3, key, 2, 2},
	} {
		if got := c.p.Target(c.from, c.key, 4, c.turn); got != c.want {
			t.Errorf("%s of %d, key %q: %d, want %d", c.p, c.from, c.key, got, c.want)
		}
	}
}

// TestPartitioning: whatever the way, nothing is lost and each key's records stay in order.
func TestPartitioning(t *testing.T) {
	for _, way := range []topic.Partitioning{topic.Keep, topic.ByKey, topic.RoundRobin} {
		f := start(t, 2, topic.Options{Partitioning: way, BatchBytes: 1 << 10}, testbroker.Options{})
		w := f.writer(t, 2) // beyond the topic's partitions
		for i := range int64(300) {
			add(t, w, fmt.Sprint("key", i%5), fmt.Sprint(i), i)
		}
		flush(t, w)
		got := f.read(t, 300)
		if len(got) != 2 {
			t.Errorf("%s: %d partitions are used", way, len(got))
		}
		last := map[string]int{}
		for _, records := range got {
			for _, r := range records {
				var at int
				_, _ = fmt.Sscan(string(r.Value), &at)
				name := string(r.Key)
				if way == topic.RoundRobin {
					name = fmt.Sprint(r.Partition)
				}
				if before, ok := last[name]; ok && at < before {
					t.Errorf("%s: %d comes after %d", way, at, before)
				}
				last[name] = at
			}
		}
	}
}

func TestWords(t *testing.T) {
	for _, word := range []string{"keep", "key", "round-robin"} {
		var p topic.Partitioning
		if err := p.UnmarshalText([]byte(word)); err != nil || p.String() != word {
			t.Errorf("%s: %v, %v", word, p, err)
		}
	}
	for _, word := range []string{"zstd", "lz4", "snappy", "gzip", "none"} {
		var c topic.Compression
		if err := c.UnmarshalText([]byte(word)); err != nil || c.String() != word {
			t.Errorf("%s: %v, %v", word, c, err)
		}
	}
	var c topic.Compression
	var p topic.Partitioning
	if c.UnmarshalText([]byte("brotli")) == nil || p.UnmarshalText([]byte("random")) == nil {
		t.Error("wrong words are taken")
	}
}

// logLines are lines such as the topic carries.
func logLines(n int) [][]byte {
	lines := make([][]byte, n)
	for i := range lines {
		lines[i], _ = json.Marshal(map[string]any{"t": fmt.Sprintf("2026-01-31T09:%02d:%02d.%03dZ", i/60%60, i%60, i*7%1000), "lvl": "info",
			"msg": []string{"request_done", "cache_miss", "payment_accepted"}[i%3], "RequestID": fmt.Sprintf("%08x-0000-4000-8000-%012x", i*2654435761, i),
			"duration": i * 37 % 900, "service": "checkout", "AccountID": fmt.Sprintf("acc_k1_%026d", i%500), "clientHost": "10.1.2.0/24"})
	}
	return lines
}

func discard(tb testing.TB, o topic.Options) *topic.Publisher {
	p, err := topic.NewWithout(o, 4, func(context.Context, int32, []byte) error { return nil })
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(p.Close)
	return p
}

func BenchmarkAdd(b *testing.B) {
	for _, codec := range []topic.Compression{topic.Uncompressed, topic.LZ4, topic.Zstd} {
		b.Run(codec.String(), func(b *testing.B) {
			p := discard(b, topic.Options{Topic: "out", Compression: codec})
			w := p.Writer("in", 1)
			b.Cleanup(w.Close)
			lines := logLines(4096)
			headers := []redact.Header{{Name: []byte("content-type"), Value: []byte("application/json")}}
			key := []byte("acc_k1_aaaaaaaaaaaaaaaaaaaaaaaaaa")
			b.ReportAllocs()
			b.SetBytes(int64(len(lines[0])))
			for i := 0; b.Loop(); i++ {
				if err := w.AddFields(b.Context(), key, lines[i%len(lines)], headers, topic.Meta{Offset: int64(i), Time: 1769850000e9 + int64(i)}); err != nil {
					b.Fatal(err)
				}
			}
			if err := w.Flush(b.Context()); err != nil {
				b.Fatal(err)
			}
			s := p.Stats()
			b.ReportMetric(float64(s.Bytes)/float64(s.SentBytes), "ratio")
		})
	}
}

// TestAddDoesNotAllocate once batches have grown.
func TestAddDoesNotAllocate(t *testing.T) {
	p := discard(t, topic.Options{Topic: "out", BatchBytes: 8 << 20})
	w := p.Writer("in", 1)
	defer w.Close()
	line := logLines(1)[0]
	i := int64(0)
	one := func() {
		i++
		if err := w.AddFields(t.Context(), nil, line, nil, topic.Meta{Offset: i, Time: 1}); err != nil {
			t.Fatal(err)
		}
	}
	for range 5000 {
		one()
	}
	flush(t, w)
	if n := testing.AllocsPerRun(2000, one); n > 0.05 {
		t.Errorf("%v allocations per record", n)
	}
}
