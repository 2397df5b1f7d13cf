package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/logproc/logproc/rollup"
	"github.com/logproc/logproc/sinks/summary"
)

type countCommand struct {
	fileOptions
	By     []string `default:"msg,service,level" help:"What to count by, in this order: ${enum}." enum:"msg,service,level,env,day"`
	Format string   `default:"tsv" enum:"tsv,json,prometheus" help:"Output format: ${enum}."`
}

func (countCommand) Help() string {
	return `Prints what the pipeline would count, one row per combination, sorted. Keys that break the naming convention
count as _invalid, objects without a key as _missing, lines that cannot be read as _unparsed. Days are of UTC.

Example:
  logproc count --by service,level app.jsonl.gz
  kcat -C -b 127.0.0.1:9092 -t logs -e | logproc count -`
}

func (c *countCommand) Run(ctx context.Context, std streams) error {
	for i, name := range c.By {
		if slices.Contains(c.By[:i], name) {
			return fmt.Errorf("--by names %s twice", name)
		}
	}
	store, err := c.count(ctx, std)
	if err != nil {
		return err
	}
	totals, err := totalsBy(ctx, store, c.By)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(std.out)
	switch c.Format {
	case "tsv":
		writeTSV(out, totals)
	case "json":
		err = writeJSON(out, c.By, totals)
	case "prometheus":
		writePrometheus(out, c.By, totals)
	}
	if err != nil {
		return err
	}
	return out.Flush()
}

// total is a row: the values of the columns asked for, and their count.
type total struct {
	values []string
	n      uint64
}

// totalsBy sums a store's counts over everything but the columns, ordered by them.
func totalsBy(ctx context.Context, store rollup.Store, columns []string) ([]total, error) {
	totals := make(map[string]*total)
	err := store.Counts(ctx, rollup.Everything(), func(c rollup.Count) error {
		values := make([]string, len(columns))
		for i, name := range columns {
			values[i] = column(name, c)
		}
		id := strings.Join(values, "\x00")
		if totals[id] == nil {
			totals[id] = &total{values: values}
		}
		totals[id].n += c.N
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the counts: %w", err)
	}
	rows := make([]total, 0, len(totals))
	for _, t := range slices.SortedFunc(maps.Values(totals), func(a, b *total) int { return slices.Compare(a.values, b.values) }) {
		rows = append(rows, *t)
	}
	return rows, nil
}

func column(name string, c rollup.Count) string {
	switch name {
	case "service":
		return c.Key.Service.String()
	case "env":
		return c.Key.Env.String()
	case "level":
		return c.Key.Level.String()
	case "day":
		return c.Bucket.Start().Format("2006-01-02")
	default:
		return c.Key.Msg.String()
	}
}

func writeTSV(out io.Writer, totals []total) {
	for _, t := range totals {
		for _, v := range t.values {
			_, _ = io.WriteString(out, summary.Escape(v)+"\t") // nothing that would break a row or turn the text round
		}
		_, _ = fmt.Fprintln(out, t.n)
	}
}

func writeJSON(out io.Writer, columns []string, totals []total) error {
	rows := make([]map[string]any, len(totals))
	for i, t := range totals {
		rows[i] = map[string]any{"count": t.n}
		for j, name := range columns {
			rows[i][name] = t.values[j]
		}
	}
	enc := json.NewEncoder(out)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(rows)
}

// unsafeInLabel are the characters that the Prometheus text format escapes in label values.
var unsafeInLabel = strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)

func writePrometheus(out io.Writer, columns []string, totals []total) {
	_, _ = io.WriteString(out, "# HELP log_events_total Log events by key, as counted from the input.\n# TYPE log_events_total counter\n")
	for _, t := range totals {
		labels := make([]string, len(columns))
		for i, name := range columns {
			labels[i] = name + `="` + unsafeInLabel.Replace(strings.ToValidUTF8(t.values[i], "\uFFFD")) + `"`
		}
		_, _ = io.WriteString(out, "log_events_total{"+strings.Join(labels, ",")+"} "+strconv.FormatUint(t.n, 10)+"\n")
	}
}
