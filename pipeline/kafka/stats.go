package kafka

import (
	"errors"
	"time"

	"github.com/logproc/logproc/pipeline"
)

// Stats implements pipeline.Partition.
func (p *partition) Stats() pipeline.PartitionStats {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stats
}

// wellAt notes an answer; end is -1 when it told none.
func (p *partition) wellAt(end int64) {
	p.mu.Lock()
	if end >= 0 {
		p.stats.End = end
	}
	p.stats.LastFetch = p.src.cfg.Now()
	recovered := p.stats.Err != nil && !p.illSince.IsZero()
	var corrupt *corruptError
	if !errors.As(p.stats.Err, &corrupt) { // an answer does not mean that its batch can be read
		p.stats.Err = nil
	}
	p.illSince = time.Time{}
	p.mu.Unlock()
	if recovered {
		p.src.cfg.Logger.Info("reading again", "partition", p.tp.String())
	}
}

// ill notes an error that is being retried, logs it if it is a change of state, and tells whether it has
// lasted too long for a run that is to come to an end.
func (p *partition) ill(err error) (giveUp bool) {
	p.mu.Lock()
	first := p.illSince.IsZero()
	if first {
		p.illSince = time.Now()
	}
	p.stats.Err = err
	lasted := time.Since(p.illSince)
	p.mu.Unlock()
	if first {
		p.src.cfg.Logger.Warn("cannot read for now, trying again", "partition", p.tp.String(), "error", err)
	}
	return p.src.cfg.UntilEnd && lasted >= p.src.cfg.GiveUp
}

func (p *partition) setErr(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stats.Err = err
}

// serial is the number of the metadata below which knowledge is out of date; fresh is asked for beyond it.
func (p *partition) serial() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.placed
}

func (p *partition) sawSerial(serial int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.placed = max(p.placed, serial)
}
