package kafka

import (
	"encoding/binary"

	kafkago "github.com/segmentio/kafka-go"
)

// encodeHeaders gives headers in the form they have in a record, nil for none.
func encodeHeaders(headers []kafkago.Header) []byte {
	if len(headers) == 0 {
		return nil
	}
	b := binary.AppendVarint(nil, int64(len(headers)))
	for _, h := range headers {
		b = binary.AppendVarint(b, int64(len(h.Key)))
		b = append(b, h.Key...)
		if h.Value == nil {
			b = binary.AppendVarint(b, -1)
			continue
		}
		b = binary.AppendVarint(b, int64(len(h.Value)))
		b = append(b, h.Value...)
	}
	return b
}
