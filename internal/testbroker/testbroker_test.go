package testbroker_test

import (
	"context"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/logproc/logproc/internal/testbroker"
)

func TestOneCallIsOneBatch(t *testing.T) {
	for _, o := range []testbroker.Options{
		{},
		{TLS: true},
		{Users: []testbroker.User{{Mechanism: "SCRAM-SHA-512", Name: "u", Password: "p"}}},
	} {
		o.Topics = map[string]int32{"logs": 1}
		b, err := testbroker.Start(o)
		if err != nil {
			t.Fatal(err)
		}
		defer b.Close()
		p, err := b.Producer(testbroker.Zstd)
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		ctx := context.Background()
		if err := p.Values(ctx, "logs", 0, "a", "b", "c"); err != nil {
			t.Fatal(err)
		}
		var offsets []int64
		consumer, err := kgo.NewClient(append(b.ClientOptions(), kgo.ConsumeTopics("logs"))...)
		if err != nil {
			t.Fatal(err)
		}
		defer consumer.Close()
		fetched := consumer.PollFetches(ctx)
		if err := fetched.Err(); err != nil {
			t.Fatal(err)
		}
		fetched.EachRecord(func(r *kgo.Record) { offsets = append(offsets, r.Offset) })
		if len(offsets) != 3 {
			t.Errorf("the first fetch has the offsets %v, want three", offsets)
		}
	}
}

func TestUnknownTopic(t *testing.T) {
	b, err := testbroker.Start(testbroker.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	p, err := b.Producer(testbroker.None, kgo.UnknownTopicRetries(1))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if err := p.Values(context.Background(), "nowhere", 0, "a"); err == nil {
		t.Error("writing to a topic that does not exist gave no error")
	}
}
