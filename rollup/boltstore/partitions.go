package boltstore

import (
	"encoding/binary"

	"github.com/logproc/logproc/rollup"
)

func (t *transaction) loadPartition(tp rollup.TopicPartition) (rollup.PartitionState, error) {
	value := t.tx.Bucket(bucketPartitions).Get(partitionKey(tp))
	if value == nil {
		return rollup.PartitionState{}, nil
	}
	return rollup.DecodeState(tp, value)
}

func (t *transaction) savePartition(tp rollup.TopicPartition, state rollup.PartitionState) error {
	value, err := state.Encode()
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
