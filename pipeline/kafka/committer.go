package kafka

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/logproc/logproc/rollup"
)

// committer copies offsets of one generation of the group to Kafka. Commit never blocks; what comes after
// the generation has ended is left out, as the next owner's offset is newer.
type committer struct {
	cfg    *Config
	client *kafkago.Client
	gen    *kafkago.Generation
	mu     sync.Mutex
	news   map[rollup.TopicPartition]offsetCopy
	over   bool
}

// offsetCopy is what is copied of a partition.
type offsetCopy struct {
	offset int64
	note   string
}

func newCommitter(s *Source, gen *kafkago.Generation) *committer {
	return &committer{cfg: s.cfg, client: s.client, gen: gen, news: map[rollup.TopicPartition]offsetCopy{}}
}

// note keeps the newest offset of a partition for the next copy.
func (c *committer) note(tp rollup.TopicPartition, offset int64, note string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.over {
		c.news[tp] = offsetCopy{offset, note}
	}
}

// run copies until ctx ends and all work is done, then once more.
func (c *committer) run(ctx context.Context, work *sync.WaitGroup) {
	t := time.NewTicker(c.cfg.CommitInterval)
	defer t.Stop()
	failing := false
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-t.C:
			err := c.flush()
			if err != nil && !failing {
				c.cfg.Logger.Warn("cannot copy offsets to Kafka, trying again", "group", c.cfg.Group, "error", err)
			}
			failing = err != nil
		}
	}
	work.Wait()
	if err := c.flush(); err != nil {
		c.cfg.Logger.Info("offsets in Kafka are behind until the next copy", "group", c.cfg.Group, "error", err)
	}
	c.mu.Lock()
	c.over = true
	c.mu.Unlock()
}

// flush copies what is new. After an error it is kept, unless there is something newer by now.
func (c *committer) flush() error {
	c.mu.Lock()
	news := maps.Clone(c.news)
	clear(c.news)
	c.mu.Unlock()
	if len(news) == 0 {
		return nil
	}
	err := c.send(news)
	if err != nil {
		c.mu.Lock()
		for tp, copied := range news {
			if _, newer := c.news[tp]; !newer {
				c.news[tp] = copied
			}
		}
		c.mu.Unlock()
	}
	return err
}

// send writes copies to the group's coordinator. kafka-go's Generation could, but without a note.
func (c *committer) send(news map[rollup.TopicPartition]offsetCopy) error {
	topics := map[string][]kafkago.OffsetCommit{}
	for tp, copied := range news {
		topics[tp.Topic] = append(topics[tp.Topic], kafkago.OffsetCommit{Partition: int(tp.Partition), Offset: copied.offset, Metadata: copied.note})
	}
	ctx, cancel := context.WithTimeout(context.Background(), requestTimeout) // the last copy comes after the end
	defer cancel()
	answer, err := c.client.OffsetCommit(ctx, &kafkago.OffsetCommitRequest{
		GroupID: c.cfg.Group, GenerationID: int(c.gen.ID), MemberID: c.gen.MemberID, Topics: topics,
	})
	if err != nil {
		return fmt.Errorf("copy offsets of group %s: %w", c.cfg.Group, err)
	}
	for topic, partitions := range answer.Topics {
		for _, p := range partitions {
			if p.Error != nil {
				return fmt.Errorf("copy the offset of %s/%d: %w", topic, p.Partition, p.Error)
			}
		}
	}
	return nil
}

// fetchCopy reads the group's offset of a partition and its note; -1 when there is none.
func (s *Source) fetchCopy(ctx context.Context, tp rollup.TopicPartition) (offset int64, note string, err error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	answer, err := s.client.OffsetFetch(ctx, &kafkago.OffsetFetchRequest{GroupID: s.cfg.Group, Topics: map[string][]int{tp.Topic: {int(tp.Partition)}}})
	if err == nil {
		err = answer.Error
	}
	if err != nil {
		return -1, "", fmt.Errorf("read the offset of group %s: %w", s.cfg.Group, err)
	}
	for _, p := range answer.Topics[tp.Topic] {
		if p.Partition == int(tp.Partition) {
			return p.CommittedOffset, p.Metadata, p.Error
		}
	}
	return -1, "", nil
}

// newClient makes the client for the group's offsets.
func newClient(cfg *Config) *kafkago.Client {
	return &kafkago.Client{
		Addr:      kafkago.TCP(cfg.Brokers...),
		Timeout:   requestTimeout,
		Transport: &kafkago.Transport{Dial: cfg.dialCounted, TLS: cfg.TLS, SASL: cfg.SASL, ClientID: cfg.ClientID},
	}
}
