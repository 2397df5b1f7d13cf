package history_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/logproc/logproc/internal/exphist"
	"github.com/logproc/logproc/parse"
	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/rollup"
	"github.com/logproc/logproc/rollup/history"
)

func fact(kind rollup.FactKind, service, name string, day rollup.Date, slots ...rollup.Slot) rollup.Fact {
	from, _ := day.Buckets(nil)
	return rollup.Fact{Kind: kind, Service: redact.Stored(service), Env: redact.Const("anna"), Name: redact.Stored(name), Day: from.UTCDay(), Slots: slots}
}

func TestSummaryOfAReportIsTheDaysSummary(t *testing.T) {
	m := newMonth(t, nil)
	today := day(t, "2026-03-20")
	noise := rand.New(rand.NewPCG(1, 1))
	for d := -40; d < 3; d++ {
		for i := range 40 {
			k := keyOf([]string{"ctrl", "fare", "late-zone"}[i%3], fmt.Sprintf("key-%d", i))
			k.Level, k.Env = parse.Level(i%parse.LevelCount), redact.Stored([]string{"anna", "bob", ""}[i%4%3])
			m.counts.Add(k, mustBucket(today.AddDays(d))+rollup.Bucket(noise.IntN(96)), poisson(noise, 3))
		}
	}
	m.counts.Add(keyOf("edge", "only-at-night"), mustBucket(today.AddDays(1))+3, 7) // today in New York only
	s := m.store()
	zones := map[string]*time.Location{"late-zone": zone(t, "Pacific/Auckland"), "edge": zone(t, "America/New_York")}
	for _, req := range []rollup.Request{
		{}, {AllLevels: true}, {Service: new("ctrl")}, {Service: new("fare"), Env: new("bob")}, {Env: new("")}, {Zone: zone(t, "Europe/Stockholm")},
		{ZoneOf: func(service string) *time.Location { return zones[service] }, AllLevels: true},
		{Zone: zone(t, "Asia/Tokyo"), ZoneOf: func(service string) *time.Location { return zones[service] }},
	} {
		req.Day = today
		want, err := rollup.Summaries(t.Context(), s, req)
		if err != nil {
			t.Fatal(err)
		}
		var got []rollup.Summary
		for _, r := range reports(t, s, req, history.Options{}) {
			if r.Events > 0 {
				got = append(got, r.Summary)
			}
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%+v:\n got %+v\nwant %+v", req, got, want)
		}
	}
}

func mustBucket(d rollup.Date) rollup.Bucket {
	from, _ := d.Buckets(nil)
	return from
}

func TestTrendsEndWithTheDay(t *testing.T) {
	m := newMonth(t, nil)
	today := day(t, "2026-03-20")
	for d := range 40 {
		m.add(keyOf("ctrl", "order-paid"), today.AddDays(-d), uint64(100+d))
	}
	r := reports(t, m.store(), rollup.Request{Day: today}, history.Options{})[0]
	trend := r.Trends[redact.Const("order-paid")]
	if len(trend) != history.TrendDays || trend[len(trend)-1] != 100 || trend[0] != 100+history.TrendDays-1 {
		t.Errorf("trend %v", trend)
	}
}

func TestSlowestOperations(t *testing.T) {
	m := newMonth(t, nil)
	today := day(t, "2026-03-20")
	m.add(keyOf("ctrl", "order-paid"), today, 10)
	random := rand.New(rand.NewPCG(1, 2))
	exact := make(map[string][]float64)
	for name, n := range map[string]int{"fast": 2000, "slow": 3000, "slowest-but-few": 5} {
		for part := range 3 { // as of three partitions
			var h exphist.Histogram
			for range n / 3 {
				v := map[string]float64{"fast": 0.01, "slow": 2, "slowest-but-few": 100}[name] * math.Exp(random.NormFloat64())
				exact[name] = append(exact[name], v)
				h.Observe(v)
			}
			f := fact(rollup.FactDurations, "ctrl", name, today)
			h.Slots(func(slot int, n uint64) { f.Slots = append(f.Slots, rollup.Slot{Index: uint16(slot), N: n}) })
			m.facts = append(m.facts, f)
			if part == 0 { // another day and service
				other := f
				other.Day--
				third := f
				third.Service = redact.Const("fare")
				m.facts = append(m.facts, other, third)
			}
		}
	}
	r := reports(t, m.store(), rollup.Request{Day: today}, history.Options{})[0]
	if len(r.Slowest) != 3 || r.Slowest[0].Msg.String() != "slow" || r.Slowest[1].Msg.String() != "fast" || r.Slowest[2].Msg.String() != "slowest-but-few" {
		t.Fatalf("got %+v", r.Slowest)
	}
	for _, o := range r.Slowest[:2] {
		values := exact[o.Msg.String()]
		slices.Sort(values)
		for q, got := range map[float64]float64{0.5: o.P50, 0.95: o.P95, 0.99: o.P99} {
			if want := values[int(q*float64(len(values)-1))]; math.Abs(got/want-1) > 0.05 {
				t.Errorf("%s p%g: %g, want %g", o.Msg, 100*q, got, want)
			}
		}
		if o.N != uint64(len(values)) {
			t.Errorf("%s: %d durations, want %d", o.Msg, o.N, len(values))
		}
	}
}

