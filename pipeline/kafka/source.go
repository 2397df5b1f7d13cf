package kafka

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"regexp"
	"sync"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/logproc/logproc/pipeline"
	"github.com/logproc/logproc/rollup"
)

// Source reads topics as a member of a consumer group. It implements pipeline.Source.
type Source struct {
	cfg        *Config
	pattern    *regexp.Regexp // nil where topics are named
	cluster    *cluster
	client     *kafkago.Client // for the group's offsets
	budget     *budget
	buffers    *buffers
	batches    sync.Pool // of *handedOut
	unpackers  sync.Pool // of *unpacker
	castagnoli *crc32.Table

	membership membership

	ends map[rollup.TopicPartition]int64 // with UntilEnd; written before the first partition is made
	// first is the number of partitions that each topic had at the start; written before the first partition is made.
	first map[string]int

	mu     sync.Mutex
	cancel context.CancelCauseFunc // ends Run
	ran    bool
}

var _ pipeline.Source = (*Source)(nil)

// New checks the configuration and makes a source of it. It opens no connection yet. The error names
// everything that is wrong.
//
// A worker must release a batch before it waits for the next one of its partition, at least as soon as
// the batches it holds come near Config.MaxBuffered: else it waits for itself.
func New(cfg Config) (*Source, error) {
	cfg.setDefaults()
	if err := cfg.validate(); err != nil {
		return nil, fmt.Errorf("kafka: %w", err)
	}
	pattern, err := compilePattern(cfg.TopicPattern)
	if err != nil {
		return nil, fmt.Errorf("kafka: topic_pattern: %w", err)
	}
	s := &Source{cfg: &cfg, pattern: pattern, cluster: newCluster(&cfg), client: newClient(&cfg), budget: newBudget(cfg.MaxBuffered),
		buffers: new(buffers), castagnoli: crc32.MakeTable(crc32.Castagnoli)}
	s.membership = membership{now: cfg.Now, is: Membership{Since: cfg.Now()}}
	return s, nil
}

// Buffered gives the bytes that are fetched or unpacked and not yet released, as far as they count for
// Config.MaxBuffered.
func (s *Source) Buffered() int64 { return s.budget.inUse() }

// Run implements pipeline.Source. It can be called once.
func (s *Source) Run(ctx context.Context, work func(ctx context.Context, p pipeline.Partition)) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if err := s.begin(cancel); err != nil {
		return err
	}
	defer s.cluster.close()
	defer s.client.Transport.(*kafkago.Transport).CloseIdleConnections()
	err := s.run(ctx, work)
	var fatal *fatalError
	if cause := context.Cause(ctx); errors.As(cause, &fatal) && !errors.As(err, new(*drainError)) {
		return fatal
	}
	return err
}

func (s *Source) begin(cancel context.CancelCauseFunc) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ran {
		return errors.New("kafka: Run was called before")
	}
	s.ran, s.cancel = true, cancel
	return nil
}

// fail ends Run with an error that cannot pass by itself.
func (s *Source) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cancel(asFatal(err))
}

// run subscribes, and again each time the topics change.
func (s *Source) run(ctx context.Context, work func(ctx context.Context, p pipeline.Partition)) error {
	sub, err := s.subscribe(ctx)
	if err != nil {
		return unlessEnded(ctx, err)
	}
	s.first = make(map[string]int)
	for name, t := range sub.topics {
		s.first[name] = len(t.partitions)
	}
	if s.cfg.UntilEnd {
		if err := s.noteEnds(ctx, sub); err != nil {
			return unlessEnded(ctx, err)
		}
		if len(sub.topics) == 0 {
			return nil
		}
	}
	for {
		sub, err = s.runGroup(ctx, sub, work)
		if !errors.Is(err, errResubscribe) {
			return unlessEnded(ctx, err)
		}
		if len(sub.topics) == 0 {
			if sub, err = s.subscribe(ctx); err != nil {
				return unlessEnded(ctx, err)
			}
		}
	}
}

// unlessEnded gives nil for errors that only come of the context's end, which is how a run is stopped.
func unlessEnded(ctx context.Context, err error) error {
	if ctx.Err() != nil && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)) {
		return nil
	}
	return err
}
