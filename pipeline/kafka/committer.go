package kafka

import (
	"context"
	"maps"
	"sync"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/logproc/logproc/rollup"
)

// committer copies offsets of one generation of the group to Kafka. Commit never blocks; what comes after
// the generation has ended is left out, as the next owner's offset is newer.
type committer struct {
	cfg  *Config
	mu   sync.Mutex
	news map[rollup.TopicPartition]int64
	over bool
}

func newCommitter(cfg *Config) *committer {
	return &committer{cfg: cfg, news: map[rollup.TopicPartition]int64{}}
}

// note keeps the newest offset of a partition for the next copy.
func (c *committer) note(tp rollup.TopicPartition, offset int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.over {
		c.news[tp] = offset
	}
}

// run copies until ctx ends and all work is done, then once more.
func (c *committer) run(ctx context.Context, gen *kafkago.Generation, work *sync.WaitGroup) {
	t := time.NewTicker(c.cfg.CommitInterval)
	defer t.Stop()
	failing := false
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-t.C:
			err := c.flush(gen)
			if err != nil && !failing {
				c.cfg.Logger.Warn("cannot copy offsets to Kafka, trying again", "group", c.cfg.Group, "error", err)
			}
			failing = err != nil
		}
	}
	work.Wait()
	if err := c.flush(gen); err != nil {
		c.cfg.Logger.Info("offsets in Kafka are behind until the next copy", "group", c.cfg.Group, "error", err)
	}
	c.mu.Lock()
	c.over = true
	c.mu.Unlock()
}

// flush copies what is new. After an error it is kept, unless there is something newer by now.
func (c *committer) flush(gen *kafkago.Generation) error {
	c.mu.Lock()
	news := maps.Clone(c.news)
	clear(c.news)
	c.mu.Unlock()
	if len(news) == 0 {
		return nil
	}
	offsets := map[string]map[int]int64{}
	for tp, offset := range news {
		if offsets[tp.Topic] == nil {
			offsets[tp.Topic] = map[int]int64{}
		}
		offsets[tp.Topic][int(tp.Partition)] = offset
	}
	err := gen.CommitOffsets(offsets)
	if err != nil {
		c.mu.Lock()
		for tp, offset := range news {
			if _, newer := c.news[tp]; !newer {
				c.news[tp] = offset
			}
		}
		c.mu.Unlock()
	}
	return err
}
