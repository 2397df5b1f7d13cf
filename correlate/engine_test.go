package correlate_test

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/logproc/logproc/correlate"
	"github.com/logproc/logproc/correlate/correlatetest"
	"github.com/logproc/logproc/correlate/id"
	"github.com/logproc/logproc/parse"
	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/rules"
)

// requests of each seed; 200000 are a whole day with 500 time-outs and 300 missing replies.
var requests = flag.Int("requests", 4000, "requests of the generated traffic")

var dayStart = time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)

// plain takes texts as they are.
func plain(raw []byte, _ string) redact.Text { return redact.Stored(string(raw)) }

// observations reads log lines.
type reader struct {
	parser   *parse.Parser
	observer *correlate.Observer
}

func newReader(t testing.TB) *reader {
	p, err := parse.New(parse.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return &reader{p, correlate.NewObserver(rules.DefaultCalls(), plain, plain)}
}

func (r *reader) observe(line []byte) (correlate.Observation, bool) {
	r.parser.Parse(parse.Input{Line: line})
	record, ok := r.parser.Next()
	if !ok {
		return correlate.Observation{}, false
	}
	return r.observer.Observe(record)
}

// generate makes observations in the order of their arrival, and gives the faults.
func generate(t testing.TB, o correlatetest.RequestOptions, f func(offset int64, obs *correlate.Observation)) (faults map[string]string) {
	r, offset := newReader(t), int64(0)
	faults = make(map[string]string)
	o.Start = dayStart
	for _, fault := range correlatetest.Requests(o, func(_ time.Time, line []byte) {
		obs, ok := r.observe(line)
		if !ok {
			t.Fatalf("no observation: %s", line)
		}
		f(offset, &obs)
		offset++
	}) {
		faults[fault.Request] = fault.Verdict
	}
	return faults
}

func generated(t testing.TB, o correlatetest.RequestOptions) (list []correlate.Observation) {
	generate(t, o, func(_ int64, obs *correlate.Observation) { list = append(list, *obs) })
	return list
}

// verdicts collects what is not complete, by RequestID.
type verdicts map[string]string

// differ tells which requests have other verdicts than those planted, a few of them.
func (v verdicts) differ(want map[string]string) (list []string) {
	for request := range v {
		if v[request] != want[request] && len(list) < 5 {
			list = append(list, fmt.Sprintf("%s is %s, planted %q", request, v[request], want[request]))
		}
	}
	for request := range want {
		if v[request] == "" && len(list) < 5 {
			list = append(list, request+" is not found, planted "+want[request])
		}
	}
	return list
}

func (v verdicts) add(c *correlate.Closed) {
	for i := range c.Calls {
		if verdict := c.Calls[i].Verdict; verdict != correlate.Complete {
			v[c.Requests[0].Text.String()] += verdict.String()
		}
	}
}

func TestAllPlantedFaultsAndNoOther(t *testing.T) {
	n := *requests
	o := correlatetest.RequestOptions{Requests: n, Timeouts: n / 400, Lost: n * 3 / 2000, Span: time.Duration(n) * 432 * time.Millisecond}
	for o.Seed = 1; o.Seed <= 3; o.Seed++ {
		e := correlate.NewEngine(correlate.Config{})
		in, got, closed := e.AddInput(), verdicts{}, 0
		emit := func(c *correlate.Closed) { got.add(c); closed++ }
		want := generate(t, o, func(offset int64, obs *correlate.Observation) {
			if e.Add(in, offset, obs, emit); offset%1000 == 0 {
				e.Advance(emit)
			}
		})
		e.Flush(emit)
		if wrong := got.differ(want); len(wrong) > 0 || closed != n || len(want) != o.Timeouts+o.Lost {
			t.Errorf("seed %d: %d of %d requests, found %d faults, planted %d: %q", o.Seed, closed, n, len(got), len(want), wrong)
		}
	}
}

// closedText is all that a closed request says, for comparisons.
func closedText(c *correlate.Closed) string {
	return fmt.Sprintf("%v %v %d-%d n=%d %v calls=%s late=%v evicted=%v", c.Requests, c.Traces, c.First, c.Last, c.Records, c.Services, showCalls(c.Calls), c.Late, c.Evicted)
}

// TestRestart stops anywhere, goes on from the checkpoint, and must give out the same, once.
func TestRestart(t *testing.T) {
	list := generated(t, correlatetest.RequestOptions{Seed: 1, Requests: 1500, Timeouts: 20, Lost: 20, Span: 10 * time.Minute})
	run := func(crash func(i int) bool) (out []string) {
		e := correlate.NewEngine(correlate.Config{Sample: -1})
		in := e.AddInput()
		emit := func(c *correlate.Closed) { out = append(out, closedText(c)) }
		saved, at, savedOut := e.Checkpoint(), 0, 0
		for i := 0; i < len(list); i++ {
			e.Add(in, int64(i), &list[i], emit)
			if i%500 == 499 {
				e.Advance(emit)
				saved, at, savedOut = e.Checkpoint(), i+1, len(out)
			}
			if crash(i) {
				e = correlate.NewEngine(correlate.Config{Sample: -1})
				in = e.AddInput()
				e.Resume(saved)
				out = out[:savedOut] // what was given out since is given out again
				if i = at - 1; saved.Inputs[0].Seen {
					i = int(saved.Inputs[0].ReadFrom) - 1
				}
			}
		}
		e.Flush(emit)
		slices.Sort(out)
		return out
	}
	want := run(func(int) bool { return false })
	random, crashes := rand.New(rand.NewPCG(1, 2)), 0
	got := run(func(i int) bool {
		if crashes < 5 && random.IntN(2000) == 0 {
			crashes++
			return true
		}
		return false
	})
	if !slices.Equal(got, want) {
		for i := range min(len(got), len(want)) {
			if got[i] != want[i] {
				t.Fatalf("%d crashes, %d and %d requests; the first that differs:\n%s\n%s", crashes, len(got), len(want), got[i], want[i])
			}
		}
		t.Fatalf("%d and %d requests", len(got), len(want))
	}
	if crashes == 0 {
		t.Error("no crash")
	}
}

// feed adds "ms RequestID trace" lines.
func feed(e *correlate.Engine, in correlate.Input, emit func(*correlate.Closed), text string) {
	offset := int64(e.Stats().Added)
	for line := range strings.SplitSeq(text, ";") {
		f := strings.Fields(line)
		var ms int64
		_, _ = fmt.Sscan(f[0], &ms)
		o := correlate.Observation{Request: id.Request([]byte(f[1])), Trace: id.Trace([]byte(f[2])), RequestText: redact.Stored(f[1]), TraceText: redact.Stored(f[2])}
		o.Time = dayStart.UnixNano() + ms*1e6
		e.Add(in, offset, &o, emit)
		offset++
	}
}

func ids(list []correlate.Name) string {
	var texts []string
	for _, n := range list {
		texts = append(texts, n.Text.String())
	}
	return strings.Join(texts, "+")
}

func TestJoin(t *testing.T) {
	for _, test := range []struct{ name, records, want string }{
		{"by RequestID", "0 r1 -; 1 r1 -; 2 r2 -", "r1/ 2; r2/ 1"},
		{"a trace without RequestID, before and after", "0 - t1; 1 r1 t1; 2 - t1", "r1/t1 3"},
		{"a RequestID learns its trace late", "0 r1 -; 1 - t1; 2 r1 t1", "r1/t1 3"},
		{"several traces", "0 r1 t1; 1 r1 t2; 2 - t2", "r1/t1+t2 3 conflict"},
		{"a trace of two requests", "0 r1 t1; 1 r2 t1; 2 - t1", "r1/t1 2 conflict; r2/t1 1 conflict"},
		{"short and full", "0 r1 4bf92f3577b34da6a3ce929d0e0e4736; 1 - 11803532876627986230; 2 - a3ce929d0e0e4736", "r1/4bf92f3577b34da6a3ce929d0e0e4736 3"},
		{"short first", "0 - 11803532876627986230; 1 r1 4bf92f3577b34da6a3ce929d0e0e4736", "r1/4bf92f3577b34da6a3ce929d0e0e4736 2"},
		{"no ids at all", "0 - -; 1 unknown 0", ""},
		{"merged again and again", "0 - t1; 1 - t2; 2 - t3; 3 r1 t1; 4 r1 t2; 5 r1 t3", "r1/t1+t2+t3 6 conflict"},
	} {
		e := correlate.NewEngine(correlate.Config{})
		var out []string
		emit := func(c *correlate.Closed) {
			text := fmt.Sprintf("%s/%s %d", ids(c.Requests), ids(c.Traces), c.Records)
			if c.Conflict() {
				text += " conflict"
			}
			out = append(out, text)
		}
		feed(e, e.AddInput(), emit, test.records)
		if e.Flush(emit); strings.Join(out, "; ") != test.want {
			t.Errorf("%s: %s, want %s", test.name, strings.Join(out, "; "), test.want)
		}
		if s := e.Stats(); s.Open != 0 || s.Bytes != 0 || s.Added > 0 && e.Checkpoint().Inputs[0].From < int64(s.Added) {
			t.Errorf("%s: left over: %+v", test.name, s)
		}
	}
}

// records writes n records of one request each, a millisecond apart.
func records(from, n int) string {
	var b strings.Builder
	for i := from; i < from+n; i++ {
		fmt.Fprintf(&b, "%d q%d -;", i, i)
	}
	return strings.TrimSuffix(b.String(), ";")
}

func TestLimits(t *testing.T) {
	var out []string
	emit := func(c *correlate.Closed) {
		out = append(out, fmt.Sprint(ids(c.Requests), " ", c.Records, len(c.Events), c.Evicted))
	}
	e := correlate.NewEngine(correlate.Config{Limits: correlate.Limits{Requests: 10, Events: 3}})
	feed(e, e.AddInput(), emit, "0 big -; 0 big -; 0 big -; 0 big -; 0 big -;"+records(0, 11))
	if !slices.Equal(out, []string{"big 5 3 true", "q0 1 1 true"}) {
		t.Errorf("evicted: %q", out)
	}
	if s := e.Stats(); s.Open != 10 || s.Evicted != 2 || s.Beyond != 2 {
		t.Errorf("%+v", s)
	}
}

// TestPartialRequestsAccuseNobody is about an id of a million records, and requests closed early.
func TestPartialRequestsAccuseNobody(t *testing.T) {
	var out []string
	emit := func(c *correlate.Closed) {
		out = append(out, fmt.Sprint(ids(c.Requests), " ", c.Records, " ", len(c.Events), " ", showCalls(c.Calls)))
	}
	e, r := correlate.NewEngine(correlate.Config{Limits: correlate.Limits{Requests: 1, Events: 4}}), newReader(t)
	in := e.AddInput()
	for i, request := range []string{"shared", "shared", "shared", "shared", "shared", "shared", "cut", "last"} {
		line := fmt.Sprintf(`{"t":"2026-01-02T00:00:0%dZ","RequestID":"%s","event":"REQ","from":"a","to":"%s%d"}`, i, request, request, i)
		o, ok := r.observe([]byte(line))
		if !ok {
			t.Fatal(line)
		}
		e.Add(in, int64(i), &o, emit)
	}
	e.Flush(emit)
	want := []string{"shared 6 4 a>shared0 unknown_lagging; a>shared1 unknown_lagging; a>shared2 unknown_lagging; a>shared3 unknown_lagging",
		"cut 1 1 a>cut6 unknown_lagging", "last 1 1 a>last7 server_missing"}
	if !slices.Equal(out, want) {
		t.Errorf("%q", out)
	}
}

func TestRequestsCloseInEventTime(t *testing.T) {
	var out []string
	emit := func(c *correlate.Closed) { out = append(out, fmt.Sprint(ids(c.Requests), " ", c.Late)) }
	e := correlate.NewEngine(correlate.Config{Lateness: time.Second, MaxAge: 10 * time.Second})
	a, b := e.AddInput(), e.AddInput()
	feed(e, a, emit, records(0, 3000))
	if e.Advance(emit); len(out) > 0 {
		t.Fatalf("closed although the other input has given nothing: %d", len(out))
	}
	e.Idle(b, true)
	if e.Advance(emit); len(out) != 2000-31 || out[0] != "q0 false" {
		t.Fatalf("%d closed, the first %v", len(out), out[:1])
	}
	out = nil
	feed(e, a, emit, "5 late -; 7 q7 -; 4000 q3000 -")
	feed(e, a, emit, "90000000 ahead -; 4001 q3001 -") // a clock that is 25 hours ahead
	if e.Advance(emit); len(out) > 3 || slices.Contains(out, "ahead false") || e.Stats().Ahead != 3 || e.Watermark() > dayStart.UnixNano()+3000e6 {
		t.Errorf("%d closed, %+v, watermark %d", len(out), e.Stats(), e.Watermark())
	}
	if e.Flush(emit); !slices.Contains(out, "late false") || !slices.Contains(out, "q7 true") || !slices.Contains(out, "ahead false") {
		t.Errorf("%v", out[max(0, len(out)-4):])
	}
}

func TestInterestingOnes(t *testing.T) {
	r := newReader(t)
	e := correlate.NewEngine(correlate.Config{Sample: -1})
	in, offset := e.AddInput(), int64(0)
	reasons := map[string]string{}
	emit := func(c *correlate.Closed) { reasons[ids(c.Requests)] = c.Reasons.String() }
	add := func(format string, args ...any) {
		line := fmt.Appendf(nil, `{"t":"%s",`+format+"}", append([]any{dayStart.Add(time.Duration(offset) * time.Second).Format(time.RFC3339Nano)}, args...)...)
		if o, ok := r.observe(line); !ok {
			t.Fatalf("%s", line)
		} else {
			e.Add(in, offset, &o, emit)
		}
		offset++
	}
	for i := range 400 {
		add(`"RequestID":"n%d","service":"a","msg":"a-done-ok","lvl":"info","duration":%d`, i, 10+i%10)
	}
	e.Advance(emit)
	add(`"RequestID":"slow","service":"a","msg":"a-done-ok","lvl":"info","duration":40`)
	add(`"RequestID":"fine","service":"a","msg":"a-done-ok","lvl":"info","duration":18`)
	add(`"RequestID":"error","service":"a","msg":"a-done-fail","lvl":"error"`)
	add(`"RequestID":"cut","event":"REQ","from":"a","to":"b"`)
	add(`"RequestID":"two","trace_id":"t1"`)
	add(`"RequestID":"two","trace_id":"t2"`)
	add(`"RequestID":"gap","event":"REP","from":"a","to":"b","duration":900`)
	add(`"RequestID":"gap","event":"OUT","from":"a","to":"b","duration":100`)
	e.Flush(emit)
	for request, want := range map[string]string{"n399": "", "slow": "slow", "fine": "", "error": "error", "cut": "incomplete", "two": "conflict", "gap": "gap"} {
		if got := reasons[request]; got != want {
			t.Errorf("%s: %q, want %q", request, got, want)
		}
	}
}

// TestMemory shows what an open request takes: eight events of a call tree, as the generator has them.
func TestMemory(t *testing.T) {
	n := 20_000
	if !testing.Short() {
		n = 100_000
	}
	perRequest, stats := fill(t, n, 8)
	t.Logf("%d open requests with 8 events: %d bytes each, %d by our own sum", n, perRequest, stats.Bytes/int64(n))
	if perRequest > 1024 {
		t.Errorf("%d bytes per open request, want at most 1 KiB", perRequest)
	}
}

func fill(t testing.TB, requests, events int) (perRequest int64, s correlate.Stats) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	e := correlate.NewEngine(correlate.Config{Lateness: 24 * time.Hour, MaxAge: 48 * time.Hour, Limits: correlate.Limits{Bytes: 1 << 40, Requests: requests + 1}})
	in := e.AddInput()
	services := make([]redact.Text, 12)
	for i := range services {
		services[i] = redact.Stored(fmt.Sprintf("service-%d", i))
	}
	var buf bytes.Buffer
	for round := range events {
		for i := range requests {
			buf.Reset()
			fmt.Fprintf(&buf, "%08x-0000-4000-8000-%012x", i, i*7919)
			o := correlate.Observation{Request: id.Request(buf.Bytes()), Trace: id.Trace(buf.Bytes())}
			o.Trace.Hi, o.Trace.Lo = o.Trace.Hi+1, o.Trace.Lo*0x9e3779b97f4a7c15
			o.RequestText, o.TraceText = redact.Stored(buf.String()), redact.Stored(buf.String()+"x")
			o.Event = correlate.Event{Time: dayStart.UnixNano() + int64(i), Service: services[i%12], Key: services[(i+round)%12], From: services[1], To: services[2], Host: services[3]}
			e.Add(in, int64(round*requests+i), &o, func(*correlate.Closed) { t.Fatal("closed") })
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	s = e.Stats()
	runtime.KeepAlive(e)
	return int64(after.HeapAlloc-before.HeapAlloc) / int64(requests), s
}

func BenchmarkAdd(b *testing.B) {
	list := generated(b, correlatetest.RequestOptions{Seed: 1, Requests: 2000, Span: 10 * time.Minute})
	e := correlate.NewEngine(correlate.Config{})
	in, emit, offset := e.AddInput(), func(*correlate.Closed) {}, int64(0)
	b.ReportAllocs()
	for b.Loop() {
		o := list[offset%int64(len(list))]
		o.Time += offset / int64(len(list)) * int64(time.Hour)
		e.Add(in, offset, &o, emit)
		if offset++; offset%1000 == 0 {
			e.Advance(emit)
		}
	}
}

// BenchmarkAddSingle is about requests of one record each, the most expensive kind for each record.
func BenchmarkAddSingle(b *testing.B) {
	e := correlate.NewEngine(correlate.Config{})
	in, emit := e.AddInput(), func(*correlate.Closed) {}
	o := correlate.Observation{RequestText: redact.Const("r"), Event: correlate.Event{
		Service: redact.Const("shop"), Key: redact.Const("api-sync-ok"), Duration: 12, HasDuration: true, Status: 200, HasStatus: true}}
	b.ReportAllocs()
	offset := int64(0)
	for b.Loop() {
		offset++
		o.Request = id.ID{Hi: uint64(offset) * 0x9e3779b97f4a7c15, Lo: uint64(offset), Form: id.Free}
		o.Time = offset * int64(time.Millisecond)
		if e.Add(in, offset, &o, emit); offset%1000 == 0 {
			e.Advance(emit)
		}
	}
}

// BenchmarkMillionOpen shows that a million open requests fit into 1.2 GiB.
func BenchmarkMillionOpen(b *testing.B) {
	for b.Loop() {
		perRequest, _ := fill(b, 1_000_000, 8)
		b.ReportMetric(float64(perRequest), "B/request")
		b.ReportMetric(float64(perRequest)*1e6/(1<<30), "GiB")
	}
}
