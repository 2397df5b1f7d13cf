package sim

import (
	"context"
	"errors"
	"time"

	"github.com/logproc/logproc/rollup"
)

// Errors that a process sees. One that is dead must not go on trying.
var (
	errTimeout = errors.New("no answer in time")
	errRefused = errors.New("connection refused")
	errDead    = errors.Join(errors.New("the process is dead"), rollup.ErrCorrupt)
)

// fate is what becomes of a request, drawn before it is sent.
type fate struct {
	there, back time.Duration
	refused     bool          // it is not sent, which the client is told
	lost        bool          // it is not delivered
	unanswered  bool          // it takes effect, and its answer is lost
	again       time.Duration // it is delivered a second time that much later; 0: it is not
}

// fate draws what becomes of a request to the store.
func (h *handle) fate() fate {
	p, r := h.process.world.plan, h.random
	f := fate{there: between(r, 50*time.Microsecond, p.slowest), back: between(r, 50*time.Microsecond, p.slowest)}
	if h.process.world.isCalm() {
		return f
	}
	f.refused, f.lost, f.unanswered = chance(r, p.refused), chance(r, p.requestLost), chance(r, p.replyLost)
	if chance(r, p.late) {
		f.there += between(r, storeTimeout/2, 3*storeTimeout)
	}
	if chance(r, p.twice) {
		f.again = between(r, time.Millisecond, 2*storeTimeout)
	}
	return f
}

// answer is what came back.
type answer[T any] struct {
	value T
	err   error
}

// call sends a request over the network: it takes effect at some later instant, or never, or twice, whatever
// the caller does meanwhile.
func call[T any](ctx context.Context, h *handle, what string, effect func() (T, error)) (value T, err error) {
	if err := h.step("before a " + what); err != nil {
		return value, err
	}
	f, w := h.fate(), h.process.world
	w.do(func() { w.seeFate(f) })
	if f.refused {
		return value, errors.Join(h.pause(ctx, f.there), errRefused)
	}
	answers := make(chan answer[T], 2)
	if !f.lost {
		w.others.Go(func() { deliver(w, f, answers, effect) })
	}
	timeout := time.NewTimer(storeTimeout)
	defer timeout.Stop()
	err = errTimeout
	select {
	case a := <-answers:
		value, err = a.value, a.err
	case <-timeout.C:
	case <-ctx.Done():
		err = ctx.Err()
		w.do(func() { w.see("given up during a " + what) })
	case <-h.process.dead:
	}
	if dead := h.step("after a " + what); dead != nil {
		return value, dead
	}
	return value, err
}

// deliver is the way of a request to the store and back.
func deliver[T any](w *world, f fate, answers chan<- answer[T], effect func() (T, error)) {
	arrive := func() (a answer[T]) {
		w.do(func() { a.value, a.err = effect() })
		return a
	}
	time.Sleep(f.there)
	a := arrive()
	if f.again > 0 {
		w.others.Go(func() {
			time.Sleep(f.again)
			arrive()
		})
	}
	if !f.unanswered {
		time.Sleep(f.back)
		answers <- a
	}
}

func (w *world) seeFate(f fate) {
	for what, happens := range map[string]bool{
		"request refused": f.refused, "request lost": f.lost, "reply lost": f.unanswered && !f.lost,
		"request late": f.there >= storeTimeout/2, "request twice": f.again > 0,
	} {
		if happens {
			w.see(what)
		}
	}
}

// isCalm tells whether nothing fails any more.
func (w *world) isCalm() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.calm
}
