package topic

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/segmentio/kafka-go"

	"github.com/logproc/logproc/internal/backoff"
)

// check looks the topic up and refuses one that does not fit.
func (p *Publisher) check(ctx context.Context) error {
	o := &p.o
	if slices.Contains(o.Sources, o.Topic) || o.IsSource != nil && o.IsSource(o.Topic) {
		return fmt.Errorf("redacted topic %s: it is read from too, so records would go round for ever; choose another topic, or leave it out of the sources", o.Topic)
	}
	topics, err := p.lookUp(ctx)
	if err != nil {
		return err
	}
	p.partitions = int32(len(topics[o.Topic].Partitions))
	for _, source := range o.Sources {
		if n := len(topics[source].Partitions); n > 0 && n != int(p.partitions) {
			p.warnMismatch(source, n)
		}
	}
	return nil
}

// lookUp asks for the topics until a broker answers.
func (p *Publisher) lookUp(ctx context.Context) (map[string]kafka.Topic, error) {
	patience, cancel := context.WithTimeout(ctx, p.o.Timeout)
	defer cancel()
	pauses := backoff.Backoff{Rand: p.o.Random}
	for {
		topics, err := p.metadata(patience)
		if err == nil {
			err = p.checkTopic(topics[p.o.Topic])
		}
		if err == nil {
			return topics, nil
		}
		if !passes(err) || !pauses.Wait(patience) {
			return nil, fmt.Errorf("redacted topic %s at %s: %w", p.o.Topic, strings.Join(p.o.Brokers, ","), p.explained(err))
		}
	}
}

// explained adds to the error that ended the look-up what to do about it.
func (p *Publisher) explained(err error) error {
	// Some brokers answer wrong credentials and a client without TLS by closing the connection.
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		if p.o.Transport.SASL != nil {
			return fmt.Errorf("%w; check user and password", err)
		}
		return fmt.Errorf("%w; does the port want TLS or a login?", err)
	}
	return advised(err)
}

func (p *Publisher) metadata(ctx context.Context) (map[string]kafka.Topic, error) {
	answer, err := p.client.Metadata(ctx, &kafka.MetadataRequest{Topics: append([]string{p.o.Topic}, p.o.Sources...)})
	if err != nil {
		return nil, plain(err)
	}
	topics := make(map[string]kafka.Topic, len(answer.Topics))
	for _, t := range answer.Topics {
		topics[t.Name] = t
	}
	return topics, nil
}

// errMissing says that the topic is not there, which waiting does not change.
var errMissing = errors.New("it does not exist; create it with as many partitions as the source has: kafka-topics.sh --create --topic NAME --partitions N")

func (p *Publisher) checkTopic(t kafka.Topic) error {
	switch {
	case errors.Is(t.Error, kafka.UnknownTopicOrPartition), t.Name == "" && t.Error == nil:
		return errMissing
	case t.Error != nil:
		return t.Error
	case len(t.Partitions) == 0:
		return kafka.LeaderNotAvailable
	}
	return nil
}

// warnMismatch says once that records do not stay in their partitions.
func (p *Publisher) warnMismatch(source string, partitions int) {
	if p.o.Partitioning != Keep {
		return
	}
	p.mismatch.Do(func() {
		what := "partition numbers are kept, and the rest of the partitions stay empty"
		if partitions > int(p.partitions) {
			what = "records of partitions beyond the last are spread by key, others stay where they are"
		}
		p.o.Logger.Warn("the redacted topic has another number of partitions than its source", "topic", p.o.Topic,
			"partitions", p.partitions, "source", source, "source_partitions", partitions, "so", what)
	})
}
