package rollup

import (
	"crypto/rand"
	"encoding/hex"
	"math"
	"time"
)

// Horizon says which event times are believed.
type Horizon struct {
	// Retention is how far behind its partition's newest event an event may be (0: any). It is measured on
	// the events themselves, not on the clock, so that reading an old topic again gives the same buckets.
	Retention time.Duration
	// Skew is how far ahead of its carrier's time (Kafka's record time) or of the clock, whichever is
	// earlier, an event may be (0: any). One clock that is years ahead must not make all others late.
	Skew time.Duration
}

// Limit gives the latest event time that is believed of records of a carrier's time (0: it has none), when
// the clock shows now. All times are in Unix nanoseconds.
func (h Horizon) Limit(carrier, now int64) int64 {
	if h.Skew <= 0 {
		return math.MaxInt64
	}
	if carrier > 0 {
		now = min(now, carrier)
	}
	return now + int64(h.Skew)
}

// Bucket gives the bucket of an event, by the latest time that is believed and the partition's newest event
// time before it. The second result is the newest event time after it.
func (h Horizon) Bucket(event, limit, newest int64) (Bucket, int64) {
	switch {
	case event > limit:
		return BucketFuture, newest
	case event >= newest:
		return BucketOf(event), event
	case h.Retention > 0 && event < newest-int64(h.Retention):
		return BucketLate, newest
	}
	return BucketOf(event), newest
}

// Expired reports whether a bucket belongs to a day that ends before the given bucket.
func Expired(b, before Bucket) bool {
	return b.UTCDay() > BucketLate.UTCDay() && b.UTCDay() < before.UTCDay()
}

// NewStateID gives the random id of a new store, 32 hex digits.
func NewStateID() string {
	id := make([]byte, 16)
	_, _ = rand.Read(id) // never fails
	return hex.EncodeToString(id)
}
