// Package daily knows which summary of which day is owed to whom, and has the outbox send it.
//
// Whether a mail is owed is a level, not a tick: at any time the question is "is the day over, is it late enough,
// and has nobody made the mail yet?". So a restart, a clock change or a night without a running process only makes
// a mail late. A day's mails are made once, by whichever replica comes first.
package daily

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/mail"
	"time"

	"github.com/logproc/logproc/internal/backoff"
	"github.com/logproc/logproc/internal/glob"
	"github.com/logproc/logproc/rollup"
	mails "github.com/logproc/logproc/sinks/mail"
	"github.com/logproc/logproc/sinks/mail/outbox"
)

// List is who gets the summaries of which services.
type List struct {
	Name     string
	Channel  string // the sender of the outbox
	Services []glob.Glob
	Envs     []glob.Glob // none: all
	Digest   bool        // one message for all services instead of one for each service and env
	To       []*mail.Address

	Zone   *time.Location
	ZoneOf func(service string) *time.Location // see rollup.Request; nil for none
	At     time.Duration                       // time of the day in Zone, as the clock shows it
	Grace  time.Duration                       // at least so long after the end of the day

	AllLevels bool
	// MinEvents is the total below which a service without news is left out; 0 sends in any case.
	MinEvents uint64
}

// Reports gives the reports of a day.
type Reports func(ctx context.Context, req rollup.Request) ([]rollup.Report, error)

// Composer makes the message of an edition; the Message-ID is a name that is the same at every try.
type Composer interface {
	Compose(e mails.Edition) (body []byte, messageID string, err error)
}

// Options configure a Daily. All but Ledgers and Logger are needed.
type Options struct {
	Lists     []List
	Reports   Reports
	Ledgers   func(ctx context.Context) ([]rollup.Ledger, error) // nil: losses are not shown
	Composers map[string]Composer                                // by List.Channel
	Outbox    *outbox.Outbox
	Store     outbox.Documents
	// CorrectionShare is by how much late records must change a total before a correction is sent: 0.05 is 5 %.
	// 0 sends none.
	CorrectionShare float64
	Now             func() time.Time
	Rand            func() float64
	Logger          *slog.Logger
	Metrics         *Metrics // may be nil
}

// Interval is the time between two looks at what is owed.
const Interval = 20 * time.Second

// catchUp is the number of days whose mails are still made after nobody ran when they were due.
const catchUp = 3

// sinceDays is how far back messages that were not sent are still tried; see outbox.Options.GiveUp.
const sinceDays = 7

// Daily sends what is owed.
type Daily struct{ o Options }

// New makes a Daily; nothing runs yet.
func New(o Options) *Daily {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Daily{o}
}

// Run looks after the mails until ctx ends.
func (d *Daily) Run(ctx context.Context) {
	for {
		if err := d.Tick(ctx); err != nil && ctx.Err() == nil {
			d.o.Logger.Error("summaries are not sent, trying again soon", "error", err)
		}
		if !backoff.Sleep(ctx, Interval+time.Duration(d.o.Rand()*float64(Interval)/4)) {
			return
		}
	}
}

// Tick makes the mails that are owed and not made yet, and sends those that can be sent now.
func (d *Daily) Tick(ctx context.Context) error {
	var errs []error
	for i := range d.o.Lists {
		if err := d.plan(ctx, &d.o.Lists[i]); err != nil {
			errs = append(errs, fmt.Errorf("make the summaries of %s: %w", d.o.Lists[i].Name, err))
		}
	}
	errs = append(errs, d.o.Outbox.Deliver(ctx, d.since()), d.measure(ctx))
	return errors.Join(errs...)
}

// since is the first day whose messages are still tried.
func (d *Daily) since() string {
	return today(d.o.Now(), time.UTC).AddDays(-sinceDays).String()
}

func today(now time.Time, zone *time.Location) rollup.Date {
	return rollup.DateOf(rollup.BucketOf(now.UnixNano()), zone)
}

// plan makes the messages of all days that are owed to a list.
func (d *Daily) plan(ctx context.Context, l *List) error {
	now := d.o.Now()
	yesterday := today(now, l.Zone).AddDays(-1)
	first, err := d.firstDay(ctx, l, yesterday)
	if err != nil {
		return err
	}
	for day := yesterday.AddDays(1 - catchUp); day.Compare(yesterday) <= 0; day = day.AddDays(1) {
		if day.Compare(first) < 0 || now.Before(l.due(day)) {
			continue
		}
		made, err := d.made(ctx, l, day)
		if err != nil {
			return err
		}
		if made {
			continue
		}
		if err := d.make(ctx, l, day, now); err != nil {
			return err
		}
	}
	return nil
}

// due gives when the mail of a day is to be sent: at the list's time of the next day, but not before the grace
// period after the day's end is over.
func (l *List) due(day rollup.Date) time.Time {
	next := day.AddDays(1)
	at := time.Date(next.Year, next.Month, next.Day, 0, int(l.At/time.Minute), 0, 0, l.Zone)
	if over := l.over(day, l.Zone); over.After(at) {
		return over
	}
	return at
}

// over gives when the day is complete in a zone, the grace period included.
func (l *List) over(day rollup.Date, zone *time.Location) time.Time {
	_, end := day.Buckets(zone)
	return end.Start().Add(l.Grace)
}

// make puts a day's messages into the outbox, and writes down that it did.
func (d *Daily) make(ctx context.Context, l *List, day rollup.Date, now time.Time) error {
	drafts, complete, err := d.drafts(ctx, l, day, now)
	if err != nil || !complete {
		return err
	}
	for _, draft := range drafts {
		if _, err := d.o.Outbox.Put(ctx, draft.Entry, draft.Body); err != nil {
			return err
		}
	}
	return d.setMade(ctx, l, day, now)
}

// SendDay makes and sends the messages of one day now, whenever they are due, and gives what became of them. Those
// that were sent before are not sent again.
func (d *Daily) SendDay(ctx context.Context, day rollup.Date) ([]outbox.Entry, error) {
	for i := range d.o.Lists {
		l := &d.o.Lists[i]
		drafts, _, err := d.drafts(ctx, l, day, d.o.Now())
		if err != nil {
			return nil, fmt.Errorf("make the summaries of %s: %w", l.Name, err)
		}
		for _, draft := range drafts {
			if _, err := d.o.Outbox.Put(ctx, draft.Entry, draft.Body); err != nil {
				return nil, err
			}
		}
		if err := d.setMade(ctx, l, day, d.o.Now()); err != nil {
			return nil, err
		}
	}
	if err := d.o.Outbox.Deliver(ctx, day.String()); err != nil {
		return nil, err
	}
	var list []outbox.Entry
	err := d.o.Outbox.Entries(ctx, day.String(), func(e outbox.Entry) error {
		if e.Day == day.String() {
			list = append(list, e)
		}
		return nil
	})
	return list, err
}

// Drafts makes the messages of one day for all lists, and keeps none of them.
func (d *Daily) Drafts(ctx context.Context, day rollup.Date) ([]Draft, error) {
	var list []Draft
	for i := range d.o.Lists {
		drafts, _, err := d.drafts(ctx, &d.o.Lists[i], day, d.o.Now())
		if err != nil {
			return nil, fmt.Errorf("make the summaries of %s: %w", d.o.Lists[i].Name, err)
		}
		list = append(list, drafts...)
	}
	return list, nil
}
