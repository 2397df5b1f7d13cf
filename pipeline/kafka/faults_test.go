package kafka_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/logproc/logproc/internal/testbroker"
	"github.com/logproc/logproc/pipeline"
	"github.com/logproc/logproc/pipeline/kafka"
	"github.com/logproc/logproc/pipeline/sourcetest"
	"github.com/logproc/logproc/rollup"
)

// reading is what came of reading one partition.
type reading struct {
	offsets []int64
	values  []string
	lost    []rollup.Lost
	next    int64
	err     error
}

// read reads a topic of one partition until its end from an offset, calling between after each batch. When
// the partition is taken away in between, it goes on where it was.
func read(t *testing.T, cfg kafka.Config, from int64, between func(n int)) reading {
	t.Helper()
	cfg.UntilEnd = true
	got := reading{next: from}
	sourcetest.RunSource(t, newSource(t, cfg), func(ctx context.Context, p pipeline.Partition) {
		got.follow(ctx, t, p, between)
	})
	if errors.Is(got.err, io.EOF) {
		got.err = nil
	}
	return got
}

// follow reads a partition from r.next on until there is an error.
func (r *reading) follow(ctx context.Context, t testing.TB, p pipeline.Partition, between func(n int)) {
	p.MoveTo(r.next)
	for n := 1; ; n++ {
		b, err := p.Next(ctx)
		if err != nil {
			r.err = err
			return
		}
		sourcetest.CheckBatch(t, p, b, r.next)
		for _, m := range b.Messages {
			r.offsets = append(r.offsets, m.Offset)
			r.values = append(r.values, string(m.Value))
		}
		r.lost = append(r.lost, b.Lost...)
		r.next = b.Next
		b.Release()
		if between != nil {
			between(n)
		}
	}
}

// follow reads a partition from an offset until there is an error.
func follow(ctx context.Context, t testing.TB, p pipeline.Partition, from int64, between func(n int)) reading {
	r := reading{next: from}
	r.follow(ctx, t, p, between)
	return r
}

// fill writes batches of ten records, "0" and up.
func fill(t *testing.T, p *testbroker.Producer, topic string, batches int) {
	t.Helper()
	for i := range batches {
		var values []string
		for j := range 10 {
			values = append(values, fmt.Sprint(10*i+j))
		}
		if err := p.Values(context.Background(), topic, 0, values...); err != nil {
			t.Fatal(err)
		}
	}
}

// wantNumbers checks for the values from to to-1 in order.
func wantNumbers(t *testing.T, values []string, from, to int) {
	t.Helper()
	if len(values) != to-from {
		t.Fatalf("got %d records, want %d", len(values), to-from)
	}
	for i, v := range values {
		if v != fmt.Sprint(from+i) {
			t.Fatalf("record %d is %q, want %d", i, v, from+i)
		}
	}
}

func one(t *testing.T, o testbroker.Options) (*testbroker.Broker, *testbroker.Producer) {
	t.Helper()
	o.Topics = map[string]int32{"logs": 1}
	b := start(t, o)
	return b, newProducer(t, b, testbroker.LZ4)
}

func TestRetentionIsTold(t *testing.T) {
	fetchers(t, func(t *testing.T, plain bool) {
		b, producer := one(t, testbroker.Options{})
		fill(t, producer, "logs", 10)
		if err := b.Cluster().DeleteRecords("logs", 0, 40); err != nil {
			t.Fatal(err)
		}
		cfg := config(b, "logs")
		cfg.Plain = plain
		got := read(t, cfg, 13, nil)
		if got.err != nil {
			t.Fatal(got.err)
		}
		want := rollup.Lost{First: 13, Last: 39, Reason: rollup.LostRetention}
		if len(got.lost) != 1 || got.lost[0] != want {
			t.Errorf("lost %+v, want %+v", got.lost, want)
		}
		wantNumbers(t, got.values, 40, 100)
	})
}

func TestEverythingDeleted(t *testing.T) {
	b, producer := one(t, testbroker.Options{})
	fill(t, producer, "logs", 3)
	if err := b.Cluster().DeleteRecords("logs", 0, 30); err != nil {
		t.Fatal(err)
	}
	got := read(t, config(b, "logs"), 5, nil)
	if got.err != nil || got.next != 30 || len(got.lost) != 1 || got.lost[0].Last != 29 {
		t.Errorf("got %+v", got)
	}
}

