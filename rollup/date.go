package rollup

import (
	"cmp"
	"fmt"
	"math"
	"time"
)

// Date is a day of the calendar, without a zone.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// ParseDate reads a date as 2006-01-02.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return Date{}, fmt.Errorf("a day is written as 2006-01-02, with a month and day that exist")
	}
	return dateOf(t), nil
}

// String gives the date as 2006-01-02.
func (d Date) String() string { return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day) }

// Compare orders dates.
func (d Date) Compare(other Date) int {
	return cmp.Or(cmp.Compare(d.Year, other.Year), cmp.Compare(d.Month, other.Month), cmp.Compare(d.Day, other.Day))
}

// AddDays gives the day that is n days later, or earlier when n is negative.
func (d Date) AddDays(n int) Date {
	return dateOf(time.Date(d.Year, d.Month, d.Day+n, 0, 0, 0, 0, time.UTC))
}

// Buckets gives the buckets [from, to) of the day in zone; nil is UTC. Days of 23 or 25 hours have 92 or
// 100 of them, a day that the zone left out has none. Where a zone's offset is no multiple of 15 minutes
// (local mean time, before the 1970s), the day begins at the nearest bucket. Days follow one another
// without a gap: each bucket belongs to one day of a zone.
func (d Date) Buckets(zone *time.Location) (from, to Bucket) {
	return bucketAt(d.start(zone)), bucketAt(d.AddDays(1).start(zone))
}

// DateOf gives the day that a bucket belongs to in zone; nil is UTC.
func DateOf(b Bucket, zone *time.Location) Date {
	middle := b.Start().Add(BucketLength / 2) // the day begins at the nearest bucket, see Buckets
	d := dateOf(middle.In(zoneOrUTC(zone)))
	for int64(b) < d.start(zone) { // clocks that went back over midnight: the dates overlap for a while
		d = d.AddDays(-1)
	}
	for int64(b) >= d.AddDays(1).start(zone) {
		d = d.AddDays(1)
	}
	return d
}

// start gives the number of the day's first bucket, which may be more than a Bucket holds. It finds the
// first instant of the day by bisection. time.Date would not do: midnight does not exist where clocks go
// forward at midnight, and exists twice where they go back over it.
func (d Date) start(zone *time.Location) int64 {
	zone = zoneOrUTC(zone)
	midnight := time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC).Unix()
	const reach = 48 * 60 * 60 // seconds; a zone's offset is at most 16 hours, a skipped day 24 more
	before, after := midnight-reach, midnight+reach
	for after-before > 1 {
		middle := before + (after-before)/2
		if dateOf(time.Unix(middle, 0).In(zone)).Compare(d) < 0 {
			before = middle
		} else {
			after = middle
		}
	}
	const length = int64(BucketLength / time.Second)
	return floorDiv(after+length/2-1, length) // halves go down, as in DateOf
}

func floorDiv(n, by int64) int64 {
	q := n / by
	if n%by < 0 {
		q--
	}
	return q
}

func bucketAt(n int64) Bucket { return Bucket(min(max(n, math.MinInt32), math.MaxInt32)) }

func dateOf(t time.Time) Date {
	year, month, day := t.Date()
	return Date{Year: year, Month: month, Day: day}
}

func zoneOrUTC(zone *time.Location) *time.Location {
	if zone == nil {
		return time.UTC
	}
	return zone
}

// bucketsPerDay is the number of buckets in a day of UTC.
const bucketsPerDay = int32(24 * time.Hour / BucketLength)

// UTCDay gives the number of the UTC day that holds b, counted from the Unix epoch. Stores keep counts
// by UTC day.
func (b Bucket) UTCDay() int32 {
	return int32(floorDiv(int64(b), int64(bucketsPerDay)))
}

// Quarter gives the bucket's place in its UTC day, 0 to 95.
func (b Bucket) Quarter() uint8 { return uint8(int64(b) - int64(b.UTCDay())*int64(bucketsPerDay)) }

// BucketAt gives the bucket at a quarter of a UTC day.
func BucketAt(day int32, quarter uint8) Bucket {
	return Bucket(int64(day)*int64(bucketsPerDay) + int64(quarter))
}
