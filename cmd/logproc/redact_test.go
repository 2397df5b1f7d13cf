package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func runRedact(t *testing.T, in string, args ...string) (out, messages string, code int) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = run(context.Background(), append([]string{"redact"}, args...), streams{strings.NewReader(in), &stdout, &stderr})
	return stdout.String(), stderr.String(), code
}

func TestRedactWritesOneLineForEachLine(t *testing.T) {
	long := `{"text":"` + strings.Repeat("x", 2<<10) + `"}`
	for name, c := range map[string]struct{ in, want string }{
		"nothing":         {"", ""},
		"empty lines":     {"\n\n", "\n\n"},
		"no last newline": {`{"email":"a@example.com"}`, `{"email":"<email>"}` + "\n"},
		"in order":        {"a@example.com\n{\"n\":1.0}\nb 192.0.2.1\n", "<email>\n{\"n\":1.0}\nb <ip>\n"},
		"NUL":             {"a\x00b\n\x00\n", "a\x00b\n\x00\n"},
		"invalid UTF-8":   {"\xff\xfe\n\xc3\n", "\xff\xfe\n\xc3\n"},
		"a long line":     {"a\n" + long + "\nb\n", "a\n<withheld>\nb\n"},
	} {
		t.Run(name, func(t *testing.T) {
			out, messages, code := runRedact(t, c.in, "--line-bytes", "1KiB")
			if out != c.want || code != exitOK {
				t.Errorf("got %q (exit %d, %s), want %q", out, code, messages, c.want)
			}
		})
	}
}

func TestRedactKcat(t *testing.T) {
	in := `{"topic":"l","partition":0,"offset":7,"headers":["user","anna"],"key":null,"payload":"{\"email\":\"a@example.com\"}"}` + "\n"
	want := `{"topic":"l","partition":0,"offset":7,"headers":[],"key":null,"payload":"{\"email\":\"<email>\"}"}` + "\n"
	if out, messages, code := runRedact(t, in, "--format", "kcat"); out != want || code != exitOK {
		t.Errorf("got %s (exit %d, %s)\nwant %s", out, code, messages, want)
	}
}

func TestRedactWithAPolicy(t *testing.T) {
	policy := filepath.Join(t.TempDir(), "policy.yaml")
	if err := os.WriteFile(policy, []byte("version: 1\nid: test\nrules:\n  - {rule: x, names: [x], operator: drop}\n"+
		"tests:\n  - {name: x, in: '{\"x\":\"gone\"}', hide: [gone]}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, messages, code := runRedact(t, `{"x":1,"y":2}`, "-p", policy); out != "{\"y\":2}\n" || code != exitOK {
		t.Errorf("got %s (exit %d, %s)", out, code, messages)
	}
}

func TestRedactRefusesAWrongPolicy(t *testing.T) {
	policy := filepath.Join(t.TempDir(), "policy.yaml")
	if err := os.WriteFile(policy, []byte("version: 1\nid: test\nrules:\n  - {rule: x, names: [x], operator: dropp}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	out, messages, code := runRedact(t, "a@example.com\n", "-p", policy)
	if out != "" || code != exitError || !strings.Contains(messages, policy+":4:") {
		t.Errorf("got %q, %q, exit %d", out, messages, code)
	}
}

func TestRedactSaysOnceThatKeysAreRandom(t *testing.T) {
	_, messages, _ := runRedact(t, "a\nb\n")
	if strings.Count(messages, "random key") != 1 {
		t.Errorf("messages: %q", messages)
	}
}

// TestRedactFlushesBeforeItWaits has the filter in a pipe: what was read comes out although the next line
// does not come yet.
func TestRedactFlushesBeforeItWaits(t *testing.T) {
	in, feed := io.Pipe()
	result, out := io.Pipe()
	done := make(chan int, 1)
	go func() {
		done <- run(context.Background(), []string{"redact"}, streams{in, out, io.Discard})
	}()
	go func() { _, _ = io.WriteString(feed, "a@example.com\n") }()
	got := make(chan string, 1)
	go func() {
		line := make([]byte, len("<email>\n"))
		_, _ = io.ReadFull(result, line)
		got <- string(line)
	}()
	select {
	case line := <-got:
		if line != "<email>\n" {
			t.Errorf("got %q", line)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the line did not come out")
	}
	_ = feed.Close()
	if code := <-done; code != exitOK {
		t.Errorf("exit %d", code)
	}
}
