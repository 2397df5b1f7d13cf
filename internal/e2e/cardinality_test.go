//go:build e2e

package e2e

import (
	"errors"
	"strings"
	"testing"
	"time"
)

const distinctMsgs = 1_000_000

// One service with a million different msgs: memory stays bounded, totals right, the offender is named.
func TestDistinctKeys(t *testing.T) {
	d, truth := distinct(t, "--distinct", "1000000")
	got := d.totals()
	perService := func(s series) string { return s.service }
	wantSums, gotSums := sumBy(truth, perService), sumBy(got, perService)
	for service, n := range wantSums {
		if gotSums[service] != n {
			t.Errorf("service %s: counted %d, truth %d", service, gotSums[service], n)
		}
	}
	// Services that keep within their budget are counted key by key all the same.
	for _, totals := range []map[series]uint64{got, truth} {
		for s := range totals {
			if s.service == "ctrl" {
				delete(totals, s)
			}
		}
	}
	compare(t, got, truth)
}

// The same as sentences: they are one series, and need no overflow.
func TestDistinctSentences(t *testing.T) {
	d, truth := distinct(t, "--distinct", "1000000", "--distinct-text")
	compare(t, d.totals(), truth)
}

// distinct runs a load with half of its records distinct through the program and looks at its memory
// and at whom it names.
func distinct(t *testing.T, args ...string) (*deployment, map[series]uint64) {
	t.Helper()
	topic := newTopic(t, 4)
	truth := load(t, topic, 2*distinctMsgs, args...)
	d := newDeployment(t, topic)
	run := d.start()
	d.counted(run, 2*distinctMsgs, 3*time.Minute)
	if peak := run.peakMemory(); peak > 300<<20 {
		t.Errorf("peak memory is %d MiB, want under 300", peak>>20)
	} else {
		t.Logf("peak memory %d MiB", peak>>20)
	}
	offender, all := d.overflow("service", "ctrl"), d.overflow()
	sentences := strings.Contains(strings.Join(args, " "), "--distinct-text")
	if all != offender || sentences == (offender > 0) {
		t.Errorf("series overflow: %.0f of ctrl, %.0f in all", offender, all)
	}
	page, err := d.get("/api/v1/status", "")
	if err != nil {
		t.Error(err)
	} else if !strings.Contains(page, "ctrl") {
		t.Errorf("the status page does not name ctrl:\n%s", tail(page, 20))
	}
	terminate(t, run)
	return d, truth
}

// overflow gives the events counted under _overflow, 0 while there is no such series.
func (d *deployment) overflow(labels ...string) float64 {
	d.t.Helper()
	n, err := d.metric("logproc_series_overflow_total", labels...)
	if err != nil && !errors.Is(err, errNoMetric) {
		d.t.Fatal(err)
	}
	return n
}
