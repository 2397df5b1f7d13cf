package config

import (
	"fmt"
	"os"
	"time"

	"github.com/logproc/logproc/internal/conf"
	"github.com/logproc/logproc/rules"
)

// Correlate is about joining records to requests and to long-running work.
type Correlate struct {
	Mode      string            `yaml:"mode" help:"off; process: each instance joins the records that it reads to requests (several instances need logs that are keyed by request); or topic: instances exchange observations by request"`
	Topic     string            `yaml:"topic" help:"topic of mode topic: must exist; holds compact redacted records keyed by request, a day of retention is plenty"`
	Calls     string            `yaml:"calls" help:"rule file that says what calls between services look like; without it the built-in rules"`
	Workflows string            `yaml:"workflows" help:"rule file that declares long-running work as state machines, for logproc workflow -c"`
	Lateness  time.Duration     `yaml:"lateness" help:"a request is closed when nothing of it has come for so long, in event time"`
	MaxAge    time.Duration     `yaml:"max_age" help:"a request that never comes to rest is closed at this age; also how far back a restart reads at most"`
	Gap       time.Duration     `yaml:"gap" help:"time between client and server from which on a call is worth keeping"`
	Sample    int               `yaml:"sample" help:"one of so many requests without anything special is kept in full; 0 for none"`
	Keep      time.Duration     `yaml:"keep" help:"how long timelines stay in the store"`
	KeepAll   bool              `yaml:"keep_all" help:"keep ids, times, services and verdicts of every other request too; two or more documents for each"`
	Requests  int               `yaml:"requests" help:"requests that may be open at a time; beyond it the oldest are closed early, and counted"`
	Events    int               `yaml:"events" help:"events that are kept of one request; further ones are only counted"`
	Memory    conf.ByteSize     `yaml:"memory" help:"memory for all open requests; beyond it the oldest are closed early, and counted"`
	Links     map[string]string `yaml:"links" help:"links from a timeline to other tools, by name: URLs with {trace_id}, {request_id}, {from_ms} or {to_ms}"`
}

// Modes of correlation.
const (
	CorrelateOff     = "off"
	CorrelateProcess = "process"
	CorrelateTopic   = "topic"
)

func defaultCorrelate() Correlate {
	return Correlate{Mode: CorrelateOff, Lateness: time.Minute, MaxAge: time.Hour, Gap: 500 * time.Millisecond, Sample: 1000, Keep: 7 * 24 * time.Hour,
		Requests: 1_000_000, Events: 256, Memory: 1 << 30}
}

func (c *Config) checkCorrelate(doc report) {
	r := &c.Correlate
	if r.Mode == CorrelateTopic && r.Topic == "" {
		doc.Add("correlate.topic", "it is missing", "the topic that correlate.mode topic needs")
	}
	for _, p := range []struct {
		path  string
		value time.Duration
	}{{"lateness", r.Lateness}, {"max_age", r.MaxAge}, {"gap", r.Gap}, {"keep", r.Keep}} {
		if p.value <= 0 {
			doc.Add("correlate."+p.path, fmt.Sprintf("%s is no span of time", p.value), "more than 0s")
		}
	}
	if r.MaxAge < r.Lateness {
		doc.Add("correlate.max_age", fmt.Sprintf("%s is shorter than correlate.lateness, %s", r.MaxAge, r.Lateness), "at least as long")
	}
	for _, p := range []struct {
		path       string
		value, min int64
	}{{"sample", int64(r.Sample), 0}, {"requests", int64(r.Requests), 1}, {"events", int64(r.Events), 8}, {"memory", int64(r.Memory), 1 << 20}} {
		if p.value < p.min {
			doc.Add("correlate."+p.path, fmt.Sprintf("%d is too small", p.value), fmt.Sprintf("at least %d", p.min))
		}
	}
}

// LoadCalls gives the call rules: the file's, or the built-in ones. The error is a conf.Diagnostics when the file
// can be read.
func (c *Config) LoadCalls() (*rules.Calls, error) {
	if c.Correlate.Calls == "" {
		return rules.DefaultCalls(), nil
	}
	path := c.Path(c.Correlate.Calls)
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the call rules: %w", err)
	}
	return rules.LoadCalls(path, data)
}

// LoadWorkflows gives the workflows of the file; nil without one. The error is a conf.Diagnostics when the file can
// be read.
func (c *Config) LoadWorkflows() (*rules.Workflows, error) {
	if c.Correlate.Workflows == "" {
		return nil, nil
	}
	path := c.Path(c.Correlate.Workflows)
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the workflows: %w", err)
	}
	return rules.LoadWorkflows(path, data)
}
