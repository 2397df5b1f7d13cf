package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/logproc/logproc/internal/config"
)

func TestCorrelateFiles(t *testing.T) {
	path := write(t, "correlate: {calls: calls.yaml, workflows: workflows.yaml}\n")
	dir := filepath.Dir(path)
	for name, text := range map[string]string{"calls.yaml": "calls: [{name: a}]", "workflows.yaml": `workflows:
  - name: a
    when: {msg: x}
    entity: id
    state: state
    initial: [one]
    states: {one: {terminal: true}, two: {terminal: true}}
`} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, err := config.Load(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	text := c.CheckFiles(func(string) string { return "" }).Error()
	for _, want := range []string{dir + "/calls.yaml:1:9: calls[0].frames is empty", dir + "/workflows.yaml:7:42: workflows[0].states.two cannot be reached"} {
		if !strings.Contains(text, want) {
			t.Errorf("no message %q in\n%s", want, text)
		}
	}
	if err := os.Remove(filepath.Join(dir, "calls.yaml")); err != nil {
		t.Fatal(err)
	}
	if text := c.CheckFiles(func(string) string { return "" }).Error(); !strings.Contains(text, path+":1:20: read the call rules: open ") {
		t.Errorf("a missing file: %s", text)
	}
}

func TestCorrelateValues(t *testing.T) {
	path := write(t, "correlate:\n  lateness: 0s\n  max_age: 1ms\n  requests: 0\n  memory: 1KiB\n  sample: -1\n")
	_, err := config.Load(path, nil)
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{":2:13: correlate.lateness: 0s is no span", ":4:13: correlate.requests: 0 is too small", ":5:11: ", ":6:11: "} {
		if !strings.Contains(err.Error(), path+want) {
			t.Errorf("no message %q in\n%s", want, err)
		}
	}
}
