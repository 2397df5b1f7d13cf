package correlatetest

import (
	"container/heap"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// WorkflowRules is the rule file that the work of Workflows follows.
const WorkflowRules = `workflows:
  - name: host-repair
    when: {msg: "fleet-host-*"}
    entity: host_id
    state: state
    initial: [requested]
    states:
      requested: {to: [draining], within: 10m}
      draining: {to: [repairing, requested], within: 1h}
      repairing: {to: [verifying, failed], within: 3h}
      verifying: {to: [done, repairing], within: 30m}
      done: {terminal: true}
      failed: {terminal: true}
    loop: {visits: 5, window: 24h}
    announced: {when: {msg: fleet-repair-requested}, count: hosts, within: 30m}
`

// WorkflowOptions say what work is made.
type WorkflowOptions struct {
	Seed     uint64
	Entities int
	Start    time.Time
	Stuck    int           // that stay in a state for longer than it may last
	Looping  int           // that go from verifying back to repairing again and again
	Illegal  int           // that skip a state
	Delay    time.Duration // most that a line comes after its event (default 20s)
}

// Workflows writes the lines of a day in the order in which they arrive, and gives what is wrong, by host_id: stuck,
// looping or illegal_transition.
func Workflows(o WorkflowOptions, write func(arrival time.Time, line []byte)) map[string]string {
	if o.Delay == 0 {
		o.Delay = 20 * time.Second
	}
	w := &workMaker{o: o, random: rand.New(rand.NewPCG(o.Seed, 2))}
	truth := make(map[string]string)
	var kinds []string
	for _, k := range []struct {
		kind string
		n    int
	}{{"stuck", o.Stuck}, {"looping", o.Looping}, {"illegal_transition", o.Illegal}} {
		kinds = append(kinds, slices.Repeat([]string{k.kind}, k.n)...)
	}
	chosen := w.random.Perm(o.Entities)
	fault := make([]string, o.Entities)
	for i, kind := range kinds {
		fault[chosen[i]] = kind
	}
	for i, kind := range fault {
		w.id = fmt.Sprintf("host-%04x-%d", w.random.IntN(1<<16), i)
		if kind != "" {
			truth[w.id] = kind
		}
		w.entity(o.Start.Add(time.Duration(w.random.Int64N(int64(12*time.Hour)))), kind)
	}
	for len(w.waiting) > 0 {
		l := heap.Pop(&w.waiting).(line)
		write(time.Unix(0, l.arrival).UTC(), l.text)
	}
	return truth
}

type workMaker struct {
	o       WorkflowOptions
	random  *rand.Rand
	waiting lines
	number  uint64
	id      string
}

// entity writes the way of one host.
func (w *workMaker) entity(at time.Time, fault string) {
	way := []string{"requested", "draining", "repairing", "verifying", "done"}
	switch fault {
	case "stuck":
		way = way[:1+w.random.IntN(4)] // and no further
	case "looping":
		way = way[:4]
		for range 6 {
			way = append(way, "repairing", "verifying")
		}
		way = append(way, "done")
	case "illegal_transition":
		way = []string{"requested", "repairing", "verifying", "done"}
	default:
		if w.random.IntN(5) == 0 { // tried twice
			way = []string{"requested", "draining", "repairing", "verifying", "repairing", "verifying", "done"}
		}
	}
	for i, state := range way {
		w.line(at, state)
		if i%2 == 0 && state != "done" { // still there: no progress
			w.line(at.Add(time.Minute), state)
		}
		at = at.Add(2*time.Minute + time.Duration(w.random.Int64N(int64(6*time.Minute))))
	}
}

func (w *workMaker) line(at time.Time, state string) {
	text := fmt.Appendf(nil, `{"t":"%s","lvl":"info","service":"fleet","msg":"fleet-host-moved","host_id":"%s","state":"%s","trace_id":"%016x%016x"}`,
		at.UTC().Format(time.RFC3339Nano), w.id, state, w.random.Uint64()|1, w.random.Uint64())
	w.number++
	heap.Push(&w.waiting, line{arrival: at.UnixNano() + w.random.Int64N(int64(w.o.Delay)), number: w.number, text: text})
}