func TestBeyondTheEnd(t *testing.T) {
	fetchers(t, func(t *testing.T, plain bool) {
		b, producer := one(t, testbroker.Options{})
		fill(t, producer, "logs", 2)
		cfg := config(b, "logs")
		cfg.Plain = plain
		got := read(t, cfg, 500, nil)
		if !errors.Is(got.err, pipeline.ErrTruncated) {
			t.Fatalf("got %v, want %v", got.err, pipeline.ErrTruncated)
		}
		for _, part := range []string{"logs/0", "500", "20"} {
			if !strings.Contains(got.err.Error(), part) {
				t.Errorf("%q does not name %s", got.err, part)
			}
		}
	})
}

func TestOnePartitionStopsNoOther(t *testing.T) {
	b := start(t, testbroker.Options{Topics: map[string]int32{"logs": 2}})
	producer := newProducer(t, b, testbroker.None)
	for p := range int32(2) {
		if err := producer.Values(context.Background(), "logs", p, "a", "b"); err != nil {
			t.Fatal(err)
		}
	}
	cfg := config(b, "logs")
	cfg.UntilEnd = true
	var mu sync.Mutex
	all := map[int32]reading{}
	sourcetest.RunSource(t, newSource(t, cfg), func(ctx context.Context, p pipeline.Partition) {
		from := int64(0)
		if p.ID().Partition == 0 {
			from = 99
		}
		got := follow(ctx, t, p, from, nil)
		mu.Lock()
		defer mu.Unlock()
		all[p.ID().Partition] = got
	})
	if !errors.Is(all[0].err, pipeline.ErrTruncated) || !errors.Is(all[1].err, io.EOF) || len(all[1].values) != 2 {
		t.Errorf("got %+v", all)
	}
}

