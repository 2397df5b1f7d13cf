package parse_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/logproc/logproc/parse"
)

// joining is what a pipeline does with the results: each offset must get one outcome.
type joining struct {
	t       *testing.T
	p       *parse.Parser
	outcome map[int64]string
}

func newJoining(t *testing.T, limits parse.JoinLimits) *joining {
	return &joining{t: t, p: newParser(t, parse.Options{MaxLine: 10_000, JoinLimits: limits}), outcome: map[int64]string{}}
}

func (j *joining) set(offset int64, outcome string) {
	if before, ok := j.outcome[offset]; ok {
		j.t.Fatalf("offset %d is %s and %s", offset, before, outcome)
	}
	j.outcome[offset] = outcome
}

func (j *joining) incomplete(offset int64) { j.set(offset, "incomplete") }

// line reads a line and notes what became of it; joined fragments keep no outcome but their number.
func (j *joining) line(in parse.Input) {
	r := j.p.Parse(in)
	j.p.Evicted(j.incomplete)
	switch r {
	case parse.Held:
		return
	case parse.OK:
		rec, _ := j.p.Next()
		j.set(in.Offset, fmt.Sprintf("%s joined %d", describe(rec), j.p.Joined()))
	default:
		j.set(in.Offset, fmt.Sprintf("%s joined %d", r, j.p.Joined()))
	}
}

func criPartOf(stream, tag, text string) []byte {
	return fmt.Appendf(nil, "%s %s %s %s", wrapTime, stream, tag, text)
}

func TestJoinLimits(t *testing.T) {
	more := func(j *joining, offset int64, stream, text string) {
		j.line(parse.Input{Line: criPartOf("stdout", "P", text), Stream: []byte(stream), Offset: offset})
	}
	plain := func(j *joining, offset int64) {
		j.line(parse.Input{Line: []byte(`{"msg":"x"}`), Offset: offset})
	}
	incomplete := func(j *joining) (n int) {
		for _, o := range j.outcome {
			if o == "incomplete" {
				n++
			}
		}
		return n
	}
	t.Run("groups", func(t *testing.T) {
		j := newJoining(t, parse.JoinLimits{Groups: 3})
		for i := range int64(4) {
			more(j, i, fmt.Sprint("s", i), "{")
		}
		if o, ok := j.p.OldestHeld(); incomplete(j) != 3 || !ok || o != 3 {
			t.Errorf("%v, oldest %d", j.outcome, o)
		}
	})
	t.Run("bytes", func(t *testing.T) {
		j := newJoining(t, parse.JoinLimits{Bytes: 1000})
		for i := range int64(3) {
			more(j, i, fmt.Sprint("s", i), strings.Repeat("x", 400))
		}
		if o, ok := j.p.OldestHeld(); incomplete(j) != 2 || !ok || o != 2 {
			t.Errorf("%v, oldest %d", j.outcome, o)
		}
	})
	t.Run("idle", func(t *testing.T) {
		j := newJoining(t, parse.JoinLimits{Idle: 10})
		more(j, 0, "a", "{")
		for i := range int64(20) {
			plain(j, 2*i+1)
			more(j, 2*i+2, "b", "x")
		}
		if o, _ := j.p.OldestHeld(); incomplete(j) != 1 || o != 2 {
			t.Errorf("%v, oldest %d", j.outcome, o)
		}
	})
	t.Run("age", func(t *testing.T) {
		j := newJoining(t, parse.JoinLimits{Age: 10})
		for i := range int64(12) {
			more(j, i, "a", "x")
		}
		if o, _ := j.p.OldestHeld(); incomplete(j) != 11 || o != 11 {
			t.Errorf("%v, oldest %d", j.outcome, o)
		}
	})
	t.Run("length", func(t *testing.T) {
		j := newJoining(t, parse.JoinLimits{})
		for i := range int64(3) {
			more(j, i, "a", strings.Repeat("x", 4000))
		}
		j.line(parse.Input{Line: criPartOf("stdout", "F", "x"), Stream: []byte("a"), Offset: 3})
		if j.outcome[3] != "too_long joined 3" {
			t.Error(j.outcome)
		}
	})
	t.Run("flush", func(t *testing.T) {
		j := newJoining(t, parse.JoinLimits{})
		more(j, 0, "a", "{")
		more(j, 1, "b", "{")
		j.p.Flush(j.incomplete)
		if _, held := j.p.OldestHeld(); incomplete(j) != 2 || held {
			t.Error(j.outcome)
		}
	})
}

func TestContainersAreToldApart(t *testing.T) {
	docker := func(id, text string) []byte {
		return fmt.Appendf(nil, `{"log":%s,"stream":"stdout","kubernetes":{"pod_name":%q}}`, quote([]byte(text)), id)
	}
	j := newJoining(t, parse.JoinLimits{})
	for i, line := range [][]byte{
		docker("a", `{"msg":"of`), docker("b", `{"msg":"fr`), docker("a", `-a"}`+"\n"), docker("b", `om-b"}`+"\n"),
	} {
		j.line(parse.Input{Line: line, Offset: int64(i), Time: carrier})
	}
	if j.outcome[2] != `unknown key="of-a" joined 1` || j.outcome[3] != `unknown key="from-b" joined 1` {
		t.Error(j.outcome)
	}
}

