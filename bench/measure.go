package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/valyala/fastjson"

	"github.com/logproc/logproc/parse"
	"github.com/logproc/logproc/pipeline"
	"github.com/logproc/logproc/pipeline/kafka"
	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/redact/keyring"
	"github.com/logproc/logproc/rollup"
	"github.com/logproc/logproc/rules"
	"github.com/logproc/logproc/sinks/prom"
)

// measureHere reads the topic once in this process and writes a result.
func measureHere(ctx context.Context, o options, out io.Writer) error {
	source, err := kafka.New(kafka.Config{
		Brokers: []string{o.kafka}, Topics: []string{o.topic}, Group: "bench-" + o.child + "-" + strconv.Itoa(os.Getpid()),
		UntilEnd: true,
	})
	if err != nil {
		return err
	}
	stop, err := profileTo(o.profile)
	if err != nil {
		return err
	}
	var read uint64
	steady := &steadyState{from: uint64(o.records) / 2}
	began, cpu := time.Now(), cpuTime()
	switch o.child {
	case "floor":
		read, err = readOnly(ctx, source, steady, eightLookups)
	case "parse":
		read, err = readOnly(ctx, source, steady, ourParse)
	case "whole":
		read, err = whole(ctx, source, steady, nil, inFile)
	case "redacted":
		read, err = whole(ctx, source, steady, discard{}, inFile)
	case "memory":
		read, err = whole(ctx, source, steady, nil, inMemory)
	case "redis":
		read, err = whole(ctx, source, steady, nil, onRedis(o.redis))
	default:
		err = fmt.Errorf("way %q: expected one of %v", o.child, ways)
	}
	r := result{Records: read, CPU: cpuTime() - cpu, Wall: time.Since(began), AllocsPerRecord: steady.allocsPerRecord(read)}
	stop()
	if err != nil {
		return err
	}
	if r.RSS, err = peakRSS(); err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(r)
}

// steadyState counts allocations from the time on when half of the records are through, so that tables and
// pools are filled.
type steadyState struct {
	from    uint64
	seen    atomic.Uint64
	once    sync.Once
	at      uint64
	mallocs uint64
}

func (s *steadyState) add(n uint64) {
	if seen := s.seen.Add(n); seen >= s.from {
		s.once.Do(func() { s.at, s.mallocs = seen, mallocsNow() })
	}
}

func (s *steadyState) allocsPerRecord(all uint64) float64 {
	if s.at == 0 || all <= s.at {
		return math.NaN()
	}
	return float64(mallocsNow()-s.mallocs) / float64(all-s.at)
}

// Committed implements pipeline.Metrics.
func (m *countingMetrics) Committed(c *rollup.Commit, took time.Duration) {
	m.Exporter.Committed(c, took)
	m.steady.add(c.Outcomes.Total())
}

// countingMetrics are the metrics of the whole pipeline that also tell when half is through.
type countingMetrics struct {
	*prom.Exporter
	steady *steadyState
}

// readOnly gives each value to a function that newHandle makes for each partition.
func readOnly(ctx context.Context, source pipeline.Source, steady *steadyState, newHandle func() func([]byte) error) (uint64, error) {
	var total atomic.Uint64
	var failed atomic.Pointer[error]
	err := source.Run(ctx, func(ctx context.Context, p pipeline.Partition) {
		n, err := readPartition(ctx, p, steady, newHandle())
		total.Add(n)
		if !errors.Is(err, io.EOF) {
			failed.Store(&err)
		}
	})
	if e := failed.Load(); err == nil && e != nil {
		err = *e
	}
	return total.Load(), err
}

func readPartition(ctx context.Context, p pipeline.Partition, steady *steadyState, handle func([]byte) error) (n uint64, err error) {
	start, err := p.Start(ctx)
	if err != nil {
		return 0, err
	}
	p.MoveTo(start)
	for {
		batch, err := p.Next(ctx)
		if err != nil {
			return n, err
		}
		for i := range batch.Messages {
			if err := handle(batch.Messages[i].Value); err != nil {
				return n, err
			}
			n++
		}
		steady.add(uint64(len(batch.Messages)))
		batch.Release()
	}
}

