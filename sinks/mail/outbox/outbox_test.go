package outbox_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/logproc/logproc/rollup"
	"github.com/logproc/logproc/rollup/memstore"
	"github.com/logproc/logproc/sinks/mail/outbox"
)

// receiver answers tries one after the other; then it takes everything.
type receiver struct {
	answers []answer
	tries   [][]string // whom each try was for
}

type answer struct {
	refused []outbox.Refusal
	before  error // of the envelope
	after   error // of the data
}

func (r *receiver) Send(_ context.Context, m outbox.Message, begin func([]string) error) ([]outbox.Refusal, error) {
	r.tries = append(r.tries, slices.Clone(m.To))
	var a answer
	if len(r.answers) > 0 {
		a, r.answers = r.answers[0], r.answers[1:]
	}
	if a.before != nil {
		return a.refused, a.before
	}
	taken := slices.DeleteFunc(slices.Clone(m.To), func(to string) bool {
		return slices.ContainsFunc(a.refused, func(r outbox.Refusal) bool { return r.To == to })
	})
	if len(taken) == 0 {
		return a.refused, nil
	}
	if err := begin(taken); err != nil {
		return nil, err
	}
	return a.refused, a.after
}

const (
	anna = "anna@example.org"
	bo   = "bo@example.org"
)

func TestHowTriesEnd(t *testing.T) {
	failure := func(kind outbox.Kind) error {
		return &outbox.Failure{Kind: kind, Phase: "DATA", Err: errors.New("451 later")}
	}
	greylisted := []outbox.Refusal{{To: bo, Temporary: true, Text: "451 greylisted"}}
	unknownUser := []outbox.Refusal{{To: bo, Text: "550 no such user"}}
	for name, test := range map[string]struct {
		answers []answer
		policy  outbox.OnUnknown
		tries   int // within two days, a minute between two ticks
		want    outbox.State
		results []outbox.Result
	}{
		"at once":           {nil, "", 1, outbox.Sent, []outbox.Result{outbox.ResultSent}},
		"deferred twice":    {[]answer{{before: failure(outbox.Deferred)}, {before: errors.New("dial: refused")}}, "", 3, outbox.Sent, []outbox.Result{"deferred", "deferred", "sent"}},
		"rejected":          {[]answer{{after: failure(outbox.Rejected)}}, "", 1, outbox.Refused, []outbox.Result{"refused"}},
		"greylisted":        {[]answer{{refused: greylisted}}, "", 2, outbox.Sent, []outbox.Result{"deferred", "sent"}},
		"one of two":        {[]answer{{refused: unknownUser}}, "", 1, outbox.Sent, []outbox.Result{"sent"}},
		"nobody":            {[]answer{{refused: append([]outbox.Refusal{{To: anna, Text: "550"}}, unknownUser...)}}, "", 1, outbox.Refused, []outbox.Result{"refused"}},
		"lost after data":   {[]answer{{after: failure(outbox.Undecided)}}, outbox.Resend, 2, outbox.Sent, []outbox.Result{"unknown", "sent"}},
		"lost and held":     {[]answer{{after: failure(outbox.Undecided)}}, outbox.Hold, 1, outbox.Unknown, []outbox.Result{"unknown"}},
		"always lost":       {slices.Repeat([]answer{{after: errors.New("EOF")}}, 100), outbox.Resend, outbox.MaxUnknown, outbox.Unknown, []outbox.Result{"unknown", "unknown", "unknown"}},
		"down for two days": {slices.Repeat([]answer{{before: failure(outbox.Deferred)}}, 100), "", 0, outbox.Refused, nil},
	} {
		t.Run(name, func(t *testing.T) {
			now := time.Date(2026, 11, 21, 7, 30, 0, 0, time.UTC)
			clock := func() time.Time { return now }
			r := &receiver{answers: test.answers}
			store := memstore.New(clock)
			var results []outbox.Result
			tick := func() { // by a new process each time: what it knows is in the store
				box := outbox.New(outbox.Options{
					Store: store, Senders: map[string]outbox.Sender{"mail": r}, Owner: now.String(), OnUnknown: test.policy,
					Now: clock, Rand: func() float64 { return 0.5 }, Count: func(r outbox.Result) { results = append(results, r) },
				})
				e := outbox.Entry{ID: "one", Channel: "mail", Day: day, To: []string{anna, bo}, Due: now}
				if _, err := box.Put(t.Context(), e, []byte("mail")); err != nil {
					t.Fatal(err)
				}
				if err := box.Deliver(t.Context(), day); err != nil {
					t.Fatal(err)
				}
			}
			for range 49 * 60 {
				tick()
				now = now.Add(time.Minute)
			}
			e := entry(t, store, clock)
			if e.State != test.want || test.tries > 0 && len(r.tries) != test.tries {
				t.Errorf("state %s after %d tries, want %s after %d; error %q", e.State, len(r.tries), test.want, test.tries, e.Error)
			}
			if test.results != nil && !slices.Equal(results, test.results) {
				t.Errorf("results %v, want %v", results, test.results)
			}
			if n := len(r.tries); n > 60 {
				t.Errorf("%d tries in two days", n)
			}
		})
	}
}

func entry(t *testing.T, store rollup.Documents, clock func() time.Time) outbox.Entry {
	t.Helper()
	e, known, err := outbox.New(outbox.Options{Store: store, Now: clock}).Entry(t.Context(), day, "one")
	if err != nil || !known {
		t.Fatalf("the entry: %v, %v", known, err)
	}
	return e
}

