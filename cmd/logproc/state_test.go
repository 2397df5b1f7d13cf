package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/rollup"
	"github.com/logproc/logproc/rollup/stores"
)

func TestState(t *testing.T) {
	url := "file:" + filepath.Join(t.TempDir(), "s.db")
	store, err := stores.OpenURL(t.Context(), url, stores.Options{})
	if err != nil {
		t.Fatal(err)
	}
	tp := rollup.TopicPartition{Topic: "logs", Partition: 3}
	claim, err := store.Claim(t.Context(), tp)
	if err != nil {
		t.Fatal(err)
	}
	c := &rollup.Commit{TopicPartition: tp, Fence: claim.Fence, TopicID: "aa", Base: 10, Next: 60, Resume: 60, Outcomes: rollup.Outcomes{Counted: 40},
		Counts: []rollup.Count{{Key: rollup.Key{Msg: redact.Const("order-paid")}, N: 40}},
		Lost:   []rollup.Lost{{First: 20, Last: 29, Reason: rollup.LostCorrupt}}}
	if r, err := store.Commit(t.Context(), c); err != nil || r.Outcome != rollup.Committed {
		t.Fatal(r, err)
	}
	if _, errs, code := runCommandLine(t, "", "state", "show", "--store", url); code != exitError || !strings.Contains(errs, "another process has it open") {
		t.Errorf("while the store is open: %d %q", code, errs)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		args []string
		code int
		want []string
	}{
		{"no such partition", []string{"accept", "--topic", "logs", "--partition", "4", "--offset", "0"}, exitError, []string{"logs/4: nothing is stored of it"}},
		{"no such offset", []string{"accept", "--topic", "logs", "--partition", "3", "--offset=-5"}, exitError, []string{"--offset -5"}},
		{"no offset", []string{"accept", "--topic", "logs", "--partition", "3"}, exitError, []string{"--offset"}},
		{"accepted", []string{"accept", "--topic", "logs", "--partition", "3", "--offset", "7"}, exitOK, []string{"logs/3: was counted up to offset 60, goes on at 7"}},
		{"shown", []string{"show"}, exitOK, []string{"logs/3", "lost 20 to 29 (corrupt)", "moved by an operator from 60 to 7"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			out, errs, code := runCommandLine(t, "", append(append([]string{"state"}, test.args...), "--store", url)...)
			for _, want := range test.want {
				if code != test.code || !strings.Contains(out+errs, want) {
					t.Errorf("exit %d, %q, %q; want %d and %q", code, out, errs, test.code, want)
				}
			}
		})
	}
}
