package rollup

import (
	"encoding/json"
	"fmt"
	"time"
)

// partitionValue is a partition as stored. Names are part of the format.
type partitionValue struct {
	Fence        Fence                 `json:"fence"`
	Known        bool                  `json:"known,omitempty"`
	TopicID      TopicID               `json:"topic_id,omitempty"`
	Start        int64                 `json:"start,omitempty"`
	Offset       int64                 `json:"offset,omitempty"`
	Resume       int64                 `json:"resume,omitempty"`
	Counted      uint64                `json:"counted,omitempty"`
	DeadLettered uint64                `json:"dead_lettered,omitempty"`
	Skipped      uint64                `json:"skipped,omitempty"`
	Lost         []lostValue           `json:"lost,omitempty"`
	LostOffsets  map[LostReason]uint64 `json:"lost_offsets,omitempty"`
	Newest       int64                 `json:"newest,omitempty"`
	Updated      time.Time             `json:"updated"`
	Moves        []moveValue           `json:"moves,omitempty"`
}

type moveValue struct {
	From    int64     `json:"from"`
	To      int64     `json:"to"`
	TopicID TopicID   `json:"topic_id,omitempty"`
	At      time.Time `json:"at"`
}

type lostValue struct {
	First  int64      `json:"first"`
	Last   int64      `json:"last"`
	Reason LostReason `json:"reason"`
}

// Encode gives the state as stores on disk and on servers keep it (JSON). DecodeState reads it.
func (s *PartitionState) Encode() ([]byte, error) {
	l := &s.Ledger
	v := partitionValue{
		Fence: s.Fence, Known: s.Known, TopicID: l.TopicID, Start: l.Start, Offset: l.Offset, Resume: l.Resume,
		Counted: l.Outcomes.Counted, DeadLettered: l.Outcomes.DeadLettered, Skipped: l.Outcomes.Skipped,
		LostOffsets: l.LostOffsets, Newest: l.Newest, Updated: l.Updated.UTC(),
	}
	for _, move := range l.Moves {
		v.Moves = append(v.Moves, moveValue(move))
	}
	for _, lost := range l.Lost {
		v.Lost = append(v.Lost, lostValue(lost))
	}
	return json.Marshal(v)
}

// DecodeState reads what PartitionState.Encode wrote of a partition. The error wraps ErrCorrupt.
func DecodeState(tp TopicPartition, value []byte) (PartitionState, error) {
	var v partitionValue
	if err := json.Unmarshal(value, &v); err != nil {
		return PartitionState{}, fmt.Errorf("%w: the ledger of %s cannot be read", ErrCorrupt, tp)
	}
	state := PartitionState{Fence: v.Fence, Known: v.Known}
	if !v.Known {
		return state, nil
	}
	state.Ledger = Ledger{
		TopicPartition: tp, TopicID: v.TopicID, Start: v.Start, Offset: v.Offset, Resume: v.Resume,
		Outcomes:    Outcomes{Counted: v.Counted, DeadLettered: v.DeadLettered, Skipped: v.Skipped},
		LostOffsets: v.LostOffsets, Newest: v.Newest, Updated: v.Updated,
	}
	for _, move := range v.Moves {
		state.Ledger.Moves = append(state.Ledger.Moves, Move(move))
	}
	for _, lost := range v.Lost {
		state.Ledger.Lost = append(state.Ledger.Lost, Lost(lost))
	}
	return state, nil
}
