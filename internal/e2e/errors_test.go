//go:build e2e

package e2e

import (
	"regexp"
	"strings"
	"testing"
)

// errorLine is how a line of error begins: with the program's name, or with the place in a file.
var errorLine = regexp.MustCompile(`^(logproc: |\S+:\d+:\d+: )`)

// wantError: exit code 2 and, beside the program's log, one line on stderr that says what is wrong.
func wantError(t *testing.T, r result, words ...string) {
	t.Helper()
	var errs []string
	for line := range strings.Lines(r.stderr) {
		if !strings.HasPrefix(line, "time=") || strings.Contains(line, "level=ERROR") {
			errs = append(errs, line)
		}
	}
	if r.code != 2 || len(errs) != 1 || !errorLine.MatchString(errs[0]) || r.stdout != "" {
		t.Errorf("exit code %d, want 2 and one line on stderr; stderr:\n%s\nstdout:\n%s", r.code, tail(r.stderr, 20), tail(r.stdout, 5))
	}
	for _, w := range words {
		if !strings.Contains(strings.Join(errs, ""), w) {
			t.Errorf("%q does not mention %q", tail(r.stderr, 3), w)
		}
	}
}

// runConfig runs to the end with a configuration file.
func runConfig(t *testing.T, config string) result {
	t.Helper()
	return call(t, nil, shared.program, "run", "-c", writeTemp(t, "logproc.yaml", []byte(config)), "--until-end",
		"--listen", address(freePort(t)))
}

func saslConfig(topic, mechanism, password string) string {
	return `
kafka:
  brokers: ["` + shared.sasl + `"]
  topics: [` + topic + `]
  sasl: {mechanism: ` + mechanism + `, user: logproc, password: ` + password + `}
store: file:store.db
`
}

func TestWrongCredentials(t *testing.T) {
	topic := newTopic(t, 1)
	for _, mechanism := range []string{"plain", "scram-sha-256", "scram-sha-512"} {
		t.Run(mechanism, func(t *testing.T) {
			t.Run("right", func(t *testing.T) {
				if r := runConfig(t, saslConfig(topic, mechanism, "logproc-secret")); r.code != 0 {
					t.Errorf("exit code %d:\n%s", r.code, tail(r.stderr, 10))
				}
			})
			t.Run("wrong", func(t *testing.T) {
				r := runConfig(t, saslConfig(topic, mechanism, "not-the-secret"))
				wantError(t, r, shared.sasl)
				if strings.Contains(r.stderr, "not-the-secret") {
					t.Error("the password is in the error")
				}
			})
		})
	}
}

func TestTLS(t *testing.T) {
	topic := newTopic(t, 1)
	config := func(tls string) string {
		return `
kafka:
  brokers: ["` + shared.tls + `"]
  topics: [` + topic + `]
  tls: ` + tls + `
store: file:store.db
`
	}
	if r := runConfig(t, config(`{enabled: true, ca: "`+shared.ca+`"}`)); r.code != 0 {
		t.Errorf("exit code %d:\n%s", r.code, tail(r.stderr, 10))
	}
	wantError(t, runConfig(t, config("{enabled: true}")), shared.tls, "certificate")
}

func TestMissingTopic(t *testing.T) {
	t.Parallel() // waits for the topic for a while
	d := newDeployment(t, "no-such-topic")
	wantError(t, call(t, nil, shared.program, d.arguments()...), "no-such-topic")
	wantError(t, call(t, nil, shared.program, append(d.arguments(), "--until-end")...), "no-such-topic")
	listed := must(t, nil, "kcat", "-L", "-b", shared.kafka)
	if strings.Contains(listed, "no-such-topic") {
		t.Error("asking for the topic has created it")
	}
}

func TestNoBroker(t *testing.T) {
	t.Parallel() // waits for the broker for a minute
	nobody := address(freePort(t))
	r := call(t, nil, shared.program, "run", "--brokers", nobody, "--topic", "logs", "--group", "g",
		"--store", "memory:", "--listen", address(freePort(t)), "--until-end")
	wantError(t, r, nobody)
}

func TestMisspeltKey(t *testing.T) {
	config := "kafka:\n  brokers: [127.0.0.1:9092]\n  topcis: [logs]\n"
	wantError(t, runConfig(t, config), "logproc.yaml:3:3: ", "topcis", "topics")
	r := call(t, nil, shared.program, "check", "-c", writeTemp(t, "logproc.yaml", []byte(config)))
	if r.code == 0 || !strings.Contains(r.stdout+r.stderr, "logproc.yaml:3:3: ") {
		t.Errorf("check: exit code %d, %q", r.code, tail(r.stdout+r.stderr, 5))
	}
}

func TestUsageErrors(t *testing.T) {
	for name, args := range map[string][]string{
		"unknown command":  {"sumary"},
		"unknown flag":     {"count", "--formt", "tsv"},
		"missing file":     {"count", "/nonexistent/app.jsonl"},
		"unknown format":   {"summary", "--format", "pdf", "/dev/null"},
		"day that is none": {"summary", "--day", "2019-02-30", "/dev/null"},
	} {
		t.Run(name, func(t *testing.T) { wantError(t, call(t, nil, shared.program, args...)) })
	}
}
