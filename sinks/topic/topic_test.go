package topic_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/sasl/plain"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/logproc/logproc/internal/testbroker"
	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/sinks/topic"
)

var epoch = time.Date(2026, 1, 31, 9, 0, 0, 0, time.UTC)

// fixture is a broker with a publisher and what it logs.
type fixture struct {
	*testbroker.Broker
	pub    *topic.Publisher
	dialer *testbroker.Dialer
	log    *lockedBuffer
	// onRefusal is called with each request that refuse refuses.
	onRefusal func()
}

// start starts a broker with the topic "out" of some partitions and a publisher for it.
func start(t *testing.T, partitions int32, o topic.Options, b testbroker.Options) *fixture {
	t.Helper()
	b.Topics = map[string]int32{"out": partitions, "in": 3}
	broker, err := testbroker.Start(b)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(broker.Close)
	f := &fixture{Broker: broker, dialer: new(testbroker.Dialer), log: new(lockedBuffer)}
	o.Brokers, o.Topic = broker.Addrs(), "out"
	o.Transport = &kafka.Transport{Dial: f.dialer.Dial, MetadataTTL: 50 * time.Millisecond}
	o.Logger = slog.New(slog.NewTextHandler(f.log, nil))
	o.Random = func() float64 { return 0 }
	if f.pub, err = topic.New(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.pub.Close)
	return f
}

func (f *fixture) writer(t *testing.T, partition int32) *topic.Writer {
	w := f.pub.Writer("in", partition)
	t.Cleanup(w.Close)
	return w
}

// read gives the first n records of the topic, by partition in their order.
func (f *fixture) read(t *testing.T, n int) map[int32][]*kgo.Record {
	t.Helper()
	client, err := kgo.NewClient(append(f.ClientOptions(), kgo.ConsumeTopics("out"), kgo.FetchMaxWait(50*time.Millisecond))...)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	got := map[int32][]*kgo.Record{}
	for total := 0; total < n; {
		fetches := client.PollFetches(ctx)
		if ctx.Err() != nil {
			t.Fatalf("%d records, expected %d", total, n)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			got[r.Partition] = append(got[r.Partition], r)
			total++
		})
	}
	return got
}

func add(t *testing.T, w *topic.Writer, key, value string, offset int64, headers ...redact.Header) {
	t.Helper()
	var k []byte
	if key != "" {
		k = []byte(key)
	}
	if err := w.AddFields(t.Context(), k, []byte(value), headers, topic.Meta{Offset: offset, Time: epoch.UnixNano() + offset*int64(time.Millisecond)}); err != nil {
		t.Fatal(err)
	}
}

