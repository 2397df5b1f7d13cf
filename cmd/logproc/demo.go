package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/logproc/logproc/bench/workload"
	"github.com/logproc/logproc/internal/config"
	"github.com/logproc/logproc/internal/testbroker"
	"github.com/logproc/logproc/rollup"
	"github.com/logproc/logproc/sinks/summary"
)

type demoCommand struct {
	For    time.Duration `placeholder:"20s" help:"How long; without it until interrupted."`
	Rate   int           `default:"2000" help:"Log lines per second."`
	Listen string        `default:"127.0.0.1:9188" help:"Address of /metrics, health and API; port 0 takes a free one."`
	Seed   uint64        `default:"1" help:"Seed of the generated traffic."`
}

func (demoCommand) Help() string {
	return `Runs everything in one process: an embedded Kafka broker, the traffic of ten services with an incident in it, and the same
pipeline that "run" makes, with a store in a temporary file. Prints the day's summaries at the end.

Example:
  logproc demo --for 20s`
}

const (
	demoTopic      = "logs"
	demoPartitions = 4
	// demoRetention bounds the embedded broker's memory in a demo without an end, per partition.
	demoRetention = 16 << 20
)

func (c *demoCommand) Run(ctx context.Context, std streams) error {
	if c.Rate < 1 || c.Rate > 1_000_000 {
		return fmt.Errorf("--rate %d: expected 1 to 1000000", c.Rate)
	}
	ctx, stop := untilSignal(ctx)
	defer stop()
	if c.For > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.For)
		defer cancel()
	}
	dir, err := os.MkdirTemp("", "logproc-demo-")
	if err != nil {
		return fmt.Errorf("make a folder for the demo's store: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	broker, err := testbroker.Start(testbroker.Options{})
	if err != nil {
		return err
	}
	defer broker.Close()
	if err := demoTopicOn(ctx, broker.Addrs()); err != nil {
		return err
	}
	cfg := config.Default()
	cfg.Kafka.Brokers, cfg.Kafka.Topics = broker.Addrs(), []string{demoTopic}
	cfg.Store, cfg.Listen, cfg.Log.Level = "file:"+filepath.Join(dir, "demo.db"), c.Listen, "error"
	cfg.CommitInterval = 250 * time.Millisecond
	if err := c.runOn(ctx, std, cfg); err != nil {
		return err
	}
	return demoSummary(std.out, cfg)
}

// demoTopicOn makes the topic, whose old records go so that memory stays bounded.
func demoTopicOn(ctx context.Context, brokers []string) error {
	client := &kafka.Client{Addr: kafka.TCP(brokers...)}
	made, err := client.CreateTopics(ctx, &kafka.CreateTopicsRequest{Topics: []kafka.TopicConfig{{
		Topic: demoTopic, NumPartitions: demoPartitions, ReplicationFactor: 1,
		ConfigEntries: []kafka.ConfigEntry{{ConfigName: "retention.bytes", ConfigValue: strconv.Itoa(demoRetention)}},
	}}})
	if err == nil {
		err = made.Errors[demoTopic]
	}
	if err != nil {
		return fmt.Errorf("make the demo's topic: %w", err)
	}
	return nil
}

// runOn runs producer, instance and status line until ctx ends.
func (c *demoCommand) runOn(ctx context.Context, std streams, cfg *config.Config) error {
	// The instance stops after the producer, so that the summaries hold all that was produced.
	instanceCtx, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	i, err := newInstance(instanceCtx, cfg, instanceOptions{log: std.err})
	if err != nil {
		return err
	}
	ran := make(chan error, 1)
	go func() { ran <- i.run(instanceCtx) }()
	_, _ = fmt.Fprintf(std.out, "ten services log %d lines/s to an embedded Kafka broker; metrics on http://%s/metrics, status on /api/v1/status\n\n", c.Rate, i.server.Addr())

	line := newStatusLine(std.out, i)
	started := time.Now()
	produced := make(chan error, 1)
	go func() { produced <- c.produce(ctx, cfg.Kafka.Brokers, started) }()
	for tick := time.NewTicker(time.Second); ; {
		select {
		case <-tick.C:
			line.show(workload.IncidentAt(time.Since(started)).String())
			continue
		case err = <-produced:
		case err = <-ran:
			ran <- err
			err = errors.Join(errors.New("the pipeline ended before the demo did"), err)
		}
		tick.Stop()
		break
	}
	i.waitForLag(10 * time.Second)
	line.end()
	stop()
	return errors.Join(err, <-ran)
}

// waitForLag waits until all that is in the broker is committed, so that the summaries are complete.
func (i *instance) waitForLag(limit time.Duration) {
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		var lag int64
		for _, s := range i.pipeline.Status() {
			lag += s.Lag
		}
		if lag == 0 {
			return
		}
	}
}

