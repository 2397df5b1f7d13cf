// Package history says what has changed: it compares a day with the days before it, and makes a rollup.Report.
//
// # What is compared
//
// A day is compared with the days of the same weekday in the four weeks before (their median), because traffic
// has a week's rhythm. Days are those of the service's zone; a count of a day of 23 or 25 hours is scaled to the
// length of the day that it is compared with. A day on which a service and env logged nothing at all is missing:
// it is left out, not taken for zero.
//
// # The score
//
// Counts of independent events vary as Poisson's law says: by their square root. 2·√(n+3/8) varies by 1 whatever
// n is, for all but the lowest counts (F. J. Anscombe, "The transformation of Poisson, binomial and
// negative-binomial data", Biometrika 35, 1948). The score is the distance between the day and the median of its
// weekday on that scale, in units of what is usual for the key: at least what Poisson's law explains, and more
// where the key's own days vary more. That is measured by the median absolute deviation of 28 days from the
// medians of their weekdays, times 1.4826 (P. J. Rousseeuw and C. Croux, "Alternatives to the Median Absolute
// Deviation", JASA 88, 1993). Both medians stand one outage or one incident without being moved by it.
//
// On traffic that does not change, scores beyond MoverScore come about once in some weeks with 200 keys.
//
// # How it is fast
//
// Stores hold quarter-hours. The sums of whole days are kept in documents beside them (see Refresher), each with
// the revisions of the days that it was made of: when one of them has changed since, the document is not used and
// the day is summed again. So the sums are exact after late records and after retention, too.
package history

import (
	"context"
	"time"

	"github.com/logproc/logproc/rollup"
)

// Store is what reports are made of. Every rollup.Store will do.
type Store interface {
	rollup.Reader
	rollup.Facts
	Document(ctx context.Context, name string) (rollup.Document, error)
	Ledgers(ctx context.Context) ([]rollup.Ledger, error)
}

// Options add what a store does not know. The zero value adds nothing.
type Options struct {
	// Now is the time; a day that is not over at Now is not compared. Zero: every day is over.
	Now time.Time
	// Upto is the event time before which everything is counted, and Lag how many records wait, as far as
	// known. Zero: unknown.
	Upto time.Time
	Lag  uint64
	// Sent gives the events of a service and env that an earlier report of the day had. May be nil.
	Sent func(service, env string) (events uint64, found bool)
	// Explain gives the naming rule that a form breaks, and what to write instead; empty for none. May be nil.
	Explain func(service, form string) (rule, suggest string)
}

// Bounds of what is compared. They are part of what docs/summary.md promises.
const (
	MoverScore   = 3.8 // a mover's score is at least that far from 0
	MoverRatio   = 1.3 // and its count is that many times the median, or the median that many times the count
	SilentEvents = 11  // a key is silent when that many events were to be expected since it was seen last
	SilentDays   = 7   // it is listed for so many days
	NewDays      = 30  // a key is new when it was not seen for so many days
	MinDays      = 7   // and its service was, on so many of them
	LeakRatio    = 2.0 // a rule that is applied that many times the median is a leak, if its score says so, too
	LeakFirst    = 3   // values that a rule hides in a service where it hid none before
	TrendDays    = 28  // days in Report.Trends
)

// span is the number of days that are looked at: the day itself, and those before it that the first day of a
// silence is compared with.
const span = 35

// weeks is the number of days of the same weekday that a day is compared with, and fewest how many are enough.
const (
	weeks  = 4
	fewest = 2
)
