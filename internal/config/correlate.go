package config

import (
	"fmt"
	"os"
	"time"

	"github.com/logproc/logproc/rules"
)

// Correlate is about joining records to requests.
type Correlate struct {
	Mode     string        `yaml:"mode" help:"process (each instance joins the records that it reads; several instances need logs that are keyed by request) or off"`
	Lateness time.Duration `yaml:"lateness" help:"how far behind the others the last record of a request may come; longer means more requests open"`
	MaxAge   time.Duration `yaml:"max_age" help:"closes a request that never comes to rest; also bounds how far back a restart reads"`
	Keep     time.Duration `yaml:"keep" help:"how long timelines are kept"`
	KeepAll  bool          `yaml:"keep_all" help:"keep every request in full, not only those of interest and a sample; two or more documents for each"`
	Sample   int           `yaml:"sample" help:"keep one of so many requests of no interest in full; -1 for none"`
	Gap      time.Duration `yaml:"gap" help:"network gap of a call from which on its request is of interest"`
	Requests int           `yaml:"requests" help:"requests open at a time; beyond it the oldest are closed early"`
	Events   int           `yaml:"events" help:"records of one request that are kept; further ones are only counted"`
	Calls    string        `yaml:"calls" help:"rule file that says what the two sides of a call look like; without it the built-in rules"`
}

// Modes of correlation.
const (
	CorrelateOff     = "off"
	CorrelateProcess = "process"
)

func defaultCorrelate() Correlate {
	return Correlate{
		Mode: CorrelateProcess, Lateness: time.Minute, MaxAge: time.Hour, Keep: 7 * 24 * time.Hour, Sample: 1000,
		Gap: 500 * time.Millisecond, Requests: 1_000_000, Events: 256,
	}
}

func (c *Correlate) check(doc report) {
	for _, p := range []struct {
		path  string
		value time.Duration
	}{{"lateness", c.Lateness}, {"max_age", c.MaxAge}, {"keep", c.Keep}, {"gap", c.Gap}} {
		if p.value <= 0 {
			doc.Add("correlate."+p.path, fmt.Sprintf("%s is no span of time", p.value), "more than 0s")
		}
	}
	for _, p := range []struct {
		path  string
		value int
	}{{"requests", c.Requests}, {"events", c.Events}} {
		if p.value < 1 {
			doc.Add("correlate."+p.path, fmt.Sprintf("%d is too small", p.value), "at least 1")
		}
	}
	if c.Sample == 0 || c.Sample < -1 {
		doc.Add("correlate.sample", fmt.Sprintf("%d is no share", c.Sample), "1 or more, or -1 for none")
	}
	if c.MaxAge < c.Lateness {
		doc.Add("correlate.max_age", fmt.Sprintf("%s is less than correlate.lateness, %s", c.MaxAge, c.Lateness), "more")
	}
}

// LoadCalls gives the rules of calls: the file's, or the built-in ones. The error is a conf.Diagnostics when the file can
// be read.
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
