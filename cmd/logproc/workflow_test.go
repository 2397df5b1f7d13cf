package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/logproc/logproc/correlate/correlatetest"
)

const fleet = `{"t":"2026-01-02T00:00:00Z","msg":"fleet-repair-requested","hosts":10}
{"t":"2026-01-02T00:01:00Z","msg":"fleet-host-moved","host_id":"h-1","state":"requested","trace_id":"t-1"}
{"t":"2026-01-02T00:05:00Z","msg":"fleet-host-moved","host_id":"h-1","state":"draining","trace_id":"t-2"}
{"t":"2026-01-02T00:02:00Z","msg":"fleet-host-moved","host_id":"h-2","state":"requested"}
{"t":"2026-01-02T00:03:00Z","msg":"fleet-host-moved","host_id":"h-2","state":"repairing"}
{"t":"2026-01-02T02:00:00Z","msg":"api-other-ok"}
`

func TestWorkflow(t *testing.T) {
	file := filepath.Join(t.TempDir(), "workflows.yaml")
	if err := os.WriteFile(file, []byte(correlatetest.WorkflowRules), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args          []string
		stdin         string
		code          int
		out, messages string
	}{
		{[]string{"list"}, fleet, 1, "host-repair\th-1\tdraining\t2026-01-02 00:05:00.000\t1h55m0s\tstuck\n" +
			"host-repair\th-2\trepairing\t2026-01-02 00:03:00.000\t1h57m0s\tillegal_transition\n" +
			"host-repair\t-\tannounced\t2026-01-02 00:00:00.000\t2h0m0s\tnever_started: 10 announced, 2 seen\n", ""},
		{[]string{"list", "--at", "2026-01-02T00:02:30Z"}, fleet, 0, "host-repair\th-1\trequested\t2026-01-02 00:01:00.000\t1m30s\tok\n" +
			"host-repair\th-2\trequested\t2026-01-02 00:02:00.000\t30s\tok\n", ""},
		{[]string{"list", "--problems", "--at", "2026-01-02T00:02:30Z"}, fleet, 0, "", ""},
		{[]string{"show", "h-1"}, fleet, 0, "Workflow: host-repair\nEntity: h-1\nTrace: t-1 (2 in all)\nStatus: stuck\n\n" +
			"2026-01-02 00:01:00.000\trequested\t4m0s\tt-1\n2026-01-02 00:05:00.000\tdraining\t1h55m0s so far\tt-2\n", ""},
		{[]string{"show", "h-9"}, fleet, 1, "", "logproc: no record of a workflow has this entity"},
		{[]string{"list"}, "{}\n", 2, "", "no record belongs to a workflow"},
	} {
		t.Run(strings.Join(test.args, " "), func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			args := append([]string{"workflow", test.args[0], "-r", file}, test.args[1:]...)
			code := run(t.Context(), args, streams{strings.NewReader(test.stdin), &stdout, &stderr})
			if code != test.code || stdout.String() != test.out || !strings.Contains(stderr.String(), test.messages) {
				t.Errorf("code %d, want %d\n%swant\n%s%s", code, test.code, stdout.String(), test.out, stderr.String())
			}
		})
	}
	for _, format := range []string{"json", "html"} {
		var stdout, stderr bytes.Buffer
		if code := run(t.Context(), []string{"workflow", "show", "-r", file, "--format", format, "h-1"}, streams{strings.NewReader(fleet), &stdout, &stderr}); code != 0 ||
			!strings.Contains(stdout.String(), "draining") {
			t.Errorf("%s: code %d, %s%s", format, code, stdout.String(), stderr.String())
		}
	}
}
