package correlate

import (
	"cmp"
	"strings"

	"github.com/logproc/logproc/correlate/id"
	"github.com/logproc/logproc/parse"
	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/rules"
)

// Event is what a timeline holds of one record. Its texts are redacted; it may be kept.
type Event struct {
	Time        int64        // Unix nanoseconds, by the clock of its host
	Duration    parse.Millis // valid with HasDuration
	Status      int32        // valid with HasStatus
	Level       parse.Level
	Frame       rules.Frame // its part in a call; FrameNone for a record of no call
	HasDuration bool
	HasStatus   bool
	ShowFrame   bool // it is shown as a frame, not by its key

	Service, Key redact.Text
	Host, Zone   redact.Text
	From, To     redact.Text // of a frame: client, and server with its operation
	Error        redact.Text // what went wrong, of a frame
}

// Observation is an event and the request that it belongs to: what a worker hands to the owner of the request.
type Observation struct {
	Request, Trace         id.ID       // at least one is not zero
	RequestText, TraceText redact.Text // as they are shown
	Event
}

// rank orders events of the same time: a host first receives, then sends. See order.
func (e *Event) rank() int {
	switch e.Frame {
	case rules.FrameStart:
		return 0
	case rules.FrameReply, rules.FrameTimeout:
		return 1
	case rules.FrameIn:
		return 2
	case rules.FrameRequest:
		return 4
	case rules.FrameOut:
		return 5
	default:
		return 3
	}
}

// compare orders events by all that they hold, so that the order in which they came never matters.
func compare(a, b *Event) int {
	return cmp.Or(
		cmp.Compare(a.Time, b.Time), cmp.Compare(a.rank(), b.rank()),
		compareText(a.To, b.To), compareText(a.From, b.From), compareText(a.Host, b.Host), compareText(a.Zone, b.Zone),
		compareText(a.Service, b.Service), compareText(a.Key, b.Key), cmp.Compare(a.Frame, b.Frame), cmp.Compare(a.Level, b.Level),
		cmp.Compare(a.Duration, b.Duration), cmp.Compare(a.Status, b.Status), compareText(a.Error, b.Error),
	)
}

func compareText(a, b redact.Text) int { return strings.Compare(a.String(), b.String()) }
