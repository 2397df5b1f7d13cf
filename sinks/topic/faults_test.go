package topic_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/logproc/logproc/internal/testbroker"
	"github.com/logproc/logproc/sinks/topic"
)

// refuse lets the next n produce requests fail with a code, -1 for all.
func refuse(f *fixture, n int, code *kerr.Error) *atomic.Int64 {
	asked := new(atomic.Int64)
	f.Cluster().ControlKey(int16(kmsg.Produce), func(req kmsg.Request) (kmsg.Response, error, bool) {
		f.Cluster().KeepControl()
		if asked.Add(1) > int64(n) && n >= 0 {
			return nil, nil, false
		}
		if f.onRefusal != nil {
			f.onRefusal()
		}
		return refusal(req.(*kmsg.ProduceRequest), code), nil, true
	})
	return asked
}

func refusal(req *kmsg.ProduceRequest, code *kerr.Error) *kmsg.ProduceResponse {
	resp := req.ResponseKind().(*kmsg.ProduceResponse)
	for _, rt := range req.Topics {
		st := kmsg.NewProduceResponseTopic()
		st.Topic, st.TopicID = rt.Topic, rt.TopicID
		for _, rp := range rt.Partitions {
			sp := kmsg.NewProduceResponseTopicPartition()
			sp.Partition, sp.ErrorCode = rp.Partition, code.Code
			st.Partitions = append(st.Partitions, sp)
		}
		resp.Topics = append(resp.Topics, st)
	}
	return resp
}

// TestRetries: what passes is tried again, in order and without a loss, and logged once.
func TestRetries(t *testing.T) {
	for _, code := range []*kerr.Error{kerr.NotLeaderForPartition, kerr.NotEnoughReplicas, kerr.RequestTimedOut, kerr.UnknownTopicOrPartition, kerr.CorruptMessage} {
		f := start(t, 1, topic.Options{BatchBytes: 256}, testbroker.Options{})
		var meanwhile error
		f.onRefusal = func() { meanwhile = f.pub.Err() }
		refuse(f, 2, code)
		w := f.writer(t, 0)
		for i := range int64(20) {
			add(t, w, "", fmt.Sprint("line ", i), i)
		}
		flush(t, w)
		for i, r := range f.read(t, 20)[0] {
			if header(r, topic.SourceHeader) != fmt.Sprint("in/0/", i) {
				t.Errorf("%s: record %d is %s", code.Message, i, header(r, topic.SourceHeader))
			}
		}
		if meanwhile == nil || !strings.Contains(meanwhile.Error(), "write to topic out: ") || f.pub.Err() != nil {
			t.Errorf("%s: while it fails %v, then %v", code.Message, meanwhile, f.pub.Err())
		}
		if s := f.pub.Stats(); s.Retries != 2 || s.Records != 20 || s.InFlight != 0 {
			t.Errorf("%s: %+v", code.Message, s)
		}
		if log := f.log.String(); strings.Count(log, "trying again") != 1 || strings.Count(log, "takes records again") != 1 || strings.Contains(log, "line ") {
			t.Errorf("%s: logged %s", code.Message, log)
		}
	}
}

// TestErrorsForGood come out of Flush and Add with what to do.
func TestErrorsForGood(t *testing.T) {
	f := start(t, 1, topic.Options{}, testbroker.Options{})
	refuse(f, -1, kerr.TopicAuthorizationFailed)
	w := f.writer(t, 0)
	add(t, w, "", "secret line", 0)
	err := w.Flush(t.Context())
	if err == nil || !strings.Contains(err.Error(), "write in/0 to topic out/0") || !strings.Contains(err.Error(), "rights Write") || strings.Contains(err.Error(), "secret line") {
		t.Errorf("flush: %v", err)
	}
	if again := w.Flush(t.Context()); again == nil {
		t.Error("the second flush forgets")
	}
	w.Close()
	if s := f.pub.Stats(); s.InFlight != 0 || s.Records != 0 {
		t.Errorf("%+v", s)
	}
}

