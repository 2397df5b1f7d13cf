package outbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/logproc/logproc/rollup"
)

// errLost: somebody else has changed the entry; it is theirs now.
var errLost = errors.New("another process has taken the message over")

// How long the last word on a try may take, also while the program ends, and the pause between two tries to write it
// down: without it a message that was sent could not be told from one that was not.
const (
	settleTime  = 10 * time.Second
	settlePause = 250 * time.Millisecond
)

// Deliver tries once what is ready of the days from since (2006-01-02) on. Messages that fail are tried again by
// a later call; the error is the store's alone, and the context's.
func (b *Outbox) Deliver(ctx context.Context, since string) error {
	var ready []rollup.Document
	now := b.o.Now()
	err := b.each(ctx, since, func(d rollup.Document, e Entry) error {
		if e.ready(now, b.o.OnUnknown) {
			ready = append(ready, d)
		}
		return nil
	})
	if err != nil {
		return err
	}
	var errs []error
	unreachable := make(map[string]bool) // channels
	for _, d := range ready {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		t := try{Outbox: b, document: d}
		if err := t.entry.decode(d.Value); err != nil || unreachable[t.entry.Channel] {
			continue
		}
		if err := t.run(ctx); err != nil && !errors.Is(err, errLost) {
			errs = append(errs, fmt.Errorf("send %s: %w", t.entry.ID, err))
		}
		unreachable[t.entry.Channel] = t.down
	}
	return errors.Join(errs...)
}

// try is one attempt at one message.
type try struct {
	*Outbox
	document rollup.Document
	entry    Entry
	begun    bool
	down     bool // the receiver is out of reach
}

func (t *try) run(ctx context.Context) error {
	if t.entry.State == Sending { // its sender never told
		if held, err := t.orphan(ctx); held || err != nil {
			return err
		}
	}
	now := t.o.Now()
	t.entry.State, t.entry.Until = Claimed, now.Add(t.o.Claim)
	t.entry.Tries++
	if err := t.save(ctx); err != nil {
		return err
	}
	body, err := t.o.Store.Document(ctx, bodyName(t.entry.Day, t.entry.ID))
	if err != nil {
		return fmt.Errorf("read it: %w", err)
	}
	sender := t.o.Senders[t.entry.Channel]
	switch {
	case body.Version == 0:
		return t.settle(ctx, nil, &Failure{Kind: Rejected, Phase: "read the message", Err: errors.New("it is gone from the store")})
	case sender == nil:
		return t.settle(ctx, nil, &Failure{Phase: "send", Err: errors.New(t.entry.Channel + " is not configured any more")})
	}
	message := Message{List: t.entry.List, From: t.entry.From, To: t.entry.To, Body: body.Value}
	refused, err := t.send(ctx, sender, message)
	if errors.Is(err, errLost) {
		return err
	}
	t.down = down(err)
	return t.settle(ctx, refused, err)
}

// orphan books a message whose sender died while sending, and tells whether it is held for a human.
func (t *try) orphan(ctx context.Context) (held bool, err error) {
	t.entry.Unknowns++
	t.entry.Error = "the process that sent it did not say how it ended"
	t.o.Count(ResultUnknown)
	if t.o.OnUnknown == Resend && t.entry.Unknowns < MaxUnknown {
		return false, nil
	}
	t.entry.State = Unknown
	t.warn("a message may or may not have been sent; it is held")
	return true, t.save(ctx)
}

// send hands the message over, within the times that the leases give.
func (t *try) send(ctx context.Context, sender Sender, m Message) ([]Refusal, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	late := func() { cancel(errors.New("it took too long")) }
	timer := time.AfterFunc(t.o.Claim*9/10, late)
	defer func() { timer.Stop() }()
	return sender.Send(ctx, m, func(taken []string) error {
		timer.Stop()
		t.entry.State, t.entry.InFlight, t.entry.Until = Sending, taken, t.o.Now().Add(t.o.Data)
		if err := t.save(ctx); err != nil {
			return err
		}
		t.begun = true
		timer = time.AfterFunc(t.o.Data*9/10, late)
		return nil
	})
}

// settle writes down how the try ended, also when the program is about to end.
func (t *try) settle(ctx context.Context, refused []Refusal, failure error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTime)
	defer cancel()
	e, now := &t.entry, t.o.Now()
	result := ResultSent
	e.refuse(refused)
	if failure == nil {
		e.delivered(e.InFlight)
		e.Error = texts(refused)
	} else {
		e.Error = failure.Error()
	}
	e.InFlight, e.Until = nil, time.Time{}
	kind := kindOf(failure, t.begun)
	switch {
	case failure != nil && kind == Undecided:
		result, e.State = ResultUnknown, Unknown
		e.Unknowns++
		e.Next = now.Add(t.pause())
	case failure != nil && kind == Rejected, len(e.To) == 0 && len(e.Delivered) == 0:
		result, e.State = ResultRefused, Refused
	case len(e.To) == 0:
		e.State, e.Sent = Sent, now
	case now.Sub(e.Due) >= t.o.GiveUp:
		result, e.State = ResultRefused, Refused
		e.Error = "given up after " + t.o.GiveUp.String() + ": " + e.Error
	default: // some wait still, all of them when nothing was taken
		result, e.State, e.Next = ResultDeferred, Due, now.Add(t.pause())
	}
	t.o.Count(result)
	if result != ResultSent {
		t.warn("a message was not sent")
	}
	for {
		err := t.save(ctx)
		if err == nil || errors.Is(err, errLost) || !t.o.Sleep(ctx, settlePause) {
			return err
		}
	}
}

func (t *try) warn(what string) {
	e := &t.entry
	t.o.Logger.Warn(what, "list", e.List, "day", e.Day, "service", e.Service, "state", string(e.State), "try", e.Tries, "next", e.Next, "error", e.Error)
}

// save writes the entry if nobody else has. Whether it did is read back, which also decides a write whose answer
// was lost: what is written names its writer and the try, so it cannot be anybody else's.
func (t *try) save(ctx context.Context) error {
	t.entry.By = t.o.Owner
	d := t.document
	d.Value = t.entry.encode()
	_, swapErr := t.o.Store.SwapDocument(ctx, d)
	stored, err := t.o.Store.Document(ctx, d.Name)
	switch {
	case err != nil:
		return errors.Join(swapErr, err)
	case !bytes.Equal(stored.Value, d.Value) && swapErr != nil:
		return swapErr
	case !bytes.Equal(stored.Value, d.Value):
		return errLost
	}
	t.document = stored
	return nil
}

// Pauses between tries: from a minute, doubling, to an hour, less up to a fifth by chance.
const (
	firstPause = time.Minute
	lastPause  = time.Hour
)

func (t *try) pause() time.Duration {
	d := lastPause
	if shift := t.entry.Tries - 1; shift < 6 {
		d = min(firstPause<<max(shift, 0), lastPause)
	}
	return d - time.Duration(t.o.Rand()*float64(d)/5)
}

func texts(refused []Refusal) string {
	var list []string
	for _, r := range refused {
		list = append(list, r.To+": "+r.Text)
	}
	return strings.Join(list, "; ")
}
