//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const truthRecords = 2_000_000

// Two million generated lines through Kafka: store, /metrics and a real Prometheus agree with the
// generator's own totals, key by key.
func TestTotalsEqualTheTruth(t *testing.T) {
	topic := newTopic(t, 4)
	truth := load(t, topic, truthRecords, "--bad", "0.1", "--missing", "0.5", "--late", "1", "--seed", "11")
	d := newDeployment(t, topic)
	run := d.start()
	d.healthy(run)
	openMetrics := startPrometheus(t, d.listen)
	protobuf := startPrometheus(t, d.listen, "--enable-feature=native-histograms")
	d.counted(run, truthRecords, 2*time.Minute)

	for name, prometheus := range map[string]*prometheus{"OpenMetrics": openMetrics, "protobuf": protobuf} {
		eventually(t, time.Minute, "Prometheus to see all by "+name, func() error {
			got, err := prometheus.totals("sum by (msg, service, level) (log_events_total)")
			if err == nil && sum(got) != truthRecords {
				err = fmt.Errorf("%d so far", sum(got))
			}
			return err
		})
		got, err := prometheus.totals("sum by (msg, service, level) (log_events_total)")
		if err != nil {
			t.Fatal(err)
		}
		compare(t, got, truth)
		if health, err := prometheus.targetHealth(); err != nil || health != "up" {
			t.Errorf("%s: the target is %s: %v", name, health, err)
		}
	}
	checkExposition(t, d)
	checkLedger(t, d, truthRecords)
	if peak := run.peakMemory(); peak > 150<<20 {
		t.Errorf("peak memory is %d MiB, want under 150", peak>>20)
	} else {
		t.Logf("peak memory %d MiB", peak>>20)
	}
	terminate(t, run)
	compare(t, d.totals(), truth)
}

// checkExposition looks at /metrics in both text forms.
func checkExposition(t *testing.T, d *deployment) {
	t.Helper()
	text, err := d.get("/metrics", "text/plain;version=0.0.4")
	if err != nil {
		t.Fatal(err)
	}
	if r := call(t, strings.NewReader(text), "promtool", "check", "metrics"); r.code != 0 {
		t.Errorf("promtool check metrics: exit code %d\n%s", r.code, tail(r.stderr+r.stdout, 20))
	}
	open, err := d.get("/metrics", "application/openmetrics-text;version=1.0.0")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(open, "# EOF\n") || !strings.Contains(open, "log_events_total{") {
		t.Errorf("no OpenMetrics where they were asked for; the page ends in %q", tail(open, 1))
	}
}

// checkLedger: fetched = counted + dead-lettered + skipped + discarded + pending.
func checkLedger(t *testing.T, d *deployment, records float64) {
	t.Helper()
	outcome := make(map[string]float64)
	for _, name := range []string{"fetched", "counted", "dead_lettered", "skipped", "discarded"} {
		n, err := d.metric("logproc_records_total", "topic", d.topic, "outcome", name)
		if err != nil {
			t.Fatal(err)
		}
		outcome[name] = n
	}
	pending, err := d.metric("logproc_records_pending", "topic", d.topic)
	if err != nil {
		t.Fatal(err)
	}
	booked := outcome["counted"] + outcome["dead_lettered"] + outcome["skipped"] + outcome["discarded"] + pending
	if outcome["fetched"] != records || booked != records {
		t.Errorf("the ledger does not balance for %.0f records: %v, pending %.0f", records, outcome, pending)
	}
}

// The files' way to the same totals: what count prints is what loadgen says, byte for byte.
func TestCountPrintsTheTruth(t *testing.T) {
	dir := t.TempDir()
	file, truth := filepath.Join(dir, "load.jsonl"), filepath.Join(dir, "truth.tsv")
	must(t, nil, shared.program, "loadgen", "--records", "200000", "--bad", "1", "--missing", "1", "--late", "5",
		"--output", file, "--truth", truth)
	want, err := os.ReadFile(truth)
	if err != nil {
		t.Fatal(err)
	}
	if got := must(t, nil, shared.program, "count", "--by", "msg,service,level", "--format", "tsv", file); got != string(want) {
		compare(t, parseTSV(t, got), parseTSV(t, string(want)))
		t.Error("count and truth differ")
	}
}
