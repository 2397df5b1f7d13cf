package correlate_test

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/logproc/logproc/correlate"
	"github.com/logproc/logproc/parse"
	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/rules"
)

var frames = map[string]rules.Frame{"START": rules.FrameStart, "REQ": rules.FrameRequest, "IN": rules.FrameIn, "OUT": rules.FrameOut,
	"REP": rules.FrameReply, "TIMEOUT": rules.FrameTimeout, "LOG": rules.FrameNone}

// events reads "10 REQ a>b @host 5.5; …": milliseconds, frame, client and server, host, duration in milliseconds.
func events(t testing.TB, text string) (list []correlate.Event) {
	t.Helper()
	for line := range strings.SplitSeq(text, ";") {
		f := strings.Fields(line)
		ms, err := strconv.ParseInt(f[0], 10, 64)
		frame, known := frames[f[1]]
		from, to, _ := strings.Cut(f[2], ">")
		if err != nil || !known {
			t.Fatalf("%q: %v", line, err)
		}
		e := correlate.Event{Time: ms * 1e6, Frame: frame, From: redact.Stored(from), To: redact.Stored(to), Service: redact.Stored(from)}
		for _, rest := range f[3:] {
			if host, ok := strings.CutPrefix(rest, "@"); ok {
				e.Host = redact.Stored(host)
			} else if d, err := strconv.ParseFloat(rest, 64); err == nil {
				e.Duration, e.HasDuration = parse.Millis(d), true
			}
		}
		list = append(list, e)
	}
	return list
}

func showCalls(calls []correlate.Call) string {
	var list []string
	for i := range calls {
		c := &calls[i]
		text := fmt.Sprintf("%s>%s %s", c.From, c.To, c.Verdict)
		if c.HasGap {
			text += fmt.Sprintf(" %.2f", float64(c.Gap))
		}
		list = append(list, text)
	}
	return strings.Join(list, "; ")
}

func TestVerdicts(t *testing.T) {
	const hours = "36000000" // a clock that is ten hours ahead
	for _, test := range []struct{ name, events, want string }{
		{"complete", "0 REQ a>b @x; 1 IN a>b @y; 5 OUT a>b @y 4.2; 7 REP a>b @x 7.1", "a>b complete 2.90"},
		{"durations from times", "0 REQ a>b @x; 1 IN a>b @y; 5 OUT a>b @y; 7 REP a>b @x", "a>b complete 3.00"},
		{"server missing", "0 REQ a>b @x", "a>b server_missing"},
		{"server missing, client gave up", "0 REQ a>b @x; 1000 TIMEOUT a>b @x 1000", "a>b server_missing"},
		{"server stuck", "0 REQ a>b @x; 1 IN a>b @y; 1000 TIMEOUT a>b @x 1000", "a>b server_stuck"},
		{"server fast", "0 REQ a>b @x; 1 IN a>b @y; 9 OUT a>b @y 8; 1000 TIMEOUT a>b @x 1000", "a>b client_timeout_server_fast 992.00"},
		{"server fast, its clock ten hours ahead", "0 REQ a>b @x; " + hours + " IN a>b @y; 36000008 OUT a>b @y 8; 1000 TIMEOUT a>b @x 1000", "a>b client_timeout_server_fast 992.00"},
		{"server slow", "0 REQ a>b @x; 1 IN a>b @y; 1501 OUT a>b @y 1500; 1000 TIMEOUT a>b @x 1000", "a>b client_timeout_server_slow -500.00"},
		{"response lost", "0 REQ a>b @x; 1 IN a>b @y; 9 OUT a>b @y 8", "a>b response_lost"},
		{"gave up, nobody knows how long the server took", "0 REQ a>b @x; 9 OUT a>b @y; 1000 TIMEOUT a>b @x 1000", "a>b response_lost"},
		{"clock suspect", "0 REQ a>b @x; 1 IN a>b @y; 9 OUT a>b @y 8; 7 REP a>b @x 7", "a>b clock_suspect"},
		{"only the client logs", "7 REP a>b @x 7.1", "a>b complete"},
		{"only the server logs", "1 IN a>b @y; 5 OUT a>b @y 4", "a>b complete"},
		{"only the server, stuck", "1 IN a>b @y", "a>b server_stuck"},
		{"a server that does not know its client", "0 REQ a>b @x; 1 IN >b @y; 5 OUT >b @y 4; 7 REP a>b @x 7", "a>b complete 3.00"},
		{"two at a time", "0 REQ a>b @x; 1 IN a>b @y; 2 REQ a>b @x; 3 IN a>b @z; 4 OUT a>b @z 1; 5 REP a>b @x 3; 9 OUT a>b @y 8; 12 REP a>b @x 12",
			"a>b complete 4.00; a>b complete 2.00"},
		{"a second try", "0 REQ a>b @x; 1 IN a>b @y; 100 TIMEOUT a>b @x 100; 101 REQ a>b @x; 102 IN a>b @z; 103 OUT a>b @z 1; 105 REP a>b @x 4",
			"a>b server_stuck; a>b complete 3.00"},
		{"a service that calls itself", "0 REQ a>a @x; 1 IN a>a @x; 2 REQ a>a @x; 3 IN a>a @x; 4 OUT a>a @x 1; 5 REP a>a @x 3; 6 OUT a>a @x 5; 7 REP a>a @x 7",
			"a>a complete 2.00; a>a complete 2.00"},
		{"reply before request", "5 REQ a>b @x; 0 REP a>b @x", "a>b complete; a>b server_missing"},
	} {
		t.Run(test.name, func(t *testing.T) {
			list := events(t, test.events)
			random := rand.New(rand.NewPCG(1, 2))
			for range 20 {
				given := append([]correlate.Event(nil), list...)
				if got := showCalls(correlate.NewTimeline(nil, nil, given, correlate.Options{}).Calls); got != test.want {
					t.Fatalf("got %s\nwant %s", got, test.want)
				}
				random.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
			}
		})
	}
}