// TestFlushWaitsForTheAcknowledgement: no acknowledgement, no return; and a Flush that was given up can be
// called again.
func TestFlushWaitsForTheAcknowledgement(t *testing.T) {
	release, acked := make(chan struct{}), new(atomic.Bool)
	p, err := topic.NewWithout(topic.Options{Topic: "out"}, 1, func(ctx context.Context, _ int32, _ []byte) error {
		select {
		case <-release:
			acked.Store(true)
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	w := p.Writer("in", 0)
	defer w.Close()
	add(t, w, "", "x", 0)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := w.Flush(ctx); !errors.Is(err, context.DeadlineExceeded) || acked.Load() {
		t.Fatalf("flush: %v", err)
	}
	close(release)
	flush(t, w)
	if !acked.Load() || p.Stats().Records != 1 {
		t.Error("not acknowledged")
	}
}

// TestBrokerGoesAway: connections break and come back; all records are there, some perhaps twice, in order.
func TestBrokerGoesAway(t *testing.T) {
	f := start(t, 1, topic.Options{BatchBytes: 1 << 10, Timeout: 5 * time.Second}, testbroker.Options{})
	w := f.writer(t, 0)
	const n = 600
	for i := range int64(n) {
		switch i {
		case 100, 300:
			f.dialer.Cut()
		case 200:
			f.dialer.Refuse(true)
		case 220:
			f.dialer.Refuse(false)
		}
		add(t, w, "", fmt.Sprint("line ", i), i)
		if i%50 == 0 && (i < 200 || i > 220) {
			flush(t, w)
		}
	}
	flush(t, w)
	next := 0
	for _, r := range f.read(t, n)[0] {
		var at int
		if _, err := fmt.Sscanf(header(r, topic.SourceHeader), "in/0/%d", &at); err != nil || at > next {
			t.Fatalf("record %d comes before %d: %v", at, next, err)
		}
		next = max(next, at+1)
	}
	if s := f.pub.Stats(); s.Records != n || s.InFlight != 0 {
		t.Errorf("%+v", s)
	}
}

// TestLeaderMoves: the new leader is found.
func TestLeaderMoves(t *testing.T) {
	f := start(t, 1, topic.Options{}, testbroker.Options{Brokers: 3})
	w := f.writer(t, 0)
	for i := range int64(6) {
		if err := f.Cluster().MoveTopicPartition("out", 0, int32(i%3)); err != nil {
			t.Fatal(err)
		}
		add(t, w, "", "x", i)
		flush(t, w)
	}
	f.read(t, 6)
}

// TestTooLarge: a batch that the broker refuses is sent in parts, and a record that it refuses becomes a
// marker with its key and its place.
func TestTooLarge(t *testing.T) {
	f := start(t, 1, topic.Options{BatchBytes: 1 << 20, Compression: topic.Uncompressed},
		testbroker.Options{Kfake: []kfake.Opt{kfake.BrokerConfigs(map[string]string{"message.max.bytes": "2000"})}})
	w := f.writer(t, 0)
	const n = 40
	for i := range int64(n) {
		value := strings.Repeat("x", 200)
		if i == 17 || i == 31 {
			value = strings.Repeat("large", 1000)
		}
		add(t, w, fmt.Sprint("key", i), value, i)
	}
	flush(t, w)
	for i, r := range f.read(t, n)[0] {
		large := i == 17 || i == 31
		if header(r, topic.SourceHeader) != fmt.Sprint("in/0/", i) || string(r.Key) != fmt.Sprint("key", i) || strings.Contains(string(r.Value), `"too_large_for_topic"`) != large {
			t.Errorf("record %d: %s %s %s", i, header(r, topic.SourceHeader), r.Key, r.Value)
		}
	}
	if s := f.pub.Stats(); s.Withheld != 2 || s.Records != n {
		t.Errorf("%+v", s)
	}
	if log := f.log.String(); strings.Count(log, "a marker stands for it") != 2 || !strings.Contains(log, "source=in/0/17") || strings.Contains(log, "large"+"large") {
		t.Errorf("logged %s", log)
	}
}

// TestTimesThatTheTopicRefuses become that of now, so that an old record does not hold up its partition.
func TestTimesThatTheTopicRefuses(t *testing.T) {
	now := epoch.AddDate(1, 0, 0)
	f := start(t, 1, topic.Options{Now: func() time.Time { return now }}, testbroker.Options{})
	refuse(f, 1, kerr.InvalidTimestamp)
	w := f.writer(t, 0)
	for i := range int64(3) {
		add(t, w, "k", "x", i)
	}
	flush(t, w)
	for i, r := range f.read(t, 3)[0] {
		if !r.Timestamp.Equal(now) || header(r, topic.SourceHeader) != fmt.Sprint("in/0/", i) || string(r.Key) != "k" {
			t.Errorf("record %d: %v %v", i, r.Timestamp, r.Headers)
		}
	}
}

// TestBackPressure: Add waits when MaxInFlight bytes are not acknowledged, and goes on when they are.
func TestBackPressure(t *testing.T) {
	const limit = 256 << 10
	gate := make(chan struct{})
	p, err := topic.NewWithout(topic.Options{Topic: "out", MaxInFlight: limit, BatchBytes: 32 << 10}, 4, func(ctx context.Context, _ int32, _ []byte) error {
		select {
		case <-gate:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	w := p.Writer("in", 0)
	defer w.Close()
	value := []byte(strings.Repeat("x", 1000))
	fill := func(ctx context.Context) (n int, err error) {
		for ; err == nil && n < 10_000; n++ {
			err = w.AddFields(ctx, nil, value, nil, topic.Meta{Offset: int64(n), Time: 1})
		}
		return n, err
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	n, err := fill(ctx)
	if !errors.Is(err, context.DeadlineExceeded) || n > limit/1000 || p.Stats().InFlight > limit {
		t.Fatalf("%d records, %v, %+v", n, err, p.Stats())
	}
	close(gate)
	flush(t, w)
	if n, err := fill(t.Context()); err != nil {
		t.Fatalf("%d records, %v", n, err)
	}
	flush(t, w)
	if in := p.Stats().InFlight; in != 0 {
		t.Errorf("%d bytes in flight at the end", in)
	}
	large := make([]byte, 4*limit) // more than there is room at all
	if err := w.AddFields(t.Context(), nil, large, nil, topic.Meta{Time: 1}); err != nil {
		t.Fatal(err)
	}
	flush(t, w)
}

// refusalOf picks a way in which a broker refuses a batch.
func refusalOf(fault uint8) error {
	switch fault % 3 {
	case 1:
		return kafka.MessageSizeTooLarge
	case 2:
		return kafka.InvalidTimestamp
	}
	return nil
}
