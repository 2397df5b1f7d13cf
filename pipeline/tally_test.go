package pipeline

import (
	"fmt"
	"testing"

	"github.com/logproc/logproc/parse"
	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/rollup"
	"github.com/logproc/logproc/rules"
)

// TestIdleSeriesAreSweptOut looks inside, since memory is all that shows from outside.
func TestIdleSeriesAreSweptOut(t *testing.T) {
	tally := newTally(rules.DefaultNaming(), newBudget(Limits{SeriesPerService: 100_000}), redact.NewRedactor(redact.DefaultPolicy(), nil, redact.Options{}), rollup.Horizon{})
	record := func(msg string) *parse.Record {
		return &parse.Record{Key: []byte(msg), KeyState: parse.Present, Service: []byte("svc"), Duration: 3, DurationState: parse.Present}
	}
	word := func(n int) string {
		return fmt.Sprintf("api-%c%c%c%c-ok", 'a'+n%26, 'a'+n/26%26, 'a'+n/676%26, 'a'+n/17576%26)
	}
	total := func() (n uint64) {
		var c rollup.Commit
		tally.into(&c)
		for _, count := range c.Counts {
			n += count.N
		}
		return n
	}
	for n := range keptSeries + 1000 {
		tally.add(record(word(n)))
	}
	if got := total(); got != keptSeries+1000 {
		t.Fatalf("%d events, want %d", got, keptSeries+1000)
	}
	for range 3 * sweepEvery {
		tally.reset()
		tally.add(record("api-stays-ok"))
	}
	if len(tally.admitted) != 1 || len(tally.known) != 1 || len(tally.durations) != 1 {
		t.Errorf("%d series, %d look-ups and %d histograms are kept, want one of each", len(tally.admitted), len(tally.known), len(tally.durations))
	}
	tally.add(record(word(7)))
	if got := total(); got != 2 || tally.admitted[rollup.Key{Service: redact.Const("svc"), Msg: redact.Stored(word(7))}] == nil {
		t.Errorf("a series that comes back: %d events, admitted %t", got, tally.admitted[rollup.Key{Service: redact.Const("svc"), Msg: redact.Stored(word(7))}] != nil)
	}
}