// eightLookups is the least that any JSON log consumer does: parse, and look at eight fields.
func eightLookups() func([]byte) error {
	var parser fastjson.Parser
	fields := []string{"t", "lvl", "msg", "env", "MesosTaskID", "RequestID", "duration", "status"}
	return func(line []byte) error {
		v, err := parser.ParseBytes(line)
		if err != nil {
			return errors.New("a generated line is not JSON")
		}
		for _, name := range fields {
			v.Get(name)
		}
		return nil
	}
}

func ourParse() func([]byte) error {
	parser, err := parse.New(parse.Options{})
	return func(line []byte) error {
		if err != nil {
			return err
		}
		if reason := parser.Parse(parse.Input{Line: line}); reason != parse.OK {
			return fmt.Errorf("a generated line is %s", reason)
		}
		parser.Next()
		return nil
	}
}

// whole runs the pipeline as `logproc run` does, with metrics.
func whole(ctx context.Context, source pipeline.Source, steady *steadyState, publisher pipeline.Publisher, open openStore) (uint64, error) {
	store, remove, err := open(ctx)
	if err != nil {
		return 0, err
	}
	defer remove()
	defer func() { _ = store.Close() }()
	exporter, err := prom.New(prom.Options{Registry: prometheus.NewRegistry()})
	if err != nil {
		return 0, err
	}
	keys, err := keyring.Ephemeral(rand.Reader)
	if err != nil {
		return 0, err
	}
	p, err := pipeline.New(pipeline.Config{
		Source: source, Store: store, Naming: rules.DefaultNaming(), Metrics: &countingMetrics{exporter, steady},
		Redaction: pipeline.Redaction{Policy: redact.DefaultPolicy(), Keys: keys}, Publisher: publisher,
	})
	if err != nil {
		return 0, err
	}
	if err := p.Run(ctx); err != nil {
		return 0, err
	}
	var n uint64
	for _, s := range p.Status() {
		n += s.Outcomes.Total()
	}
	return n, nil
}

// discard takes redacted records to nowhere: what it costs to redact them is measured, not to write them.
type discard struct{}

// Writer implements pipeline.Publisher.
func (discard) Writer(rollup.TopicPartition) pipeline.RecordWriter { return discard{} }

// Add implements pipeline.RecordWriter.
func (discard) Add(_ context.Context, r redact.Redacted, _, _ int64) error {
	if r.Value() == nil {
		return errors.New("a record came out without a value")
	}
	return nil
}

// Flush implements pipeline.RecordWriter.
func (discard) Flush(context.Context) error { return nil }

// Close implements pipeline.RecordWriter.
func (discard) Close() {}

func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func mallocsNow() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Mallocs
}

// peakRSS gives the largest resident size of this process so far, in bytes.
func peakRSS() (uint64, error) {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		return 0, fmt.Errorf("read the peak memory: %w", err)
	}
	defer func() { _ = f.Close() }()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), "VmHWM:"); ok {
			kib, err := strconv.ParseUint(strings.TrimSpace(strings.TrimSuffix(rest, "kB")), 10, 64)
			return kib << 10, err
		}
	}
	return 0, errors.New("read the peak memory: /proc/self/status has no VmHWM")
}

func profileTo(path string) (stop func(), err error) {
	if path == "" {
		return func() {}, nil
	}
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, err
	}
	return func() {
		pprof.StopCPUProfile()
		_ = f.Close()
		runtime.GC() // the profile is as of the last collection
		if heap, err := os.Create(path + ".heap"); err == nil {
			_ = pprof.Lookup("heap").WriteTo(heap, 0)
			_ = heap.Close()
		}
	}, nil
}