// produce writes the scenario at its rate until ctx ends.
func (c *demoCommand) produce(ctx context.Context, brokers []string, started time.Time) error {
	w := &kafka.Writer{Addr: kafka.TCP(brokers...), Topic: demoTopic, Balancer: &kafka.Hash{}, Compression: kafka.Lz4, BatchTimeout: 10 * time.Millisecond, BatchSize: 1000}
	defer func() { _ = w.Close() }()
	scenario := workload.NewScenario(c.Seed, started)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for made := 0; ; {
		select {
		case <-ctx.Done():
			return nil
		case now := <-tick.C:
			want := int(now.Sub(started).Seconds() * float64(c.Rate))
			var batch []kafka.Message
			for ; made < want; made++ {
				value, key := scenario.Append(nil, now)
				batch = append(batch, kafka.Message{Key: bytes.Clone(key), Value: value})
			}
			if err := w.WriteMessages(context.WithoutCancel(ctx), batch...); err != nil {
				return fmt.Errorf("write to the embedded broker: %w", err)
			}
		}
	}
}

// statusLine shows rate, lag and the loudest keys once a second: on a terminal always the same line,
// elsewhere a line each.
type statusLine struct {
	out      io.Writer
	terminal bool
	instance *instance
	last     uint64
	at       time.Time
}

func newStatusLine(out io.Writer, i *instance) *statusLine {
	return &statusLine{out: out, terminal: isTerminal(out), instance: i, at: time.Now()}
}

func isTerminal(out io.Writer) bool {
	f, ok := out.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

func (l *statusLine) show(incident string) {
	var counted, dead uint64
	var lag int64
	for _, s := range l.instance.pipeline.Status() {
		counted += s.Outcomes.Counted
		dead += s.Outcomes.DeadLettered
		lag += s.Lag
	}
	now := time.Now()
	rate := float64(counted+dead-l.last) / now.Sub(l.at).Seconds()
	l.last, l.at = counted+dead, now
	text := fmt.Sprintf("%8d counted  %6.0f/s  lag %5d  top: %s", counted, rate, lag, strings.Join(l.instance.overflow.topKeys(3), ", "))
	if incident != "" {
		text += "  [" + incident + "]"
	}
	if !l.terminal {
		_, _ = fmt.Fprintln(l.out, text)
		return
	}
	const width = 160
	if len(text) > width {
		text = text[:width]
	}
	_, _ = fmt.Fprintf(l.out, "\r\x1b[K%s", text)
}

func (l *statusLine) end() {
	if l.terminal {
		_, _ = fmt.Fprintln(l.out)
	}
	_, _ = fmt.Fprintln(l.out)
}

// demoSummary prints the summaries of today and, around midnight, of the day before.
func demoSummary(out io.Writer, cfg *config.Config) error {
	ctx := context.Background()
	store, err := openStore(ctx, cfg.StoreURL())
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }()
	days, err := rollup.Dates(ctx, store, rollup.Request{})
	if err != nil {
		return err
	}
	var all []rollup.Summary
	for _, day := range days {
		list, err := rollup.Summaries(ctx, store, rollup.Request{Day: day})
		if err != nil {
			return err
		}
		for _, s := range list {
			if s.Total > 0 || s.Invalid > 0 { // ten services twice would fill the screen with nothing to see
				all = append(all, s)
			}
		}
	}
	return summary.Text(out, all, summary.Options{})
}

// keyCounter sums the events by key, for the status line.
type keyCounter struct {
	mu     sync.Mutex
	counts map[string]uint64
}

// maxKeysOfStatus bounds a keyCounter; further keys are left out.
const maxKeysOfStatus = 1000

func (k *keyCounter) add(counts []rollup.Count) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, c := range counts {
		if _, known := k.counts[c.Key.Msg.String()]; known || len(k.counts) < maxKeysOfStatus {
			k.counts[c.Key.Msg.String()] += c.N
		}
	}
}

// topKeys gives the n loudest keys with their counts.
func (k *keyCounter) topKeys(n int) []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	keys := make([]string, 0, len(k.counts))
	for key := range k.counts {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b string) int { return cmp.Or(cmp.Compare(k.counts[b], k.counts[a]), cmp.Compare(a, b)) })
	keys = keys[:min(n, len(keys))]
	for i, key := range keys {
		keys[i] = fmt.Sprintf("%s %d", key, k.counts[key])
	}
	return keys
}
