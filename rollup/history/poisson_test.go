package history_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/logproc/logproc/parse"
	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/rollup"
	"github.com/logproc/logproc/rollup/history"
	"github.com/logproc/logproc/rollup/memstore"
)

// poisson draws from Poisson's law; for high rates from the normal law that is next to it.
func poisson(random *rand.Rand, rate float64) uint64 {
	if rate > 1000 {
		return uint64(max(0, math.Round(rate+math.Sqrt(rate)*random.NormFloat64())))
	}
	n := uint64(0)
	for left := random.ExpFloat64(); left < rate; left += random.ExpFloat64() {
		n++
	}
	return n
}

// month gathers counts by day and writes them to a store in one commit.
type month struct {
	t      testing.TB
	zone   *time.Location
	counts rollup.Tally
	facts  []rollup.Fact
}

func newMonth(t testing.TB, zone *time.Location) *month {
	return &month{t: t, zone: zone, counts: make(rollup.Tally)}
}

func keyOf(service, msg string) rollup.Key {
	return rollup.Key{Service: redact.Stored(service), Env: redact.Const("anna"), Level: parse.LevelError, Msg: redact.Stored(msg)}
}

// add puts n events on a day of the zone, spread over it.
func (m *month) add(k rollup.Key, day rollup.Date, n uint64) {
	from, to := day.Buckets(m.zone)
	for i := range n % 5 {
		m.counts.Add(k, from+(to-from)*rollup.Bucket(i)/5, 1)
	}
	m.counts.Add(k, to-1, n-n%5)
}

func (m *month) store() *memstore.Store {
	s := memstore.New(func() time.Time { return time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC) })
	c := rollup.Commit{Fence: 1, Next: 1000, Counts: m.counts.Counts(), Facts: m.facts}
	if _, err := s.Commit(m.t.Context(), &c); err != nil {
		m.t.Fatal(err)
	}
	return s
}

func reports(t testing.TB, s history.Store, req rollup.Request, opts history.Options) []rollup.Report {
	t.Helper()
	list, err := history.Reports(t.Context(), s, req, opts)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestFewFalseAlarms reports four weeks of traffic that does not change, of 200 keys with rates from one event in
// three days to 30,000 a day, and counts what is reported all the same.
func TestFewFalseAlarms(t *testing.T) {
	const keys, weeks = 200, 4
	alarms, seeds := 0, 10
	if testing.Short() {
		seeds = 2
	}
	for seed := range seeds {
		random := rand.New(rand.NewPCG(uint64(seed), 7))
		m := newMonth(t, nil)
		start := rollup.Date{Year: 2026, Month: 3, Day: 2}
		for i := range keys {
			rate := math.Exp(math.Log(0.3) + math.Log(1e5)*float64(i)/keys)
			for d := range 36 + 7*weeks {
				m.add(keyOf("ctrl", fmt.Sprintf("key-%03d", i)), start.AddDays(d), poisson(random, rate))
			}
		}
		s := m.store()
		for d := range 7 * weeks {
			for _, r := range reports(t, s, rollup.Request{Day: start.AddDays(36 + d)}, history.Options{}) {
				alarms += len(r.NewKeys) + len(r.Silent) + len(r.Movers)
				if n := len(r.NewKeys) + len(r.Silent) + len(r.Movers); n > 0 && testing.Verbose() {
					t.Logf("seed %d, %s: new %v, silent %v, movers %v", seed, r.Day, r.NewKeys, r.Silent, r.Movers)
				}
			}
		}
	}
	if perWeek := float64(alarms) / float64(seeds*weeks); perWeek >= 1 {
		t.Errorf("%d false alarms, %.2f a week", alarms, perWeek)
	} else {
		t.Logf("%d false alarms, %.2f a week", alarms, perWeek)
	}
}