func TestOurOwnLagAccusesNobody(t *testing.T) {
	lagging := func(from, to int64) bool { return from <= 500e6 && to >= 500e6 }
	given := events(t, "0 REQ a>b @x; 1000 TIMEOUT a>b @x 1000; 2000 REQ a>b @x; 3000 TIMEOUT a>b @x 1000; 1 REQ a>c @x; 900 REP a>c @x 899")
	got := showCalls(correlate.NewTimeline(nil, nil, given, correlate.Options{Lagging: lagging}).Calls)
	if want := "a>b unknown_lagging; a>c complete; a>b server_missing"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestOrderWithinOneTime is about what is of one millisecond.
func TestOrderWithinOneTime(t *testing.T) {
	for _, test := range []struct{ name, events, want string }{
		{"a whole call", "0 REP a>b @x 0.9; 0 OUT a>b @y 0.1; 0 IN a>b @y; 0 REQ a>b @x", "REQ IN OUT REP"},
		{"receive, then send", "0 REQ b>c @y; 0 IN a>b @y; 0 OUT x>y @z; 0 REP b>d @y", "REP IN REQ OUT"},
		{"clocks that contradict", "0 REQ a>b @x; 2 IN a>b @y; 9 REP a>b @x 9; 9 OUT a>b @y 7.5", "REQ IN REP OUT"},
		{"a known host", "0 REQ a>b @x; 2 IN a>b @y; 9 REP a>b @x 9; 9 OUT a>b @y 7.5; 20 IN c>d @y; 21 OUT c>d @y 1", "REQ IN OUT REP IN OUT"},
		{"far apart sides of a fast call", "5 REQ a>b @x; 5 REP a>b @x 0.5; 1 IN a>b @y; 1 OUT a>b @y 0.1", "IN OUT REQ REP"},
	} {
		tl := correlate.NewTimeline(nil, nil, events(t, test.events), correlate.Options{})
		var got []string
		for _, e := range tl.Events {
			for name, f := range frames {
				if f == e.Frame {
					got = append(got, name)
				}
			}
		}
		if text := strings.Join(got, " "); text != test.want {
			t.Errorf("%s: %s, want %s", test.name, text, test.want)
		}
	}
}