func TestTopicCreatedAgain(t *testing.T) {
	b, producer := one(t, testbroker.Options{})
	fill(t, producer, "logs", 5)
	cfg := config(b, "logs")
	cfg.MetadataInterval = time.Hour // so that only the fetch can tell
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	var got reading
	err := newSource(t, cfg).Run(ctx, func(ctx context.Context, p pipeline.Partition) {
		defer cancel()
		got = follow(ctx, t, p, 0, func(n int) {
			if n != 5 {
				return
			}
			if err := errors.Join(b.Cluster().DeleteTopic("logs"), b.CreateTopic("logs", 1)); err != nil {
				t.Error(err)
			}
			again := newProducer(t, b, testbroker.None)
			fill(t, again, "logs", 20) // the new topic reaches beyond the old one's end
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	if !errors.Is(got.err, pipeline.ErrTopicChanged) {
		t.Errorf("got %v, want %v", got.err, pipeline.ErrTopicChanged)
	}
	wantNumbers(t, got.values, 0, 50)
}

func TestLeaderMoves(t *testing.T) {
	fetchers(t, func(t *testing.T, plain bool) {
		b, producer := one(t, testbroker.Options{Brokers: 3})
		fill(t, producer, "logs", 60)
		cfg := config(b, "logs")
		cfg.Plain, cfg.FetchBytes = plain, 1024
		got := read(t, cfg, 0, func(n int) {
			if n%10 == 0 {
				b.Cluster().ShufflePartitionLeaders()
			}
		})
		if got.err != nil || len(got.lost) > 0 {
			t.Fatalf("error %v, lost %v", got.err, got.lost)
		}
		wantNumbers(t, got.values, 0, 600)
	})
}

func TestConnectionsCut(t *testing.T) {
	fetchers(t, func(t *testing.T, plain bool) {
		b, producer := one(t, testbroker.Options{})
		fill(t, producer, "logs", 60)
		var d testbroker.Dialer
		cfg := config(b, "logs")
		cfg.Plain, cfg.FetchBytes, cfg.Dial = plain, 1024, d.Dial
		got := read(t, cfg, 0, func(n int) {
			if n%10 == 0 {
				d.Cut()
			}
		})
		if got.err != nil || len(got.lost) > 0 {
			t.Fatalf("error %v, lost %v", got.err, got.lost)
		}
		wantNumbers(t, got.values, 0, 600)
		if d.Open() != 0 {
			t.Errorf("%d connections are left open", d.Open())
		}
	})
}

func TestConnectionsCutInsideOfAnswers(t *testing.T) {
	fetchers(t, func(t *testing.T, plain bool) {
		b, producer := one(t, testbroker.Options{})
		fill(t, producer, "logs", 30)
		var d testbroker.Dialer
		d.CutAfter(3000)
		cfg := config(b, "logs")
		cfg.Plain, cfg.FetchBytes, cfg.Dial = plain, 1024, d.Dial
		got := read(t, cfg, 0, nil)
		if got.err != nil || len(got.lost) > 0 {
			t.Fatalf("error %v, lost %v", got.err, got.lost)
		}
		wantNumbers(t, got.values, 0, 300)
	})
}

func TestLargeRecords(t *testing.T) {
	fetchers(t, func(t *testing.T, plain bool) {
		b := start(t, testbroker.Options{Topics: map[string]int32{"logs": 1}})
		producer := newProducer(t, b, testbroker.None)
		large := strings.Repeat("x", 300<<10)
		for i := range 3 {
			if err := producer.Values(context.Background(), "logs", 0, fmt.Sprint(i), large); err != nil {
				t.Fatal(err)
			}
		}
		cfg := config(b, "logs")
		cfg.Plain, cfg.FetchBytes = plain, 1024
		got := read(t, cfg, 0, nil)
		if got.err != nil || len(got.lost) > 0 || len(got.values) != 6 || got.values[5] != large {
			t.Errorf("error %v, lost %v, %d records", got.err, got.lost, len(got.values))
		}
	})
}

func TestCorruptOnTheWay(t *testing.T) {
	b := start(t, testbroker.Options{Topics: map[string]int32{"logs": 1}})
	producer := newProducer(t, b, testbroker.None)
	for _, batch := range [][]string{{"a", "b"}, {"c", "BROKEN!", "d"}, {"e"}} {
		if err := producer.Values(context.Background(), "logs", 0, batch...); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name  string
		times int
		want  string
		lost  []rollup.Lost
	}{
		{"once", 1, "a b c BROKEN! d e", nil},
		{"always", -1, "a b e", []rollup.Lost{{First: 2, Last: 4, Reason: rollup.LostCorrupt}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var d testbroker.Dialer
			d.Corrupt("BROKEN", c.times)
			cfg := config(b, "logs")
			cfg.Dial = d.Dial
			got := read(t, cfg, 0, nil)
			if got.err != nil || strings.Join(got.values, " ") != c.want || fmt.Sprint(got.lost) != fmt.Sprint(c.lost) {
				t.Errorf("got %v, lost %v, error %v", got.values, got.lost, got.err)
			}
		})
	}
}

func TestBatchBeyondTheLimit(t *testing.T) {
	for _, codec := range []testbroker.Codec{testbroker.None, testbroker.LZ4, testbroker.Zstd, testbroker.Gzip, testbroker.Snappy} {
		t.Run(string(codec), func(t *testing.T) {
			b := start(t, testbroker.Options{Topics: map[string]int32{"logs": 1}})
			producer := newProducer(t, b, codec)
			for _, batch := range [][]string{{"a"}, {strings.Repeat("x", 2<<20), "y"}, {"z"}} {
				if err := producer.Values(context.Background(), "logs", 0, batch...); err != nil {
					t.Fatal(err)
				}
			}
			cfg := config(b, "logs")
			cfg.MaxBatch = 64 << 10
			cfg.FetchBytes = 64 << 10
			got := read(t, cfg, 0, nil)
			if got.err != nil || strings.Join(got.values, " ") != "a z" ||
				fmt.Sprint(got.lost) != fmt.Sprint([]rollup.Lost{{First: 1, Last: 2, Reason: rollup.LostCorrupt}}) {
				t.Errorf("got %d records, lost %v, error %v", len(got.values), got.lost, got.err)
			}
		})
	}
}

func TestTransactions(t *testing.T) {
	b := start(t, testbroker.Options{Topics: map[string]int32{"logs": 1}})
	ctx := context.Background()
	txn := newProducer(t, b, testbroker.LZ4, kgo.TransactionalID("t1"))
	other := newProducer(t, b, testbroker.LZ4, kgo.TransactionalID("t2"))
	plain := newProducer(t, b, testbroker.None)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(txn.Client().BeginTransaction())
	must(other.Client().BeginTransaction())
	must(txn.Values(ctx, "logs", 0, "t1-aborted"))
	must(other.Values(ctx, "logs", 0, "t2-committed"))
	must(plain.Values(ctx, "logs", 0, "plain"))
	must(txn.Values(ctx, "logs", 0, "t1-aborted-too"))
	must(txn.Client().EndTransaction(ctx, kgo.TryAbort))
	must(other.Values(ctx, "logs", 0, "t2-committed-too"))
	must(other.Client().EndTransaction(ctx, kgo.TryCommit))
	must(txn.Client().BeginTransaction())
	must(txn.Values(ctx, "logs", 0, "t1-committed"))
	must(txn.Client().EndTransaction(ctx, kgo.TryCommit))
	must(txn.Client().BeginTransaction())
	must(txn.Values(ctx, "logs", 0, "t1-aborted-last"))
	must(txn.Client().EndTransaction(ctx, kgo.TryAbort))

	for _, c := range []struct {
		uncommitted bool
		fetchBytes  int
		from        int64
		want        string
	}{
		{false, 1 << 20, 0, "t2-committed plain t2-committed-too t1-committed"},
		{false, 1 << 10, 0, "t2-committed plain t2-committed-too t1-committed"},
		{false, 1 << 20, 1, "t2-committed plain t2-committed-too t1-committed"},
		{false, 1 << 20, 3, "t2-committed-too t1-committed"},
		{true, 1 << 20, 0, "t1-aborted t2-committed plain t1-aborted-too t2-committed-too t1-committed t1-aborted-last"},
	} {
		cfg := config(b, "logs")
		cfg.ReadUncommitted, cfg.FetchBytes = c.uncommitted, c.fetchBytes
		got := read(t, cfg, c.from, nil)
		if strings.Join(got.values, " ") != c.want || got.err != nil || len(got.lost) > 0 {
			t.Errorf("%+v: got %v, error %v, lost %v", c, got.values, got.err, got.lost)
		}
		if got.next != 11 { // past the last marker
			t.Errorf("%+v: next is %d", c, got.next)
		}
	}
}

func TestBackPressure(t *testing.T) {
	b := start(t, testbroker.Options{Topics: map[string]int32{"logs": 1}})
	producer := newProducer(t, b, testbroker.None)
	for range 40 {
		if err := producer.Values(context.Background(), "logs", 0, strings.Repeat("x", 10<<10)); err != nil {
			t.Fatal(err)
		}
	}
	cfg := config(b, "logs")
	cfg.FetchBytes, cfg.MaxBuffered = 16<<10, 100<<10
	cfg.UntilEnd = true
	src := newSource(t, cfg)
	most := int64(0)
	sourcetest.RunSource(t, src, func(ctx context.Context, p pipeline.Partition) {
		p.MoveTo(0)
		var held []*pipeline.Batch
		records := 0
		for {
			short, stop := context.WithTimeout(ctx, 300*time.Millisecond)
			b, err := p.Next(short)
			stop()
			most = max(most, src.Buffered())
			if errors.Is(err, context.DeadlineExceeded) { // full: nothing comes until something is released
				if len(held) == 0 {
					t.Error("waits although nothing is held")
					return
				}
				for _, b := range held {
					b.Release()
				}
				held = nil
				continue
			}
			if err != nil {
				break
			}
			records += len(b.Messages)
			held = append(held, b)
		}
		for _, b := range held {
			b.Release()
		}
		if records != 40 {
			t.Errorf("got %d records, want 40", records)
		}
	})
	if most > cfg.MaxBuffered || most < cfg.MaxBuffered/2 {
		t.Errorf("%d bytes were buffered, want up to %d", most, cfg.MaxBuffered)
	}
	if left := src.Buffered(); left != 0 {
		t.Errorf("%d bytes are still counted", left)
	}
}

// TestBackPressureOfManyPartitions: a budget that answers alone fill up does not stop their unpacking.
func TestBackPressureOfManyPartitions(t *testing.T) {
	const partitions = 24
	b := start(t, testbroker.Options{Topics: map[string]int32{"logs": partitions}})
	producer := newProducer(t, b, testbroker.Zstd)
	for p := range int32(partitions) {
		for range 4 {
			if err := producer.Values(context.Background(), "logs", p, strings.Repeat("abcdefgh", 4<<10)); err != nil {
				t.Fatal(err)
			}
		}
	}
	cfg := config(b, "logs")
	cfg.MaxBuffered, cfg.UntilEnd = 8<<10, true
	src := newSource(t, cfg)
	var mu sync.Mutex
	records := 0
	sourcetest.RunSource(t, src, func(ctx context.Context, p pipeline.Partition) {
		got := follow(ctx, t, p, 0, nil)
		mu.Lock()
		defer mu.Unlock()
		records += len(got.values)
	})
	if records != 4*partitions || src.Buffered() != 0 {
		t.Errorf("%d records, %d bytes still counted", records, src.Buffered())
	}
}
