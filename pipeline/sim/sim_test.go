package sim_test

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/logproc/logproc/pipeline/sim"
)

var (
	seeds  = flag.Uint64("seeds", 60, "number of seeds to simulate")
	start  = flag.Uint64("start", 1, "the first of them")
	traced = flag.Bool("trace", false, "print what happens")
)

// TestMain lets garbage grow: a run makes much of it and keeps nothing.
func TestMain(m *testing.M) {
	flag.Parse()
	debug.SetGCPercent(400)
	os.Exit(m.Run())
}

// run runs one seed in a bubble of its own.
func run(t *testing.T, seed uint64, bug sim.Bug, traced bool) (r sim.Result) {
	synctest.Test(t, func(*testing.T) { r = sim.Run(seed, bug, traced) })
	return r
}

// total is what came of all seeds.
type total struct {
	mu    sync.Mutex
	seeds int
	wrong int
	seen  sim.Seen
}

func (a *total) add(r sim.Result) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.seeds++
	if r.Violation != nil {
		a.wrong++
	}
	a.seen.Add(r.Seen)
}

func TestSimulation(t *testing.T) {
	began, all := time.Now(), total{seen: sim.Seen{}}
	t.Run("seeds", func(t *testing.T) {
		step := uint64(runtime.GOMAXPROCS(0))
		for first := range step {
			t.Run(fmt.Sprint("every ", step, " from ", first), func(t *testing.T) {
				t.Parallel()
				for seed := *start + first; seed < *start+*seeds; seed += step {
					all.add(simulate(t, seed))
				}
			})
		}
	})
	fmt.Printf("sim: %d seeds from %d in %s, %d violations; seen: %v\n", all.seeds, *start, time.Since(began).Round(time.Second/10), all.wrong, all.seen)
	if missing := all.seen.Missing(all.seeds); len(missing) > 0 {
		t.Errorf("never seen, so nothing is proved about it: %s", strings.Join(missing, ", "))
	}
}

// simulate runs a seed. One that fails is run again, with what happened.
func simulate(t *testing.T, seed uint64) sim.Result {
	r := run(t, seed, sim.Bug{}, *traced)
	if r.Violation != nil {
		lines := run(t, seed, sim.Bug{}, true).Lines
		t.Errorf("seed %d: %v\n... %s\nagain, with the whole trace: go test ./pipeline/sim -run TestSimulation -count=1 -v -start=%d -seeds=1 -trace",
			seed, r.Violation, strings.Join(lines[max(0, len(lines)-40):], "\n    "), seed)
	}
	for _, line := range r.Lines {
		fmt.Println(line)
	}
	return r
}

// TestSameSeedSameRun compares the hashes of all that happened.
func TestSameSeedSameRun(t *testing.T) {
	different := map[uint64]bool{}
	for seed := range uint64(25) {
		first, second := run(t, seed, sim.Bug{}, false), run(t, seed, sim.Bug{}, false)
		if first.Trace != second.Trace {
			t.Errorf("seed %d: two runs differ", seed)
		}
		different[first.Trace] = true
	}
	if len(different) < 25 {
		t.Errorf("%d different runs of 25 seeds", len(different))
	}
}

// mostSeeds is how many seeds may pass before a planted bug is found.
const mostSeeds = 100

// TestPlantedBugsAreFound proves that the simulation can fail.
func TestPlantedBugsAreFound(t *testing.T) {
	for _, bug := range sim.Bugs() {
		t.Run(bug.Name, func(t *testing.T) {
			for seed := range uint64(mostSeeds) {
				if r := run(t, 1+seed, bug, false); r.Violation != nil {
					t.Logf("found after %d seeds: %v", 1+seed, r.Violation)
					return
				}
			}
			t.Errorf("not found by %d seeds", mostSeeds)
		})
	}
}
