package files_test

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/logproc/logproc/pipeline/files"
)

type line struct {
	text     string
	size     int
	oversize bool
}

func readLines(t testing.TB, l *files.Lines) ([]line, error) {
	t.Helper()
	var all []line
	for {
		b, size, oversize, err := l.Next()
		if err != nil {
			return all, err
		}
		all = append(all, line{string(b), size, oversize})
	}
}

// splitLines says with bytes.Split what Lines must give.
func splitLines(input []byte, limit int) []line {
	var all []line
	parts := bytes.Split(input, []byte("\n"))
	for i, p := range parts {
		last := i == len(parts)-1
		if last && len(p) == 0 {
			break
		}
		if !last {
			p = bytes.TrimSuffix(p, []byte("\r"))
		}
		all = append(all, line{string(p[:min(len(p), limit)]), len(p), len(p) > limit})
	}
	return all
}

func TestLines(t *testing.T) {
	tests := []struct {
		name, input string
		limit       int
		want        []line
	}{
		{"empty input", "", 10, nil},
		{"one line", "a\n", 10, []line{{"a", 1, false}}},
		{"no newline at the end", "a\nb", 10, []line{{"a", 1, false}, {"b", 1, false}}},
		{"blank lines are lines", "\n\r\n\na", 10, []line{{}, {}, {}, {"a", 1, false}}},
		{"carriage returns", "a\r\nb\rc\r\r\nd\r", 10, []line{{"a", 1, false}, {"b\rc\r", 4, false}, {"d\r", 2, false}}},
		{"any bytes", "\x00\xff\n\x00", 10, []line{{"\x00\xff", 2, false}, {"\x00", 1, false}}},
		{"as long as the limit", "1234\r\n1234\n", 4, []line{{"1234", 4, false}, {"1234", 4, false}}},
		{"one byte more", "12345\r\n1234\r", 4, []line{{"1234", 5, true}, {"1234", 5, true}}},
		{"no limit is one byte", "abc", 0, []line{{"a", 3, true}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for _, r := range []io.Reader{strings.NewReader(test.input), iotest.OneByteReader(strings.NewReader(test.input)),
				iotest.DataErrReader(strings.NewReader(test.input))} {
				got, err := readLines(t, files.NewLines(r, test.limit))
				if err != io.EOF || !slices.Equal(got, test.want) {
					t.Errorf("got %+v, %v, want %+v", got, err, test.want)
				}
			}
		})
	}
}

// TestLinesLong has lines around every size at which the buffer is moved, grown or given up on.
func TestLinesLong(t *testing.T) {
	for _, limit := range []int{1, 100, 32 << 10, 64<<10 - 3, 64 << 10, 100_000, 1 << 20} {
		var input []byte
		for _, n := range []int{0, 1, limit - 1, limit, limit + 1, limit + 2, 3, 2*limit + 70_000, 5, limit + 32<<10, limit + 32<<10 - 1} {
			input = append(append(input, bytes.Repeat([]byte{'x'}, n)...), "\r\n"...)
		}
		input = append(input, bytes.Repeat([]byte{'y'}, 3*limit)...)
		for _, chunk := range []int{997, 1 << 16, 1 << 30} {
			got, err := readLines(t, files.NewLines(&chunkReader{input, chunk}, limit))
			if want := splitLines(input, limit); err != io.EOF || !slices.Equal(got, want) {
				t.Errorf("limit %d, chunk %d: lines differ, error %v", limit, chunk, err)
			}
		}
	}
}

// chunkReader gives at most size bytes a read.
type chunkReader struct {
	rest []byte
	size int
}

func (r *chunkReader) Read(p []byte) (int, error) {
	if len(r.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), r.size)], r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

func TestLinesFailure(t *testing.T) {
	broken := errors.New("broken")
	for _, input := range []string{"a\nb\nhalf", "a\nb\n" + strings.Repeat("x", 1<<20)} {
		got, err := readLines(t, files.NewLines(io.MultiReader(strings.NewReader(input), iotest.ErrReader(broken)), 5))
		if !slices.Equal(got, []line{{"a", 1, false}, {"b", 1, false}}) || !errors.Is(err, broken) {
			t.Errorf("got %+v, %v", got, err)
		}
		if want := "input: line 3: broken"; err.Error() != want {
			t.Errorf("error %q, want %q", err, want)
		}
	}
	_, err := readLines(t, files.NewLines(emptyReader{}, 5))
	if !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("a reader that gives nothing: %v", err)
	}
}

type emptyReader struct{}

func (emptyReader) Read([]byte) (int, error) { return 0, nil }

func TestLinesAllocation(t *testing.T) {
	l := files.NewLines(&endless{text: []byte(strings.Repeat("x", 400) + "\n" + strings.Repeat("y", 5000) + "\n")}, 1000)
	for range 1000 {
		_, _, _, _ = l.Next()
	}
	if n := testing.AllocsPerRun(1000, func() { _, _, _, _ = l.Next() }); n != 0 {
		t.Errorf("%v allocations per line, want 0", n)
	}
}

// endless repeats a text.
type endless struct {
	text []byte
	pos  int
}

func (e *endless) Read(p []byte) (int, error) {
	for n := 0; ; {
		c := copy(p[n:], e.text[e.pos:])
		e.pos = (e.pos + c) % len(e.text)
		if n += c; n == len(p) {
			return n, nil
		}
	}
}

func BenchmarkLines(b *testing.B) {
	text := []byte(strings.Repeat("x", 435) + "\n")
	l := files.NewLines(&endless{text: text}, 1<<20)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		_, _, _, _ = l.Next()
	}
}

func FuzzLines(f *testing.F) {
	f.Add([]byte("a\nb\r\n\r\nc"), 2, 3)
	f.Add([]byte("\r\r\n\n\x00"), 1, 1)
	f.Add([]byte(strings.Repeat("abc", 20)+"\r\nd"), 7, 8)
	f.Fuzz(func(t *testing.T, input []byte, limit, chunk int) {
		limit, chunk = max(limit, 1), max(chunk, 1)
		if limit > 1<<20 {
			limit = 1 << 20
		}
		got, err := readLines(t, files.NewLines(&chunkReader{slices.Clone(input), chunk}, limit))
		if want := splitLines(input, limit); err != io.EOF || !slices.Equal(got, want) {
			t.Errorf("limit %d, chunk %d: got %+v, %v, want %+v", limit, chunk, got, err, want)
		}
	})
}
