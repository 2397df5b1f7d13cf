package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/logproc/logproc/bench/produce"
	"github.com/logproc/logproc/bench/workload"
)

// loadgenCommand writes generated log lines whose totals are known to a file, stdout or Kafka.
type loadgenCommand struct {
	Seed    uint64 `help:"Seed; the same seed and start give the same lines." default:"1"`
	Records uint64 `help:"Number of records; 0 goes on until interrupted." default:"1000000"`
	Output  string `short:"o" help:"File to write to; - is stdout." default:"-" placeholder:"FILE"`
	Truth   string `help:"File for the exact totals: msg, service, level and count, separated by tabs and sorted." placeholder:"FILE"`

	Brokers     []string `help:"Produce to Kafka at HOST:PORT,... instead of writing a file." placeholder:"HOST:PORT"`
	Topic       string   `help:"Topic to produce to." placeholder:"NAME"`
	Partitions  int      `help:"Create the topic with N partitions where it is missing." placeholder:"N"`
	Compression string   `help:"Compression of Kafka batches: ${enum}." enum:"none,gzip,snappy,lz4,zstd" default:"lz4"`
	Rate        float64  `help:"Records a second (default: as fast as possible)." placeholder:"N"`

	Start time.Time     `help:"Event time of the first record, as RFC 3339 (default: the start of yesterday, UTC)." placeholder:"TIME"`
	Span  time.Duration `help:"Event time from the first to the last record." default:"24h"`

	Keys         int     `help:"Number of msg keys." default:"200"`
	Services     int     `help:"Number of services." default:"20"`
	FreeText     float64 `help:"Percentage of records with a sentence as msg." default:"5"`
	Personal     float64 `help:"Percentage of these sentences with an e-mail or IP address (reserved example ranges)." default:"0"`
	Bad          float64 `help:"Percentage of lines that are no JSON object." default:"0" placeholder:"PERCENT"`
	Missing      float64 `help:"Percentage of records without a msg." default:"0" placeholder:"PERCENT"`
	Late         float64 `help:"Percentage of records up to two days late." default:"0" placeholder:"PERCENT"`
	Distinct     int     `help:"Make every second record one of N different msgs of one service." placeholder:"N"`
	DistinctText bool    `help:"Make these sentences, not valid keys."`
	PerRequest   int     `help:"Consecutive records that share a RequestID." default:"1"`
}

// Help gives examples that can be pasted.
func (c *loadgenCommand) Help() string {
	return `Lines like those of a production service, about 435 bytes each, with totals that are known.

    logproc loadgen --records 100000 -o load.jsonl --truth truth.tsv
    logproc count --by msg,service,level --format tsv load.jsonl | diff truth.tsv -

    logproc loadgen --brokers 127.0.0.1:9092 --topic logs --partitions 4 --records 2000000 --truth truth.tsv`
}

// Run generates, then writes the truth of what was written; an interrupt ends the generation only.
func (c *loadgenCommand) Run(ctx context.Context, std streams) error {
	if (len(c.Brokers) > 0) != (c.Topic != "") {
		return errors.New("loadgen: --brokers and --topic belong together: give both for Kafka, none for a file")
	}
	g := workload.New(c.options(time.Now()))
	feed := produce.Feed{Append: g.Append, Records: c.Records, Rate: c.Rate}
	if err := c.generate(ctx, &feed, std.out); err != nil {
		return fmt.Errorf("loadgen: %w", err)
	}
	if c.Truth == "" {
		return nil
	}
	if err := writeFile(c.Truth, g.Truth().WriteTSV); err != nil {
		return fmt.Errorf("loadgen: write the truth: %w", err)
	}
	return nil
}

func (c *loadgenCommand) options(now time.Time) workload.Options {
	start := c.Start
	if start.IsZero() {
		start = now.UTC().Truncate(24*time.Hour).AddDate(0, 0, -1)
	}
	freeText := c.FreeText
	if freeText == 0 {
		freeText = -1 // the generator's own default is not zero
	}
	return workload.Options{
		Seed: c.Seed, Records: int(c.Records), Keys: c.Keys, Services: c.Services, Start: start, Span: c.Span,
		FreeText: freeText, Personal: c.Personal, Bad: c.Bad, Missing: c.Missing, Late: c.Late,
		Distinct: c.Distinct, DistinctText: c.DistinctText, PerRequest: c.PerRequest,
	}
}

func (c *loadgenCommand) generate(ctx context.Context, feed *produce.Feed, out io.Writer) error {
	switch {
	case c.Topic != "":
		topic, err := produce.Open(ctx, produce.Options{
			Brokers: c.Brokers, Topic: c.Topic, Partitions: c.Partitions, Compression: c.Compression,
		})
		if err != nil {
			return err
		}
		defer topic.Close()
		return feed.Send(ctx, topic)
	case c.Output == "-":
		return feed.Write(ctx, out)
	default:
		return writeFile(c.Output, func(w io.Writer) error { return feed.Write(ctx, w) })
	}
}

// writeFile creates a file, has it written, and says which file it was when that fails.
func writeFile(name string, write func(io.Writer) error) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	if err := errors.Join(write(f), f.Close()); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}
