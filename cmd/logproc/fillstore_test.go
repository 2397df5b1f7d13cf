package main

import (
	"testing"
	"time"

	"github.com/logproc/logproc/parse"
	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/rollup"
	"github.com/logproc/logproc/rollup/boltstore"
)

// fillStore makes a store with seven events of one service on 2026-11-20.
func fillStore(t *testing.T, path string) {
	t.Helper()
	s, err := boltstore.Open(path, boltstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	claim, err := s.Claim(t.Context(), rollup.TopicPartition{Topic: "logs"})
	if err != nil {
		t.Fatal(err)
	}
	key := rollup.Key{Service: redact.Const("ctrl"), Env: redact.Const("anna"), Level: parse.LevelError, Msg: redact.Const("api-sync-fail")}
	bucket := rollup.BucketOf(time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC).UnixNano())
	commit := rollup.Commit{TopicPartition: rollup.TopicPartition{Topic: "logs"}, Fence: claim.Fence, Next: 7, Resume: 7, Counts: []rollup.Count{{Key: key, Bucket: bucket, N: 7}}}
	if _, err := s.Commit(t.Context(), &commit); err != nil {
		t.Fatal(err)
	}
}
