package boltstore

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"time"

	"github.com/logproc/logproc/rollup"
)

// partitionValue is a partition as stored. Names are part of the format.
type partitionValue struct {
	Fence        rollup.Fence                 `json:"fence"`
	Known        bool                         `json:"known,omitempty"`
	TopicID      rollup.TopicID               `json:"topic_id,omitempty"`
	Start        int64                        `json:"start,omitempty"`
	Offset       int64                        `json:"offset,omitempty"`
	Resume       int64                        `json:"resume,omitempty"`
	Counted      uint64                       `json:"counted,omitempty"`
	DeadLettered uint64                       `json:"dead_lettered,omitempty"`
	Skipped      uint64                       `json:"skipped,omitempty"`
	Lost         []lostValue                  `json:"lost,omitempty"`
	LostOffsets  map[rollup.LostReason]uint64 `json:"lost_offsets,omitempty"`
	Newest       int64                        `json:"newest,omitempty"`
	Updated      time.Time                    `json:"updated"`
	Moves        []moveValue                  `json:"moves,omitempty"`
}

type moveValue struct {
	From    int64          `json:"from"`
	To      int64          `json:"to"`
	TopicID rollup.TopicID `json:"topic_id,omitempty"`
	At      time.Time      `json:"at"`
}

type lostValue struct {
	First  int64             `json:"first"`
	Last   int64             `json:"last"`
	Reason rollup.LostReason `json:"reason"`
}

func (t *transaction) loadPartition(tp rollup.TopicPartition) (rollup.PartitionState, error) {
	value := t.tx.Bucket(bucketPartitions).Get(partitionKey(tp))
	if value == nil {
		return rollup.PartitionState{}, nil
	}
	return decodePartition(tp, value)
}

func (t *transaction) savePartition(tp rollup.TopicPartition, state rollup.PartitionState) error {
	value, err := encodePartition(state)
	if err != nil {
		return err
	}
	return t.tx.Bucket(bucketPartitions).Put(partitionKey(tp), value)
}

// partitionKey puts the partition first: a topic, which may be a file's name, then needs no length.
func partitionKey(tp rollup.TopicPartition) []byte {
	key := binary.BigEndian.AppendUint32(make([]byte, 0, 4+len(tp.Topic)), uint32(tp.Partition))
	return append(key, tp.Topic...)
}

func partitionOf(key []byte) (rollup.TopicPartition, bool) {
	if len(key) < 4 {
		return rollup.TopicPartition{}, false
	}
	return rollup.TopicPartition{Topic: string(key[4:]), Partition: int32(binary.BigEndian.Uint32(key))}, true
}

func encodePartition(state rollup.PartitionState) ([]byte, error) {
	l := state.Ledger
	v := partitionValue{
		Fence: state.Fence, Known: state.Known, TopicID: l.TopicID, Start: l.Start, Offset: l.Offset, Resume: l.Resume,
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

func decodePartition(tp rollup.TopicPartition, value []byte) (rollup.PartitionState, error) {
	var v partitionValue
	if err := json.Unmarshal(value, &v); err != nil {
		return rollup.PartitionState{}, fmt.Errorf("%w: the ledger of %s cannot be read", rollup.ErrCorrupt, tp)
	}
	state := rollup.PartitionState{Fence: v.Fence, Known: v.Known}
	if !v.Known {
		return state, nil
	}
	state.Ledger = rollup.Ledger{
		TopicPartition: tp, TopicID: v.TopicID, Start: v.Start, Offset: v.Offset, Resume: v.Resume,
		Outcomes:    rollup.Outcomes{Counted: v.Counted, DeadLettered: v.DeadLettered, Skipped: v.Skipped},
		LostOffsets: v.LostOffsets, Newest: v.Newest, Updated: v.Updated,
	}
	for _, move := range v.Moves {
		state.Ledger.Moves = append(state.Ledger.Moves, rollup.Move(move))
	}
	for _, lost := range v.Lost {
		state.Ledger.Lost = append(state.Ledger.Lost, rollup.Lost(lost))
	}
	return state, nil
}
