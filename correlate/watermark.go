package correlate

import (
	"math"
	"slices"
)

// Input is a place that records come from in the order of their offsets: a partition, a file, a worker.
type Input int

// unset is the time of an input of which too little is known.
const unset = math.MinInt64

// windowSize is over how many records of an input the middle is taken.
const windowSize = 64

// input is what an Engine knows of one of its inputs. Its time is the median of the event times of its last
// records, and never goes back: hosts whose clocks are wrong do not move it while most are right.
type input struct {
	time   int64 // Unix nanoseconds; unset at first
	window window
	from   int64 // records before this offset were given out before a restart; they only fill the window
	next   int64 // behind the last record
	idle   bool
	replay ring

	suppress int64    // requests with deadlines up to this one were given out before a restart
	closed   int64    // those up to this one are given out
	resumed  Position // where a restart goes on
	removed  bool
}

// window holds the last records of an input.
type window struct {
	last   [windowSize]struct{ time, offset int64 } // as they came; the oldest is at count % windowSize once full
	sorted []int64
	count  int
}

// AddInput adds an input.
func (e *Engine) AddInput() Input {
	e.inputs = append(e.inputs, newInput())
	return Input(len(e.inputs) - 1)
}

func newInput() input {
	return input{time: unset, from: unset, next: unset, suppress: unset, closed: unset}
}

// Watermark gives the event time that all inputs that are not idle have reached, in Unix nanoseconds; the
// smallest time there is when one of them has hardly begun or all are idle.
func (e *Engine) Watermark() int64 {
	lowest, any := int64(math.MaxInt64), false
	for i := range e.inputs {
		if in := &e.inputs[i]; !in.idle && !in.removed {
			lowest, any = min(lowest, in.time), true
		}
	}
	if !any {
		return unset
	}
	return lowest
}

// Idle says whether an input has nothing to give, so that the watermark does not wait for it. A record of it ends that.
func (e *Engine) Idle(in Input, idle bool) { e.inputs[in].idle = idle }

// Reach says that an input will hardly give records with times before t any more: it is read to its end, and the clock
// says so. What is closed because of it depends on the clock; a Checkpoint that is stored afterwards knows of it.
func (e *Engine) Reach(in Input, t int64) { e.inputs[in].time = max(e.inputs[in].time, t) }

// observe moves the input's time with a record.
func (in *input) observe(t, offset int64) {
	in.idle = false
	in.next = offset + 1
	in.window.add(t, offset)
	if median, full := in.window.median(); full {
		in.time = max(in.time, median)
	}
}

func (w *window) add(t, offset int64) {
	slot := &w.last[w.count%windowSize]
	if w.count >= windowSize {
		at, _ := slices.BinarySearch(w.sorted, slot.time)
		w.sorted = slices.Delete(w.sorted, at, at+1)
	}
	slot.time, slot.offset = t, offset
	at, _ := slices.BinarySearch(w.sorted, t)
	w.sorted = slices.Insert(w.sorted, at, t)
	w.count++
}

// median gives the middle of the times; full is false while there are too few.
func (w *window) median() (t int64, full bool) {
	if w.count < windowSize {
		return 0, false
	}
	return w.sorted[windowSize/2], true
}

// latest gives the latest time in the window; there must be one.
func (w *window) latest() int64 { return w.sorted[len(w.sorted)-1] }

// oldest gives the offset of the oldest record in the window; ok is false when there is none.
func (w *window) oldest() (offset int64, ok bool) {
	if w.count < windowSize {
		return w.last[0].offset, w.count > 0
	}
	return w.last[w.count%windowSize].offset, true
}

// addTime adds a duration to a time, up to the largest and down to the smallest there is.
func addTime(t, d int64) int64 {
	if t == unset {
		return unset
	}
	if sum := t + d; sum > t == (d > 0) {
		return sum
	}
	return math.MaxInt64
}
