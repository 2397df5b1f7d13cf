package rules

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/logproc/logproc/internal/conf"
	"github.com/logproc/logproc/parse"
)

// workflowsFile is a file of workflows as it is written.
type workflowsFile struct {
	Workflows []workflowEntry `yaml:"workflows" help:"long-running work as state machines"`
}

type workflowEntry struct {
	Name      string                `yaml:"name" help:"name of the workflow"`
	When      map[string][]string   `yaml:"when" help:"values that fields of its records have, as globs"`
	Entity    string                `yaml:"entity" help:"field that names what goes through the states"`
	State     string                `yaml:"state" help:"field with the state"`
	Initial   []string              `yaml:"initial" help:"states to begin in"`
	States    map[string]stateEntry `yaml:"states" help:"the states"`
	Loop      loopEntry             `yaml:"loop"`
	Announced announcedEntry        `yaml:"announced"`
}

type stateEntry struct {
	To       []string      `yaml:"to" help:"states that may follow"`
	Within   time.Duration `yaml:"within" help:"how long it may last"`
	Terminal bool          `yaml:"terminal" help:"whether the work is over"`
}

type loopEntry struct {
	Visits int           `yaml:"visits" help:"entering one state so often is looping"`
	Window time.Duration `yaml:"window" help:"within which time"`
}

type announcedEntry struct {
	When   map[string][]string `yaml:"when" help:"values that fields of an announcement have, as globs"`
	Count  string              `yaml:"count" help:"field with how many will begin"`
	Within time.Duration       `yaml:"within" help:"until when they must have begun"`
}

// Bounds of a file of workflows.
const (
	maxWorkflows = 64
	maxStates    = 256
	maxVisits    = 1000
)

// LoadWorkflows compiles a file of workflows. name is the file's name in messages. The error is conf.Diagnostics
// with everything that is wrong, states that cannot be reached among it.
func LoadWorkflows(name string, data []byte) (*Workflows, error) {
	var f workflowsFile
	doc, _ := conf.Decode(name, data, &f)
	c := workflowsCompiler{conditionCompiler: conditionCompiler{compiler: compiler{doc: doc}}}
	set := new(Workflows)
	c.atMost("workflows", len(f.Workflows), maxWorkflows)
	names := make(map[string]bool)
	for i := range f.Workflows {
		e, path := &f.Workflows[i], index("workflows", i)
		if c.named(path+".name", e.Name) && names[e.Name] {
			doc.Errorf(path+".name", "%s.name: there are two workflows %q", path, e.Name)
		}
		names[e.Name] = true
		set.list = append(set.list, c.workflow(path, e))
	}
	if err := doc.Diagnostics().Err(); err != nil {
		return nil, err
	}
	set.paths = c.paths
	return set, nil
}

type workflowsCompiler struct{ conditionCompiler }

func (c *workflowsCompiler) workflow(path string, e *workflowEntry) Workflow {
	w := Workflow{
		Name: e.Name, Entity: e.Entity, Loop: Loop(e.Loop), conditions: c.conditions(path+".when", e.When),
		entity: c.source(path+".entity", e.Entity), state: c.source(path+".state", e.State),
	}
	if e.Loop.Visits < 0 || e.Loop.Visits == 1 || e.Loop.Visits > maxVisits || (e.Loop.Visits > 0) != (e.Loop.Window > 0) {
		c.doc.Add(path+".loop", path+".loop is not one", fmt.Sprintf("visits from 2 to %d and a window of more than 0s", maxVisits))
	}
	c.announced(path+".announced", &e.Announced, &w)
	c.states(path, e, &w)
	return w
}

func (c *workflowsCompiler) announced(path string, e *announcedEntry, w *Workflow) {
	if len(e.When) == 0 && e.Count == "" && e.Within == 0 {
		return
	}
	w.announcement, w.Announced = c.conditions(path+".when", e.When), e.Within
	if e.Within <= 0 {
		c.doc.Add(path+".within", path+".within is "+e.Within.String(), "more than 0s")
	}
	if e.Count != "" {
		p := parse.NewPath(e.Count)
		w.count = &p
	}
}

func (c *workflowsCompiler) states(path string, e *workflowEntry, w *Workflow) {
	c.atMost(path+".states", len(e.States), maxStates)
	names := slices.Sorted(maps.Keys(e.States))
	find := func(at, name string) int {
		i, ok := slices.BinarySearch(names, name)
		if !ok {
			want := "one of the states"
			if near, ok := conf.Suggest(name, names); ok {
				want = near
			}
			c.doc.Add(at, fmt.Sprintf("%s: there is no state %q", at, name), want)
			return -1
		}
		return i
	}
	for _, name := range names {
		s, at := e.States[name], path+".states."+name
		state := State{Name: name, Terminal: s.Terminal, Within: s.Within}
		for j, to := range s.To {
			if i := find(index(at+".to", j), to); i >= 0 {
				state.To = append(state.To, i)
			}
		}
		c.state(at, &s)
		w.States = append(w.States, state)
	}
	for i, name := range e.Initial {
		if at := find(index(path+".initial", i), name); at >= 0 {
			w.States[at].Initial = true
		}
	}
	if len(e.Initial) == 0 {
		c.doc.Add(path, path+" has no initial", "the states to begin in")
		return
	}
	c.reach(path+".states", w)
}

func (c *workflowsCompiler) state(at string, s *stateEntry) {
	switch {
	case s.Within < 0:
		c.doc.Add(at+".within", fmt.Sprintf("%s.within is %s", at, s.Within), "0s or more")
	case s.Terminal && (len(s.To) > 0 || s.Within > 0):
		c.doc.Add(at, at+" is terminal", "no to and no within")
	case !s.Terminal && len(s.To) == 0:
		c.doc.Add(at, at+" has no way out", "to, or terminal: true")
	}
}

// reach reports states that no way leads to.
func (c *workflowsCompiler) reach(path string, w *Workflow) {
	reached := make([]bool, len(w.States))
	var next []int
	for i := range w.States {
		if w.States[i].Initial {
			reached[i] = true
			next = append(next, i)
		}
	}
	for len(next) > 0 {
		at := next[len(next)-1]
		next = next[:len(next)-1]
		for _, to := range w.States[at].To {
			if !reached[to] {
				reached[to] = true
				next = append(next, to)
			}
		}
	}
	for i, ok := range reached {
		if !ok {
			at := path + "." + w.States[i].Name
			c.doc.Add(at, at+" cannot be reached", "a way to it from an initial state, or that it is one")
		}
	}
}
