package pipeline_test

import (
	"context"
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/logproc/logproc/pipeline"
	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/rollup"
	"github.com/logproc/logproc/rollup/memstore"
	"github.com/logproc/logproc/rules"
)

// nowhere publishes records to nobody.
type nowhere struct{}

func (nowhere) Writer(rollup.TopicPartition) pipeline.RecordWriter       { return nowhere{} }
func (nowhere) Add(context.Context, redact.Redacted, int64, int64) error { return nil }
func (nowhere) Flush(context.Context) error                              { return nil }
func (nowhere) Close()                                                   {}

// factSums gives the facts of a kind as "service env name day" and the sum of their slots.
func factSums(t *testing.T, s rollup.Store, kind rollup.FactKind) map[string]uint64 {
	t.Helper()
	sums := make(map[string]uint64)
	err := s.Facts(t.Context(), rollup.FactQuery{Kind: kind, From: -1 << 30, To: 1 << 30}, func(f rollup.Fact) error {
		for _, slot := range f.Slots {
			sums[fmt.Sprintf("%s %s %s %s", f.Service, f.Env, f.Name, rollup.DateOf(rollup.BucketAt(f.Day, 0), nil))] += slot.N
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return sums
}

// TestFactsBelongToTheServiceAndDayOfTheirRecord reads records of two services and three days in turn, as a
// catch-up does, in commits that hold several of them.
func TestFactsBelongToTheServiceAndDayOfTheirRecord(t *testing.T) {
	const mail = "anna.svensson@example.com"
	log := newLog()
	wantDurations, wantRedactions, wantViolations := map[string]uint64{}, map[string]uint64{}, map[string]uint64{}
	for i := range 300 {
		day, service := fmt.Sprintf("2026-11-%02d", 18+i%3), []string{"ctrl", "fare"}[i%2]
		env := []string{"anna", "bob"}[i/2%2]
		of := service + " " + env + " "
		rest := fmt.Sprintf(`"service":%q,"env":%q,"lvl":"info","t":"%sT12:00:00Z"}`, service, env, day)
		switch i % 5 {
		case 0, 1:
			log.append(`{"msg":"api-call-ok","duration":12,` + rest)
			wantDurations[of+"api-call-ok "+day]++
		case 2:
			log.append(`{"msg":"api-call-ok","note":"write to ` + mail + `",` + rest)
			wantRedactions[of+"email "+day]++
		case 3:
			log.append(`{"msg":"Not a key",` + rest)
			wantViolations[of+"free_text "+day]++
		default:
			log.append(`{"msg":"api-call-ok",` + rest)
		}
	}
	log.append(`{"msg":"api-call-ok","service":"ctrl","env":"anna","duration":5,"t":"2020-01-01T00:00:00Z"}`) // of no day
	store := memstore.New(time.Now)
	p := newPipeline(t, pipeline.Config{Source: single(log, 7), Store: store, Publisher: nowhere{}, CommitRecords: 50,
		Horizon: rollup.Horizon{Retention: 30 * 24 * time.Hour}})
	if err := p.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	for kind, want := range map[rollup.FactKind]map[string]uint64{
		rollup.FactDurations: wantDurations, rollup.FactRedactions: wantRedactions, rollup.FactViolations: wantViolations,
	} {
		if got := factSums(t, store, kind); !maps.Equal(got, want) {
			t.Errorf("facts of kind %d:\n got %v\nwant %v", kind, got, want)
		}
	}
}

func TestRuleLabelsAreTheRulesNames(t *testing.T) {
	for r := range rules.Rule(rules.RuleCount) {
		if got := pipeline.RuleLabel(r).String(); got != r.String() {
			t.Errorf("rule %s has the label %s", r, got)
		}
	}
}
