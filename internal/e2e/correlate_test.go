//go:build e2e

package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/logproc/logproc/correlate"
	"github.com/logproc/logproc/correlate/correlatetest"
	"github.com/logproc/logproc/rollup"
	"github.com/logproc/logproc/rollup/stores"
)

const phosphorRequest = "33eda743-f124-435c-71fc-3c872bbc98e6"

// phosphor gives the lines of a request in another order, and what is printed of it.
func phosphor(t *testing.T) (lines [][]byte, want string) {
	t.Helper()
	read := func(name string) []byte {
		text, err := os.ReadFile(filepath.Join(shared.root, "sinks/web/trace/testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	lines = bytes.Split(bytes.TrimSpace(read("phosphor_trace.jsonl")), []byte("\n"))
	rand.New(rand.NewPCG(6, 6)).Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
	return lines, string(read("phosphor_trace.txt"))
}

// A request whose records are spread over four partitions is put together although the program is killed with half of
// them read.
func TestTraceFromTheStoreAfterKill(t *testing.T) {
	lines, want := phosphor(t)
	topic := newTopic(t, 4)
	d := newDeployment(t, topic, "--correlate.mode", "process")
	half := len(lines) / 2
	kcatLines(t, topic, 4, lines[:half])
	run := d.start()
	d.counted(run, uint64(half), time.Minute)
	run.stop(syscall.SIGKILL, 5*time.Second)
	kcatLines(t, topic, 4, lines[half:])
	d.untilEnd()
	for _, id := range []string{phosphorRequest, "33EDA743F124435C71FC3C872BBC98E6", "33eda743"} {
		if got := must(t, nil, shared.program, "trace", "--store", d.storeURL(), id); got != want {
			t.Errorf("trace %s prints\n%s", id, got)
		}
	}
	none := call(t, nil, shared.program, "trace", "--store", d.storeURL(), "no-such-request")
	if none.code != 1 {
		t.Errorf("exit code %d for an id that nobody has", none.code)
	}
	var counted uint64
	for _, n := range d.totals() {
		counted += n
	}
	if counted != uint64(len(lines)) {
		t.Errorf("%d events counted, want %d: reading again for open requests must not count", counted, len(lines))
	}
}

// Generated traffic with planted faults: all of them are found and no other, although the program is killed twice.
func TestPlantedFaultsAfterKill(t *testing.T) {
	topic := newTopic(t, 4)
	d := newDeployment(t, topic, "--correlate.mode", "process")
	var lines [][]byte
	faults := correlatetest.Requests(correlatetest.RequestOptions{
		Seed: 1, Requests: 6000, Timeouts: 40, Lost: 40, Start: time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC), Span: 40 * time.Minute,
	}, func(_ time.Time, line []byte) { lines = append(lines, bytes.Clone(line)) })
	const rounds = 3
	for round := range rounds {
		kcatLines(t, topic, 4, lines[round*len(lines)/rounds:(round+1)*len(lines)/rounds])
		if round < rounds-1 {
			run := d.start()
			d.counted(run, uint64(len(lines)/rounds/2), time.Minute)
			run.stop(syscall.SIGKILL, 5*time.Second)
		}
	}
	d.untilEnd()
	want := make(map[string]string)
	for _, f := range faults {
		want[f.Request] = f.Verdict
	}
	checkVerdicts(t, d.verdicts(), want)
	var counted uint64
	for _, n := range d.totals() {
		counted += n
	}
	if counted != uint64(len(lines)) {
		t.Errorf("%d events counted, want %d", counted, len(lines))
	}
}

// verdicts gives the verdicts that are not complete, by RequestID. Nobody else may have the store open.
func (d *deployment) verdicts() map[string]string {
	d.t.Helper()
	store, err := stores.OpenURL(d.t.Context(), d.storeURL(), stores.Options{MustExist: true})
	if err != nil {
		d.t.Fatal(err)
	}
	defer store.Close()
	got := make(map[string]string)
	err = store.Documents(d.t.Context(), "request/", "", func(doc rollup.Document) error {
		c, err := correlate.ReadClosed(doc.Value)
		if err != nil {
			return err
		}
		for i := range c.Calls {
			if v := c.Calls[i].Verdict; v != correlate.Complete {
				got[append(c.Requests, c.Traces...)[0].Text.String()] += v.String()
			}
		}
		return nil
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return got
}

func checkVerdicts(t *testing.T, got, want map[string]string) {
	t.Helper()
	var wrong []string
	for request, verdict := range got {
		if want[request] != verdict {
			wrong = append(wrong, fmt.Sprintf("%s is %s, planted %q", request, verdict, want[request]))
		}
	}
	for request, verdict := range want {
		if got[request] == "" {
			wrong = append(wrong, request+" is not found, planted "+verdict)
		}
	}
	if len(wrong) > 0 || len(want) == 0 {
		t.Errorf("%d found, %d planted, %d differ:\n%s", len(got), len(want), len(wrong), strings.Join(wrong[:min(len(wrong), 10)], "\n"))
	}
}

// Two replicas that exchange what they observe through a topic put the same requests together as one does, although one
// of them is killed.
func TestExchangeBetweenReplicas(t *testing.T) {
	lines, trace := phosphor(t)
	faults := correlatetest.Requests(correlatetest.RequestOptions{
		Seed: 2, Requests: 4000, Timeouts: 30, Lost: 30, Start: time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC), Span: 30 * time.Minute,
	}, func(_ time.Time, line []byte) { lines = append(lines, bytes.Clone(line)) })
	redis := startRedis(t)
	topic := newTopic(t, 4)
	createTopic(t, topic+"-correlation", 4)
	args := []string{"--correlate.mode", "topic", "--correlate.topic", topic + "-correlation"}
	one, two := newDeployment(t, topic, args...), newDeployment(t, topic, args...)
	one.url, two.url = redis.url(), redis.url()

	half := len(lines) / 2
	kcatLines(t, topic, 4, lines[:half])
	first, second := one.start(), two.start()
	eventually(t, time.Minute, "count the first half in both", func() error {
		var counted float64
		for _, d := range []*deployment{one, two} {
			n, err := d.metric("log_events_total")
			if err != nil && !errors.Is(err, errNoMetric) { // one that has no partition yet has counted nothing
				return err
			}
			counted += n
		}
		if int(counted) < half {
			return fmt.Errorf("%.0f of %d", counted, half)
		}
		return nil
	})
	first.stop(syscall.SIGKILL, 5*time.Second)
	kcatLines(t, topic, 4, lines[half:])
	eventually(t, time.Minute, "count all", func() error {
		two.alive(second)
		var counted uint64
		for _, n := range two.totals() {
			counted += n
		}
		if counted < uint64(len(lines)) {
			return fmt.Errorf("%d of %d", counted, len(lines))
		}
		return nil
	})
	terminate(t, second)
	two.untilEnd()

	want := make(map[string]string)
	for _, f := range faults {
		want[f.Request] = f.Verdict
	}
	got := two.verdicts()
	delete(got, phosphorRequest) // it has two calls without an answer
	checkVerdicts(t, got, want)
	if got := must(t, nil, shared.program, "trace", "--store", redis.url(), phosphorRequest); got != trace {
		t.Errorf("the trace is\n%s", got)
	}
}
