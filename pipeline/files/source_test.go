package files_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/logproc/logproc/pipeline"
	"github.com/logproc/logproc/pipeline/files"
	"github.com/logproc/logproc/rollup"
)

// seen is what a worker got of one partition.
type seen struct {
	offsets []int64
	values  []string
	times   []int64
	sizes   []int
	batches int
	next    int64
	end     int64
}

// drain reads a partition until its end.
func drain(ctx context.Context, p pipeline.Partition) (s seen, err error) {
	for {
		b, err := p.Next(ctx)
		if err != nil {
			return s, err
		}
		s.batches++
		for _, m := range b.Messages {
			s.offsets = append(s.offsets, m.Offset)
			s.values = append(s.values, string(m.Value))
			s.times = append(s.times, m.Time)
			s.sizes = append(s.sizes, m.Size)
		}
		s.next, s.end = b.Next, b.End
		b.Release()
	}
}

// one runs work for the only partition of a source.
func one(t *testing.T, options files.Options, work func(ctx context.Context, p pipeline.Partition)) {
	t.Helper()
	if err := files.NewSource(options).Run(t.Context(), work); err != nil {
		t.Fatal(err)
	}
}

func TestSourceGivesLinesAsMessages(t *testing.T) {
	path := write(t, "app.log.gz", gzipped(t, "one\n\n  \r\ntwo\r\n", "three-is-too-long\nlast"))
	modified := time.Date(2019, 9, 24, 12, 0, 0, 5, time.UTC)
	if err := os.Chtimes(path, modified, modified); err != nil {
		t.Fatal(err)
	}
	one(t, files.Options{Names: []string{path}, MaxLine: 5}, func(ctx context.Context, p pipeline.Partition) {
		if want := (rollup.TopicPartition{Topic: "file:" + path}); p.ID() != want {
			t.Errorf("ID %v, want %v", p.ID(), want)
		}
		if start, err := p.Start(ctx); start != 0 || err != nil {
			t.Errorf("start %d, %v", start, err)
		}
		s, err := drain(ctx, p)
		if err != io.EOF {
			t.Errorf("error %v, want EOF", err)
		}
		if !slices.Equal(s.offsets, []int64{0, 3, 4, 5}) || !slices.Equal(s.values, []string{"one", "two", "three", "last"}) ||
			!slices.Equal(s.sizes, []int{3, 3, 17, 4}) || s.next != 6 || s.end != 6 {
			t.Errorf("got %+v", s)
		}
		if ns := modified.UnixNano(); slices.ContainsFunc(s.times, func(x int64) bool { return x != ns }) {
			t.Errorf("times %v, want the file's %d", s.times, ns)
		}
		if st := p.Stats(); st.End != 6 || st.Err != nil || st.LastFetch.IsZero() {
			t.Errorf("stats %+v", st)
		}
		if _, err := p.Next(ctx); err != io.EOF {
			t.Errorf("after the end: %v", err)
		}
	})
}

func TestSourceStdin(t *testing.T) {
	now := time.Unix(1_000_000, 7)
	one(t, files.Options{Names: []string{files.Stdin}, Stdin: strings.NewReader("a\nb"), Now: func() time.Time { return now }},
		func(ctx context.Context, p pipeline.Partition) {
			if p.ID().String() != "stdin/0" {
				t.Errorf("ID %v", p.ID())
			}
			s, err := drain(ctx, p)
			if err != io.EOF || !slices.Equal(s.values, []string{"a", "b"}) || s.times[1] != now.UnixNano() {
				t.Errorf("got %+v, %v", s, err)
			}
			p.MoveTo(0)
			if _, err := p.Next(ctx); err == nil || !strings.HasPrefix(err.Error(), "stdin: it is a stream") {
				t.Errorf("going back: %v", err)
			}
		})
}

