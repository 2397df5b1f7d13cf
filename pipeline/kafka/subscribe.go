package kafka

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/logproc/logproc/internal/backoff"
	"github.com/logproc/logproc/rollup"
)

// subscription is the set of topics to read with what is known of them.
type subscription struct {
	serial int
	topics map[string]topicInfo
}

func (s subscription) names() []string { return slices.Sorted(maps.Keys(s.topics)) }

// same tells whether two subscriptions have the same topics, and the same partitions of them.
func (s subscription) same(other subscription) (topics, partitions bool) {
	topics = slices.Equal(s.names(), other.names())
	partitions = topics
	for name, t := range s.topics {
		if len(t.partitions) != len(other.topics[name].partitions) || t.id != other.topics[name].id {
			partitions = false
		}
	}
	return topics, partitions
}

// partitions lists all partitions in a fixed order.
func (s subscription) partitions() []rollup.TopicPartition {
	var all []rollup.TopicPartition
	for _, name := range s.names() {
		for _, p := range slices.Sorted(maps.Keys(s.topics[name].partitions)) {
			all = append(all, rollup.TopicPartition{Topic: name, Partition: p})
		}
	}
	return all
}

// selectTopics gives the topics of the metadata that are wanted, and the named ones that are not there.
func selectTopics(m *metadata, names []string, pattern *regexp.Regexp) (sub subscription, missing []string, err error) {
	sub = subscription{serial: m.serial, topics: map[string]topicInfo{}}
	if pattern != nil {
		for name, t := range m.topics {
			if !t.internal && !strings.HasPrefix(name, "__") && usable(t.code) && pattern.MatchString(name) {
				sub.topics[name] = t
			}
		}
		return sub, nil, nil
	}
	for _, name := range names {
		t, ok := m.topics[name]
		switch {
		case !ok, kafkago.Error(t.code) == kafkago.UnknownTopicOrPartition, t.code == 0 && len(t.partitions) == 0:
			missing = append(missing, name)
		case !usable(t.code):
			return sub, missing, codeError(t.code, "look up topic "+name)
		default:
			sub.topics[name] = t
		}
	}
	return sub, missing, nil
}

// usable tells whether a topic can be subscribed to. One whose leaders are just being elected can.
func usable(code int16) bool { return code == 0 || kafkago.Error(code) == kafkago.LeaderNotAvailable }

// lookUp asks for the wanted topics by knowledge newer than serial.
func (s *Source) lookUp(ctx context.Context, serial int) (subscription, []string, error) {
	m, err := s.cluster.metadata(ctx, serial)
	if err != nil {
		return subscription{}, nil, err
	}
	return selectTopics(m, s.cfg.Topics, s.pattern)
}

// subscribe looks the topics up at the start, waiting for brokers and for named topics that come late.
func (s *Source) subscribe(ctx context.Context) (subscription, error) {
	pause := backoff.Backoff{Rand: s.cfg.Rand}
	began := time.Now()
	ill := s.newIllness("look up topics")
	serial := 0
	for {
		sub, missing, err := s.lookUp(ctx, serial)
		switch {
		case err != nil:
			if err := ill.note(ctx, err); err != nil {
				return sub, err
			}
			began = time.Now() // an unreachable broker says nothing of topics
		case len(missing) > 0 && time.Since(began) >= s.cfg.TopicWait:
			return sub, &fatalError{err: fmt.Errorf("look up topic %s: no such topic", strings.Join(missing, ", ")),
				advice: "create it, or check the name and the user's right Describe on it"}
		case len(missing) > 0:
			ill.over()
			serial = sub.serial
			pause.Reset() // topics are asked for steadily
		case len(sub.topics) == 0 && !s.cfg.UntilEnd:
			ill.over()
			serial = sub.serial
			s.logNoTopics(serial)
			if !backoff.Sleep(ctx, min(s.cfg.MetadataInterval, time.Second)) {
				return sub, ctx.Err()
			}
			continue
		case len(sub.topics) == 0:
			return sub, &fatalError{err: fmt.Errorf("look up topics: none matches %q", s.cfg.TopicPattern), advice: "there is nothing to read to its end"}
		default:
			ill.over()
			return sub, nil
		}
		if !pause.Wait(ctx) {
			return subscription{}, ctx.Err()
		}
	}
}

func (s *Source) logNoTopics(serial int) {
	if serial <= 1 {
		s.cfg.Logger.Warn("no topic matches, waiting for one", "pattern", s.cfg.TopicPattern)
	}
}

// noteEnds takes the end offsets of all partitions, once, for a run until the end.
func (s *Source) noteEnds(ctx context.Context, sub subscription) error {
	s.ends = map[rollup.TopicPartition]int64{}
	ill := s.newIllness("look up end offsets")
	for _, tp := range sub.partitions() {
		pause := backoff.Backoff{Rand: s.cfg.Rand}
		serial := 0
		for {
			end, pl, err := s.cluster.offsetAt(ctx, tp, timestampLatest, serial)
			if err == nil {
				s.ends[tp] = end
				ill.over()
				break
			}
			serial = pl.serial
			if err := ill.note(ctx, err); err != nil {
				return err
			}
			if !pause.Wait(ctx) {
				return ctx.Err()
			}
		}
	}
	return nil
}

// errResubscribe ends a membership whose topics have changed.
var errResubscribe = errors.New("the topics have changed")
