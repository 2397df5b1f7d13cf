package files_test

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/logproc/logproc/pipeline/files"
)

func gzipped(t testing.TB, parts ...string) []byte {
	t.Helper()
	var out bytes.Buffer
	for _, part := range parts {
		w := gzip.NewWriter(&out)
		_, err := w.Write([]byte(part))
		if err = firstError(err, w.Close()); err != nil {
			t.Fatal(err)
		}
	}
	return out.Bytes()
}

func zstandard(t testing.TB, parts ...string) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	var out []byte
	for _, part := range parts {
		out = w.EncodeAll([]byte(part), out)
	}
	return out
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// write makes a file in a directory of the test's own.
func write(t testing.TB, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestOpen(t *testing.T) {
	const text = "first\nsecond\nthird"
	tests := []struct {
		name    string
		content []byte
		want    string
	}{
		{"plain.log", []byte(text), text},
		{"empty.gz", nil, ""},
		{"short.log", []byte("x"), "x"},
		{"one member.gz", gzipped(t, text), text},
		{"three members.gz", gzipped(t, "first\n", "second\n", "third"), text},
		{"gzip by another name.log", gzipped(t, text), text},
		{"one frame.zst", zstandard(t, text), text},
		{"three frames.zst", zstandard(t, "first\n", "second\n", "third"), text},
		{"zstd by another name.gz", zstandard(t, text), text},
		{"plain by another name.gz", []byte(text), text},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			path := write(t, test.name, test.content)
			for _, name := range []string{path, files.Stdin} {
				r, err := files.Open(name, bytes.NewReader(test.content))
				if err != nil {
					t.Fatal(err)
				}
				got, err := io.ReadAll(r)
				if err = firstError(err, r.Close()); err != nil || string(got) != test.want {
					t.Errorf("%s: got %q, %v, want %q", name, got, err, test.want)
				}
			}
		})
	}
}

// TestOpenFailure has files that cannot be opened or end in the middle: the lines before the fault are
// given, then an error of one line that names the file and holds nothing of it.
func TestOpenFailure(t *testing.T) {
	text := strings.Repeat("secret line\n", 1000)
	flip := func(b []byte, at int) []byte { b[at] ^= 0xff; return b }
	gz, zst := gzipped(t, text, text), zstandard(t, text)
	tests := []struct {
		name    string
		content []byte
		lines   bool // whether some lines come first
		want    string
	}{
		{"cut.gz", gz[:len(gz)-10], true, "cut off"},
		{"flipped.gz", flip(bytes.Clone(gz), len(gz)-6), true, "its gzip data is damaged"},
		{"trailing.gz", append(bytes.Clone(gz), "garbage"...), true, "its gzip data is damaged"},
		{"header.gz", gz[:6], false, "its gzip data is damaged"},
		{"cut.zst", zst[:len(zst)-5], false, "its zstd data is damaged"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			path := write(t, test.name, test.content)
			var got []line
			r, err := files.Open(path, nil)
			if err == nil {
				got, err = readLines(t, files.NewLines(r, 100))
				_ = r.Close()
			}
			if (len(got) > 0) != test.lines {
				t.Errorf("%d lines", len(got))
			}
			message := err.Error()
			if !strings.HasPrefix(message, path+": ") || !strings.Contains(message, test.want) ||
				strings.Contains(message, "secret") || strings.Contains(message, "\n") {
				t.Errorf("error %q", message)
			}
			if test.lines && !strings.Contains(message, ": line ") {
				t.Errorf("error %q names no line", message)
			}
		})
	}
	for _, name := range []string{filepath.Join(t.TempDir(), "missing.log"), t.TempDir()} {
		if _, err := files.Open(name, nil); err == nil || strings.Count(err.Error(), name) != 1 {
			t.Errorf("%s: error %v", name, err)
		}
	}
}
