package rules

import (
	_ "embed"
	"slices"

	"github.com/logproc/logproc/parse"
)

//go:embed calls.yaml
var defaultCalls []byte

// Frame is the part that a record plays in a call between two services.
type Frame uint8

// The frames: three of the client's side, two of the server's, and the start of a request, which is of no call.
const (
	FrameNone    Frame = iota
	FrameStart         // the request enters the system
	FrameRequest       // the client sends
	FrameIn            // the server receives
	FrameOut           // the server has answered
	FrameReply         // the client has the answer
	FrameTimeout       // the client gave up waiting
	frameCount
)

var frameNames = [frameCount]string{"none", "start", "request", "in", "out", "reply", "timeout"}

// String gives the frame's name as rule files write it.
func (f Frame) String() string {
	if f < frameCount {
		return frameNames[f]
	}
	return "frame"
}

// Client reports whether the frame is of the client's side.
func (f Frame) Client() bool { return f == FrameRequest || f == FrameReply || f == FrameTimeout }

// Server reports whether the frame is of the server's side.
func (f Frame) Server() bool { return f == FrameIn || f == FrameOut }

// Calls says which records are frames of calls. It is immutable and safe for concurrent use.
type Calls struct {
	rules []callRule
	paths []parse.Path // all fields that frames ask for; key stands for the record's key
}

type callRule struct {
	name                            string
	showFrames                      bool
	frames                          []callFrame
	from, to, operation, host, zone []source
	failure                         []source
	duration                        []parse.Path
}

type callFrame struct {
	frame      Frame
	conditions []condition
}

// DefaultCalls gives the built-in rules, see DefaultCallsFile.
func DefaultCalls() *Calls {
	c, err := LoadCalls("calls.yaml", nil)
	if err != nil {
		panic(err) // the embedded file is wrong: a defect that every test meets
	}
	return c
}

// DefaultCallsFile gives the commented file of the built-in rules.
func DefaultCallsFile() []byte { return slices.Clone(defaultCalls) }

// Names gives the names of the rules in the order of the file.
func (c *Calls) Names() []string {
	names := make([]string, len(c.rules))
	for i := range c.rules {
		names[i] = c.rules[i].name
	}
	return names
}
