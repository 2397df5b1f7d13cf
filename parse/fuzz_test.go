package parse_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/logproc/logproc/parse"
)

// FuzzParse checks on any line: no panic, a result that only depends on the line, records whose bytes stay
// as they are until the next call, and reasons that say so when there is no record.
func FuzzParse(f *testing.F) {
	inputs, err := filepath.Glob("testdata/*/input.jsonl")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range inputs {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for line := range bytes.Lines(text) {
			f.Add(line)
		}
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		kept := bytes.Clone(line)
		p := newParser(t, parse.Options{})
		first := readAll(t, p, line)
		if !bytes.Equal(line, kept) {
			t.Fatal("the line was changed")
		}
		p.Flush(func(int64) {})
		if second := readAll(t, p, line); second != first {
			t.Fatalf("the same line again gives\n%s\nwas\n%s", second, first)
		}
	})
}

func readAll(t *testing.T, p *parse.Parser, line []byte) string {
	t.Helper()
	in := parse.Input{Line: line, Stream: []byte("s"), Time: carrier}
	r := p.Parse(in)
	var out bytes.Buffer
	fmt.Fprintln(&out, r, p.Joined())
	for {
		rec, ok := p.Next()
		if !ok {
			break
		}
		if r != parse.OK {
			t.Fatalf("%s, yet a record", r)
		}
		before := describe(rec)
		if v := rec.Object; v == nil {
			t.Fatal("a record without an object")
		}
		rec.Get(parse.NewPath("a.b.c"))
		if after := describe(rec); after != before {
			t.Fatalf("%s became %s", before, after)
		}
		fmt.Fprintln(&out, before)
	}
	if failed := p.Failed(); failed.Key != nil || failed.Object != nil {
		t.Fatal("a failure has no key or object")
	}
	return out.String()
}
