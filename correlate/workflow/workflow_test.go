package workflow_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/logproc/logproc/correlate/correlatetest"
	"github.com/logproc/logproc/correlate/id"
	"github.com/logproc/logproc/correlate/workflow"
	"github.com/logproc/logproc/parse"
	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/rules"
)

var start = time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)

func plain(raw []byte, _ string) redact.Text { return redact.Stored(string(raw)) }

func load(t testing.TB, text string) *rules.Workflows {
	t.Helper()
	w, err := rules.LoadWorkflows("workflows.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// reader makes observations of lines.
func reader(t testing.TB, w *rules.Workflows) func(line string) *workflow.Observation {
	p, err := parse.New(parse.Options{})
	if err != nil {
		t.Fatal(err)
	}
	o := workflow.NewObserver(w, plain, plain)
	return func(line string) *workflow.Observation {
		p.Parse(parse.Input{Line: []byte(line)})
		r, _ := p.Next()
		obs, ok := o.Observe(r)
		if !ok {
			t.Fatalf("no observation: %s", line)
		}
		return &obs
	}
}

// moves reads "0m requested; 5m draining" of one host into lines.
func moves(host, text string) (lines []string) {
	for move := range strings.SplitSeq(text, ";") {
		f := strings.Fields(move)
		d, err := time.ParseDuration(f[0])
		if err != nil {
			panic(err)
		}
		at := start.Add(d).Format(time.RFC3339Nano)
		switch f[1] {
		case "announce":
			lines = append(lines, fmt.Sprintf(`{"t":"%s","msg":"fleet-repair-requested","hosts":%s}`, at, f[2]))
		default:
			lines = append(lines, fmt.Sprintf(`{"t":"%s","msg":"fleet-host-moved","host_id":"%s","state":"%s","trace_id":"trace-%s"}`, at, host, f[1], f[0]))
		}
	}
	return lines
}

func text(f workflow.Finding) string {
	s := fmt.Sprintf("%s %s in %s", f.Kind, f.Entity, f.State)
	if f.Before.String() != "" {
		s += " after " + f.Before.String()
	}
	if f.Count > 0 {
		s += fmt.Sprintf(" %d/%d", f.Seen, f.Count)
	}
	if f.Resolved {
		s += " over"
	}
	return s
}

func TestFindings(t *testing.T) {
	w := load(t, correlatetest.WorkflowRules)
	for _, test := range []struct{ name, moves, until, want string }{
		{"as it should be", "0m requested; 5m draining; 20m repairing; 30m verifying; 40m done", "24h", ""},
		{"stuck", "0m requested; 5m draining; 30m draining", "1h6m", "stuck h in draining"},
		{"not yet stuck", "0m requested; 5m draining", "1h", ""},
		{"stuck, and on again", "0m requested; 20m draining", "30m", "stuck h in requested; stuck h in requested over"},
		{"it may not skip", "0m requested; 1m repairing", "10m", "illegal_transition h in repairing after requested"},
		{"a state that nobody knows", "0m requested; 1m elsewhere; 2m draining", "10m", "illegal_transition h in elsewhere after requested"},
		{"it begins in the middle", "0m verifying", "10m", "illegal_transition h in verifying"},
		{"looping", "0m requested; 1m draining; 2m requested; 3m draining; 4m requested; 5m draining; 6m requested; 7m draining; 8m requested; 9m draining; 10m requested", "11m",
			"looping h in requested 0/5"},
		{"announced and begun", "0m announce 1; 5m requested; 6m draining", "50m", ""},
		{"announced and not begun", "0m announce 3; 5m requested; 6m draining", "50m", "never_started  in  1/3"},
		{"in any order", "40m done; 20m repairing; 30m verifying; 0m requested; 5m draining", "24h", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := workflow.NewEngine(w, workflow.Config{})
			observe, got := reader(t, w), []string{}
			emit := func(f workflow.Finding) { got = append(got, text(f)) }
			until, _ := time.ParseDuration(test.until)
			lines := moves("h", test.moves)
			for _, line := range lines {
				e.Add(observe(line))
			}
			for at := time.Duration(0); at <= until; at += time.Minute {
				e.Advance(start.Add(at+time.Minute).UnixNano(), emit)
			}
			if strings.Join(got, "; ") != test.want {
				t.Errorf("%s\nwant %s", strings.Join(got, "; "), test.want)
			}
		})
	}
}

// TestRestart stores what has changed and goes on with it in a new engine, with some records once more.
func TestRestart(t *testing.T) {
	w := load(t, correlatetest.WorkflowRules)
	lines := moves("h", "0m requested; 5m draining; 20m repairing; 30m verifying; 35m repairing; 45m verifying; 50m done")
	show := func(e *workflow.Engine) string {
		var b strings.Builder
		e.Each(func(n *workflow.Entity) {
			data, err := json.Marshal(n)
			if err != nil {
				t.Fatal(err)
			}
			b.Write(data)
		})
		return b.String()
	}
	run := func(crashAt int) (string, []string) {
		e, observe, found := workflow.NewEngine(w, workflow.Config{}), reader(t, w), []string{}
		emit := func(f workflow.Finding) { found = append(found, text(f)) }
		for i, line := range lines {
			o := observe(line)
			e.Add(o)
			e.Advance(o.Time, emit)
			if i == crashAt {
				stored := show(e)
				e = workflow.NewEngine(w, workflow.Config{})
				if err := e.Restore([]byte(stored)); err != nil {
					t.Fatal(err)
				}
				for _, again := range lines[max(0, i-3) : i+1] {
					e.Add(observe(again))
				}
			}
		}
		e.Flush(start.Add(time.Hour).UnixNano(), emit)
		return show(e), found
	}
	want, found := run(-1)
	for i := 1; i < len(lines)-1; i++ {
		if got, again := run(i); got != want || len(again) != len(found) {
			t.Errorf("crash at %d: %s\nwant %s", i, got, want)
		}
	}
	if !strings.Contains(want, `"trace":"trace-0m"`) || !strings.Contains(want, `"segments":7`) {
		t.Errorf("the first trace is not kept: %s", want)
	}
	if err := workflow.NewEngine(w, workflow.Config{}).Restore([]byte("{secret")); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("%v", err)
	}
}

