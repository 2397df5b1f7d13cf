package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/logproc/logproc/correlate"
	"github.com/logproc/logproc/correlate/exchange"
	"github.com/logproc/logproc/correlate/live"
	"github.com/logproc/logproc/internal/config"
	"github.com/logproc/logproc/pipeline"
	"github.com/logproc/logproc/pipeline/kafka"
	"github.com/logproc/logproc/sinks/prom"
	"github.com/logproc/logproc/sinks/web"
	"github.com/logproc/logproc/sinks/web/trace"
)

// correlation joins the records of the instance to requests.
type correlation struct {
	engine *live.Correlator
	// topic and reader are nil unless observations go through a topic.
	topic    *exchange.Topic
	reader   *exchange.Reader
	untilEnd bool
}

// openCorrelation makes what correlates; nil when that is off.
func (i *instance) openCorrelation(untilEnd bool) error {
	cfg := &i.cfg.Correlate
	if cfg.Mode == config.CorrelateOff {
		return nil
	}
	c := &correlation{untilEnd: untilEnd}
	metrics, err := i.exporter.NewCorrelation(c.state)
	if err != nil {
		return err
	}
	spans, err := i.openSpans()
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
		Store: i.store, Group: i.cfg.Kafka.Group, Keep: cfg.Keep, KeepAll: cfg.KeepAll, Shown: metrics, Export: spans, Logger: i.logger,
	})
	i.correlation = c
	if cfg.Mode == config.CorrelateTopic {
		return i.openExchange(c, untilEnd)
	}
	return nil
}

// state is what metrics and status show.
func (c *correlation) state() prom.CorrelationState {
	s := c.engine.Stats()
	return prom.CorrelationState{Stats: s.Stats, Lag: s.Lag}
}

// around runs the engine around the pipeline: it outlives the workers, which hand it their last observations as they
// end. In mode topic the topic is read beside the pipeline; up to the end, when that is what the pipeline does, behind it.
func (c *correlation) around(ctx context.Context, drain time.Duration, pipeline func(context.Context) error) error {
	if c == nil {
		return pipeline(ctx)
	}
	engineCtx, stop := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.engine.Run(engineCtx)
	}()
	err := c.beside(ctx, pipeline)
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer cancel()
	if finish := c.engine.Finish(limited); finish != nil {
		err = errors.Join(err, fmt.Errorf("store the last requests: %w", finish))
	}
	stop()
	<-done
	return err
}

// beside runs the pipeline and the reader of the correlation topic.
func (c *correlation) beside(ctx context.Context, pipeline func(context.Context) error) error {
	switch {
	case c.reader == nil:
		return pipeline(ctx)
	case c.untilEnd:
		if err := pipeline(ctx); err != nil || ctx.Err() != nil {
			return err
		}
		return c.reader.Run(ctx)
	}
	both, cancel := context.WithCancel(ctx)
	read := make(chan error, 1)
	go func() {
		defer cancel() // a reader that cannot go on would let the topic grow unread
		read <- c.reader.Run(both)
	}()
	err := pipeline(both)
	cancel()
	return errors.Join(err, <-read)
}

// openExchange makes what exchanges observations with other instances.
func (i *instance) openExchange(c *correlation, untilEnd bool) error {
	cfg := &i.cfg.Correlate
	if i.readsTopic(cfg.Topic) {
		return fmt.Errorf("kafka.topic_pattern takes in correlate.topic %s, whose records would be read as logs: expected another pattern", cfg.Topic)
	}
	transport, err := i.kafkaTransport()
	if err != nil {
		return err
	}
	source, err := i.kafkaSource(untilEnd, kafka.Config{Topics: []string{cfg.Topic}, Group: i.cfg.Kafka.Group + "-correlate"})
	if err != nil {
		return err
	}
	c.topic = exchange.NewTopic(exchange.Options{Brokers: i.cfg.Kafka.Brokers, Topic: cfg.Topic, Transport: transport})
	c.reader = &exchange.Reader{Source: source, Engine: c.engine, Now: time.Now, DrainTimeout: i.cfg.DrainTimeout, Logger: i.logger}
	i.cleanUps = append(i.cleanUps, c.topic.Close)
	return nil
}

// source gives what the workers hand their observations to.
func (c *correlation) source() pipeline.Correlation {
	if c == nil {
		return nil
	}
	if c.topic != nil {
		return c.topic
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
