//go:build e2e

package redisstore_test

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/logproc/logproc/internal/testredis"
	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/rollup"
	"github.com/logproc/logproc/rollup/redisstore"
)

// TestSumsAreExact adds numbers of all sizes in any order of quarters, also beyond what Lua's own numbers
// hold, and compares with the sums of Go.
func TestSumsAreExact(t *testing.T) {
	server := start(t, testredis.Redis)
	s := open(t, "redis://"+server.Addr(), redisstore.Options{})
	fence := claim(t, s).Fence
	random := rand.New(rand.NewPCG(1, 2))
	truth, forms := make(rollup.Tally), make(rollup.Tally)
	for i := range int64(400) {
		c := &rollup.Commit{TopicPartition: logs0, Fence: fence, Base: i, Next: i + 1, Resume: i + 1}
		for range 1 + random.IntN(8) {
			key := rollup.Key{Service: redact.Const("ctrl"), Msg: redact.Stored(fmt.Sprintf("key-%d", random.IntN(3)))}
			count := rollup.Count{Key: key, Bucket: rollup.Bucket(random.IntN(100)), N: 1 + random.Uint64()>>random.IntN(64)}
			c.Counts = append(c.Counts, count)
			truth.Add(count.Key, count.Bucket, count.N)
			c.Forms = append(c.Forms, rollup.Form{Service: key.Service, Text: key.Msg, Bucket: count.Bucket, N: count.N})
			forms.Add(count.Key, count.Bucket, count.N)
		}
		wantResult(t, s, c, rollup.Committed, i+1)
	}
	got := make(rollup.Tally)
	err := s.Counts(t.Context(), rollup.Everything(), func(c rollup.Count) error {
		got.Add(c.Key, c.Bucket, c.N)
		return nil
	})
	if err != nil || !maps.Equal(got, truth) {
		t.Errorf("counts, %v:\n got %v\nwant %v", err, got, truth)
	}
	got = make(rollup.Tally)
	err = s.Forms(t.Context(), rollup.Everything(), func(f rollup.Form) error {
		got.Add(rollup.Key{Service: f.Service, Msg: f.Text}, f.Bucket, f.N)
		return nil
	})
	if err != nil || !maps.Equal(got, forms) {
		t.Errorf("forms, %v:\n got %v\nwant %v", err, got, forms)
	}
}

// TestDamage has the server hold counts that nobody wrote: commits and readers say so, and nothing changes.
func TestDamage(t *testing.T) {
	for _, damage := range []string{"", "\x80", "\x07", "\x07\x80", "\x80\x80\x80", "\x07\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"} {
		t.Run(fmt.Sprintf("%x", damage), func(t *testing.T) {
			server := start(t, testredis.Redis)
			s := open(t, "redis://"+server.Addr(), redisstore.Options{})
			fence := claim(t, s).Fence
			c := step(fence, 0, 10)
			wantResult(t, s, c, rollup.Committed, 10)
			fence = claim(t, s).Fence // which copies the counts to where they are damaged now
			call(t, server, "HSET", "logproc:{0:logs}:c:0", quoted(string(rollup.AppendKey(nil, c.Counts[0].Key))), quoted(damage))
			_, err := s.Commit(t.Context(), step(fence, 10, 20))
			if damage == "" || damage == "\x07\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01" {
				return // no counts at all, and ones that are too large, are taken as what they can be
			}
			if !errors.Is(err, rollup.ErrCorrupt) {
				t.Errorf("commit: %v, want ErrCorrupt", err)
			}
			if got := claim(t, s).Offset; got != 10 {
				t.Errorf("offset %d after a commit that failed", got)
			}
			err = s.Counts(t.Context(), rollup.Everything(), func(rollup.Count) error { return nil })
			if !errors.Is(err, rollup.ErrCorrupt) {
				t.Errorf("read: %v, want ErrCorrupt", err)
			}
		})
	}
}

// quoted writes a text as the server reads it on a line.
func quoted(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range []byte(text) {
		fmt.Fprintf(&b, `\x%02x`, c)
	}
	b.WriteByte('"')
	return b.String()
}
