package correlate

import (
	"math"
	"strings"

	"github.com/logproc/logproc/correlate/id"
	"github.com/logproc/logproc/parse"
)

// Closed is a request of which nothing more is expected.
type Closed struct {
	*Timeline
	Reasons Reasons // why the whole timeline should be kept; 0: its ids, times, services, counts and worst level are enough
	// It may be known in part only, and what is missing then accuses nobody (UnknownLagging): because a limit was
	// reached, because it was older than MaxAge, or because everything of it came late, maybe after the request itself
	// was closed. The same holds when Records is more than there are Events.
	Evicted, Expired, Late bool
}

// Reasons is a set of reasons to keep a timeline in full.
type Reasons uint8

// The reasons.
const (
	WithError  Reasons = 1 << iota // a record of level error or above
	Slow                           // slower than 99 % of its operation
	Incomplete                     // a call whose verdict is not complete
	WithGap                        // a call whose gap is large
	InConflict                     // several traces, or a trace that is shared
	Sampled                        // none of these: it is one of the sample
)

var reasonNames = [...]string{"error", "slow", "incomplete", "gap", "conflict", "sample"} // read only

// String gives the reasons' names with commas between.
func (r Reasons) String() string {
	var list []string
	for i, name := range reasonNames {
		if r>>i&1 == 1 {
			list = append(list, name)
		}
	}
	return strings.Join(list, ",")
}

// deadlineOf gives when a request is to be closed, unless more of it comes.
func (e *Engine) deadlineOf(slot uint32, r *request) deadline {
	at := min(addTime(r.last, int64(e.cfg.Lateness)), addTime(r.first, int64(e.cfg.MaxAge)))
	return deadline{at: at, seq: r.seq, slot: slot}
}

// closeUpTo closes the requests whose deadlines are not after t.
func (e *Engine) closeUpTo(t int64, emit func(*Closed)) {
	for len(e.due.list) > 0 && e.due.list[0].at <= t {
		if d, ok := e.nextDue(); ok && d.at > t {
			e.due.push(d)
		} else if ok {
			e.close(d, emit, false)
		}
	}
	if t < math.MaxInt64 {
		e.closedTo = max(e.closedTo, t)
	}
	for i := range e.inputs {
		if t < math.MaxInt64 {
			e.inputs[i].closed = max(e.inputs[i].closed, t)
		}
		e.inputs[i].replay.compact(&e.requests)
	}
}

// nextDue takes the soonest deadline out and gives it as it is now; ok is false when its request is gone.
func (e *Engine) nextDue() (d deadline, ok bool) {
	d = e.due.pop()
	r := e.requests.at(d.slot)
	if r.seq != d.seq || r.forward != none {
		return d, false
	}
	return e.deadlineOf(d.slot, r), true
}

// evictFrom is among how many of the oldest requests the largest is taken.
const evictFrom = 8

// limit closes requests early until the limits hold.
func (e *Engine) limit(emit func(*Closed)) {
	for e.requests.open > e.cfg.Limits.Requests || e.stats.Bytes > e.cfg.Limits.Bytes && e.requests.open > 1 {
		var oldest []deadline
		for len(oldest) < evictFrom && len(e.due.list) > 0 {
			// A deadline that has moved goes back first, or one that is no longer old would be taken.
			if d, ok := e.nextDue(); ok && len(e.due.list) > 0 && e.due.list[0].before(d) {
				e.due.push(d)
			} else if ok {
				oldest = append(oldest, d)
			}
		}
		largest := 0
		for i, d := range oldest {
			if cap(e.requests.at(d.slot).events) > cap(e.requests.at(oldest[largest].slot).events) {
				largest = i
			}
		}
		for i, d := range oldest {
			if i != largest {
				e.due.push(d)
			}
		}
		e.close(oldest[largest], emit, true)
	}
}

