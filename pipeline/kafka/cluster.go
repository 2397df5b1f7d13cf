package kafka

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/logproc/logproc/internal/backoff"
	"github.com/logproc/logproc/rollup"
)

// cluster looks things up for all partitions over one connection to any broker. It is safe for
// concurrent use.
type cluster struct {
	cfg  *Config
	lock chan struct{} // a mutex whose wait can be given up
	conn *conn
	next int // the broker to try next, so that a dead one is not asked again and again

	known  map[string]bool // addresses beside cfg.Brokers
	subset func() []string // the topics that are worth knowing; nil for all
	last   *metadata
	at     time.Time
}

func newCluster(cfg *Config) *cluster {
	return &cluster{cfg: cfg, lock: make(chan struct{}, 1), known: map[string]bool{}, subset: func() []string { return cfg.Topics }}
}

func (c *cluster) enter(ctx context.Context) error {
	select {
	case c.lock <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c *cluster) leave() { <-c.lock }

// closest pause between two look-ups: a hundred partitions that lose their leader ask once.
const metadataPause = 100 * time.Millisecond

// metadata gives knowledge that is newer than the look-up with the number serial.
func (c *cluster) metadata(ctx context.Context, serial int) (*metadata, error) {
	if err := c.enter(ctx); err != nil {
		return nil, err
	}
	defer c.leave()
	if c.last != nil && c.last.serial > serial {
		return c.last, nil
	}
	if wait := metadataPause - time.Since(c.at); wait > 0 && !backoff.Sleep(ctx, wait) {
		return nil, ctx.Err()
	}
	var m *metadata
	err := c.ask(ctx, func(cn *conn) (err error) {
		m, err = cn.askMetadata(c.subset())
		return err
	})
	c.at = time.Now()
	if err != nil {
		return nil, fmt.Errorf("look up topics: %w", err)
	}
	m.serial = serial + 1
	if c.last != nil {
		m.serial = max(m.serial, c.last.serial+1)
	}
	c.last = m
	for _, addr := range m.brokers {
		c.known[addr] = true
	}
	return m, nil
}

// ask calls f with a connection to any broker, trying them all until one answers.
func (c *cluster) ask(ctx context.Context, f func(*conn) error) error {
	addrs := slices.Concat(c.cfg.Brokers, slices.Sorted(maps.Keys(c.known)))
	var failed error
	for range len(addrs) + 1 { // once more, as the connection kept from last time may be stale
		if c.conn == nil {
			cn, err := c.cfg.dial(ctx, addrs[c.next%len(addrs)])
			if err != nil {
				if failed = worse(failed, err); ctx.Err() != nil || isFatal(err) {
					return failed
				}
				c.next++
				continue
			}
			c.conn = cn
		}
		stop := context.AfterFunc(ctx, c.conn.close)
		err := f(c.conn)
		stop()
		if err == nil {
			return nil
		}
		failed = fmt.Errorf("broker %s: %w", c.conn.addr, err)
		c.conn.close()
		c.conn = nil
		if ctx.Err() != nil {
			return failed
		}
	}
	return failed
}

// worse keeps the error that tells more: one that cannot pass by itself, else the first.
func worse(a, b error) error {
	if a == nil || isFatal(b) {
		return b
	}
	return a
}

// place finds a partition's leader by knowledge newer than serial.
func (c *cluster) place(ctx context.Context, tp rollup.TopicPartition, serial int) (place, error) {
	m, err := c.metadata(ctx, serial)
	if err != nil {
		return place{}, err
	}
	return m.place(tp)
}

func (c *cluster) close() {
	c.lock <- struct{}{}
	defer c.leave()
	if c.conn != nil {
		c.conn.close()
		c.conn = nil
	}
}

// serial is the number of the newest look-up.
func (c *cluster) serial() int {
	c.lock <- struct{}{}
	defer c.leave()
	if c.last == nil {
		return 0
	}
	return c.last.serial
}
