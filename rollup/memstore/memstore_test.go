package memstore_test

import (
	"testing"
	"time"

	"github.com/logproc/logproc/parse"
	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/rollup"
	"github.com/logproc/logproc/rollup/memstore"
	"github.com/logproc/logproc/rollup/storetest"
)

func clock() time.Time { return time.Date(2026, 3, 29, 12, 0, 0, 0, time.UTC) }

func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) (rollup.Store, func() rollup.Store) {
		return memstore.New(clock), nil
	})
}

// BenchmarkCommit counts a million events in batches of 10,000 records under 200 keys.
func BenchmarkCommit(b *testing.B) {
	batch := make([]rollup.Count, 200)
	for i := range batch {
		k := rollup.Key{Service: redact.Const("ctrl"), Env: redact.Const("anna"), Level: parse.LevelInfo, Msg: redact.Stored("order-paid-" + string(rune('a'+i)))}
		batch[i] = rollup.Count{Key: k, Bucket: rollup.Bucket(i % 4), N: 50}
	}
	tp := rollup.TopicPartition{Topic: "logs"}
	b.ReportAllocs()
	for b.Loop() {
		s := memstore.New(clock)
		claim, _ := s.Claim(b.Context(), tp)
		for i := range int64(100) {
			c := rollup.Commit{TopicPartition: tp, Fence: claim.Fence, Base: i * 10_000, Next: (i + 1) * 10_000, Counts: batch}
			if _, err := s.Commit(b.Context(), &c); err != nil {
				b.Fatal(err)
			}
		}
	}
}
