package rollup_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/logproc/logproc/parse"
	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/rollup"
	"github.com/logproc/logproc/rollup/memstore"
)

// TestExpireOld measures the retention from the newest event, so that a store of old logs keeps them.
func TestExpireOld(t *testing.T) {
	const day = 24 * time.Hour
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		name   string
		newest time.Time
		keep   time.Duration
		left   []int // ages in days, of 0 to 9, that remain
	}{
		{"the newest event is now", now, 3 * day, []int{0, 1, 2, 3}},
		{"it is some days old", now.Add(-4 * day), 3 * day, []int{0, 1, 2, 3, 4, 5, 6, 7}},
		{"its clock is ahead", now.Add(400 * day), 3 * day, []int{0, 1, 2, 3}},
		{"without a retention", now, 0, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}},
		{"nothing was counted", time.Unix(0, 0), 3 * day, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := memstore.New(time.Now)
			c := rollup.Commit{Fence: 1, Next: 1000, Newest: test.newest.UnixNano()}
			for age := range 10 {
				for i := range 2000 {
					c.Counts = append(c.Counts, rollup.Count{Key: rollup.Key{Msg: redact.Stored(fmt.Sprint("key-", i))},
						Bucket: rollup.BucketOf(now.AddDate(0, 0, -age).UnixNano()), N: 1})
				}
			}
			if _, err := s.Commit(t.Context(), &c); err != nil {
				t.Fatal(err)
			}
			pauses := 0
			deleted, err := rollup.ExpireOld(t.Context(), s, test.keep, now, func() error { pauses++; return nil })
			if want := (10 - len(test.left)) * 2000; err != nil || deleted != want || pauses != (max(want, 1)-1)/rollup.ExpireLimit {
				t.Errorf("%d deleted with %d pauses, %v; want %d", deleted, pauses, err, want)
			}
			left := map[rollup.Bucket]int{}
			_ = s.Counts(t.Context(), rollup.Everything(), func(c rollup.Count) error { left[c.Bucket]++; return nil })
			for _, age := range test.left {
				if left[rollup.BucketOf(now.AddDate(0, 0, -age).UnixNano())] != 2000 {
					t.Errorf("of %d days ago %d are left", age, left[rollup.BucketOf(now.AddDate(0, 0, -age).UnixNano())])
				}
			}
			if len(left) != len(test.left) {
				t.Errorf("%d days are left, want %v", len(left), test.left)
			}
		})
	}
}

func TestExpireOldEndsWithItsPause(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	c := rollup.Commit{Fence: 1, Next: 1000, Newest: now.UnixNano()}
	for i := range 2 * rollup.ExpireLimit {
		c.Counts = append(c.Counts, rollup.Count{Key: rollup.Key{Msg: redact.Stored(fmt.Sprint("key-", i))}, N: 1}) // of 1970
	}
	s := memstore.New(time.Now)
	if _, err := s.Commit(t.Context(), &c); err != nil {
		t.Fatal(err)
	}
	stop := errors.New("enough")
	deleted, err := rollup.ExpireOld(t.Context(), s, time.Hour, now, func() error { return stop })
	if !errors.Is(err, stop) || deleted != rollup.ExpireLimit {
		t.Errorf("%d deleted, %v; want one step and the pause's error", deleted, err)
	}
}

// TestDaysOfServicesInOtherZones folds the same buckets to the day of each service's zone.
func TestDaysOfServicesInOtherZones(t *testing.T) {
	zone := func(name string) *time.Location {
		z, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		return z
	}
	zones := map[string]*time.Location{"sthlm": zone("Europe/Stockholm"), "kiri": zone("Pacific/Kiritimati"), "hono": zone("Pacific/Honolulu"), "nepal": zone("Asia/Kathmandu")}
	for _, test := range []struct {
		day   string
		hours map[string]float64 // Stockholm changes its clocks
	}{
		{"2026-06-15", map[string]float64{"sthlm": 24, "kiri": 24, "hono": 24, "nepal": 24, "utc": 24}},
		{"2026-03-29", map[string]float64{"sthlm": 23, "kiri": 24, "hono": 24, "nepal": 24, "utc": 24}},
		{"2026-10-25", map[string]float64{"sthlm": 25, "kiri": 24, "hono": 24, "nepal": 24, "utc": 24}},
	} {
		t.Run(test.day, func(t *testing.T) {
			day := date(t, test.day)
			var counts []rollup.Count
			from, to := day.Buckets(nil)
			for service := range test.hours { // one event in each quarter-hour of three days
				for b := from - 96; b < to+96; b++ {
					counts = append(counts, rollup.Count{Key: rollup.Key{Service: redact.Stored(service), Level: parse.LevelError, Msg: redact.Const("order-lost")}, Bucket: b, N: 1})
				}
			}
			list, err := rollup.Summaries(t.Context(), storeOf(t, counts, nil), rollup.Request{Day: day,
				ZoneOf: func(service string) *time.Location { return zones[service] }})
			if err != nil {
				t.Fatal(err)
			}
			if len(list) != len(test.hours) {
				t.Fatalf("%d summaries, want %d", len(list), len(test.hours))
			}
			for _, s := range list {
				want := test.hours[s.Service.String()]
				if s.Total != uint64(4*want) || s.DayLength.Hours() != want {
					t.Errorf("%s in %s: %d events in %s, want a day of %v hours", s.Service, s.Zone, s.Total, s.DayLength, want)
				}
			}
		})
	}
}