// close takes a request out and gives it to emit.
func (e *Engine) close(d deadline, emit func(*Closed), evicted bool) {
	r := *e.requests.at(d.slot)
	e.remove(d.slot, &r)
	r.late = r.late && e.mayBeRest(&r)
	e.gone.add(r.request)
	e.gone.add(r.trace)
	events := make([]Event, len(r.events))
	for i := range r.events {
		events[i] = e.names.unpack(&r.events[i])
	}
	if d.at <= r.given && !evicted {
		e.stats.Again++
		return
	}
	expired := !evicted && d.at < addTime(r.last, int64(e.cfg.Lateness))
	partial := evicted || expired || r.late || r.torn || int(r.records) > len(events)
	c := &Closed{Timeline: e.timeline(&r, events, partial), Evicted: evicted, Expired: expired, Late: r.late}
	c.Reasons = e.reasons(c, r.request, r.trace)
	e.count(c)
	emit(c)
}

// mayBeRest reports whether a request, all of which came late, may be the rest of one that was closed. If not, it is one
// whose hosts' clocks are behind. Right after a restart nobody knows what was closed before.
func (e *Engine) mayBeRest(r *request) bool {
	return e.gone.has(r.request) || e.gone.has(r.trace) || r.given != unset && r.first < addTime(r.given, int64(e.cfg.MaxAge))
}

func (e *Engine) count(c *Closed) {
	e.stats.Closed++
	for _, n := range [...]struct {
		is bool
		of *uint64
	}{{c.Evicted, &e.stats.Evicted}, {c.Expired, &e.stats.Expired}, {c.Late, &e.stats.Late}} {
		if n.is {
			*n.of++
		}
	}
}

// timeline makes the timeline of a request. One that is known in part only accuses nobody.
func (e *Engine) timeline(r *request, events []Event, partial bool) *Timeline {
	lagging := e.cfg.Lagging
	if partial {
		lagging = func(int64, int64) bool { return true }
	}
	var requests []Name
	if !r.request.IsZero() {
		requests = []Name{{r.request, r.requestText}}
	}
	t := NewTimeline(requests, r.traces(), events, Options{Lagging: lagging})
	t.Records, t.Worst, t.SharedTrace = int(r.records), max(t.Worst, r.worst), r.shared
	return t
}

// remove takes a request out of everything that refers to it.
func (e *Engine) remove(slot uint32, r *request) {
	e.stats.Bytes -= requestBytes + int64(cap(r.events))*storedBytes
	if !r.request.IsZero() {
		delete(e.byRequest, r.request)
	}
	for _, n := range r.traces() {
		if e.byTrace[n.ID.Lo] == slot {
			delete(e.byTrace, n.ID.Lo)
		}
	}
	if r.extra != nil {
		for _, merged := range r.extra.merged {
			e.requests.release(merged)
		}
	}
	e.requests.release(slot)
	e.requests.open--
}

// reasons says why a timeline should be kept.
func (e *Engine) reasons(c *Closed, request, trace id.ID) (set Reasons) {
	for _, has := range [...]struct {
		reason Reasons
		is     bool
	}{
		{WithError, c.Worst >= parse.LevelError}, {Slow, e.baselines.slow(c.Timeline)}, {Incomplete, c.Incomplete() > 0},
		{WithGap, e.largeGap(c.Calls)}, {InConflict, c.Conflict()},
	} {
		if has.is {
			set |= has.reason
		}
	}
	key := request
	if key.IsZero() {
		key = trace
	}
	if set == 0 && e.cfg.Sample > 0 && spread(key.Lo^key.Hi)%uint64(e.cfg.Sample) == 0 {
		set = Sampled
	}
	return set
}

func (e *Engine) largeGap(calls []Call) bool {
	for i := range calls {
		if calls[i].HasGap && nanos(calls[i].Gap) >= int64(e.cfg.Gap) {
			return true
		}
	}
	return false
}

// spread spreads every bit of x over the result (the finaliser of SplitMix64).
func spread(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