// TestSourceStream has a writer that waits for each line to be handed on before it writes the next.
func TestSourceStream(t *testing.T) {
	r, w := io.Pipe()
	one(t, files.Options{Names: []string{files.Stdin}, Stdin: r}, func(ctx context.Context, p pipeline.Partition) {
		for i := range 3 {
			go func() { _, _ = fmt.Fprintf(w, "line %d\n", i) }()
			b, err := p.Next(ctx)
			if err != nil || len(b.Messages) != 1 || b.Messages[0].Offset != int64(i) {
				t.Fatalf("line %d: %+v, %v", i, b, err)
			}
			b.Release()
		}
		ctx, cancel := context.WithTimeout(ctx, time.Millisecond)
		defer cancel()
		if _, err := p.Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("waiting: %v", err)
		}
		_ = w.Close()
		if _, err := p.Next(t.Context()); err != io.EOF {
			t.Errorf("at the end: %v", err)
		}
	})
}

func numbered(n int) []byte {
	var b bytes.Buffer
	for i := range n {
		_, _ = fmt.Fprintf(&b, "line %06d %s\n", i, strings.Repeat("x", i%100))
	}
	return b.Bytes()
}

func TestSourceMoveTo(t *testing.T) {
	const n = 20_000
	path := write(t, "app.log", numbered(n))
	one(t, files.Options{Names: []string{path}}, func(ctx context.Context, p pipeline.Partition) {
		for _, offset := range []int64{0, 12_345, 12_000, 3, n - 1, n, 5} {
			p.MoveTo(offset)
			s, err := drain(ctx, p)
			if err != io.EOF || int64(len(s.offsets)) != n-offset {
				t.Fatalf("from %d: %d lines, %v", offset, len(s.offsets), err)
			}
			for i, o := range s.offsets {
				if o != offset+int64(i) || !strings.HasPrefix(s.values[i], fmt.Sprintf("line %06d ", o)) {
					t.Fatalf("from %d: line %d is %q at offset %d", offset, i, s.values[i], o)
				}
			}
		}
		p.MoveTo(n + 1)
		_, err := p.Next(ctx)
		if !errors.Is(err, pipeline.ErrTruncated) || !strings.Contains(err.Error(), "20000 lines") {
			t.Errorf("beyond the end: %v", err)
		}
	})
}

// TestSourceBuffers has lines that fill several batches while one is kept: its bytes must stay.
func TestSourceBuffers(t *testing.T) {
	long := strings.Repeat("long", 1<<20)
	path := write(t, "app.log", append(append(numbered(30_000), long...), "\nend\n"...))
	one(t, files.Options{Names: []string{path}, MaxLine: 8 << 20}, func(ctx context.Context, p pipeline.Partition) {
		kept, err := p.Next(ctx)
		if err != nil {
			t.Fatal(err)
		}
		s, err := drain(ctx, p)
		if err != io.EOF || s.values[len(s.values)-1] != "end" || s.values[len(s.values)-2] != long {
			t.Fatalf("the end is wrong: %v", err)
		}
		for i, m := range kept.Messages {
			if !strings.HasPrefix(string(m.Value), fmt.Sprintf("line %06d ", i)) {
				t.Fatalf("message %d became %q", i, m.Value)
			}
		}
		kept.Release()
	})
}

func TestSourceDamagedFile(t *testing.T) {
	gz := gzipped(t, string(numbered(9000)), string(numbered(9000)))
	path := write(t, "app.log.gz", gz[:len(gz)-100])
	one(t, files.Options{Names: []string{path}}, func(ctx context.Context, p pipeline.Partition) {
		s, err := drain(ctx, p)
		var e *files.Error
		if !errors.As(err, &e) || e.Name != path || e.Line <= 9000 || int64(len(s.values)) != e.Line-1 {
			t.Errorf("%d lines, then %v", len(s.values), err)
		}
		if p.Stats().Err == nil {
			t.Error("stats show no error")
		}
	})
}

