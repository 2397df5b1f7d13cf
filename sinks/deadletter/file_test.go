package deadletter_test

import (
	"bufio"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/logproc/logproc/parse"
	"github.com/logproc/logproc/rollup"
	"github.com/logproc/logproc/sinks/deadletter"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func openFile(t *testing.T, path string, maxBytes int64) *deadletter.Letters {
	t.Helper()
	f, err := deadletter.OpenFile(path, maxBytes)
	if err != nil {
		t.Fatal(err)
	}
	l := newLetters(deadletter.Options{Writers: []deadletter.Writer{f}, PerReason: 2})
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestFileGolden(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dead.jsonl")
	letters := []rollup.DeadLetter{
		letter(3, 812, parse.Truncated),
		{TopicPartition: rollup.TopicPartition{Topic: "file:a \"b\"\xff.log"}, Offset: 0, Reason: parse.NotJSON},
		{TopicPartition: rollup.TopicPartition{Topic: "logs"}, Offset: 1, Reason: parse.Tombstone, Time: time.Date(20000, 1, 1, 0, 0, 0, 0, time.UTC)},
	}
	letters = append(letters, lettersOf(4, parse.TooLong, 900, 5)...)
	if err := openFile(t, path, 0).Write(t.Context(), letters); err != nil {
		t.Fatal(err)
	}
	got, golden := read(t, path), filepath.Join("testdata", "letters.jsonl")
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want := read(t, golden); got != want {
		t.Errorf("got:\n%s", got)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

func TestFileIsContinued(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dead.jsonl")
	if err := os.WriteFile(path, []byte(`{"torn":`), 0o644); err != nil {
		t.Fatal(err)
	}
	for i := range int64(3) {
		l := openFile(t, path, 0)
		if err := l.Write(t.Context(), lettersOf(0, parse.NotJSON, i, 1)); err != nil {
			t.Fatal(err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	lines := strings.Split(read(t, path), "\n")
	if len(lines) != 5 || lines[0] != `{"torn":` || !strings.Contains(lines[3], `"offset":2`) || lines[4] != "" {
		t.Errorf("lines %q", lines)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

func TestFileIsRotated(t *testing.T) {
	const bound = 1000
	path := filepath.Join(t.TempDir(), "dead.jsonl")
	l := openFile(t, path, bound)
	for i := range int64(40) {
		if err := l.Write(t.Context(), []rollup.DeadLetter{letter(0, i, parse.NotJSON), letter(1, i, parse.NotJSON)}); err != nil {
			t.Fatal(err)
		}
	}
	var offsets []int64
	for _, name := range []string{path + ".1", path} {
		text := read(t, name)
		if len(text) > bound || !strings.HasSuffix(text, "\n") {
			t.Errorf("%s has %d bytes", name, len(text))
		}
		for lines := bufio.NewScanner(strings.NewReader(text)); lines.Scan(); {
			var e deadletter.Entry
			if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
				t.Fatal(err)
			}
			offsets = append(offsets, e.Offset)
		}
	}
	if n := len(offsets); n < 8 || offsets[n-1] != 39 || offsets[0] != 39-int64(n-1)/2 {
		t.Errorf("offsets %v", offsets)
	}
	if entries, err := os.ReadDir(filepath.Dir(path)); err != nil || len(entries) != 2 {
		t.Errorf("%d files, %v", len(entries), err)
	}
}

func TestFileFailure(t *testing.T) {
	dir := t.TempDir()
	if _, err := deadletter.OpenFile(filepath.Join(dir, "missing", "dead.jsonl"), 0); err == nil || !strings.Contains(err.Error(), "dead-letter file") {
		t.Errorf("error %v", err)
	}
	// A directory in the place of NAME.1 makes rotation fail; once it is gone, writing goes on.
	path := filepath.Join(dir, "dead.jsonl")
	l := openFile(t, path, 200)
	if err := os.MkdirAll(filepath.Join(path+".1", "x"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := l.Write(t.Context(), lettersOf(0, parse.NotJSON, 0, 2)); err == nil || l.Failed() != 2 {
		t.Errorf("error %v, %d failed", err, l.Failed())
	}
	if err := os.RemoveAll(path + ".1"); err != nil {
		t.Fatal(err)
	}
	if err := l.Write(t.Context(), lettersOf(0, parse.NotJSON, 2, 1)); err != nil {
		t.Error(err)
	}
	if text := read(t, path); !strings.Contains(text, `"offset":2`) {
		t.Errorf("the file has %q", text)
	}
}
