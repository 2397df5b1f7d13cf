package parse_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/logproc/logproc/parse"
)

var update = flag.Bool("update", false, "rewrite testdata/*/want.txt")

// carrier is the time that the lines' carrier names in tests.
var carrier = time.Date(2019, 10, 1, 12, 0, 0, 0, time.UTC).UnixNano()

// TestGolden reads testdata/NAME/input.jsonl line by line and compares what becomes of each line with
// want.txt beside it.
func TestGolden(t *testing.T) {
	inputs, err := filepath.Glob("testdata/*/input.jsonl")
	if err != nil || len(inputs) < 25 {
		t.Fatalf("found %d cases, %v", len(inputs), err)
	}
	for _, input := range inputs {
		dir := filepath.Dir(input)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			text, err := os.ReadFile(input)
			if err != nil {
				t.Fatal(err)
			}
			got := describeLines(t, text)
			want := filepath.Join(dir, "want.txt")
			if *update {
				if err := os.WriteFile(want, got, 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			text, err = os.ReadFile(want)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, text) {
				t.Errorf("got\n%s\nwant\n%s", got, text)
			}
		})
	}
}

func describeLines(t *testing.T, text []byte) []byte {
	t.Helper()
	p := newParser(t, parse.Options{})
	var out bytes.Buffer
	for i, line := range bytes.Split(bytes.TrimSuffix(text, []byte("\n")), []byte("\n")) {
		in := parse.Input{Line: line, Stream: []byte("s"), Offset: int64(i), Time: carrier}
		r := p.Parse(in)
		fmt.Fprintf(&out, "%d %s", i+1, r)
		if n := p.Joined(); n > 0 {
			fmt.Fprintf(&out, " joined %d", n)
		}
		out.WriteByte('\n')
		p.Evicted(func(offset int64) { fmt.Fprintf(&out, "  incomplete %d\n", offset+1) })
		for {
			rec, ok := p.Next()
			if !ok {
				break
			}
			fmt.Fprintf(&out, "  %s\n", describe(rec))
		}
		if r != parse.OK && r != parse.Held {
			fmt.Fprintf(&out, "  envelopes: %s\n", describe(p.Failed()))
		}
	}
	p.Flush(func(offset int64) { fmt.Fprintf(&out, "at the end: incomplete %d\n", offset+1) })
	return out.Bytes()
}

// describe writes a record's fields, leaving out what is absent.
func describe(rec *parse.Record) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s", rec.Level)
	text := func(name string, v []byte) {
		if v != nil {
			fmt.Fprintf(&b, " %s=%q", name, v)
		}
	}
	state := func(name string, s parse.State, v any) {
		switch s {
		case parse.Present:
			fmt.Fprintf(&b, " %s=%v", name, v)
		case parse.Mistyped:
			fmt.Fprintf(&b, " %s=mistyped", name)
		}
	}
	state("key", rec.KeyState, fmt.Sprintf("%q", rec.Key))
	state("time", rec.TimeState, time.Unix(0, rec.Time).UTC().Format(time.RFC3339Nano))
	if rec.TimeState != parse.Present && rec.Time != carrier {
		fmt.Fprintf(&b, " carrier=%s", time.Unix(0, rec.Time).UTC().Format(time.RFC3339Nano))
	}
	text("service", rec.Service)
	text("env", rec.Env)
	text("request", rec.RequestID)
	text("trace", rec.TraceID)
	state("duration", rec.DurationState, rec.Duration)
	state("status", rec.StatusState, rec.Status)
	if rec.LevelState == parse.Mistyped {
		b.WriteString(" level=mistyped")
	}
	return b.String()
}
