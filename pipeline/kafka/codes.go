package kafka

import (
	"fmt"

	kafkago "github.com/segmentio/kafka-go"
)

// Kafka's numbers of the requests that are encoded here.
const (
	apiFetch            int16 = 1
	apiListOffsets      int16 = 2
	apiMetadata         int16 = 3
	apiSaslHandshake    int16 = 17
	apiVersions         int16 = 18
	apiSaslAuthenticate int16 = 36
)

// brokerError is an error code in a broker's answer, with what was asked.
type brokerError struct {
	code kafkago.Error
	doing,
	detail string
}

func (e *brokerError) Error() string {
	if e.detail != "" {
		return fmt.Sprintf("%s: %s (Kafka error %d): %s", e.doing, e.code.Title(), int(e.code), e.detail)
	}
	return fmt.Sprintf("%s: %s (Kafka error %d)", e.doing, e.code.Title(), int(e.code))
}

func (e *brokerError) Unwrap() error { return e.code }

// codeError gives nil for code 0.
func codeError(code int16, doing string) error {
	if code == 0 {
		return nil
	}
	return &brokerError{code: kafkago.Error(code), doing: doing}
}
