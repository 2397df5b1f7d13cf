package rollup_test

import (
	"testing"
	"time"
	_ "time/tzdata" // the tests need the same zones everywhere

	"github.com/logproc/logproc/rollup"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func date(t testing.TB, s string) rollup.Date {
	t.Helper()
	d, err := rollup.ParseDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDayOfZone(t *testing.T) {
	for _, test := range []struct {
		zone, day string
		start     string // UTC
		length    time.Duration
	}{
		{"UTC", "2026-03-29", "2026-03-29T00:00:00Z", 24 * time.Hour},
		{"Europe/Stockholm", "2026-03-28", "2026-03-27T23:00:00Z", 24 * time.Hour},
		{"Europe/Stockholm", "2026-03-29", "2026-03-28T23:00:00Z", 23 * time.Hour},
		{"Europe/Stockholm", "2026-10-25", "2026-10-24T22:00:00Z", 25 * time.Hour},
		{"Asia/Kathmandu", "2026-03-29", "2026-03-28T18:15:00Z", 24 * time.Hour},
		{"Australia/Lord_Howe", "2026-04-05", "2026-04-04T13:00:00Z", 24*time.Hour + 30*time.Minute},
		{"Australia/Lord_Howe", "2026-10-04", "2026-10-03T13:30:00Z", 23*time.Hour + 30*time.Minute},
		{"America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00Z", 23 * time.Hour}, // has no midnight
		{"America/Sao_Paulo", "2018-02-17", "2018-02-17T02:00:00Z", 25 * time.Hour}, // ends with 23 o'clock twice
		{"Africa/Cairo", "2026-04-24", "2026-04-23T22:00:00Z", 23 * time.Hour},      // has no midnight
		{"Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00Z", 0},                   // left out
		{"Pacific/Kiritimati", "2026-01-01", "2025-12-31T10:00:00Z", 24 * time.Hour},
		{"Africa/Monrovia", "1971-05-05", "1971-05-05T00:45:00Z", 24 * time.Hour},  // 44:30 behind
		{"America/St_Johns", "2006-10-29", "2006-10-29T03:30:00Z", 24 * time.Hour}, // back at one past midnight: the second one
	} {
		t.Run(test.zone+" "+test.day, func(t *testing.T) {
			from, to := date(t, test.day).Buckets(zone(t, test.zone))
			if start := from.Start().Format(time.RFC3339); start != test.start {
				t.Errorf("it begins at %s, want %s", start, test.start)
			}
			if length := time.Duration(to-from) * rollup.BucketLength; length != test.length {
				t.Errorf("it has %s, want %s", length, test.length)
			}
		})
	}
}

// TestEveryBucketHasOneDay walks through years of buckets: the days of a zone follow one another without
// gap or overlap, and DateOf agrees with Buckets.
func TestEveryBucketHasOneDay(t *testing.T) {
	for _, test := range []struct{ zone, from, to string }{
		{"Europe/Stockholm", "2025-12-01", "2027-01-31"},
		{"Asia/Kathmandu", "1985-12-01", "1986-02-01"}, // +5:30 became +5:45
		{"Australia/Lord_Howe", "2026-03-01", "2026-11-01"},
		{"America/Sao_Paulo", "2018-01-01", "2019-03-01"},
		{"America/St_Johns", "2006-03-01", "2006-11-30"},
		{"Pacific/Apia", "2011-12-01", "2012-01-31"},
		{"Africa/Monrovia", "1971-11-01", "1972-03-01"},
		{"Africa/Cairo", "2026-04-01", "2026-11-30"},
	} {
		t.Run(test.zone, func(t *testing.T) {
			z := zone(t, test.zone)
			next, _ := date(t, test.from).Buckets(z)
			for d := date(t, test.from); d.Compare(date(t, test.to)) <= 0; d = d.AddDays(1) {
				from, to := d.Buckets(z)
				if from != next || to < from {
					t.Fatalf("%s has the buckets [%d, %d), the day before ends at %d", d, from, to, next)
				}
				for b := from; b < to; b++ {
					if got := rollup.DateOf(b, z); got != d {
						t.Fatalf("bucket %s is in %s, but DateOf says %s", b.Start(), d, got)
					}
				}
				next = to
			}
		})
	}
}

func TestBucketOfDay(t *testing.T) {
	for _, b := range []rollup.Bucket{-1 << 31, -97, -96, -95, -1, 0, 1, 95, 96, 1_742_400, 1<<31 - 1} {
		if got := rollup.BucketAt(b.UTCDay(), b.Quarter()); got != b || b.Quarter() > 95 {
			t.Errorf("bucket %d is quarter %d of day %d, which is bucket %d", b, b.Quarter(), b.UTCDay(), got)
		}
		z := zone(t, "Europe/Stockholm")
		if from, to := rollup.DateOf(b, z).Buckets(z); b < from || b > to || b == to && to < 1<<31-1 {
			t.Errorf("bucket %d is not in its day [%d, %d)", b, from, to)
		}
		if day, want := b.UTCDay(), b.Start().Unix()/86400; b >= 0 && int64(day) != want {
			t.Errorf("bucket %d is in day %d, want %d", b, day, want)
		}
	}
}

func TestParseDate(t *testing.T) {
	if d := date(t, "2024-02-29"); d.String() != "2024-02-29" {
		t.Errorf("got %s", d)
	}
	for _, bad := range []string{"", "2023-02-29", "2024-2-1", "24-02-01", "2024-02-29T00:00:00Z", "yesterday"} {
		if d, err := rollup.ParseDate(bad); err == nil {
			t.Errorf("%q is %s", bad, d)
		}
	}
}
