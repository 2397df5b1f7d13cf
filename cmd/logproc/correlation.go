package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/logproc/logproc/correlate"
	"github.com/logproc/logproc/correlate/live"
	"github.com/logproc/logproc/internal/config"
	"github.com/logproc/logproc/pipeline"
	"github.com/logproc/logproc/sinks/prom"
	"github.com/logproc/logproc/sinks/web"
	"github.com/logproc/logproc/sinks/web/trace"
)

// correlation joins the records of the instance to requests.
type correlation struct {
	engine *live.Correlator
	prom   *prom.Correlation
	cancel context.CancelFunc
	done   chan struct{}
}

// openCorrelation makes what correlates; nil when that is off.
func (i *instance) openCorrelation() error {
	cfg := &i.cfg.Correlate
	if cfg.Mode == config.CorrelateOff {
		return nil
	}
	c := &correlation{done: make(chan struct{})}
	metrics, err := i.exporter.NewCorrelation(c.state)
	if err != nil {
		return err
	}
	c.prom = metrics
	shown, err := i.withSpans(metrics)
	if err != nil {
		return err
	}
	sample := cfg.Sample
	if sample == 0 {
		sample = -1 // none
	}
	c.engine = live.New(live.Config{
		Engine: correlate.Config{
			Lateness: cfg.Lateness, MaxAge: cfg.MaxAge, Gap: cfg.Gap, Sample: sample,
			Limits: correlate.Limits{Requests: cfg.Requests, Events: cfg.Events, Bytes: int64(cfg.Memory)},
		},
		Store: i.store, Group: i.cfg.Kafka.Group, Keep: cfg.Keep, KeepAll: cfg.KeepAll, Shown: shown, Logger: i.logger,
	})
	i.correlation = c
	return nil
}

// state is what metrics and status show.
func (c *correlation) state() prom.CorrelationState {
	s := c.engine.Stats()
	return prom.CorrelationState{Stats: s.Stats, Lag: s.Lag}
}

// start starts the engine. It outlives the workers, which hand it their last observations as they end.
func (c *correlation) start(ctx context.Context) {
	if c == nil {
		return
	}
	ctx, c.cancel = context.WithCancel(context.WithoutCancel(ctx))
	go func() {
		defer close(c.done)
		c.engine.Run(ctx)
	}()
}

// finish ends the engine when the workers are done; where they came to the end of the data, all requests are closed.
func (c *correlation) finish(ctx context.Context, limit time.Duration) error {
	if c == nil {
		return nil
	}
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	err := c.engine.Finish(limited)
	c.cancel()
	<-c.done
	if err != nil {
		return fmt.Errorf("store the last requests: %w", err)
	}
	return nil
}

// source gives what the workers hand their observations to.
func (c *correlation) source() pipeline.Correlation {
	if c == nil {
		return nil
	}
	return inProcess{c.engine}
}

// inProcess hands observations to the engine of this process.
type inProcess struct{ *live.Correlator }

// Open implements pipeline.Correlation.
func (p inProcess) Open(ctx context.Context, a live.Assignment) (pipeline.CorrelationInput, error) {
	return p.Correlator.Open(ctx, a)
}

// correlationReport is how joining records to requests is doing.
type correlationReport struct {
	Mode       string  `json:"mode"`
	Open       int     `json:"requests_open"`
	Bytes      int64   `json:"open_bytes"`
	Waiting    int     `json:"waiting"` // closed, not stored yet
	LagSeconds float64 `json:"lag_seconds"`
	Closed     uint64  `json:"closed"`
	Evicted    uint64  `json:"evicted_limit"`
	Expired    uint64  `json:"evicted_age"`
	Late       uint64  `json:"late"`
	Beyond     uint64  `json:"records_beyond_limit"`
	Unnamed    uint64  `json:"names_overflowed"`
	Ahead      uint64  `json:"clocks_ahead"`
	Error      string  `json:"error,omitempty"`
}

func (c *correlation) report(mode string) *correlationReport {
	if c == nil {
		return nil
	}
	s := c.engine.Stats()
	r := &correlationReport{
		Mode: mode, Open: s.Open, Bytes: s.Bytes, Waiting: s.Waiting, LagSeconds: s.Lag.Seconds(), Closed: s.Closed,
		Evicted: s.Evicted, Expired: s.Expired, Late: s.Late, Beyond: s.Beyond, Unnamed: s.Unnamed, Ahead: s.Ahead,
	}
	if s.Err != nil {
		r.Error = s.Err.Error()
	}
	return r
}

func printCorrelation(out io.Writer, r *correlationReport) {
	if r == nil {
		return
	}
	_, _ = fmt.Fprintf(out, "\nrequests: %d open, %d closed, %.0f s behind the clock\n", r.Open, r.Closed, r.LagSeconds)
	for _, line := range []struct {
		n    uint64
		what string
	}{
		{r.Evicted, "closed early: too many were open"}, {r.Expired, "closed early: they never came to rest"}, {r.Late, "came late, after they could have been closed"},
		{r.Beyond, "records not kept: their request had too many"}, {r.Unnamed, "names beyond the limit, kept as _overflow"},
		{r.Ahead, "records whose clocks are ahead"},
	} {
		if line.n > 0 {
			_, _ = fmt.Fprintf(out, "%10d  %s\n", line.n, line.what)
		}
	}
	if r.Error != "" {
		_, _ = fmt.Fprintf(out, "  trying again: %s\n", r.Error)
	}
}

// writeRequest answers the web server.
func (i *instance) writeRequest(ctx context.Context, q web.RequestQuery, w io.Writer) error {
	kept, err := live.Find(ctx, i.store, q.ID)
	var several *live.AmbiguousError
	switch {
	case errors.Is(err, live.ErrNotFound):
		return fmt.Errorf("%w: %w", web.ErrNotFound, err)
	case errors.As(err, &several):
		return fmt.Errorf("%w: %w", web.ErrAmbiguous, err)
	case err != nil:
		return err
	}
	switch {
	case q.Format == "json":
		return trace.JSON(w, kept.Timeline, i.cfg.Correlate.Links)
	case q.Format == "html":
		return trace.HTML(w, kept.Timeline, i.cfg.Correlate.Links)
	case q.Calls:
		return trace.Calls(w, kept.Timeline)
	}
	return trace.Text(w, kept.Timeline)
}
