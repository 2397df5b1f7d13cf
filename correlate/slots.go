package correlate

import (
	"math"
	"unsafe"

	"github.com/logproc/logproc/correlate/id"
	"github.com/logproc/logproc/parse"
	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/rules"
)

// request is an open request.
type request struct {
	seq            uint64 // unique among all requests; 0: the slot is free
	request, trace id.ID
	requestText    redact.Text
	traceText      redact.Text
	extra          *extra // nil for most
	events         []stored
	first          int64  // time that it was opened at
	last           int64  // when something of it came last; both are times of the watermark, or of the event before there was one
	given          int64  // a deadline up to which it was given out before a restart
	inputs         uint64 // bit i: an input of that number has an entry in its ring
	records        uint32
	worst          parse.Level
	late           bool // everything of it came late
	shared         bool // its trace is another request's too
	torn           bool // an input that it has records of was given away
	forward        uint32
}

// extra is what few requests have.
type extra struct {
	traces []Name   // beyond the first
	merged []uint32 // slots whose requests were found to be this one
}

// stored is an Event in 56 bytes.
type stored struct {
	time                                    int64
	duration                                parse.Millis
	status                                  int32
	service, key, host, zone, from, to, err uint32
	level                                   parse.Level
	frame                                   rules.Frame
	flags                                   uint8
}

const (
	hasDuration = 1 << iota
	hasStatus
	showFrame
)

// Sizes for the sum of memory: a request with its two texts and its entries in maps, heap and ring, and an event.
const (
	requestBytes = int64(unsafe.Sizeof(request{})) + 2*48 + 160
	storedBytes  = int64(unsafe.Sizeof(stored{}))
)

// slots keeps requests by number. They lie in blocks, so that they need not be copied as their number grows.
type slots struct {
	blocks []*[blockSize]request
	free   []uint32
	used   uint32 // slots that were ever in use
	seq    uint64
	open   int
}

const blockSize = 1024

// none is no slot.
const none = ^uint32(0)

func (s *slots) at(slot uint32) *request { return &s.blocks[slot/blockSize][slot%blockSize] }

// take gives a free slot with a new seq.
func (s *slots) take() (uint32, *request) {
	slot := s.used
	if n := len(s.free); n > 0 {
		slot = s.free[n-1]
		s.free = s.free[:n-1]
	} else {
		if slot/blockSize == uint32(len(s.blocks)) {
			s.blocks = append(s.blocks, new([blockSize]request))
		}
		s.used++
	}
	s.seq++
	s.open++
	r := s.at(slot)
	*r = request{seq: s.seq, forward: none, late: true, given: math.MaxInt64}
	return slot, r
}

// release frees a slot.
func (s *slots) release(slot uint32) {
	*s.at(slot) = request{}
	s.free = append(s.free, slot)
}

// alive reports whether the request that had the slot is still open, maybe as part of another.
func (s *slots) alive(slot uint32, seq uint64) bool { return s.at(slot).seq == seq }
