package rollup

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// ErrStep: the commit contradicts itself. Trying it again cannot help.
var ErrStep = errors.New("it is no step forward")

// Check says what is wrong with c in itself, wrapping ErrStep. A step that moves no offset may carry
// nothing, because a second try of it could not be told from the first.
func (c *Commit) Check() error {
	switch {
	case c.Base < 0 || c.Next < c.Base:
		return fmt.Errorf("%w: from offset %d to %d", ErrStep, c.Base, c.Next)
	case c.Resume > c.Next:
		return fmt.Errorf("%w: it resumes at %d, beyond its end %d", ErrStep, c.Resume, c.Next)
	case c.Next == c.Base && (len(c.Counts) > 0 || len(c.Forms) > 0 || len(c.Facts) > 0 || len(c.Lost) > 0 || c.Outcomes != Outcomes{}):
		return fmt.Errorf("%w: counts without records at offset %d", ErrStep, c.Base)
	}
	for i := range c.Facts {
		if err := c.Facts[i].check(); err != nil {
			return err
		}
	}
	return nil
}

// PartitionState is what a store keeps of one partition. Stores load it, call Claim or Commit, and save
// it in the same atomic step.
type PartitionState struct {
	Fence  Fence
	Known  bool // whether anything was ever committed; if not, Ledger is empty
	Ledger Ledger
}

// Claim issues the next fence and tells where to go on.
func (s *PartitionState) Claim(now time.Time) Claim {
	s.Fence = s.nextFence(now)
	return s.claim()
}

// nextFence gives a number above the newest one, and also above all that were issued before the store came back from
// the past: those are forgotten, hence the clock. A worker that was replaced before it is then still fenced, and
// cannot take the commit of the same step by another one for its own.
func (s *PartitionState) nextFence(now time.Time) Fence {
	return max(s.Fence+1, Fence(max(now.UnixMilli(), 0)))
}

func (s *PartitionState) claim() Claim {
	l := &s.Ledger
	return Claim{Fence: s.Fence, Known: s.Known, TopicID: l.TopicID, Offset: l.Offset, Resume: l.Resume, Newest: l.Newest, Start: l.Start}
}

// SetOffset is Store.SetOffset.
func (s *PartitionState) SetOffset(offset int64, now time.Time) (Claim, error) {
	if !s.Known {
		return Claim{}, ErrUnknownPartition
	}
	before := s.claim()
	l := &s.Ledger
	l.Moves = append(l.Moves, Move{From: l.Offset, To: offset, TopicID: l.TopicID, At: now})
	if over := len(l.Moves) - MaxMoves; over > 0 {
		l.Moves = slices.Delete(l.Moves, 0, over)
	}
	s.Fence = s.nextFence(now)
	l.TopicID, l.Offset, l.Resume = "", offset, offset
	l.Start = min(l.Start, offset) // else what lies before the former start would be left out if the store were lost
	return before, nil
}

// Commit decides on c and, when the outcome is Committed, takes it into the ledger; the store then adds
// c's counts. A fence above the stored one is taken over: the store came back from the past, and the
// numbers it issued since must not be issued again.
func (s *PartitionState) Commit(c *Commit, now time.Time) Result {
	result := Decide(s.claim(), c)
	if result.Outcome != Committed {
		return result
	}
	s.Fence = max(s.Fence, c.Fence)
	if !s.Known {
		s.Known = true
		s.Ledger.TopicPartition = c.TopicPartition
		s.Ledger.Start = c.Base
	}
	if c.TopicID != "" { // a broker that tells none does not make the topic another one
		s.Ledger.TopicID = c.TopicID
	}
	s.Ledger.Offset = c.Next
	s.Ledger.Resume = c.Resume
	s.Ledger.Outcomes.Add(c.Outcomes)
	for _, lost := range c.Lost {
		s.Ledger.AddLost(lost)
	}
	s.Ledger.Newest = max(s.Ledger.Newest, c.Newest)
	s.Ledger.Updated = now
	return result
}

// AddLost takes a lost range into the ledger: ranges of the same cause that adjoin or overlap become
// one, offsets that are already in one of them count once, and beyond MaxLost the oldest range is
// forgotten. Its length stays in LostOffsets.
func (l *Ledger) AddLost(lost Lost) {
	if lost.Last < lost.First {
		return
	}
	added := lost
	known := uint64(0)
	kept := make([]Lost, 0, len(l.Lost)+1)
	for _, old := range l.Lost {
		if old.Reason != added.Reason || !old.touches(added) {
			kept = append(kept, old)
			continue
		}
		known = Sum(known, old.Offsets())
		added.First = min(added.First, old.First)
		added.Last = max(added.Last, old.Last)
	}
	kept = append(kept, added)
	if over := len(kept) - MaxLost; over > 0 {
		kept = slices.Delete(kept, 0, over)
	}
	l.Lost = kept
	if l.LostOffsets == nil {
		l.LostOffsets = make(map[LostReason]uint64)
	}
	l.LostOffsets[lost.Reason] = Sum(l.LostOffsets[lost.Reason], added.Offsets()-known)
}

// Offsets gives the length of the range.
func (l Lost) Offsets() uint64 {
	if l.Last < l.First {
		return 0
	}
	return Sum(uint64(l.Last)-uint64(l.First), 1)
}

// touches reports whether two ranges overlap or adjoin.
func (l Lost) touches(other Lost) bool {
	return (l.First <= other.Last || l.First-1 == other.Last) && (other.First <= l.Last || other.First-1 == l.Last)
}

// Clone gives a copy that shares nothing with l.
func (l Ledger) Clone() Ledger {
	l.Lost = slices.Clone(l.Lost)
	l.LostOffsets = maps.Clone(l.LostOffsets)
	l.Moves = slices.Clone(l.Moves)
	return l
}
