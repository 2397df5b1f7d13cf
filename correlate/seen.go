package correlate

import (
	"hash/maphash"

	"github.com/logproc/logproc/correlate/id"
	"github.com/logproc/logproc/redact"
)

// seenIDs remembers what ids were read and shown as: the records of a request mostly come close to one another.
type seenIDs struct {
	seed    maphash.Seed
	entries []seenID
}

// seenID is an id as it was logged.
type seenID struct {
	raw string
	Name
}

const (
	seenSize = 1 << 12
	// longestSeen is the longest id that is remembered: all of an Observer's take less than 1 MiB.
	longestSeen = 128
)

func newSeenIDs() seenIDs { return seenIDs{maphash.MakeSeed(), make([]seenID, seenSize)} }

// of gives what read and show make of raw, from memory when it was there lately.
func (s *seenIDs) of(raw []byte, read func([]byte) id.ID, show func(id.ID, []byte) redact.Text) Name {
	if len(raw) == 0 {
		return Name{}
	}
	if len(raw) > longestSeen {
		i := read(raw)
		return Name{i, show(i, raw)}
	}
	e := &s.entries[maphash.Bytes(s.seed, raw)%seenSize]
	if e.raw != string(raw) {
		i := read(raw)
		*e = seenID{string(raw), Name{i, show(i, raw)}}
	}
	return e.Name
}
