//go:build e2e

package topic_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/logproc/logproc/sinks/topic"
)

// TestRealBroker writes with each codec to the broker that LOGPROC_TEST_KAFKA names: it checks batches more
// closely than the in-process one. Two records are larger than the topic takes, and the times of some are
// refused.
func TestRealBroker(t *testing.T) {
	addr := os.Getenv("LOGPROC_TEST_KAFKA")
	if addr == "" {
		t.Fatal("LOGPROC_TEST_KAFKA names no broker; deploy/kafka/broker.sh start prints the address of one")
	}
	for _, codec := range []topic.Compression{topic.Zstd, topic.LZ4, topic.Snappy, topic.Gzip, topic.Uncompressed} {
		for _, maxAge := range []string{"", "3600000"} {
			t.Run(codec.String()+maxAge, func(t *testing.T) { writeReal(t, addr, codec, maxAge) })
		}
	}
}

func writeReal(t *testing.T, addr string, codec topic.Compression, maxAge string) {
	name := fmt.Sprintf("redacted-%s-%d", codec, time.Now().UnixNano())
	createReal(t, addr, name, maxAge)
	p, err := topic.New(t.Context(), topic.Options{Brokers: []string{addr}, Topic: name, Compression: codec})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	const n = 5000
	for partition := range int32(2) {
		w := p.Writer("in", partition)
		defer w.Close()
		for i := range int64(n) {
			value := fmt.Sprintf(`{"msg":"line %d"}`, i)
			if i == 17 {
				value = noise(200 << 10)
			}
			add(t, w, fmt.Sprint("key", i%7), value, i)
		}
		flush(t, w)
	}
	next := map[int32]int{}
	for _, r := range readReal(t, addr, name, 2*n) {
		i := next[r.Partition]
		next[r.Partition]++
		want := fmt.Sprintf(`{"msg":"line %d"}`, i)
		if i == 17 {
			want = `{"msg":"_withheld","lvl":"warning","reason":"too_large_for_topic"}`
		}
		old := r.Timestamp.Equal(epoch.Add(time.Duration(i) * time.Millisecond))
		if header(r, topic.SourceHeader) != fmt.Sprintf("in/%d/%d", r.Partition, i) || string(r.Value) != want || old != (maxAge == "") {
			t.Fatalf("record %d: %s %s %v", i, r.Value, header(r, topic.SourceHeader), r.Timestamp)
		}
	}
	if s := p.Stats(); s.Records != 2*n || s.Withheld != 2 || s.InFlight != 0 {
		t.Errorf("%+v", s)
	}
}

func createReal(t *testing.T, addr, name, maxAge string) {
	t.Helper()
	config := []kafka.ConfigEntry{{ConfigName: "max.message.bytes", ConfigValue: "100000"}, {ConfigName: "retention.ms", ConfigValue: "-1"}}
	if maxAge != "" {
		config = append(config, kafka.ConfigEntry{ConfigName: "message.timestamp.before.max.ms", ConfigValue: maxAge})
	}
	client := kafka.Client{Addr: kafka.TCP(addr), Transport: new(kafka.Transport)}
	resp, err := client.CreateTopics(t.Context(), &kafka.CreateTopicsRequest{Topics: []kafka.TopicConfig{
		{Topic: name, NumPartitions: 2, ReplicationFactor: 1, ConfigEntries: config}}})
	if err == nil {
		err = resp.Errors[name]
	}
	if err != nil {
		t.Fatal(err)
	}
}

func readReal(t *testing.T, addr, name string, n int) (records []*kgo.Record) {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(addr), kgo.ConsumeTopics(name))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for len(records) < n {
		fetches := client.PollFetches(t.Context())
		if err := fetches.Err(); err != nil {
			t.Fatal(err)
		}
		records = append(records, fetches.Records()...)
	}
	return records
}

// noise is text that does not compress much.
func noise(n int) string {
	var b strings.Builder
	for x := uint64(1); b.Len() < n; {
		x = x*6364136223846793005 + 1442695040888963407
		_, _ = fmt.Fprintf(&b, "%x", x>>11)
	}
	return b.String()
}
