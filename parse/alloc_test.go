//go:build !race && !logproc_invariants

// Builds that check lifetimes allocate to do so.

package parse_test

import (
	"testing"

	"github.com/logproc/logproc/parse"
)

func TestNoAllocations(t *testing.T) {
	line := []byte(plainLine)
	cases := shapes()
	for name, wrap := range wrappers {
		cases[name] = wrap(line)
	}
	for name, text := range cases {
		p := newParser(t, parse.Options{})
		read := func() {
			if r := p.Parse(parse.Input{Line: text, Time: carrier}); r != parse.OK {
				t.Fatalf("%s: %s", name, r)
			}
			for {
				if _, ok := p.Next(); !ok {
					break
				}
			}
		}
		read()
		if n := testing.AllocsPerRun(100, read); n != 0 {
			t.Errorf("%s: %v allocations per record", name, n)
		}
	}
}

func TestNoAllocationsJoining(t *testing.T) {
	p := newParser(t, parse.Options{})
	more := []byte(wrapTime + ` stdout P {"msg":"so`)
	last := []byte(wrapTime + ` stdout F me-key"}`)
	if n := testing.AllocsPerRun(100, func() {
		if p.Parse(parse.Input{Line: more}) != parse.Held || p.Parse(parse.Input{Line: last}) != parse.OK {
			t.Fatal("not joined")
		}
	}); n != 0 {
		t.Errorf("%v allocations per record", n)
	}
}
