// Package outbox keeps messages in a store until they are sent, so that several replicas, restarts and crashes
// together send each of them once.
//
//	due ─► claimed ─► sending ─► sent
//	 ▲        │          ├─────► unknown   (the connection was lost when the receiver may have had it all)
//	 └────────┴──────────┴─────► refused   (for good, or for longer than GiveUp)
//
// Every arrow is one compare-and-set of the entry's document. A claim is a lease: who does not finish within it
// has lost the entry, and its next step is refused because the document has changed (the version is the fence).
// The state sending is written immediately before the first byte that could lead to a delivery. A crash before
// it is nothing; a crash after it cannot be told from a delivery, and is the state unknown.
package outbox

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/logproc/logproc/internal/backoff"
	"github.com/logproc/logproc/rollup"
)

// Documents is the part of a store that the outbox needs.
type Documents interface {
	Document(ctx context.Context, name string) (rollup.Document, error)
	Documents(ctx context.Context, prefix, from string, f func(rollup.Document) error) error
	SwapDocument(ctx context.Context, d rollup.Document) (swapped bool, err error)
}

// Message is what a Sender hands over.
type Message struct {
	List string
	From string // envelope sender; empty for the sender's own
	To   []string
	Body []byte // the same bytes at every try
}

// Sender hands messages over to whoever delivers them.
type Sender interface {
	// Send hands over m. It calls begin once, immediately before the first byte that could lead to a delivery,
	// with the recipients that the receiver has taken so far, and sends nothing more when that gives an error.
	// Refused recipients are no error as long as one was taken. The error is a *Failure where something is known.
	Send(ctx context.Context, m Message, begin func(taken []string) error) (refused []Refusal, err error)
}

// OnUnknown says what to do when a message may or may not have been delivered.
type OnUnknown string

// What to do: Resend the same bytes, so that at most a repeat with the same Message-ID comes of it, or Hold the
// message, so that at worst it is missing.
const (
	Resend OnUnknown = "resend"
	Hold   OnUnknown = "hold"
)

// MaxUnknown is how often a message may end as unknown before it is held in any case.
const MaxUnknown = 3

// Options configure an Outbox. Store, Senders and Owner are needed.
type Options struct {
	Store   Documents
	Senders map[string]Sender // by Entry.Channel
	// Owner tells this process from all others, those before a restart included.
	Owner string

	OnUnknown OnUnknown     // default Resend
	Claim     time.Duration // how long everything before the data may take (default 3m); then others may try
	Data      time.Duration // how long handing over the data may take (default 12m; RFC 5321 gives the receiver 10)
	GiveUp    time.Duration // after so long without success a message counts as refused (default 48h)
	Keep      time.Duration // how long documents are kept (default 40 days)

	Now  func() time.Time
	Rand func() float64 // from 0 to below 1, for the jitter of pauses
	// Sleep pauses, and tells whether ctx still lasts (default: backoff.Sleep).
	Sleep  func(ctx context.Context, d time.Duration) bool
	Count  func(result Result) // called for every try that ended; may be nil
	Logger *slog.Logger        // default: discard
}

// Result is how a try ended, as used in labels.
type Result string

// The results of a try.
const (
	ResultSent     Result = "sent"
	ResultDeferred Result = "deferred" // to be tried again
	ResultRefused  Result = "refused"  // never to be tried again
	ResultUnknown  Result = "unknown"
)

// Results lists all results.
func Results() []Result {
	return []Result{ResultSent, ResultDeferred, ResultRefused, ResultUnknown}
}

// Outbox sends what is put into it. It is safe for concurrent use.
type Outbox struct{ o Options }

// New makes an outbox; nothing runs in the background.
func New(o Options) *Outbox {
	defaults(&o.Claim, 3*time.Minute)
	defaults(&o.Data, 12*time.Minute)
	defaults(&o.GiveUp, 48*time.Hour)
	defaults(&o.Keep, 40*24*time.Hour)
	if o.OnUnknown == "" {
		o.OnUnknown = Resend
	}
	if o.Sleep == nil {
		o.Sleep = backoff.Sleep
	}
	if o.Count == nil {
		o.Count = func(Result) {}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Outbox{o}
}

func defaults(d *time.Duration, value time.Duration) {
	if *d <= 0 {
		*d = value
	}
}

// Names of documents. They are ordered by day, so that old ones are passed over.
const (
	entryPrefix = "mail/entry/"
	bodyPrefix  = "mail/body/"
)

func entryName(day, id string) string { return entryPrefix + day + "/" + id }
func bodyName(day, id string) string  { return bodyPrefix + day + "/" + id }

// Put makes the outbox owe a message, unless it knows it already: then it keeps what it has, and made is false.
// The body is written first and never changed, so every replica and every try sends the same bytes.
func (b *Outbox) Put(ctx context.Context, e Entry, body []byte) (made bool, err error) {
	_, known, err := b.Entry(ctx, e.Day, e.ID)
	if err != nil || known {
		return false, err
	}
	expires := b.o.Now().Add(b.o.Keep)
	d := rollup.Document{Name: bodyName(e.Day, e.ID), Value: body, Expires: expires}
	if _, err := b.o.Store.SwapDocument(ctx, d); err != nil {
		return false, fmt.Errorf("keep the message %s: %w", e.ID, err)
	}
	e.State, e.By = Due, b.o.Owner
	made, err = b.o.Store.SwapDocument(ctx, rollup.Document{Name: entryName(e.Day, e.ID), Value: e.encode(), Expires: expires})
	if err != nil {
		return false, fmt.Errorf("keep the message %s: %w", e.ID, err)
	}
	return made, nil
}

// Entry gives what is known of a message.
func (b *Outbox) Entry(ctx context.Context, day, id string) (e Entry, known bool, err error) {
	d, err := b.o.Store.Document(ctx, entryName(day, id))
	if err != nil {
		return e, false, fmt.Errorf("read the message %s: %w", id, err)
	}
	if d.Version == 0 {
		return e, false, nil
	}
	if err := e.decode(d.Value); err != nil {
		return e, false, fmt.Errorf("read the message %s: %w", id, err)
	}
	return e, true, nil
}

// Entries calls f for all messages of days from since (2006-01-02) on, in the order of days. One that cannot be
// read is logged and passed over.
func (b *Outbox) Entries(ctx context.Context, since string, f func(Entry) error) error {
	return b.each(ctx, since, func(_ rollup.Document, e Entry) error { return f(e) })
}

func (b *Outbox) each(ctx context.Context, since string, f func(rollup.Document, Entry) error) error {
	err := b.o.Store.Documents(ctx, entryPrefix, entryPrefix+since, func(d rollup.Document) error {
		var e Entry
		if err := e.decode(d.Value); err != nil {
			b.o.Logger.Error("a message in the outbox is passed over", "document", d.Name, "error", err)
			return nil
		}
		return f(d, e)
	})
	if err != nil {
		return fmt.Errorf("read the outbox: %w", err)
	}
	return nil
}
