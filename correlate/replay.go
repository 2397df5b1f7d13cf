package correlate

// Checkpoint says from where an Engine has to read again after a restart, so that it comes to the state that it had.
// Store it behind all that was given out before.
type Checkpoint struct {
	ClosedTo int64      // requests with deadlines up to this one were given out
	Inputs   []Position // by Input
}

// Position is where to read an input from.
type Position struct {
	Seen     bool  // else nothing was read of it yet
	ReadFrom int64 // offset of the first record to read: some before From, from which the input's time is known again
	From     int64 // offset of the first record of the oldest open request, else the one behind the last that was added
	Time     int64 // the input's time there
}

// Checkpoint gives the present one.
func (e *Engine) Checkpoint() Checkpoint {
	c := Checkpoint{ClosedTo: e.closedTo, Inputs: make([]Position, len(e.inputs))}
	for i := range e.inputs {
		c.Inputs[i] = e.position(i)
	}
	return c
}

// Resume makes a new Engine go on from a checkpoint: its inputs then have to be read from Position.ReadFrom. What closes
// although it was given out before is not given out again: a request of which only the end is read once more
// would look like one that is incomplete.
func (e *Engine) Resume(c Checkpoint) {
	e.closedTo = c.ClosedTo
	for i, p := range c.Inputs {
		if i == len(e.inputs) {
			e.AddInput()
		}
		e.inputs[i].suppress, e.inputs[i].closed = c.ClosedTo, c.ClosedTo
		if p.Seen {
			e.inputs[i].time, e.inputs[i].from = p.Time, p.From
		}
	}
}

// arrival is the first record that an input had of a request.
type arrival struct {
	offset, readFrom, time int64
	seq                    uint64
	slot                   uint32
}

// ring holds arrivals in the order of their offsets, those of closed requests too until they are in front.
type ring struct {
	list []arrival
	head int
	room int // length at which closed ones are taken out of the middle
}

// opened notes that a record of a request came, if it is the first of this input.
func (in *input) opened(number int, offset int64, slot uint32, r *request) {
	const bits = 64
	if number < bits {
		if r.inputs>>number&1 == 1 {
			return
		}
		r.inputs |= 1 << number
	}
	readFrom, _ := in.window.oldest()
	in.replay.list = append(in.replay.list, arrival{offset: offset, readFrom: readFrom, time: in.time, seq: r.seq, slot: slot})
}

// oldest gives the first arrival whose request is open.
func (r *ring) oldest(open *slots) (arrival, bool) {
	for ; r.head < len(r.list); r.head++ {
		if a := r.list[r.head]; open.alive(a.slot, a.seq) {
			return a, true
		}
	}
	r.list, r.head = r.list[:0], 0
	return arrival{}, false
}

// compact takes out arrivals of closed requests when there may be many.
func (r *ring) compact(open *slots) {
	const least = 4096
	if len(r.list)-r.head < max(r.room, least) && r.head < least {
		return
	}
	kept := r.list[:0]
	for _, a := range r.list[r.head:] {
		if open.alive(a.slot, a.seq) {
			kept = append(kept, a)
		}
	}
	r.list, r.head, r.room = kept, 0, 2*len(kept)
}
