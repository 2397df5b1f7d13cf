package outbox

import (
	"encoding/json"
	"errors"
	"slices"
	"time"
)

// State is where a message is on its way.
type State string

// The states of a message. Sent, Refused and (as far as Hold goes) Unknown are final.
const (
	Due     State = "due"
	Claimed State = "claimed"
	Sending State = "sending"
	Sent    State = "sent"
	Unknown State = "unknown"
	Refused State = "refused"
)

// Entry is a message and what became of it. Its texts are redacted, or come of the configuration.
type Entry struct {
	ID        string   `json:"id"`      // deterministic: the same message has the same id on every replica
	Channel   string   `json:"channel"` // which Sender
	List      string   `json:"list"`
	Service   string   `json:"service,omitempty"`
	Env       string   `json:"env,omitempty"`
	Day       string   `json:"day"`      // 2006-01-02
	Revision  int      `json:"revision"` // 0, or 1 for a correction
	MessageID string   `json:"message_id"`
	From      string   `json:"from,omitempty"`
	To        []string `json:"to"`   // who has still to get it
	Told      []Told   `json:"told"` // the totals that it tells

	State    State     `json:"state"`
	By       string    `json:"by"`  // who changed it last
	Due      time.Time `json:"due"` // since when it is owed
	Until    time.Time `json:"until,omitzero"`
	Next     time.Time `json:"next,omitzero"` // not to be tried before
	Tries    int       `json:"tries"`
	Unknowns int       `json:"unknowns,omitempty"` // tries of which nobody knows what became
	Sent     time.Time `json:"sent,omitzero"`
	Error    string    `json:"error,omitempty"`

	Delivered []string  `json:"delivered,omitempty"`
	Refused   []Refusal `json:"refused,omitempty"`
	InFlight  []string  `json:"in_flight,omitempty"` // whom the data was for in the state sending
}

// Told is what a message told of one service and env.
type Told struct {
	Service string `json:"service"`
	Env     string `json:"env,omitempty"`
	Total   uint64 `json:"total"`
	Events  uint64 `json:"events"`
}

func (e *Entry) encode() []byte {
	b, err := json.Marshal(e)
	if err != nil {
		panic(err) // strings, numbers and times of this century
	}
	return b
}

var errEntry = errors.New("it is no entry of an outbox")

func (e *Entry) decode(b []byte) error {
	if err := json.Unmarshal(b, e); err != nil || e.ID == "" || e.Day == "" {
		return errEntry
	}
	return nil
}

// Open tells whether the message is still to be sent.
func (e *Entry) Open() bool { return e.State != Sent && e.State != Refused }

// ready tells whether the message may be tried at a time.
func (e *Entry) ready(now time.Time, policy OnUnknown) bool {
	switch e.State {
	case Due:
		return !now.Before(e.Next)
	case Claimed:
		return !now.Before(e.Until)
	case Sending: // who sent it did not come back
		return !now.Before(e.Until)
	case Unknown:
		return policy == Resend && e.Unknowns < MaxUnknown && !now.Before(e.Next)
	}
	return false
}

// delivered books that recipients have it.
func (e *Entry) delivered(to []string) {
	e.Delivered = append(e.Delivered, to...)
	e.drop(to)
}

// refuse books recipients that will never take it; the others are tried again.
func (e *Entry) refuse(list []Refusal) {
	for _, r := range list {
		if !r.Temporary {
			e.Refused = append(e.Refused, r)
			e.drop([]string{r.To})
		}
	}
}

func (e *Entry) drop(to []string) {
	e.To = slices.DeleteFunc(e.To, func(r string) bool { return slices.Contains(to, r) })
}
