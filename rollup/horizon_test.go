package rollup_test

import (
	"math"
	"testing"
	"time"

	"github.com/logproc/logproc/rollup"
)

func TestHorizon(t *testing.T) {
	const day, hour, minute = 24 * time.Hour, time.Hour, time.Minute
	at := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	h := rollup.Horizon{Retention: 35 * day, Skew: 10 * minute}
	for _, test := range []struct {
		name            string
		h               rollup.Horizon
		event           time.Duration // all of them from at
		carrier, newest time.Duration
		late, future    bool
		moves           bool // the newest event time
	}{
		{name: "now", h: h, moves: true},
		{name: "yesterday, as all before", h: h, event: -day, newest: -day - hour, moves: true},
		{name: "an hour late", h: h, event: -hour},
		{name: "at the edge of the retention", h: h, event: -35 * day},
		{name: "beyond it", h: h, event: -35*day - time.Nanosecond, late: true},
		{name: "any age without a retention", h: rollup.Horizon{Skew: minute}, event: -4000 * day},
		{name: "as far ahead as clocks may be", h: h, event: 10 * minute, moves: true},
		{name: "further ahead", h: h, event: 10*minute + time.Nanosecond, future: true},
		{name: "ahead of a carrier of the past", h: h, event: -hour, carrier: -2 * hour, future: true},
		{name: "with a carrier that is ahead of the clock too", h: h, event: 400 * day, carrier: 400 * day, future: true},
		{name: "any time ahead without a limit", h: rollup.Horizon{Retention: day}, event: 400 * day, moves: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			from := func(d time.Duration) int64 { return at.Add(d).UnixNano() }
			limit := test.h.Limit(from(test.carrier), at.UnixNano())
			bucket, newest := test.h.Bucket(from(test.event), limit, from(test.newest))
			if (bucket == rollup.BucketLate) != test.late || (bucket == rollup.BucketFuture) != test.future {
				t.Errorf("bucket %d, want late=%t future=%t", bucket, test.late, test.future)
			}
			if bucket.OfDay() == (test.late || test.future) || bucket.OfDay() && bucket != rollup.BucketOf(from(test.event)) {
				t.Errorf("bucket %d is not the event's %d", bucket, rollup.BucketOf(from(test.event)))
			}
			if want := from(max(test.event, test.newest)); test.moves && newest != want || !test.moves && newest != from(test.newest) {
				t.Errorf("newest %v", time.Unix(0, newest).UTC())
			}
		})
	}
}

func TestHorizonWithoutCarrier(t *testing.T) {
	h := rollup.Horizon{Skew: time.Minute}
	if got := h.Limit(0, 1000); got != 1000+int64(time.Minute) {
		t.Errorf("limit %d, want that of the clock", got)
	}
	if got := (rollup.Horizon{}).Limit(0, 1000); got != math.MaxInt64 {
		t.Errorf("limit %d, want none", got)
	}
}
