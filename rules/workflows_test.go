package rules_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/logproc/logproc/internal/conf"
	"github.com/logproc/logproc/rules"
)

const repair = `workflows:
  - name: repair
    when: {msg: "fleet-host-*"}
    entity: host_id
    state: state
    initial: requested
    states:
      requested: {to: [draining], within: 10m}
      draining: {to: [repairing, requested], within: 1h}
      repairing: {to: done}
      done: {terminal: true}
    loop: {visits: 3, window: 24h}
    announced: {when: {msg: fleet-repair-requested}, count: hosts, within: 30m}
  - name: deploy
    when: {msg: "deploy-*"}
    entity: app
    state: $key
    initial: [begin]
    states: {begin: {to: [ok]}, ok: {terminal: true}}
    announced: {when: {msg: deploy-asked}, within: 1m}
`

func TestWorkflowMatch(t *testing.T) {
	w, err := rules.LoadWorkflows("workflows.yaml", []byte(repair))
	if err != nil {
		t.Fatal(err)
	}
	m := w.NewMatcher()
	for line, want := range map[string]string{
		`{"msg":"fleet-host-moved","host_id":"h-1","state":"draining"}`: "0 h-1 draining 0",
		`{"msg":"fleet-host-moved","host_id":17,"state":"elsewhere"}`:   "0 17 elsewhere 0",
		`{"msg":"fleet-host-moved","state":"draining"}`:                 "",
		`{"msg":"fleet-repair-requested","hosts":10}`:                   "0   10",
		`{"msg":"fleet-repair-requested","hosts":"many"}`:               "",
		`{"msg":"deploy-begin","app":"shop"}`:                           "1 shop begin 0",
		`{"msg":"deploy-asked","app":"shop"}`:                           "1 shop  1",
		`{"msg":"other-thing-ok","host_id":"h-1","state":"draining"}`:   "",
	} {
		got := ""
		if p := m.Match(readRecord(t, line)); p != nil {
			got = fmt.Sprintf("%d %s %s %d", p.Workflow, p.Entity, p.State, p.Announces)
		}
		if got != want {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
	}
	first := &w.List()[0]
	from, to := first.StateOf([]byte("draining")), first.StateOf([]byte("requested"))
	if from < 0 || !first.May(from, to) || first.May(to, to) || first.StateOf([]byte("x")) != -1 || first.States[from].Within != time.Hour {
		t.Errorf("%+v", first.States)
	}
}

func TestWorkflowFileErrors(t *testing.T) {
	_, err := rules.LoadWorkflows("w.yaml", []byte(`workflows:
  - name: a
    when: {msg: x}
    entity: id
    state: state
    initial: [one]
    states:
      one: {to: [two, tree]}
      two: {}
      three: {to: [one]}
      done: {terminal: true, to: [one]}
    loop: {visits: 3}
    announced: {when: {msg: y}}
  - name: a
    entity: $what
`))
	var found conf.Diagnostics
	if !errors.As(err, &found) {
		t.Fatal(err)
	}
	text := err.Error()
	for _, want := range []string{
		`w.yaml:8:23: workflows[0].states.one.to[1]: there is no state "tree", expected three`,
		`w.yaml:9:12: workflows[0].states.two has no way out`,
		`workflows[0].states.three cannot be reached`, `workflows[0].states.done cannot be reached`,
		`workflows[0].states.done is terminal, expected no to`, `w.yaml:12:11: workflows[0].loop`, `workflows[0].announced.within is 0s`,
		`there are two workflows "a"`, `workflows[1].entity is "$what"`, `workflows[1] has no initial`, `workflows[1].when is empty`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no message %q in\n%s", want, text)
		}
	}
}

func TestDefaultWorkflowsFile(t *testing.T) {
	text := string(rules.DefaultWorkflowsFile())
	if _, err := rules.LoadWorkflows("workflows.yaml", []byte(text)); err != nil {
		t.Error(err)
	}
	_, example, _ := strings.Cut(text, "# workflows:")
	example = "workflows:" + strings.ReplaceAll(strings.TrimSuffix(example, "workflows: []\n"), "\n# ", "\n")
	if w, err := rules.LoadWorkflows("example.yaml", []byte(example)); err != nil || len(w.List()) != 1 {
		t.Errorf("the example: %v\n%s", err, example)
	}
}

func FuzzLoadWorkflows(f *testing.F) {
	f.Add([]byte(repair))
	r := readRecord(f, `{"msg":"fleet-host-moved","host_id":"h-1","state":"draining","hosts":3}`)
	f.Fuzz(func(t *testing.T, data []byte) {
		w, err := rules.LoadWorkflows("w.yaml", data)
		if err != nil {
			var found conf.Diagnostics
			if !errors.As(err, &found) {
				t.Errorf("no diagnostics: %v", err)
			}
			return
		}
		w.NewMatcher().Match(r)
	})
}
