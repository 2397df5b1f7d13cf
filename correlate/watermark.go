package correlate

import (
	"math"
	"slices"
)

// Input is a place that records come from in the order of their offsets: a partition, a file, a worker.
type Input int

// unset is the time of an input of which too little is known.
const unset = math.MinInt64

// warmUp is how many records an input's time is first made of, and how many in a row must be too far ahead
// before they are believed.
const warmUp = 64

// input is what an Engine knows of one of its inputs.
type input struct {
	time   int64   // its watermark, Unix nanoseconds; unset at first
	first  []int64 // event times until there are enough of them
	ahead  []int64 // event times of the last records in a row that were too far ahead
	idle   bool
	replay ring
}

// AddInput adds an input.
func (e *Engine) AddInput() Input {
	e.inputs = append(e.inputs, input{time: unset})
	return Input(len(e.inputs) - 1)
}

// Watermark gives the event time that all inputs that are not idle have reached, in Unix nanoseconds; the
// smallest time there is when one of them has hardly begun or all are idle.
func (e *Engine) Watermark() int64 {
	lowest, any := int64(math.MaxInt64), false
	for i := range e.inputs {
		if in := &e.inputs[i]; !in.idle {
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
// says so. What is closed because of it depends on the clock, and is the same after a restart only where the
// Position was stored behind it.
func (e *Engine) Reach(in Input, t int64) { e.inputs[in].time = max(e.inputs[in].time, t) }

// observe moves the input's time with a record of time t; ahead tells that the record was too far ahead to do it.
func (in *input) observe(t, skew int64) (ahead bool) {
	in.idle = false
	switch {
	case in.time == unset:
		if in.first = append(in.first, t); len(in.first) == warmUp {
			slices.Sort(in.first) // the middle one: a few clocks may be wrong
			in.time, in.first = in.first[warmUp/2], nil
		}
	case t > addTime(in.time, skew):
		if in.ahead = append(in.ahead, t); len(in.ahead) == warmUp { // there was a pause
			in.time, in.ahead = slices.Min(in.ahead), nil
			return false
		}
		return true
	default:
		in.time = max(in.time, t)
		in.ahead = in.ahead[:0]
	}
	return false
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