// traffic makes lines of several streams, some of them split, some never finished.
func traffic(rng *rand.Rand, n int) []parse.Input {
	streams := 1 + rng.IntN(6)
	waiting := make([][]byte, streams)
	var list []parse.Input
	for i := range n {
		s := rng.IntN(streams)
		std := [...]string{"stdout", "stderr"}[s%2]
		text := waiting[s]
		if len(text) == 0 {
			text = fmt.Appendf(nil, `{"lvl":"info","msg":"key-%d-%d","pad":"%s"}`, s, i, strings.Repeat("{x", rng.IntN(40)))
		}
		cut := len(text)
		if rng.IntN(3) > 0 && cut > 1 {
			cut = 1 + rng.IntN(cut-1)
		}
		waiting[s] = text[cut:]
		in := parse.Input{Offset: int64(i), Stream: []byte{byte(s / 2)}, Time: carrier}
		if s%3 == 2 { // Docker
			piece := text[:cut:cut]
			if cut == len(text) {
				piece = append(piece, '\n')
			}
			in.Line = fmt.Appendf(nil, `{"log":%s,"stream":"%s"}`, quote(piece), std)
		} else {
			in.Line = criPartOf(std, map[bool]string{true: "F", false: "P"}[cut == len(text)], string(text[:cut]))
		}
		if rng.IntN(20) == 0 {
			waiting[s] = nil // its writer has died
		}
		list = append(list, in)
	}
	return list
}

// TestReplay checks what a restart relies on: a new parser that begins at the oldest held fragment
// gives every later line the outcome that the old one gives.
func TestReplay(t *testing.T) {
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 0))
		replay(t, traffic(rng, 120), 1+rng.IntN(119), limitsOf(rng))
	}
}

func limitsOf(rng *rand.Rand) parse.JoinLimits {
	return parse.JoinLimits{Groups: 1 + rng.IntN(6), Bytes: 10_400 + rng.IntN(3000), Idle: 5 + rng.IntN(40), Age: 10 + rng.IntN(60)}
}

func replay(t *testing.T, lines []parse.Input, crash int, limits parse.JoinLimits) {
	t.Helper()
	first := newJoining(t, limits)
	for _, in := range lines[:crash] {
		first.line(in)
	}
	from := int64(crash)
	if o, ok := first.p.OldestHeld(); ok {
		from = o
	}
	second := newJoining(t, limits)
	for _, in := range lines[from:crash] {
		second.line(in) // refills what is held; what it counts is thrown away
	}
	a, okA := first.p.OldestHeld()
	b, okB := second.p.OldestHeld()
	if a != b || okA != okB {
		t.Fatalf("after a crash at %d: oldest held %d, was %d", crash, b, a)
	}
	clear(first.outcome)
	clear(second.outcome)
	for _, in := range lines[crash:] {
		first.line(in)
		second.line(in)
	}
	first.p.Flush(first.incomplete)
	second.p.Flush(second.incomplete)
	if x, y := fmt.Sprint(first.outcome), fmt.Sprint(second.outcome); x != y {
		t.Fatalf("after a crash at %d\nwas %s\nnow %s", crash, x, y)
	}
}

func FuzzJoin(f *testing.F) {
	f.Add([]byte(plainLine), uint64(1))
	f.Add([]byte(`{"msg":"{\"}\\","a":{"b":{}},"c":[{},{}]}`), uint64(2))
	f.Fuzz(func(t *testing.T, line []byte, seed uint64) {
		rng := rand.New(rand.NewPCG(seed, 1))
		replay(t, traffic(rng, 60), 1+rng.IntN(59), limitsOf(rng))
		joinSplits(t, line, rng)
	})
}

// joinSplits gives a line in random fragments of CRI, with another stream's in between, and expects
// what the whole line gives.
func joinSplits(t *testing.T, line []byte, rng *rand.Rand) {
	t.Helper()
	line = bytes.TrimSpace(line)
	if !bytes.HasPrefix(line, []byte("{")) {
		return // behind a header the object would be a record by itself
	}
	whole := newParser(t, parse.Options{})
	if whole.Parse(parse.Input{Line: criPartOf("stdout", "F", string(line)), Time: carrier}) != parse.OK {
		return
	}
	rec, ok := whole.Next()
	if !ok {
		return
	}
	want := describe(rec)
	p := newParser(t, parse.Options{})
	pieces := 0
	for rest := line; ; pieces++ {
		cut := len(rest)
		if cut > 1 && rng.IntN(4) > 0 {
			cut = 1 + rng.IntN(cut-1)
		}
		tag, wantReason := "P", parse.Held
		if cut == len(rest) {
			tag, wantReason = "F", parse.OK
		}
		if r := p.Parse(parse.Input{Line: criPartOf("stdout", tag, string(rest[:cut])), Time: carrier}); r != wantReason {
			t.Fatalf("piece %d: %s", pieces, r)
		}
		if tag == "F" {
			break
		}
		rest = rest[cut:]
		if r := p.Parse(parse.Input{Line: criPartOf("stderr", "P", "other"), Time: carrier}); r != parse.Held {
			t.Fatalf("the other stream: %s", r)
		}
	}
	if p.Joined() != pieces {
		t.Fatalf("joined %d of %d", p.Joined(), pieces)
	}
	rec, _ = p.Next()
	if got := describe(rec); got != want {
		t.Fatalf("got %s, want %s", got, want)
	}
}