func flush(t *testing.T, w *topic.Writer) {
	t.Helper()
	if err := w.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func header(r *kgo.Record, name string) string {
	value := ""
	for _, h := range r.Headers {
		if h.Key == name {
			value = string(h.Value)
		}
	}
	return value
}

// TestRecordsArriveAsTheyWere with each codec: order, key, headers, time and coordinates.
func TestRecordsArriveAsTheyWere(t *testing.T) {
	for _, codec := range []topic.Compression{topic.Zstd, topic.LZ4, topic.Snappy, topic.Gzip, topic.Uncompressed} {
		t.Run(codec.String(), func(t *testing.T) {
			f := start(t, 3, topic.Options{Compression: codec, BatchBytes: 4 << 10}, testbroker.Options{})
			var writers [3]*topic.Writer
			for p := range writers {
				writers[p] = f.writer(t, int32(p))
			}
			const each = 200
			for i := range int64(each) {
				for p, w := range writers {
					add(t, w, fmt.Sprint("key", i%7), fmt.Sprintf(`{"msg":"line %d of %d"}`, i, p), i,
						redact.Header{Name: []byte("a"), Value: []byte("1")}, redact.Header{Name: []byte("empty"), Value: []byte{}}, redact.Header{Name: []byte("null")})
				}
			}
			for _, w := range writers {
				flush(t, w)
			}
			for p, records := range f.read(t, 3*each) {
				if len(records) != each {
					t.Errorf("partition %d: %d records", p, len(records))
				}
				for i, r := range records {
					wantSource := fmt.Sprintf("in/%d/%d", p, i)
					if string(r.Value) != fmt.Sprintf(`{"msg":"line %d of %d"}`, i, p) || string(r.Key) != fmt.Sprint("key", i%7) ||
						header(r, topic.SourceHeader) != wantSource || len(r.Headers) != 4 || header(r, "a") != "1" ||
						r.Headers[1].Value == nil || r.Headers[2].Value != nil || !r.Timestamp.Equal(epoch.Add(time.Duration(i)*time.Millisecond)) {
						t.Fatalf("partition %d, record %d: %s %s %v %v", p, i, r.Key, r.Value, r.Headers, r.Timestamp)
					}
				}
			}
			if s := f.pub.Stats(); s.Records != 3*each || s.InFlight != 0 || s.Batches < 6 || s.Bytes == 0 {
				t.Errorf("%+v", s)
			}
		})
	}
}

// TestOddRecords: tombstones, no key, empty values, times before 1970 and none.
func TestOddRecords(t *testing.T) {
	f := start(t, 1, topic.Options{Now: func() time.Time { return epoch }}, testbroker.Options{})
	w := f.writer(t, 0)
	for i, r := range []struct {
		key, value []byte
		time       int64
	}{{nil, nil, 1e6}, {[]byte{}, []byte{}, -5e6}, {nil, []byte("x"), 0}, {[]byte("k"), nil, epoch.UnixNano()}} {
		if err := w.AddFields(t.Context(), r.key, r.value, nil, topic.Meta{Offset: int64(i), Time: r.time}); err != nil {
			t.Fatal(err)
		}
	}
	flush(t, w)
	r := f.read(t, 4)[0]
	if r[0].Key != nil || r[0].Value != nil || r[1].Key == nil || r[1].Value == nil || string(r[2].Value) != "x" || r[3].Value != nil {
		t.Errorf("%v", r)
	}
	if r[0].Timestamp.UnixMilli() != 1 || r[1].Timestamp.UnixMilli() != -5 || !r[2].Timestamp.Equal(epoch) {
		t.Errorf("times %v %v %v", r[0].Timestamp, r[1].Timestamp, r[2].Timestamp)
	}
}

// TestWhatARedactorGives: the record that arrives is the redacted one, key and headers too.
func TestWhatARedactorGives(t *testing.T) {
	f := start(t, 1, topic.Options{}, testbroker.Options{})
	w := f.writer(t, 0)
	r := redact.NewRedactor(redact.DefaultPolicy(), nil, redact.Options{})
	out := r.Apply(redact.Source{Value: []byte(`{"msg":"hello kim@example.com"}`), Key: []byte("kim@example.com"),
		Headers: []redact.Header{{Name: []byte("user"), Value: []byte("kim@example.com")}}})
	if err := w.Add(t.Context(), out, topic.Meta{Offset: 7, Time: epoch.UnixNano()}); err != nil {
		t.Fatal(err)
	}
	flush(t, w)
	got := f.read(t, 1)[0][0]
	if string(got.Value) != string(out.Value()) || string(got.Key) != string(out.Key()) || header(got, topic.SourceHeader) != "in/0/7" {
		t.Errorf("%s %s %v", got.Key, got.Value, got.Headers)
	}
	if text := fmt.Sprintf("%s %s %v", got.Key, got.Value, got.Headers); strings.Contains(text, "kim@") {
		t.Errorf("the address is in %s", text)
	}
}

// TestLogin: with the right password records arrive, with a wrong one New says so.
func TestLogin(t *testing.T) {
	broker, err := testbroker.Start(testbroker.Options{TLS: true, Topics: map[string]int32{"out": 1},
		Users: []testbroker.User{{Mechanism: "PLAIN", Name: "kim", Password: "right"}}})
	if err != nil {
		t.Fatal(err)
	}
	defer broker.Close()
	for _, password := range []string{"right", "wrong"} {
		p, err := topic.New(t.Context(), topic.Options{Brokers: broker.Addrs(), Topic: "out", Timeout: time.Second, Transport: &kafka.Transport{
			TLS: broker.ClientTLS(), SASL: plain.Mechanism{Username: "kim", Password: password}}})
		if password == "wrong" {
			if err == nil || !strings.Contains(err.Error(), "check user and password") {
				t.Errorf("error %v", err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		w := p.Writer("in", 0)
		add(t, w, "", "x", 0)
		flush(t, w)
		w.Close()
		p.Close()
	}
}

func TestEmptyFlushAndClose(t *testing.T) {
	f := start(t, 1, topic.Options{}, testbroker.Options{})
	w := f.writer(t, 0)
	flush(t, w)
	flush(t, w)
	add(t, w, "", "never flushed", 0)
	w.Close()
	w.Close()
	if s := f.pub.Stats(); s.InFlight != 0 || s.Records != 0 {
		t.Errorf("%+v", s)
	}
	if err := w.Flush(t.Context()); err == nil {
		t.Error("a closed writer flushes")
	}
}

func TestCheck(t *testing.T) {
	broker, err := testbroker.Start(testbroker.Options{Topics: map[string]int32{"in": 3, "out": 2}})
	if err != nil {
		t.Fatal(err)
	}
	defer broker.Close()
	for _, c := range []struct {
		name  string
		o     topic.Options
		fails string
		logs  string
	}{
		{"missing", topic.Options{Topic: "none"}, "redacted topic none at " + broker.Addrs()[0] + ": it does not exist; create it", ""},
		{"a loop", topic.Options{Topic: "in", Sources: []string{"in"}}, "it is read from too", ""},
		{"a loop by pattern", topic.Options{Topic: "out", IsSource: func(name string) bool { return strings.HasPrefix(name, "o") }}, "it is read from too", ""},
		{"fewer partitions", topic.Options{Topic: "out", Sources: []string{"in"}}, "", "partitions=2 source=in source_partitions=3"},
		{"as many", topic.Options{Topic: "in", Sources: []string{"in2"}}, "", ""},
		{"fewer, but by key", topic.Options{Topic: "out", Sources: []string{"in"}, Partitioning: topic.ByKey}, "", ""},
	} {
		log := new(lockedBuffer)
		c.o.Brokers, c.o.Logger = broker.Addrs(), slog.New(slog.NewTextHandler(log, nil))
		p, err := topic.New(t.Context(), c.o)
		if c.fails == "" && err != nil || c.fails != "" && (err == nil || !strings.Contains(err.Error(), c.fails)) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.fails)
		}
		if (c.logs == "") != (log.String() == "") || !strings.Contains(log.String(), c.logs) {
			t.Errorf("%s: logged %q, want %q", c.name, log.String(), c.logs)
		}
		if p != nil {
			p.Close()
		}
	}
	_, err = topic.New(t.Context(), topic.Options{Brokers: []string{"127.0.0.1:1"}, Topic: "out", Timeout: 300 * time.Millisecond})
	if err == nil || !strings.Contains(err.Error(), "redacted topic out at 127.0.0.1:1") {
		t.Errorf("no broker: %v", err)
	}
}

// lockedBuffer is a buffer for loggers.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