func TestSourceChecksAllFilesFirst(t *testing.T) {
	good := write(t, "good.log", []byte("a\n"))
	dir := t.TempDir()
	missing := filepath.Join(dir, "missing.log")
	damaged := write(t, "damaged.gz", []byte{0x1f, 0x8b, 0, 0, 0, 0})
	source := files.NewSource(files.Options{Names: []string{good, missing, good, dir, damaged}})
	err := source.Run(t.Context(), func(context.Context, pipeline.Partition) { t.Error("work started") })
	for _, want := range []string{missing + ": no such file", good + ": it is named twice", dir + ": it is a directory", damaged + ": its gzip"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q lacks %q", err, want)
		}
	}
	if n := strings.Count(err.Error(), "\n"); n != 3 {
		t.Errorf("%d newlines in %q, want one line per file", n, err)
	}
}

// TestSourceFIFO: looking at a named pipe beforehand must not take its writer away.
func TestSourceFIFO(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	go func() { _ = os.WriteFile(path, []byte("a\nb\n"), 0) }()
	one(t, files.Options{Names: []string{path}}, func(ctx context.Context, p pipeline.Partition) {
		if s, err := drain(ctx, p); err != io.EOF || len(s.values) != 2 {
			t.Errorf("got %+v, %v", s, err)
		}
	})
}

func TestSourceConcurrency(t *testing.T) {
	var names []string
	for i := range 7 {
		names = append(names, write(t, fmt.Sprintf("%d.log", i), numbered(10_000)))
	}
	var running, most, lines atomic.Int64
	var mu sync.Mutex
	var topics []string
	source := files.NewSource(files.Options{Names: names, Concurrency: 3})
	err := source.Run(t.Context(), func(ctx context.Context, p pipeline.Partition) {
		now := running.Add(1)
		defer running.Add(-1)
		for {
			old := most.Load()
			if now <= old || most.CompareAndSwap(old, now) {
				break
			}
		}
		s, _ := drain(ctx, p)
		lines.Add(int64(len(s.values)))
		mu.Lock()
		defer mu.Unlock()
		topics = append(topics, p.ID().Topic)
	})
	if err != nil || lines.Load() != 70_000 || len(topics) != 7 || most.Load() > 3 {
		t.Errorf("error %v, %d lines, %d files, %d at a time", err, lines.Load(), len(topics), most.Load())
	}
}

func TestSourceEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	names := []string{write(t, "a.log", numbered(50_000)), write(t, "b.log", numbered(50_000))}
	var worked atomic.Int32
	err := files.NewSource(files.Options{Names: names, Concurrency: 1}).Run(ctx, func(ctx context.Context, p pipeline.Partition) {
		worked.Add(1)
		b, err := p.Next(ctx)
		if err != nil {
			t.Error(err)
			return
		}
		b.Release()
		cancel()
		for err == nil { // a batch that is ready may still come
			_, err = p.Next(ctx)
		}
		if !errors.Is(err, context.Canceled) && err != io.EOF {
			t.Errorf("after the end of the context: %v", err)
		}
	})
	if err != nil || worked.Load() != 1 {
		t.Errorf("error %v, %d files begun", err, worked.Load())
	}
}

func BenchmarkSource(b *testing.B) {
	text := bytes.Repeat([]byte(strings.Repeat("x", 435)+"\n"), 100_000)
	for _, format := range []struct {
		name    string
		content []byte
	}{{"plain", text}, {"gzip", gzipped(b, string(text))}, {"zstd", zstandard(b, string(text))}} {
		path := write(b, "app.log", format.content)
		b.Run(format.name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				_ = files.NewSource(files.Options{Names: []string{path}}).Run(b.Context(), func(ctx context.Context, p pipeline.Partition) {
					for {
						batch, err := p.Next(ctx)
						if err != nil {
							return
						}
						batch.Release()
					}
				})
			}
		})
	}
}
