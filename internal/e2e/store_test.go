//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A store on Redis is read by the commands that read stores, while it is in use, and settings that do not fit are
// told in one line.
func TestCommandsOnRedis(t *testing.T) {
	const records = 20_000
	topic := newTopic(t, 2)
	server := startRedis(t, "--appendonly", "yes", "--requirepass", "hunter2")
	truth := load(t, topic, records)
	d := newDeployment(t, topic)
	password := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(password, []byte("hunter2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	d.url = "redis://" + server.Addr() + "?password_file=" + password
	wantError(t, call(t, nil, shared.program, "summary", "--store", d.url), "there is no logproc store")
	run := d.start()
	d.counted(run, records, time.Minute)
	text := must(t, nil, shared.program, "summary", "--store", d.url, "--all-levels", "--format", "json")
	if !strings.Contains(text, `"`) {
		t.Errorf("no summary: %s", text)
	}
	terminate(t, run)
	compare(t, d.totals(), truth)

	wantError(t, call(t, nil, shared.program, "summary", "--store", "redis://:hunter3@"+server.Addr()), "refuses user and password")
	other := newDeployment(t, topic, "--store_strict", "local")
	other.url = d.url
	wantError(t, call(t, nil, shared.program, other.arguments()...), "expected 7.2 or later for store_strict: local")
	config := filepath.Join(t.TempDir(), "logproc.yaml")
	content := "store: redis+sentinel://:hunter2@127.0.0.1:26379\nstore_strict: local\n"
	if err := os.WriteFile(config, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	r := call(t, nil, shared.program, "check", "-c", config)
	if !strings.Contains(r.stdout, "logproc.yaml:1:8: store: the name of the master is missing") || strings.Contains(r.stdout+r.stderr, "hunter2") {
		t.Errorf("check: %s%s", r.stdout, r.stderr)
	}
}
