package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/logproc/logproc/pipeline"
	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/rollup"
	"github.com/logproc/logproc/sinks/prom"
	"github.com/logproc/logproc/sinks/topic"
)

// policyState is the redaction policy that is in force, and why a newer file is not.
type policyState struct {
	mu      sync.Mutex
	now     *redact.Policy
	refused error
}

func (p *policyState) set(policy *redact.Policy, refused error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refused = refused
	if policy != nil {
		p.now = policy
	}
}

func (p *policyState) get() *redact.Policy {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now
}

// err tells why the newest file is not in force; nil when it is.
func (p *policyState) err() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.refused
}

func (p *policyState) report() policyReport {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := policyReport{ID: p.now.Version(), Hash: p.now.Hash()}
	if p.refused != nil {
		r.Refused = p.refused.Error()
	}
	return r
}

func (p *policyState) metric() prom.Policy {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.now == nil {
		return prom.Policy{}
	}
	return prom.Policy{ID: p.now.Version(), Hash: p.now.Hash(), Refused: p.refused != nil}
}

// loadRedaction reads policy and keys. What is wrong with them ends the start.
func (i *instance) loadRedaction() (pipeline.Redaction, error) {
	policy, err := i.cfg.LoadPolicy(time.Now(), i.policy.get())
	if err != nil {
		return pipeline.Redaction{}, err
	}
	keys, err := i.cfg.LoadKeys(os.Getenv)
	if err != nil {
		return pipeline.Redaction{}, fmt.Errorf("redact.keys: %w", err)
	}
	if i.policy.get() == nil && keys == nil && i.cfg.Redact.Topic != "" {
		i.logger.Warn("no pseudonym keys (redact.keys): values that would become pseudonyms become markers")
	}
	if keys != nil && keys.Due(time.Now()) {
		i.logger.Warn("the active pseudonym key is older than its period: logproc keys rotate", "file", i.cfg.Redact.Keys)
	}
	for _, w := range policy.Warnings() {
		i.logger.Warn("redaction policy", "warning", w.Error())
	}
	i.policy.set(policy, nil)
	return pipeline.Redaction{Policy: policy, Keys: keys}, nil
}

// policyInterval is how often the policy file is looked at; SIGHUP makes it at once.
const policyInterval = 10 * time.Second

// followPolicy puts a changed policy or key file in force. One that is refused changes nothing but the
// status.
func (i *instance) followPolicy(ctx context.Context) {
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	tick := time.NewTicker(policyInterval)
	defer tick.Stop()
	last := i.policyFiles()
	for {
		asked := false
		select {
		case <-ctx.Done():
			return
		case <-hangup:
			asked = true
		case <-tick.C:
		}
		now := i.policyFiles()
		if now == last && !asked {
			continue
		}
		last = now
		redaction, err := i.loadRedaction()
		if err != nil {
			i.policy.set(nil, err)
			i.logger.Error("redaction policy refused, the one before stays in force", "error", err)
			continue
		}
		i.pipeline.SetRedaction(redaction)
		i.logger.Info("redaction policy in force", "id", redaction.Policy.Version(), "hash", redaction.Policy.Hash())
	}
}

// policyFiles tells whether the files may have changed. A new day is a change too: exceptions expire by the day.
func (i *instance) policyFiles() string {
	state := time.Now().Format(time.DateOnly) + ";"
	for _, name := range []string{i.cfg.Redact.Policy, i.cfg.Redact.Keys} {
		if info, err := os.Stat(i.cfg.Path(name)); err == nil {
			state += fmt.Sprintf("%s %d %d;", name, info.ModTime().UnixNano(), info.Size())
		}
	}
	return state
}

// openTopic makes the publisher of the redacted topic; nil without one.
func (i *instance) openTopic(ctx context.Context) (pipeline.Publisher, error) {
	if i.cfg.Redact.Topic == "" {
		return nil, nil
	}
	transport, err := i.kafkaTransport()
	if err != nil {
		return nil, err
	}
	o := topic.Options{
		Brokers: i.cfg.Kafka.Brokers, Topic: i.cfg.Redact.Topic, Sources: i.cfg.Kafka.Topics, Transport: transport, Logger: i.logger,
		IsSource: i.readsTopic,
	}
	// Both were checked with the configuration.
	if err := errors.Join(o.Compression.UnmarshalText([]byte(i.cfg.Redact.Compression)), o.Partitioning.UnmarshalText([]byte(i.cfg.Redact.Partitioning))); err != nil {
		return nil, err
	}
	if i.topic, err = topic.New(ctx, o); err != nil {
		return nil, err
	}
	i.cleanUps = append(i.cleanUps, func() error { i.topic.Close(); return nil })
	return redactedTopic{i.topic}, nil
}

// redactedTopic lets the pipeline write to the topic.
type redactedTopic struct{ *topic.Publisher }

// Writer implements pipeline.Publisher.
func (t redactedTopic) Writer(tp rollup.TopicPartition) pipeline.RecordWriter {
	return recordWriter{t.Publisher.Writer(tp.Topic, tp.Partition)}
}

type recordWriter struct{ *topic.Writer }

// Add implements pipeline.RecordWriter.
func (w recordWriter) Add(ctx context.Context, r redact.Redacted, offset, time int64) error {
	return w.Writer.Add(ctx, r, topic.Meta{Offset: offset, Time: time})
}
