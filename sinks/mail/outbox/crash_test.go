package outbox_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/logproc/logproc/rollup"
	"github.com/logproc/logproc/rollup/memstore"
	"github.com/logproc/logproc/sinks/mail/outbox"
)

const day = "2026-11-20"

var errKilled = errors.New("killed")

// world is what outlives processes: the store, the mailbox, the clock.
type world struct {
	now     time.Time
	store   rollup.Documents
	mailbox [][]byte // copies that arrived
	windows int      // kills between the state sending and the word on how it ended
	// meanwhile is what others do while a process sends; nil for nothing.
	meanwhile func()
}

func newWorld() *world {
	w := &world{now: time.Date(2026, 11, 21, 7, 30, 0, 0, time.UTC)}
	w.store = memstore.New(func() time.Time { return w.now })
	return w
}

// process is one replica. It is killed at its step number dies: from then on nothing it does has any effect.
type process struct {
	*world
	name  string
	steps int
	dies  int // 0: never
	risky bool
	box   *outbox.Outbox
}

func (w *world) process(name string, dies int, policy outbox.OnUnknown) *process {
	p := &process{world: w, name: name, dies: dies}
	p.box = outbox.New(outbox.Options{
		Store: p, Senders: map[string]outbox.Sender{"mail": p}, Owner: name, OnUnknown: policy,
		Now: func() time.Time { return w.now }, Rand: func() float64 { return 0 },
		Sleep: func(context.Context, time.Duration) bool { return !p.dead() },
	})
	return p
}

func (p *process) dead() bool { return p.dies > 0 && p.steps >= p.dies }

// step is a place to be killed at.
func (p *process) step() error {
	if p.dead() {
		return errKilled
	}
	p.steps++
	if p.dead() {
		if p.risky {
			p.windows++
		}
		return errKilled
	}
	return nil
}

func (p *process) Document(ctx context.Context, name string) (rollup.Document, error) {
	if err := p.step(); err != nil {
		return rollup.Document{}, err
	}
	return p.store.Document(ctx, name)
}

func (p *process) Documents(ctx context.Context, prefix, from string, f func(rollup.Document) error) error {
	if err := p.step(); err != nil {
		return err
	}
	return p.store.Documents(ctx, prefix, from, f)
}

// SwapDocument can be killed before and after it takes effect.
func (p *process) SwapDocument(ctx context.Context, d rollup.Document) (bool, error) {
	if err := p.step(); err != nil {
		return false, err
	}
	swapped, err := p.store.SwapDocument(ctx, d)
	if swapped {
		p.risky = bytes.Contains(d.Value, []byte(`"state":"sending"`))
	}
	return swapped, errors.Join(err, p.step())
}

// Send is a receiver that takes everything.
func (p *process) Send(_ context.Context, m outbox.Message, begin func([]string) error) ([]outbox.Refusal, error) {
	if err := p.step(); err != nil { // connected
		return nil, err
	}
	if err := begin(m.To); err != nil {
		return nil, err
	}
	if others := p.meanwhile; others != nil {
		p.meanwhile = nil
		others()
		p.meanwhile = others
	}
	if err := p.step(); err != nil { // half of the data
		return nil, err
	}
	p.mailbox = append(p.mailbox, m.Body)
	return nil, p.step() // the receiver has it, and its answer is on the way
}

// work is what a replica does at every tick: it owes the mail, each replica with numbers of its own, and delivers.
func (p *process) work(ctx context.Context) error {
	e := outbox.Entry{ID: "one", Channel: "mail", List: "ops", Day: day, MessageID: "<one@test>", To: []string{"ops@example.org"}, Due: p.now}
	if _, err := p.box.Put(ctx, e, []byte("Message-ID: <one@test>\r\n\r\nmade by "+p.name)); err != nil {
		return err
	}
	return p.box.Deliver(ctx, day)
}

// finish lets a process that nobody kills work until nothing is open, and gives the message's entry.
func (w *world) finish(t *testing.T, policy outbox.OnUnknown) outbox.Entry {
	t.Helper()
	p := w.process("survivor", 0, policy)
	for range 20 {
		w.now = w.now.Add(20 * time.Minute)
		if err := p.work(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	e, known, err := p.box.Entry(t.Context(), day, "one")
	if err != nil || !known {
		t.Fatalf("the entry: %v, %v", known, err)
	}
	return e
}

// check holds what is promised, whatever was killed.
func (w *world) check(t *testing.T, e outbox.Entry, policy outbox.OnUnknown) {
	t.Helper()
	for _, copied := range w.mailbox {
		if !bytes.Equal(copied, w.mailbox[0]) {
			t.Errorf("two different mails:\n%s\n%s", w.mailbox[0], copied)
		}
	}
	n := len(w.mailbox)
	switch {
	case policy == outbox.Resend && (e.State != outbox.Sent || n < 1 || n > 1+w.windows):
		t.Errorf("%d copies, state %s, %d kills that cannot be decided", n, e.State, w.windows)
	case policy == outbox.Hold && (n > 1 || w.windows == 0 && n != 1 || n == 0 && e.State != outbox.Unknown):
		t.Errorf("%d copies, state %s, %d kills that cannot be decided", n, e.State, w.windows)
	}
}

var policies = []outbox.OnUnknown{outbox.Resend, outbox.Hold}

// TestKilledAtEveryStep kills the first of three replicas at each of its steps in turn.
func TestKilledAtEveryStep(t *testing.T) {
	for _, policy := range policies {
		killed, once := 0, 0
		for dies := 1; ; dies++ {
			w := newWorld()
			first := w.process("first", dies, policy)
			_ = first.work(t.Context())
			if !first.dead() {
				break
			}
			killed++
			for _, name := range []string{"second", "third"} {
				if err := w.process(name, 0, policy).work(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			w.check(t, w.finish(t, policy), policy)
			if len(w.mailbox) == 1 {
				once++
			}
		}
		if killed < 15 {
			t.Errorf("%s: only %d steps to be killed at", policy, killed)
		}
		t.Logf("%s: killed at %d steps, one copy after %d of them", policy, killed, once)
	}
}

// TestReplicasKilledAtRandom lets three replicas work in any order; each may be killed and come back.
func TestReplicasKilledAtRandom(t *testing.T) {
	for _, policy := range policies {
		for seed := range uint64(150) {
			random := rand.New(rand.NewPCG(seed, 7))
			w := newWorld()
			var replicas [3]*process
			w.meanwhile = func() {
				if p := replicas[random.IntN(len(replicas))]; p != nil {
					_ = p.work(t.Context())
				}
			}
			for round := range 30 {
				for _, i := range random.Perm(len(replicas)) {
					if replicas[i] == nil || replicas[i].dead() && random.IntN(2) == 0 {
						dies := 0
						if w.windows < outbox.MaxUnknown-1 { // more than that are held, see MaxUnknown
							dies = random.IntN(40)
						}
						replicas[i] = w.process(fmt.Sprintf("%d.%d", i, round), dies, policy)
					}
					_ = replicas[i].work(t.Context()) // may be killed at it
					w.now = w.now.Add(time.Duration(random.IntN(300)) * time.Second)
				}
			}
			if w.windows >= outbox.MaxUnknown {
				continue
			}
			w.check(t, w.finish(t, policy), policy)
			if t.Failed() {
				t.Fatalf("policy %s, seed %d", policy, seed)
			}
		}
	}
}
