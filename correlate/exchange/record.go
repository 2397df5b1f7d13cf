package exchange

import (
	"encoding/binary"
	"errors"

	"github.com/logproc/logproc/correlate"
	"github.com/logproc/logproc/correlate/id"
	"github.com/logproc/logproc/rollup"
)

// place is where an observation comes from: the record, and which of its parts.
type place struct {
	rollup.TopicPartition
	offset int64
	index  int
}

// after reports whether an observation of the same partition comes behind another.
func (p place) after(other place) bool {
	return p.offset > other.offset || p.offset == other.offset && p.index > other.index
}

// appendKey writes the key of a request: its RequestID, or the trace id of a record that has none.
func appendKey(dst []byte, o *correlate.Observation) []byte {
	key := o.Request
	if key.IsZero() {
		key = o.Trace
	}
	if key.Form == id.Full {
		key = key.Low() // a short id goes where the full one goes
	}
	return binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(dst, key.Hi), key.Lo)
}

// appendRecord writes an observation and where it comes from.
func appendRecord(dst []byte, p place, o *correlate.Observation) []byte {
	dst = append(binary.AppendUvarint(dst, uint64(len(p.Topic))), p.Topic...)
	dst = binary.AppendVarint(binary.AppendVarint(dst, int64(p.Partition)), p.offset)
	return correlate.AppendObservation(binary.AppendUvarint(dst, uint64(p.index)), o)
}

// errRecord is what is wrong with a record of the topic, without anything of it.
var errRecord = errors.New("the record cannot be read, expected one as this version of the program writes it")

// readRecord reads what appendRecord wrote.
func readRecord(data []byte) (p place, o correlate.Observation, err error) {
	n, size := binary.Uvarint(data)
	if size <= 0 || n > uint64(len(data)-size) {
		return p, o, errRecord
	}
	p.Topic = string(data[size : size+int(n)])
	data = data[size+int(n):]
	partition, size := binary.Varint(data)
	if size <= 0 || partition != int64(int32(partition)) {
		return p, o, errRecord
	}
	p.Partition, data = int32(partition), data[size:]
	if p.offset, size = binary.Varint(data); size <= 0 {
		return p, o, errRecord
	}
	data = data[size:]
	index, size := binary.Uvarint(data)
	if size <= 0 || index > 1<<31 {
		return p, o, errRecord
	}
	p.index = int(index)
	if o, err = correlate.ReadObservation(data[size:]); err != nil {
		return p, o, errRecord
	}
	return p, o, nil
}