// Whom the mail has reached does not get it again for the sake of the others.
func TestGreylistedRecipientGetsItLater(t *testing.T) {
	now := time.Date(2026, 11, 21, 7, 30, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	r := &receiver{answers: []answer{{refused: []outbox.Refusal{{To: bo, Temporary: true, Text: "451"}}}}}
	store := memstore.New(clock)
	box := outbox.New(outbox.Options{Store: store, Senders: map[string]outbox.Sender{"mail": r}, Owner: "o", Now: clock, Rand: func() float64 { return 0 }})
	if _, err := box.Put(t.Context(), outbox.Entry{ID: "one", Channel: "mail", Day: day, To: []string{anna, bo}, Due: now}, []byte("mail")); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := box.Deliver(t.Context(), day); err != nil {
			t.Fatal(err)
		}
		now = now.Add(time.Hour)
	}
	if len(r.tries) != 2 || !slices.Equal(r.tries[0], []string{anna, bo}) || !slices.Equal(r.tries[1], []string{bo}) {
		t.Errorf("tries for %v", r.tries)
	}
	if e := entry(t, store, clock); !slices.Equal(e.Delivered, []string{anna, bo}) {
		t.Errorf("delivered to %v", e.Delivered)
	}
}

// A server that is down is asked once per pass, not once per message.
func TestReceiverThatIsDownIsAskedOnce(t *testing.T) {
	clock := func() time.Time { return time.Date(2026, 11, 21, 7, 30, 0, 0, time.UTC) }
	down := answer{before: &outbox.Failure{Phase: "connect", Down: true, Err: errors.New("refused")}}
	r := &receiver{answers: slices.Repeat([]answer{down}, 9)}
	box := outbox.New(outbox.Options{Store: memstore.New(clock), Senders: map[string]outbox.Sender{"mail": r}, Owner: "o", Now: clock, Rand: func() float64 { return 0 }})
	for _, id := range []string{"a", "b", "c"} {
		if _, err := box.Put(t.Context(), outbox.Entry{ID: id, Channel: "mail", Day: day, To: []string{anna}, Due: clock()}, nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := box.Deliver(t.Context(), day); err != nil || len(r.tries) != 1 {
		t.Errorf("%d tries, %v", len(r.tries), err)
	}
}

// A document that is no entry stops nothing else.
func TestDamagedEntryIsPassedOver(t *testing.T) {
	clock := func() time.Time { return time.Date(2026, 11, 21, 7, 30, 0, 0, time.UTC) }
	store, r := memstore.New(clock), &receiver{}
	box := outbox.New(outbox.Options{Store: store, Senders: map[string]outbox.Sender{"mail": r}, Owner: "o", Now: clock, Rand: func() float64 { return 0 }})
	if err := store.PutDocuments(t.Context(), []rollup.Document{{Name: "mail/entry/" + day + "/0", Value: []byte("{")}}); err != nil {
		t.Fatal(err)
	}
	if _, err := box.Put(t.Context(), outbox.Entry{ID: "one", Channel: "mail", Day: day, To: []string{anna}, Due: clock()}, nil); err != nil {
		t.Fatal(err)
	}
	if err := box.Deliver(t.Context(), day); err != nil || len(r.tries) != 1 {
		t.Errorf("%d tries, %v", len(r.tries), err)
	}
	if _, _, err := box.Entry(t.Context(), day, "0"); err == nil || strings.Contains(err.Error(), "{") {
		t.Errorf("error %v", err)
	}
}

// flaky is a store that is away for some calls after the message went out.
type flaky struct {
	*memstore.Store
	away *int
}

func (f flaky) SwapDocument(ctx context.Context, d rollup.Document) (bool, error) {
	if *f.away > 0 {
		*f.away--
		return false, errors.New("connection refused")
	}
	return f.Store.SwapDocument(ctx, d)
}

func (f flaky) Document(ctx context.Context, name string) (rollup.Document, error) {
	if *f.away > 0 {
		*f.away--
		return rollup.Document{}, errors.New("connection refused")
	}
	return f.Store.Document(ctx, name)
}

// leaving takes the message, and the store away.
type leaving struct {
	receiver
	away *int
}

func (l *leaving) Send(ctx context.Context, m outbox.Message, begin func([]string) error) ([]outbox.Refusal, error) {
	refused, err := l.receiver.Send(ctx, m, begin)
	*l.away = 9
	return refused, err
}

func TestStoreThatIsAwayForAMomentCostsNoRepeat(t *testing.T) {
	now, away := time.Date(2026, 11, 21, 7, 30, 0, 0, time.UTC), 0
	clock := func() time.Time { return now }
	store, r := memstore.New(clock), &leaving{away: &away}
	box := outbox.New(outbox.Options{
		Store: flaky{store, &away}, Senders: map[string]outbox.Sender{"mail": r}, Owner: "o", Now: clock, Rand: func() float64 { return 0 },
		Sleep: func(context.Context, time.Duration) bool { return true },
	})
	if _, err := box.Put(t.Context(), outbox.Entry{ID: "one", Channel: "mail", Day: day, To: []string{anna}, Due: now}, nil); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		if err := box.Deliver(t.Context(), day); err != nil {
			t.Fatal(err)
		}
		now = now.Add(time.Hour)
	}
	if e := entry(t, store, clock); e.State != outbox.Sent || len(r.tries) != 1 {
		t.Errorf("state %s after %d tries", e.State, len(r.tries))
	}
}
