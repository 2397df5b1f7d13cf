//go:build e2e

package e2e

import (
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// While lines arrive for half a minute, the program is killed twice and asked to end once; afterwards the
// totals are exact.
func TestTotalsSurviveKillAndTerm(t *testing.T) {
	const records, rate = 1_800_000, 60_000
	topic := newTopic(t, 4)
	truth := filepath.Join(t.TempDir(), "truth.tsv")
	producer := start(t, shared.program, loadgenArguments(topic, records, truth, "--rate", strconv.Itoa(rate), "--seed", "5")...)
	d := newDeployment(t, topic)

	for i, signal := range []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM, syscall.SIGKILL} {
		run := d.start()
		d.counted(run, 2*rate, time.Minute) // two more seconds' worth: in the middle of things
		if !producer.running() {
			t.Fatal("all was produced before the program was ended: this proves nothing")
		}
		if signal == syscall.SIGKILL {
			run.stop(signal, 5*time.Second)
		} else {
			terminate(t, run)
		}
		t.Logf("ended by %v after round %d", signal, i+1)
	}
	if code := producer.wait(time.Minute); code != 0 {
		t.Fatalf("loadgen: exit code %d\n%s", code, tail(producer.text(), 5))
	}
	d.untilEnd()
	compare(t, d.totals(), readTruth(t, truth))
}

// The broker's sudden end and return is survived without a restart and without a miscount.
func TestTotalsSurviveTheBrokersEnd(t *testing.T) {
	const records = 200_000
	topic := newTopic(t, 4)
	truth := load(t, topic, records, "--seed", "1")
	d := newDeployment(t, topic)
	run := d.start()
	d.counted(run, records, time.Minute)

	if _, err := shared.broker("kill"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = shared.broker("start") }) // the other tests need it, however this one ends
	if _, err := d.get("/-/healthy", ""); err != nil {
		t.Errorf("not healthy without a broker: %v", err)
	}
	if _, err := shared.broker("start"); err != nil {
		t.Fatal(err)
	}
	for s, n := range load(t, topic, records, "--seed", "2") {
		truth[s] += n
	}
	d.counted(run, 2*records, time.Minute)
	eventually(t, 30*time.Second, "be ready again", func() error {
		_, err := d.get("/-/ready", "")
		return err
	})
	terminate(t, run)
	compare(t, d.totals(), truth)
}

// A second start with the same store would count into the same file: it is refused.
func TestStoreIsLocked(t *testing.T) {
	topic := newTopic(t, 1)
	d := newDeployment(t, topic)
	first := d.start()
	d.healthy(first)
	second := newDeployment(t, topic)
	second.store = d.store
	wantError(t, call(t, nil, shared.program, second.arguments()...), "another process has it open")
	terminate(t, first)
}
