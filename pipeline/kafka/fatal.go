package kafka

import (
	"errors"
	"fmt"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/logproc/logproc/internal/advice"
)

// fatalError cannot pass by itself: somebody has to change the configuration or the cluster.
type fatalError struct {
	err    error
	advice string
}

func (e *fatalError) Error() string { return fmt.Sprintf("%v; %s", e.err, e.advice) }
func (e *fatalError) Unwrap() error { return e.err }

// asFatal adds advice to an error that cannot pass by itself and gives nil for any other.
func asFatal(err error) error {
	var fatal *fatalError
	if err == nil {
		return nil
	}
	if errors.As(err, &fatal) {
		return err
	}
	if advice := adviceFor(err); advice != "" {
		return &fatalError{err: err, advice: advice}
	}
	return nil
}

// isFatal tells errors that do not pass by themselves.
func isFatal(err error) bool { return asFatal(err) != nil }

// gaveUp ends a run that is to come to an end, after an error has lasted for too long.
func gaveUp(err error, after time.Duration) error {
	return &fatalError{err: err, advice: "gave up after " + after.String() + ": check that the brokers run and can be reached"}
}

func adviceFor(err error) string {
	var code kafkago.Error
	if errors.As(err, &code) {
		if s := adviceForCode(code); s != "" {
			return s
		}
	}
	return advice.ForConnection(err)
}

func adviceForCode(code kafkago.Error) string {
	switch code {
	case kafkago.TopicAuthorizationFailed:
		return "the user needs the rights Read and Describe on the topic"
	case kafkago.GroupAuthorizationFailed:
		return "the user needs the right Read on the group"
	case kafkago.ClusterAuthorizationFailed:
		return "the user needs rights on the cluster"
	case kafkago.InvalidTopic:
		return "check the topic's name"
	case kafkago.InvalidGroupId:
		return "check the group's name"
	case kafkago.InvalidSessionTimeout:
		return "the session timeout must be within the broker's group.min.session.timeout.ms and group.max.session.timeout.ms"
	case kafkago.InconsistentGroupProtocol:
		return "the group is in use by members of another kind: choose another group"
	case kafkago.GroupMaxSizeReached:
		return "the broker's group.max.size allows no more members"
	}
	return ""
}
