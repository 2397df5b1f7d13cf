package outbox

import (
	"errors"
	"fmt"
)

// Refusal is a recipient that the receiver does not take.
type Refusal struct {
	To        string `json:"to"`
	Temporary bool   `json:"temporary,omitempty"` // to be tried again, as greylisting asks for
	Text      string `json:"text"`
}

// Kind says what a failure means for the message.
type Kind uint8

// The kinds of failure.
const (
	Deferred  Kind = iota // not delivered: try again
	Rejected              // not delivered, and never will be
	Undecided             // it may have been delivered
)

// Failure is why a message was not handed over.
type Failure struct {
	Kind  Kind
	Phase string // what was being done, as "DATA"
	Down  bool   // the receiver as a whole is out of reach: other messages need not be tried now
	Err   error
}

// Error gives what was being done and why it failed.
func (f *Failure) Error() string { return fmt.Sprintf("%s: %v", f.Phase, f.Err) }

// Unwrap gives the cause.
func (f *Failure) Unwrap() error { return f.Err }

// down tells whether a failure concerns everything that goes to the same receiver.
func down(err error) bool {
	f, ok := errors.AsType[*Failure](err)
	return ok && f.Down
}

// kindOf tells what an error of a Sender means. Of an error that says nothing, what matters is whether the data
// had begun.
func kindOf(err error, begun bool) Kind {
	if f, ok := errors.AsType[*Failure](err); ok {
		return f.Kind
	}
	if begun {
		return Undecided
	}
	return Deferred
}
