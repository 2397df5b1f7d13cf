//go:build e2e

package e2e

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// process is a program that runs beside a test. Its output goes to files, which the test's log shows
// when it fails.
type process struct {
	t      *testing.T
	name   string
	cmd    *exec.Cmd
	output string // file with stdout and stderr
	ended  chan struct{}
}

// start starts a program; it is killed at the end of the test if it still runs then.
func start(t *testing.T, name string, args ...string) *process {
	t.Helper()
	p := &process{t: t, name: filepath.Base(name), cmd: exec.Command(find(t, name), args...), ended: make(chan struct{})}
	out, err := os.Create(filepath.Join(t.TempDir(), p.name+".out"))
	if err != nil {
		t.Fatal(err)
	}
	p.output, p.cmd.Stdout, p.cmd.Stderr = out.Name(), out, out
	if err := p.cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", p.name, err)
	}
	go func() {
		_ = p.cmd.Wait() // the exit code is read from ProcessState
		out.Close()
		close(p.ended)
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill() // has mostly ended already
		<-p.ended
		if t.Failed() {
			t.Logf("output of %s:\n%s", p.name, tail(p.text(), 40))
		}
	})
	return p
}

// find looks for a program also where Debian keeps its daemons.
func find(t *testing.T, name string) string {
	t.Helper()
	for _, candidate := range []string{name, "/usr/sbin/" + name, "/sbin/" + name} {
		if path, err := exec.LookPath(candidate); err == nil {
			return path
		}
	}
	t.Fatalf("%s is not installed: run internal/e2e/install.sh (make e2e does)", name)
	return ""
}

func (p *process) text() string {
	b, err := os.ReadFile(p.output)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

func (p *process) running() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// stop sends a signal and gives the exit code (-1 when the signal ended the program); it fails the test
// when the program still runs at the limit.
func (p *process) stop(signal os.Signal, limit time.Duration) int {
	p.t.Helper()
	if err := p.cmd.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.t.Fatalf("signal %s: %v", p.name, err)
	}
	return p.wait(limit)
}

// wait gives the exit code once the program has ended by itself.
func (p *process) wait(limit time.Duration) int {
	p.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(limit):
		p.t.Fatalf("%s still runs after %v", p.name, limit)
	}
	return p.cmd.ProcessState.ExitCode()
}

// peakMemory gives the largest resident size so far, in bytes.
func (p *process) peakMemory() int {
	p.t.Helper()
	b, err := os.ReadFile("/proc/" + strconv.Itoa(p.cmd.Process.Pid) + "/status")
	if err != nil {
		p.t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == "VmHWM:" {
			kb, err := strconv.Atoi(f[1])
			if err != nil {
				p.t.Fatal(err)
			}
			return kb << 10
		}
	}
	p.t.Fatalf("no VmHWM of %s", p.name)
	return 0
}

// result is what a command that has ended left behind.
type result struct {
	code           int
	stdout, stderr string
}

// call runs a program to its end, at most for two minutes.
func call(t *testing.T, stdin io.Reader, name string, args ...string) result {
	t.Helper()
	var out, errs bytes.Buffer
	c := exec.CommandContext(t.Context(), find(t, name), args...)
	c.Stdin, c.Stdout, c.Stderr = stdin, &out, &errs
	c.Cancel = func() error { return c.Process.Signal(syscall.SIGTERM) }
	timer := time.AfterFunc(2*time.Minute, func() { _ = c.Process.Kill() })
	defer timer.Stop()
	err := c.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatalf("%s: %v", filepath.Base(name), err)
	}
	return result{c.ProcessState.ExitCode(), out.String(), errs.String()}
}

// must runs a program to its end and gives its stdout; anything but exit code 0 fails the test.
func must(t *testing.T, stdin io.Reader, name string, args ...string) string {
	t.Helper()
	r := call(t, stdin, name, args...)
	if r.code != 0 {
		t.Fatalf("%s %s: exit code %d\n%s", filepath.Base(name), strings.Join(args, " "), r.code, tail(r.stderr+r.stdout, 20))
	}
	return r.stdout
}

// eventually calls check until it gives nil, and fails the test with its last error at the limit.
func eventually(t *testing.T, limit time.Duration, what string, check func() error) {
	t.Helper()
	deadline := time.Now().Add(limit)
	for {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within %v: %v", what, limit, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// tail gives the last lines of a text.
func tail(text string, lines int) string {
	all := strings.SplitAfter(strings.TrimRight(text, "\n"), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "")
}
