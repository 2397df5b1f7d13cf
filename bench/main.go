// Command bench measures what the pipeline costs, in one run and on one machine: the floor (fetch and
// parse alone) and the whole pipeline, interleaved, each in a process of its own that reads the same
// topic from its beginning to its end.
//
//	go run ./bench [-records N] [-runs N] [-kafka HOST:PORT] [-redis URL]
//
// The broker is a real one when -kafka (or LOGPROC_BENCH_KAFKA) names it, or when Java and Maven are there
// to start one; else the in-process one.
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"text/tabwriter"
	"time"
)

// options of one invocation.
type options struct {
	records, runs int
	kafka         string
	redis         string
	codec         string
	keys          int
	span          time.Duration
	child         string
	topic         string
	profile       string
}

func main() {
	var o options
	flag.IntVar(&o.records, "records", 2_000_000, "lines in the topic")
	flag.IntVar(&o.runs, "runs", 5, "measured runs of each way, interleaved")
	flag.StringVar(&o.kafka, "kafka", os.Getenv("LOGPROC_BENCH_KAFKA"), "address of a broker")
	flag.StringVar(&o.redis, "redis", os.Getenv("LOGPROC_BENCH_REDIS"), "URL of a store on Redis; without it a server is started when it is installed")
	flag.StringVar(&o.codec, "codec", "lz4", "compression of the topic: none, gzip, snappy, lz4, zstd")
	flag.IntVar(&o.keys, "keys", 200, "distinct msg keys")
	flag.DurationVar(&o.span, "span", time.Hour, "event time that the lines are spread over")
	flag.StringVar(&o.child, "child", "", "internal: measure this way in this process")
	flag.StringVar(&o.topic, "topic", "", "internal: topic to read")
	flag.StringVar(&o.profile, "profile", "", "write CPU profiles of the last run to PREFIX.WAY.prof")
	flag.Parse()
	ctx := context.Background()
	var err error
	if o.child != "" {
		err = measureHere(ctx, o, os.Stdout)
	} else {
		err = bench(ctx, o, os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// ways are what is compared, the floor first.
var ways = []string{"floor", "parse", "whole", "redacted", "memory", "redis"}

var wayText = map[string]string{
	"floor":    "(a) floor: fetch + fastjson + 8 look-ups",
	"parse":    "    fetch + our parse (all aliases, envelopes)",
	"whole":    "(b) whole pipeline, counted and committed",
	"redacted": "(c) the same, every record redacted by the built-in policy",
	"memory":   "(d) as (b), with the store in memory",
	"redis":    "(e) as (b), with the store on Redis, whose own CPU is not counted",
}

func bench(ctx context.Context, o options, out io.Writer) error {
	broker, err := startBroker(ctx, o)
	if err != nil {
		return err
	}
	defer broker.stop()
	o.kafka = broker.address
	if o.topic, err = fill(ctx, o); err != nil {
		return err
	}
	store, err := startRedis(o.redis)
	if err != nil {
		return err
	}
	defer store.stop()
	o.redis = store.url
	results := make(map[string][]result)
	for run := range o.runs + 1 { // the first one warms up the broker's page cache
		for _, way := range ways {
			if way == "redis" && o.redis == "" {
				continue
			}
			r, err := inChild(ctx, o, way, run == o.runs)
			if err != nil {
				return err
			}
			if run > 0 {
				results[way] = append(results[way], r)
			}
		}
	}
	return report(out, o, broker.kind, results)
}

// result is one measured run.
type result struct {
	Records uint64        `json:"records"`
	CPU     time.Duration `json:"cpu"`
	Wall    time.Duration `json:"wall"`
	RSS     uint64        `json:"rss"` // peak, bytes
	// AllocsPerRecord is of the second half of the records, all that the process does included.
	AllocsPerRecord float64 `json:"allocs_per_record"`
}

func (r result) cpuPerMillion() float64 { return r.CPU.Seconds() / float64(r.Records) * 1e6 }

// inChild measures one way in a process of its own, so that memory and CPU are its alone.
func inChild(ctx context.Context, o options, way string, last bool) (result, error) {
	self, err := os.Executable()
	if err != nil {
		return result{}, fmt.Errorf("find this program: %w", err)
	}
	args := []string{"-child", way, "-kafka", o.kafka, "-topic", o.topic, "-records", fmt.Sprint(o.records), "-redis", o.redis}
	if last && o.profile != "" {
		args = append(args, "-profile", o.profile+"."+way+".prof")
	}
	cmd := exec.CommandContext(ctx, self, args...)
	cmd.Stderr = os.Stderr
	text, err := cmd.Output()
	if err != nil {
		return result{}, fmt.Errorf("measure %s: %w", way, err)
	}
	var r result
	if err := json.Unmarshal(text, &r); err != nil {
		return result{}, fmt.Errorf("measure %s: read the result: %w", way, err)
	}
	if r.Records != uint64(o.records) {
		return result{}, fmt.Errorf("measure %s: it read %d records of %d", way, r.Records, o.records)
	}
	return r, nil
}

func report(out io.Writer, o options, broker string, results map[string][]result) error {
	_, _ = fmt.Fprintf(out, "%d lines over %s, %d keys, 4 partitions, %s, %s; %d cores, %s; medians of %d interleaved runs\n\n",
		o.records, o.span, o.keys, o.codec, broker, runtime.NumCPU(), runtime.Version(), o.runs)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprintln(table, "way\tCPU-s per million lines\tlines/s\tallocations per record\tpeak RSS MiB\tratio to (a)\tratio to (b)\tratio to (d)\t")
	for _, way := range ways {
		rs := results[way]
		if len(rs) == 0 && way == "redis" {
			_, _ = fmt.Fprintln(table, "(e) not measured: redis-server is not installed\t\t\t\t\t\t\t\t")
			continue
		}
		if len(rs) == 0 {
			return errors.New("no runs: -runs must be at least 1")
		}
		toFloor, toWhole, toMemory := make([]float64, len(rs)), make([]float64, len(rs)), make([]float64, len(rs))
		for i, r := range rs {
			toFloor[i] = r.cpuPerMillion() / results["floor"][i].cpuPerMillion()
			toWhole[i] = r.cpuPerMillion() / results["whole"][i].cpuPerMillion()
			toMemory[i] = r.cpuPerMillion() / results["memory"][i].cpuPerMillion()
		}
		_, _ = fmt.Fprintf(table, "%s\t%.3f\t%.0f\t%.4f\t%.0f\t%.2f\t%.2f\t%.2f\t\n", wayText[way],
			median(rs, result.cpuPerMillion),
			median(rs, func(r result) float64 { return float64(r.Records) / r.Wall.Seconds() }),
			median(rs, func(r result) float64 { return r.AllocsPerRecord }),
			median(rs, func(r result) float64 { return float64(r.RSS) / (1 << 20) }),
			median(toFloor, func(f float64) float64 { return f }), median(toWhole, func(f float64) float64 { return f }),
			median(toMemory, func(f float64) float64 { return f }))
	}
	return table.Flush()
}

func median[T any](values []T, of func(T) float64) float64 {
	numbers := make([]float64, len(values))
	for i, v := range values {
		numbers[i] = of(v)
	}
	slices.SortFunc(numbers, cmp.Compare[float64])
	return numbers[len(numbers)/2]
}
