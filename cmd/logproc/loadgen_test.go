package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

func TestLoadgenWritesLinesAndTheirTruth(t *testing.T) {
	dir := t.TempDir()
	load, truth := filepath.Join(dir, "load.jsonl"), filepath.Join(dir, "truth.tsv")
	var out, errs bytes.Buffer
	args := []string{"loadgen", "--records", "3000", "--bad", "5", "--output", load, "--truth", truth}
	if code := run(t.Context(), args, streams{nil, &out, &errs}); code != exitOK {
		t.Fatalf("exit code %d: %s", code, errs.String())
	}
	lines, err := os.ReadFile(load)
	if err != nil {
		t.Fatal(err)
	}
	totals, err := os.ReadFile(truth)
	if err != nil {
		t.Fatal(err)
	}
	sum := 0
	for row := range strings.Lines(string(totals)) {
		columns := strings.Split(strings.TrimSpace(row), "\t")
		n, err := strconv.Atoi(columns[len(columns)-1])
		if err != nil || len(columns) != 4 {
			t.Fatalf("row %q", row)
		}
		sum += n
	}
	if n := bytes.Count(lines, []byte("\n")); n != 3000 || sum != 3000 {
		t.Errorf("%d lines, the totals sum up to %d, want 3000", n, sum)
	}
	args = []string{"loadgen", "--records", "3000", "--bad", "5"}
	if code := run(t.Context(), args, streams{nil, &out, &errs}); code != exitOK || !bytes.Equal(out.Bytes(), lines) {
		t.Errorf("stdout differs from the file of the same seed (exit code %d)", code)
	}
}

func TestLoadgenErrors(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"topic alone":   {[]string{"--topic", "t"}, "--brokers and --topic belong together"},
		"brokers alone": {[]string{"--brokers", "127.0.0.1:1"}, "--brokers and --topic belong together"},
		"no such folder": {[]string{"--records", "1", "-o", filepath.Join(t.TempDir(), "absent", "f")},
			"no such file or directory"},
	} {
		t.Run(name, func(t *testing.T) {
			var out, errs bytes.Buffer
			code := run(t.Context(), append([]string{"loadgen"}, c.args...), streams{nil, &out, &errs})
			if code != exitError || !strings.Contains(errs.String(), c.want) || strings.Count(errs.String(), "\n") != 1 {
				t.Errorf("exit code %d, %q; want one line with %q", code, errs.String(), c.want)
			}
		})
	}
}
