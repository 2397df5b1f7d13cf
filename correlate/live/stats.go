package live

import (
	"math"
	"sync"
	"time"

	"github.com/logproc/logproc/correlate"
)

// Stats is a look at a Correlator.
type Stats struct {
	correlate.Stats
	Inputs  int
	Waiting int           // closed requests that are not stored yet
	Lag     time.Duration // between the clock and the event time up to which requests are closed; 0 when that is not known
	Err     error         // what is being retried just now
}

// published is the look that others may have.
type published struct {
	mu    sync.Mutex
	stats Stats
	err   error
}

func (p *published) trouble(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.err = err
}

// publish makes the present state visible.
func (c *Correlator) publish() {
	s := Stats{Stats: c.engine.Stats(), Inputs: len(c.inputs), Waiting: len(c.closed)}
	if reached := c.engine.Watermark(); reached != math.MinInt64 && reached != math.MaxInt64 {
		s.Lag = max(c.cfg.Now().Sub(time.Unix(0, reached)), 0)
	}
	c.stats.mu.Lock()
	defer c.stats.mu.Unlock()
	c.stats.stats = s
}

// Stats gives the state as it was about Config.Interval ago. It does not block.
func (c *Correlator) Stats() Stats {
	c.stats.mu.Lock()
	defer c.stats.mu.Unlock()
	s := c.stats.stats
	s.Err = c.stats.err
	return s
}
