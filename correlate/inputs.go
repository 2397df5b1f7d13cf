package correlate

import "math"

// InputCheckpoint says where an Engine that takes an input over goes on. It is the input's own: another owner may
// have given out more, or less, of the other inputs.
type InputCheckpoint struct {
	ClosedTo int64 // requests of this input with deadlines up to this one were given out; see NothingClosed
	Position
}

// NothingClosed is the ClosedTo of an input of which no request was given out, and the Time of one of which nothing is
// known.
const NothingClosed = unset

// CheckpointInput gives where another Engine has to take the input over. Store it behind all that was given out
// before, and those of all inputs in one step.
func (e *Engine) CheckpointInput(in Input) InputCheckpoint {
	p := e.position(int(in))
	p.ReadFrom = max(p.ReadFrom, p.From-maxWindow)
	return InputCheckpoint{ClosedTo: e.inputs[in].closed, Position: p}
}

// maxWindow is how many records are read again at most only to know the input's time: where few name a request, its
// last ones may be far back.
const maxWindow = 100_000

// Skip says that an input was read up to an offset. Records that name no request are not added.
func (e *Engine) Skip(in Input, next int64) { e.inputs[in].next = max(e.inputs[in].next, next) }

// position gives where to read an input from after a restart. As long as one that was taken over has not been read
// again, that is where it was.
func (e *Engine) position(i int) Position {
	in := &e.inputs[i]
	oldest, seen := in.window.oldest()
	if in.next == unset {
		return in.resumed
	}
	p := Position{Seen: true, ReadFrom: oldest, From: max(in.next, in.from), Time: in.time}
	switch {
	case seen:
	case in.next < in.from:
		p.ReadFrom = in.resumed.ReadFrom
	default:
		p.ReadFrom = p.From
	}
	if first, ok := in.replay.oldest(&e.requests); ok {
		p.ReadFrom, p.From, p.Time = first.readFrom, first.offset, first.time
	}
	return p
}

// ResumeInput adds an input that goes on from a checkpoint: it has to be read from Position.ReadFrom. What was given out
// of it before is not given out again, unless the request has records of another input of which it was not.
func (e *Engine) ResumeInput(c InputCheckpoint) Input {
	in := e.freeInput()
	source := &e.inputs[in]
	source.suppress, source.closed = c.ClosedTo, c.ClosedTo
	if c.Seen {
		source.time, source.from, source.resumed = c.Time, c.From, c.Position
	}
	return in
}

// freeInput gives an input that was removed, else a new one.
func (e *Engine) freeInput() Input {
	for i := range e.inputs {
		if e.inputs[i].removed {
			e.inputs[i] = newInput()
			return Input(i)
		}
	}
	return e.AddInput()
}

// RemoveInput ends an input that somebody else takes over. Requests that came from it alone are the next owner's: they
// are forgotten. Those that came from others too have lost a part, so that what they lack accuses nobody.
func (e *Engine) RemoveInput(in Input) {
	source := &e.inputs[in]
	for _, a := range source.replay.list[source.replay.head:] {
		if !e.requests.alive(a.slot, a.seq) {
			continue
		}
		slot := a.slot
		for e.requests.at(slot).forward != none {
			slot = e.requests.at(slot).forward
		}
		if r := e.requests.at(slot); e.inputsOf(r) == bitOf(int(in)) {
			e.forget(slot)
		} else {
			r.torn = true
		}
	}
	e.clearBit(bitOf(int(in)))
	*source = newInput()
	source.removed = true
}

// maxBits is how many inputs a request can tell apart.
const maxBits = 64

// bitOf gives an input's bit; 0 for one that has none, whose requests are never known to be its alone.
func bitOf(number int) uint64 {
	if number >= maxBits {
		return 0
	}
	return 1 << number
}

// inputsOf gives the bits of the inputs that a request has records of; none where that is not known.
func (e *Engine) inputsOf(r *request) uint64 {
	if len(e.inputs) > maxBits {
		return math.MaxUint64
	}
	bits := r.inputs
	if r.extra != nil {
		for _, merged := range r.extra.merged {
			bits |= e.requests.at(merged).inputs
		}
	}
	return bits
}

// clearBit makes a number free for another input.
func (e *Engine) clearBit(bit uint64) {
	if bit == 0 {
		return
	}
	for slot := range e.requests.used {
		e.requests.at(slot).inputs &^= bit
	}
}

// forget takes a request out without giving it to anybody.
func (e *Engine) forget(slot uint32) {
	r := *e.requests.at(slot)
	e.remove(slot, &r)
	for i := range r.events {
		e.names.unpack(&r.events[i])
	}
}

// InputTime gives the event time that an input has reached, in Unix nanoseconds; the smallest there is while too little
// of it was read.
func (e *Engine) InputTime(in Input) int64 { return e.inputs[in].time }
