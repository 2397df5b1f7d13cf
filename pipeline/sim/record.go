package sim

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/logproc/logproc/rollup"
)

// kind says what is at an offset.
type kind uint8

const (
	whole   kind = iota // one line, one event
	part                // a fragment, but not its record's last
	last                // a record's last fragment
	bad                 // a line that cannot be read
	hole                // nothing: compaction, or the marker of a transaction
	corrupt             // a batch that cannot be read
)

// record is a record of a log, with what the oracle knows of it.
type record struct {
	kind   kind
	time   int64 // of the carrier, Unix nanoseconds
	key    string
	value  string
	event  int64 // the event's time
	cells  cells // that it counts in, if it or its last fragment is read
	stream int   // of fragments: whose
	split  int   // of fragments: the number of the split record
	index  int   // of fragments: which
}

// cells are the places in which an event can count.
type cells struct{ normal, late, future int }

// horizon is that of the pipeline. Times of events are chosen well within and well beyond it.
var horizon = rollup.Horizon{Retention: 2 * time.Hour, Skew: 10 * time.Minute}

// writer makes the records of a log.
type writer struct {
	oracle *oracle
	random *rand.Rand
	splits int
	open   []*split
	left   int // corrupt offsets that follow
}

// split is a record that is written in fragments.
type split struct {
	record
	parts []string
	next  int
}

// next makes the next record of the log.
func (w *writer) next(now time.Time) record {
	r := w.random
	if w.left > 0 {
		w.left--
		return record{kind: corrupt}
	}
	switch n := r.IntN(100); {
	case n < 4:
		return record{kind: hole}
	case n < 5:
		w.left = r.IntN(4)
		return record{kind: corrupt}
	case n < 9:
		return record{kind: bad, time: now.UnixNano(), key: "app", value: "no json"}
	case n < 35 && len(w.open) > 0:
		return w.fragment(r.IntN(len(w.open)), now)
	case n < 45 && len(w.open) < streams:
		w.open = append(w.open, w.split(now))
		return w.fragment(len(w.open)-1, now)
	}
	return w.whole(now)
}

// whole makes a record of one line.
func (w *writer) whole(now time.Time) record {
	r := w.random
	event, key := w.time(now), key{service: fmt.Sprint("svc-", string(rune('a'+r.IntN(2)))), level: "info", msg: "api-sync-ok" + string(rune('a'+r.IntN(3)))}
	if r.IntN(4) == 0 {
		key.level = "error"
	}
	written := key.msg
	switch r.IntN(20) {
	case 0:
		written, key.msg = "Login failed for "+written, rollup.MsgInvalid
	case 1:
		written, key.msg = "", rollup.MsgMissing
	}
	value := fmt.Sprintf(`{"t":%q,"service":%q,"env":"test","lvl":%q`, event.Format(time.RFC3339Nano), key.service, key.level)
	if written != "" {
		value += fmt.Sprintf(`,"msg":%q`, written)
	}
	return record{kind: whole, time: now.UnixNano(), key: "app", value: value + "}", event: event.UnixNano(), cells: w.oracle.cellsOf(key, event)}
}

// time draws an event's time: mostly about now, sometimes too early or too late to be believed.
func (w *writer) time(now time.Time) time.Time {
	now = now.UTC()
	switch w.random.IntN(15) {
	case 0:
		return now.Add(-horizon.Retention - between(w.random, time.Hour, 3*time.Hour))
	case 1:
		return now.Add(horizon.Skew + between(w.random, time.Hour, 3*time.Hour))
	}
	return now.Add(between(w.random, -40*time.Minute, 5*time.Minute))
}

// split makes a record that is written in two or three fragments. Some never get their last one.
func (w *writer) split(now time.Time) *split {
	s := &split{record: w.whole(now)}
	s.split = w.splits
	w.splits++
	for s.stream = 0; slices.ContainsFunc(w.open, func(o *split) bool { return o.stream == s.stream }); {
		s.stream++
	}
	text := s.value
	first := 1 + w.random.IntN(len(text)-3)
	s.parts = []string{text[:first], text[first:]}
	if w.random.IntN(2) == 0 {
		second := first + 1 + w.random.IntN(len(text)-first-1)
		s.parts = []string{text[:first], text[first:second], text[second:]}
	}
	return s
}

// streams is how many streams write split records, one at a time each.
const streams = 3

// fragment writes the next fragment of an open record.
func (w *writer) fragment(i int, now time.Time) record {
	s := w.open[i]
	f := s.record
	f.kind, f.index, f.time = part, s.next, now.UnixNano()
	tag := "P"
	if s.next == len(s.parts)-1 {
		f.kind, tag = last, "F"
	}
	f.key = fmt.Sprint("pod-", s.stream)
	f.value = fmt.Sprintf("%s stdout %s %s", now.UTC().Format(time.RFC3339Nano), tag, s.parts[s.next])
	if s.next++; f.kind == last || w.random.IntN(30) == 0 { // or the container died
		w.open = append(w.open[:i], w.open[i+1:]...)
	}
	return f
}
