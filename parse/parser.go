package parse

import "github.com/valyala/fastjson"

// maxLayers bounds how deep envelopes may be nested, the application's own object included.
const maxLayers = 7

// Parser reads lines. It reuses all its memory: once warm, reading a record allocates nothing.
// A Parser belongs to one goroutine; every partition has its own.
type Parser struct {
	opt    Options
	fields *fieldTable
	dates  dateCache

	in     Input
	layers [maxLayers]layer
	n      int // layers in use; the last one is the innermost
	batch  otlpBatch
	ready  bool // a record waits for Next
	// carrierTime replaces Input.Time when an envelope names its own carrier's time (kcat).
	carrierTime int64
	failed      Record

	found       found                               // the fields of the object that is being read
	noteEach    func(key []byte, v *fastjson.Value) // noteField
	layoutKnown bool
	scratch     []byte // texts of numbers
	filler      []byte // see poison

	join      joiner
	joinKey   []byte
	wasJoined bool // this line was a fragment: what is inside is none again
	joined    int
}

// layer is one envelope, or the application's own object inside of them.
type layer struct {
	json   fastjson.Parser
	parsed int    // bytes that json holds
	rec    Record // what this layer names by itself
}

// keepBytes is the size of a line beyond which its layer's memory is not kept for the next line: a
// parsed value takes up to 40 times the memory of its text.
const keepBytes = 64 << 10

// New makes a Parser. The error names the option that cannot be used.
func New(opt Options) (*Parser, error) {
	opt.setDefaults()
	if err := opt.validate(); err != nil {
		return nil, err
	}
	table, err := newFieldTable(opt.Aliases)
	if err != nil {
		return nil, err
	}
	p := &Parser{opt: opt, fields: table, layoutKnown: layoutKnown()}
	p.noteEach = p.noteField // once: a method value made at each call would be an allocation
	p.join.init(opt.JoinLimits, opt.MaxLine)
	return p, nil
}

// Parse reads one line. After OK the records follow by Next; after Held the line's text is kept as a
// fragment; any other Reason is a failure, of which Failed tells what the envelopes named. In all
// three cases Evicted and Joined tell what became of fragments held before.
func (p *Parser) Parse(in Input) Reason {
	p.begin(in)
	r := p.line(in.Line)
	if r == OK && !p.batch.active {
		p.finish()
		p.ready = true
	}
	return r
}

// begin forgets the previous line.
func (p *Parser) begin(in Input) {
	if poisoning {
		p.poison()
	}
	p.in = in
	p.n = 0
	p.batch.active = false
	p.ready = false
	p.carrierTime = in.Time
	p.scratch = p.scratch[:0]
	p.wasJoined = false
	p.joined = 0
	p.join.begin()
}

// line checks what can be told without reading the line.
func (p *Parser) line(line []byte) Reason {
	switch {
	case line == nil:
		return Tombstone
	case len(line) > p.opt.MaxLine || p.in.Oversize:
		return TooLong
	}
	return p.text(trimBOM(line))
}

// Next gives a record of the line that Parse read: one, or several only for a batch of OTLP. The
// record and all it refers to are valid until the next call of Next or Parse.
func (p *Parser) Next() (*Record, bool) {
	if p.batch.active {
		return p.nextOTLP()
	}
	if !p.ready {
		return nil, false
	}
	p.ready = false
	return &p.layers[p.n-1].rec, true
}

// Failed gives, after a failure, what the envelopes around the unreadable part named: Service, Env,
// Time and Level only. It is valid until the next call of Parse.
func (p *Parser) Failed() *Record {
	p.failed = Record{}
	for i := p.n - 1; i >= 0; i-- {
		p.failed.fillEnvelope(&p.layers[i].rec)
	}
	p.carried(&p.failed)
	return &p.failed
}

// Evicted calls f with the offset of every fragment that the last Parse gave up (its Reason is
// Incomplete), in the order in which they came within each record, and forgets them.
func (p *Parser) Evicted(f func(offset int64)) { p.join.evictions(f) }

// Joined gives the number of earlier held fragments that the last Parse used up, whether the joined
// record could be read or not.
func (p *Parser) Joined() int { return p.joined }

// OldestHeld gives the smallest offset of a held fragment. Reading again from there with a new Parser
// brings back exactly the fragments that are held now.
func (p *Parser) OldestHeld() (offset int64, ok bool) { return p.join.oldest() }

// Flush gives up all held fragments, as at the end of a file, and calls f with the offset of each.
func (p *Parser) Flush(f func(offset int64)) {
	p.join.giveUpAll()
	p.join.evictions(f)
}

// finish completes the innermost record with what the envelopes name.
func (p *Parser) finish() {
	rec := &p.layers[p.n-1].rec
	for i := p.n - 2; i >= 0; i-- {
		rec.fill(&p.layers[i].rec)
	}
	p.carried(rec)
}

// carried gives a record that names no time the carrier's.
func (p *Parser) carried(rec *Record) {
	if rec.TimeState != Present {
		rec.Time = p.carrierTime
	}
}

// push adds a layer; nil when there are too many.
func (p *Parser) push() *layer {
	if p.n == maxLayers {
		return nil
	}
	l := &p.layers[p.n]
	p.n++
	l.rec = Record{}
	return l
}

// fill takes from an envelope the fields that the record does not name in a usable form.
func (r *Record) fill(outer *Record) {
	r.fillEnvelope(outer)
	if r.RequestID == nil {
		r.RequestID = outer.RequestID
	}
	if r.TraceID == nil {
		r.TraceID = outer.TraceID
	}
	if weaker(r.KeyState, outer.KeyState) {
		r.Key, r.KeyState = outer.Key, outer.KeyState
	}
	if weaker(r.DurationState, outer.DurationState) {
		r.Duration, r.DurationState = outer.Duration, outer.DurationState
	}
	if weaker(r.StatusState, outer.StatusState) {
		r.Status, r.StatusState = outer.Status, outer.StatusState
	}
}

// fillEnvelope is the part of fill that also holds for a line that could not be read.
func (r *Record) fillEnvelope(outer *Record) {
	if r.Service == nil {
		r.Service = outer.Service
	}
	if r.Env == nil {
		r.Env = outer.Env
	}
	if weaker(r.TimeState, outer.TimeState) {
		r.Time, r.TimeState = outer.Time, outer.TimeState
	}
	if weaker(r.LevelState, outer.LevelState) || r.Level == LevelUnknown && outer.Level != LevelUnknown {
		r.Level, r.LevelState = outer.Level, outer.LevelState
	}
}

// weaker reports whether an envelope's field is the better one.
func weaker(inner, outer State) bool {
	return inner != Present && outer == Present || inner == Absent
}
