package history_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/logproc/logproc/parse"
	"github.com/logproc/logproc/rollup"
	"github.com/logproc/logproc/rollup/history"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func day(t testing.TB, s string) rollup.Date {
	t.Helper()
	d, err := rollup.ParseDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func weekend(d rollup.Date) bool {
	w := time.Date(d.Year, d.Month, d.Day, 12, 0, 0, 0, time.UTC).Weekday()
	return w == time.Saturday || w == time.Sunday
}

// changes lists what a report says as "new key", "silent key", "up key" and "down key".
func changes(r *rollup.Report) []string {
	var list []string
	for _, k := range r.NewKeys {
		list = append(list, "new "+k.Msg.String())
	}
	for _, k := range r.Silent {
		list = append(list, "silent "+k.Msg.String())
	}
	for _, k := range r.Movers {
		if k.Score > 0 {
			list = append(list, "up "+k.Msg.String())
		} else {
			list = append(list, "down "+k.Msg.String())
		}
	}
	slices.Sort(list)
	return list
}

// TestPlantedChanges generates traffic with a week's rhythm over two clock changes and a day on which nothing was
// logged, plants changes, and wants exactly these reported, on exactly their days.
func TestPlantedChanges(t *testing.T) {
	for _, change := range []struct{ start, name string }{{"2026-02-16", "spring"}, {"2026-09-14", "autumn"}} {
		for seed := range uint64(5) {
			t.Run(fmt.Sprintf("%s/seed=%d", change.name, seed), func(t *testing.T) {
				testPlanted(t, day(t, change.start), rand.New(rand.NewPCG(seed, 11)))
			})
		}
	}
}

func testPlanted(t *testing.T, start rollup.Date, random *rand.Rand) {
	stockholm := zone(t, "Europe/Stockholm")
	const first, days = 36, 35 // start is a Monday, first a Tuesday; days first to first+days-1 are reported
	missing := first + 9       // a Thursday
	m := newMonth(t, stockholm)
	want := make(map[int][]string) // by day
	rate := func(name string, d int) float64 {
		n := map[string]float64{"steady": 300, "rare": 0.5, "large": 20_000, "office": 150, "few": 3, "doubles": 120, "halves": 400, "stops": 90, "stops-slowly": 4, "office-stops": 60, "spike": 40}[name]
		switch off := weekend(start.AddDays(d)); {
		case strings.HasPrefix(name, "office") && off:
			return 0
		case off:
			n *= 0.4
		}
		switch {
		case name == "doubles" && d == first+3, name == "spike" && d == first+16:
			n *= 3
		case name == "halves" && d == first+15:
			n /= 3
		case name == "stops" && d >= first+2, name == "stops-slowly" && d >= first+17, name == "office-stops" && d >= first+4: // the last a Saturday
			n = 0
		case name == "large": // varies by more than Poisson's law says
			n *= 1 + 0.05*random.NormFloat64()
		}
		return n
	}
	for d := range first + days {
		if d == missing {
			continue
		}
		for _, name := range []string{"steady", "rare", "large", "office", "few", "doubles", "halves", "stops", "stops-slowly", "office-stops", "spike"} {
			m.add(keyOf("ctrl", name), start.AddDays(d), poisson(random, rate(name, d)))
		}
	}
	m.add(keyOf("ctrl", "fresh"), start.AddDays(first+6), 2)
	m.add(keyOf("ctrl", "fresh"), start.AddDays(first+7), 5)
	m.add(keyOf("ctrl", "comes-back"), start.AddDays(first-33), 5)
	m.add(keyOf("ctrl", "comes-back"), start.AddDays(first+1), 5)
	quiet := keyOf("ctrl", "was-debug")
	quiet.Level = parse.LevelDebug
	m.add(quiet, start.AddDays(first-3), 5)
	m.add(keyOf("ctrl", "was-debug"), start.AddDays(first+5), 3) // a known key at another level is not new
	want[first+1] = []string{"new comes-back"}
	want[first+6] = []string{"new fresh"}
	want[first+3] = []string{"up doubles"}
	want[first+16] = []string{"up spike"}
	want[first+15] = []string{"down halves"}
	silent := func(key string, from int) { // for a week
		for d := from; d < from+history.SilentDays; d++ {
			if d != missing {
				want[d] = append(want[d], "silent "+key)
			}
		}
	}
	silent("stops", first+2)
	silent("office-stops", first+6) // on Monday
	s := m.store()
	slow := make(map[int]bool) // when "stops-slowly" is found, and for how long, depends on what its days were before
	for d := first; d < first+days; d++ {
		list := reports(t, s, rollup.Request{Day: start.AddDays(d), Zone: stockholm}, history.Options{})
		if d == missing {
			if len(list) != 0 {
				t.Errorf("%d reports of the missing day", len(list))
			}
			continue
		}
		got := changes(&list[0])
		if i := slices.Index(got, "silent stops-slowly"); i >= 0 {
			slow[d] = true
			got = slices.Delete(got, i, i+1)
		}
		slices.Sort(want[d])
		if !slices.Equal(got, want[d]) {
			t.Errorf("day %d (%s): got %q, want %q", d-first, start.AddDays(d), got, want[d])
		}
	}
	found := slices.Sorted(maps.Keys(slow))
	if n := len(found); n < 3 || n > history.SilentDays || found[0] < first+17+1 || found[0] > first+17+7 {
		t.Errorf("stops-slowly was reported on %v; it stopped on %d", found, first+17)
	}
}
