package produce_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/logproc/logproc/bench/produce"
)

func broker(t *testing.T) string {
	t.Helper()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	return cluster.ListenAddrs()[0]
}

// numbers gives a feed of the lines 0, 1, 2 …
func numbers(records uint64) *produce.Feed {
	n := 0
	return &produce.Feed{Records: records, Append: func(dst []byte) []byte {
		dst = strconv.AppendInt(dst, int64(n), 10)
		n++
		return append(dst, '\n')
	}}
}

// read gives the values of each partition, read until there are as many as expected. Another client than
// the one that wrote them reads them.
func read(t *testing.T, address, topic string, records int) map[int32][]string {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(address), kgo.ConsumeTopics(topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	values := make(map[int32][]string)
	for n := 0; n < records; {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			t.Fatalf("after %d of %d records: %v", n, records, err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			values[r.Partition] = append(values[r.Partition], string(r.Value))
			n++
		})
	}
	return values
}

func TestSendBringsEveryLineOnce(t *testing.T) {
	address := broker(t)
	for _, compression := range []string{"none", "gzip", "snappy", "lz4", "zstd"} {
		t.Run(compression, func(t *testing.T) {
			topic, err := produce.Open(t.Context(), produce.Options{Brokers: []string{address},
				Topic: "t-" + compression, Partitions: 3, Compression: compression})
			if err != nil {
				t.Fatal(err)
			}
			defer topic.Close()
			const records = 15_000
			if err := numbers(records).Send(t.Context(), topic); err != nil {
				t.Fatal(err)
			}
			seen := make(map[string]bool)
			for p, values := range read(t, address, "t-"+compression, records) {
				last := -1
				for _, v := range values {
					n, err := strconv.Atoi(v)
					if err != nil || n <= last || seen[v] {
						t.Fatalf("partition %d: %q after %d", p, v, last)
					}
					last, seen[v] = n, true
				}
			}
			if len(seen) != records {
				t.Errorf("%d lines arrived, want %d", len(seen), records)
			}
		})
	}
}

func TestSendEndsWithItsContextAndLosesNothing(t *testing.T) {
	address := broker(t)
	topic, err := produce.Open(t.Context(), produce.Options{Brokers: []string{address}, Topic: "t", Partitions: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer topic.Close()
	ctx, cancel := context.WithCancel(t.Context())
	feed, generated := numbers(0), 0
	appendLine := feed.Append
	feed.Append = func(dst []byte) []byte {
		if generated++; generated == 30_000 {
			cancel()
		}
		return appendLine(dst)
	}
	if err := feed.Send(ctx, topic); err != nil {
		t.Fatal(err)
	}
	seen := make(map[string]bool)
	for _, values := range read(t, address, "t", generated) {
		for _, v := range values {
			seen[v] = true
		}
	}
	if len(seen) != generated {
		t.Errorf("%d lines in the topic, %d generated", len(seen), generated)
	}
}

func TestOpenErrors(t *testing.T) {
	address := broker(t)
	for name, c := range map[string]struct {
		opt  produce.Options
		want string
	}{
		"no topic":    {produce.Options{Brokers: []string{address}, Topic: "absent"}, "there is no topic absent at " + address},
		"compression": {produce.Options{Brokers: []string{address}, Topic: "t", Compression: "rar"}, "expected none, gzip"},
		"nobody there": {produce.Options{Brokers: []string{"127.0.0.1:1"}, Topic: "t"},
			"ask 127.0.0.1:1 for topic t: "},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
			defer cancel()
			if _, err := produce.Open(ctx, c.opt); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want …%s…", err, c.want)
			}
		})
	}
}

func TestSendReportsTheBrokersError(t *testing.T) {
	address := broker(t)
	topic, err := produce.Open(t.Context(), produce.Options{Brokers: []string{address}, Topic: "t", Partitions: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer topic.Close()
	feed := &produce.Feed{Append: func(dst []byte) []byte {
		return append(append(dst, bytes.Repeat([]byte("x"), 10_000)...), '\n')
	}}
	if err := feed.Send(t.Context(), topic); err == nil || !strings.Contains(err.Error(), "send 2000 records to t/0") {
		t.Errorf("got %v", err)
	}
}

func TestWrite(t *testing.T) {
	var out strings.Builder
	if err := numbers(1203).Write(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(out.String(), "\n"); n != 1203 || !strings.HasSuffix(out.String(), "\n1202\n") {
		t.Errorf("%d lines", n)
	}
	full := errors.New("disk full")
	if err := numbers(10).Write(t.Context(), failing{full}); !errors.Is(err, full) {
		t.Errorf("got %v", err)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func TestRate(t *testing.T) {
	for _, rate := range []float64{10, 2500, 100_000} {
		t.Run(fmt.Sprint(rate), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				feed := numbers(uint64(rate * 3))
				feed.Rate = rate
				if err := feed.Write(t.Context(), io.Discard); err != nil {
					t.Fatal(err)
				}
				if took := time.Since(start); took < 3*time.Second || took > 3100*time.Millisecond {
					t.Errorf("3 s worth of lines took %v", took)
				}
			})
		})
	}
}
