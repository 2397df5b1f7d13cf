//go:build e2e

package redisstore_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/logproc/logproc/internal/testredis"
	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/rollup"
	"github.com/logproc/logproc/rollup/redisstore"
)

// TestLogThatIsCutOff cuts the append-only file at any byte, as a power cut may, again and again. Redis then drops
// a transaction that is cut in two, but leaves its beginning in the file, and takes it for the beginning of the
// next one when it starts once more: no commit may be a transaction of several writes.
func TestLogThatIsCutOff(t *testing.T) {
	for _, program := range []struct {
		name string
		find func() (string, error)
	}{{"redis", testredis.Redis}, {"valkey", testredis.Valkey}} {
		t.Run(program.name, func(t *testing.T) {
			server := start(t, program.find, "--appendonly", "yes", "--appendfsync", "always")
			s := open(t, "redis://"+server.Addr(), redisstore.Options{})
			random := rand.New(rand.NewPCG(7, 1))
			for round := range 60 {
				countSome(t, s, random)
				checkExact(t, s)
				if t.Failed() {
					t.Fatalf("in round %d", round)
				}
				server.Kill()
				cutOff(t, server, random)
				if err := server.Start(); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// cellOf says what the record at an offset counts as.
func cellOf(partition int32, offset int64) rollup.Cell {
	r := rand.New(rand.NewPCG(uint64(partition), uint64(offset)))
	return rollup.Cell{Key: rollup.Key{Service: redact.Stored(fmt.Sprint("s", r.IntN(3))), Msg: redact.Stored(fmt.Sprint("key-", r.IntN(20)))}, Bucket: rollup.Bucket(r.IntN(300))}
}

const cutPartitions = 3

// countSome goes on where the store is, on some of the partitions.
func countSome(t *testing.T, s rollup.Store, random *rand.Rand) {
	t.Helper()
	for range 1 + random.IntN(6) {
		tp := rollup.TopicPartition{Topic: "logs", Partition: int32(random.IntN(cutPartitions))}
		claim, err := s.Claim(context.Background(), tp)
		if err != nil {
			t.Fatal(err)
		}
		base := claim.Offset
		for range 1 + random.IntN(3) {
			c := &rollup.Commit{TopicPartition: tp, Fence: claim.Fence, Base: base, Next: base + 1 + random.Int64N(60)}
			tally := make(rollup.Tally)
			for offset := c.Base; offset < c.Next; offset++ {
				cell := cellOf(tp.Partition, offset)
				tally.Add(cell.Key, cell.Bucket, 1)
			}
			c.Resume, c.Counts, c.Outcomes.Counted = c.Next, tally.Counts(), uint64(c.Next-c.Base)
			wantResult(t, s, c, rollup.Committed, c.Next)
			base = c.Next
		}
	}
}

// checkExact compares all counts with those of the records below the stored offsets.
func checkExact(t *testing.T, s rollup.Store) {
	t.Helper()
	ledgers, err := s.Ledgers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	truth, got := make(rollup.Tally), make(rollup.Tally)
	for _, l := range ledgers {
		for offset := range l.Offset {
			cell := cellOf(l.Partition, offset)
			truth.Add(cell.Key, cell.Bucket, 1)
		}
	}
	err = s.Counts(t.Context(), rollup.Everything(), func(c rollup.Count) error {
		got.Add(c.Key, c.Bucket, c.N)
		return nil
	})
	if err != nil || !maps.Equal(got, truth) {
		t.Errorf("%d cells are not those of the records below the offsets (%d cells): %v", len(got), len(truth), err)
	}
}

func cutOff(t *testing.T, server *testredis.Server, random *rand.Rand) {
	t.Helper()
	logs, err := filepath.Glob(filepath.Join(server.Dir, "appendonlydir", "*.incr.aof"))
	if err != nil || len(logs) == 0 {
		t.Fatal("no append-only file", err)
	}
	newest := slices.Max(logs)
	info, err := os.Stat(newest)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(newest, max(0, info.Size()-random.Int64N(6000))); err != nil {
		t.Fatal(err)
	}
}