func TestAllPlantedFaultsAndNoOther(t *testing.T) {
	w := load(t, correlatetest.WorkflowRules)
	for seed := uint64(1); seed <= 3; seed++ {
		e, observe, got := workflow.NewEngine(w, workflow.Config{Keep: time.Hour}), reader(t, w), map[string]string{}
		emit := func(f workflow.Finding) {
			if !f.Resolved && f.Kind != workflow.Stuck {
				got[f.Entity.String()] += f.Kind.String()
			} else if f.Kind == workflow.Stuck && f.Resolved {
				delete(got, f.Entity.String())
			} else if !f.Resolved {
				got[f.Entity.String()] = f.Kind.String()
			}
		}
		n := 0
		want := correlatetest.Workflows(correlatetest.WorkflowOptions{Seed: seed, Entities: 1000, Start: start, Stuck: 40, Looping: 25, Illegal: 10},
			func(arrival time.Time, line []byte) {
				e.Add(observe(string(line)))
				if n++; n%50 == 0 {
					e.Advance(arrival.Add(-20*time.Second).UnixNano(), emit)
				}
			})
		e.Flush(start.Add(24*time.Hour).UnixNano(), emit)
		if !maps.Equal(got, want) || len(want) != 75 {
			t.Errorf("seed %d: %d found, %d planted", seed, len(got), len(want))
		}
	}
}

func TestEntitiesAreBounded(t *testing.T) {
	w := load(t, correlatetest.WorkflowRules)
	e, observe := workflow.NewEngine(w, workflow.Config{Entities: 3, Steps: 3}), reader(t, w)
	for _, host := range []string{"a", "b", "c", "d"} {
		for _, line := range moves(host, "0m requested; 1m draining; 2m requested; 3m draining; 4m repairing") {
			e.Add(observe(line))
		}
	}
	e.Flush(math.MaxInt64, func(workflow.Finding) {})
	if e.Dropped() != 1 || len(e.Find(id.Request([]byte("a")))) != 0 {
		t.Errorf("%d dropped", e.Dropped())
	}
	if n := e.Find(id.Request([]byte("d")))[0]; len(n.Steps) != 3 || n.Dropped != 2 || n.Steps[0].At != start.UnixNano() {
		t.Errorf("%d steps kept, %d dropped", len(n.Steps), n.Dropped)
	}
}