func TestRedactionsTellALeakFromTraffic(t *testing.T) {
	today := day(t, "2026-03-20")
	m := newMonth(t, nil)
	for d := range 35 {
		events := uint64(1000)
		if d == 0 {
			events = 3000 // three times the traffic
		}
		m.add(keyOf("ctrl", "order-paid"), today.AddDays(-d), events)
		add := func(rule string, n uint64) {
			m.facts = append(m.facts, fact(rollup.FactRedactions, "ctrl", rule, today.AddDays(-d), rollup.Slot{N: n}))
		}
		switch add("with-the-traffic", events/10); {
		case d == 0:
			add("first", 3)
			add("once", 2)
			add("leaks", 900)
		default:
			add("leaks", 95+uint64(d%7))
			add("gone", 5)
		}
	}
	r := reports(t, m.store(), rollup.Request{Day: today}, history.Options{})[0]
	want := []rollup.RedactionCount{
		{Rule: "leaks", N: 900, Median: 95, Leaks: true}, {Rule: "first", N: 3, Leaks: true},
		{Rule: "with-the-traffic", N: 300, Median: 100}, {Rule: "once", N: 2},
	}
	if !reflect.DeepEqual(r.Redactions, want) {
		t.Errorf("got %+v\nwant %+v", r.Redactions, want)
	}
}

func TestViolationsComeWithAnExample(t *testing.T) {
	today := day(t, "2026-03-20")
	m := newMonth(t, nil)
	m.add(keyOf("ctrl", rollup.MsgInvalid), today, 10)
	m.facts = append(m.facts, fact(rollup.FactViolations, "ctrl", "free_text", today, rollup.Slot{N: 8}), fact(rollup.FactViolations, "ctrl", "required_field", today, rollup.Slot{N: 90}))
	s := m.store()
	claim, err := s.Claim(t.Context(), rollup.TopicPartition{Topic: "forms"})
	if err != nil {
		t.Fatal(err)
	}
	form := rollup.Form{Service: redact.Const("ctrl"), Env: redact.Const("anna"), Text: redact.Const("Order paid"), Bucket: mustBucket(today), N: 8}
	if _, err := s.Commit(t.Context(), &rollup.Commit{TopicPartition: rollup.TopicPartition{Topic: "forms"}, Fence: claim.Fence, Next: 10, Forms: []rollup.Form{form}}); err != nil {
		t.Fatal(err)
	}
	explain := func(service, form string) (string, string) {
		if service != "ctrl" || form != "Order paid" {
			t.Errorf("explain %s %q", service, form)
		}
		return "free_text", "order-paid"
	}
	r := reports(t, s, rollup.Request{Day: today}, history.Options{Explain: explain})[0]
	want := []rollup.RuleCount{{Rule: "required_field", N: 90}, {Rule: "free_text", N: 8, Example: redact.Const("Order paid"), Suggest: "order-paid"}}
	if !reflect.DeepEqual(r.Violations, want) {
		t.Errorf("got %+v\nwant %+v", r.Violations, want)
	}
}

func TestCompleteness(t *testing.T) {
	today := day(t, "2026-03-20")
	m := newMonth(t, nil)
	m.add(keyOf("ctrl", "order-paid"), today, 990)
	s := m.store()
	end := mustBucket(today.AddDays(1)).Start()
	sent := func(events uint64, found bool) func(string, string) (uint64, bool) {
		return func(string, string) (uint64, bool) { return events, found }
	}
	for _, test := range []struct {
		name string
		opts history.Options
		want rollup.Completeness
	}{
		{"nothing known", history.Options{}, rollup.Completeness{Share: 1}},
		{"behind", history.Options{Lag: 10, Upto: end.Add(-time.Hour)}, rollup.Completeness{Share: 0.99, Lag: 10, Upto: end.Add(-time.Hour)}},
		{"behind, but beyond the day", history.Options{Lag: 10, Upto: end}, rollup.Completeness{Share: 1, Lag: 10, Upto: end}},
		{"late ones", history.Options{Sent: sent(900, true)}, rollup.Completeness{Share: 1, Late: 90}},
		{"sent with more", history.Options{Sent: sent(1000, true)}, rollup.Completeness{Share: 1}},
		{"never sent", history.Options{Sent: sent(0, false)}, rollup.Completeness{Share: 1}},
	} {
		if got := reports(t, s, rollup.Request{Day: today}, test.opts)[0].Complete; got != test.want {
			t.Errorf("%s: %+v, want %+v", test.name, got, test.want)
		}
	}
}

// TestServiceThatSaysNothing has a report only because others show that there was something to count.
func TestServiceThatSaysNothing(t *testing.T) {
	today := day(t, "2026-03-20")
	m := newMonth(t, nil)
	for d := range 35 {
		if d > 0 {
			m.add(keyOf("ctrl", "order-paid"), today.AddDays(-d), 50)
			m.add(keyOf("rare", "order-paid"), today.AddDays(-d), 1)
		}
		m.add(keyOf("fare", "order-paid"), today.AddDays(-d), 50)
	}
	s := m.store()
	list := reports(t, s, rollup.Request{Day: today}, history.Options{})
	if len(list) != 2 || list[0].Service.String() != "ctrl" || list[0].Events != 0 || list[0].Day != today ||
		!reflect.DeepEqual(list[0].Silent, []rollup.SilentKey{{Msg: redact.Const("order-paid"), Median: 50, Last: today.AddDays(-1)}}) {
		t.Errorf("got %+v", list)
	}
	if list := reports(t, s, rollup.Request{Day: today}, history.Options{Now: mustBucket(today.AddDays(1)).Start().Add(-time.Second)}); len(list) != 1 {
		t.Errorf("while the day is not over: %+v", list)
	}
	if list := reports(t, s, rollup.Request{Day: today.AddDays(1)}, history.Options{}); len(list) != 0 {
		t.Errorf("a day on which nobody logged: %+v", list)
	}
}
