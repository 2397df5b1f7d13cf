package correlate

import (
	"strconv"

	"github.com/logproc/logproc/parse"
)

// Verdict says how a call went, as far as its two sides tell. It is a closed set, for metric labels.
type Verdict uint8

// The verdicts. A call of which only one side logs at all is complete when that side has its end.
const (
	Complete Verdict = iota
	// ServerMissing: the client has no answer, and nothing shows that the server ever received the call.
	ServerMissing
	// ServerStuck: the server received the call, and nothing shows that it has answered.
	ServerStuck
	// ClientTimeoutServerFast: the client gave up although the server had answered in less time than the client
	// waited: the time went between them.
	ClientTimeoutServerFast
	// ClientTimeoutServerSlow: the client gave up before the server had answered.
	ClientTimeoutServerSlow
	// ResponseLost: the server has answered, the client has neither the answer nor given up.
	ResponseLost
	// ClockSuspect: the server took longer than the client waited for it, which cannot be.
	ClockSuspect
	// UnknownLagging: the call is not complete, but records of its time may still come or are lost to us: nobody
	// is accused.
	UnknownLagging
	verdictCount
)

// VerdictCount is the number of verdicts, for tables indexed by Verdict.
const VerdictCount = int(verdictCount)

var verdictNames = [verdictCount]string{"complete", "server_missing", "server_stuck", "client_timeout_server_fast",
	"client_timeout_server_slow", "response_lost", "clock_suspect", "unknown_lagging"}

// String gives the verdict as used in labels.
func (v Verdict) String() string {
	if v < verdictCount {
		return verdictNames[v]
	}
	return "verdict(" + strconv.Itoa(int(v)) + ")"
}

// clockSlack allows for both sides rounding in their own way.
const clockSlack = parse.Millis(0.1)

// judge sets gap and verdict.
func (c *Call) judge(lagging func(from, to int64) bool) {
	client, server := &c.Client, &c.Server
	if client.Ended && server.Ended && client.HasDuration && server.HasDuration {
		c.Gap, c.HasGap = client.Duration-server.Duration, true
	}
	c.Verdict = c.verdict()
	c.HasGap = c.HasGap && c.Verdict != ClockSuspect
	if c.Verdict != Complete && c.Verdict != ClockSuspect && lagging != nil && lagging(c.start(), max(client.End, server.End)) {
		c.Verdict = UnknownLagging
	}
}

func (c *Call) verdict() Verdict {
	client, server := &c.Client, &c.Server
	answered := client.Ended && !client.TimedOut
	switch {
	case answered && c.HasGap && c.Gap < -slack(client, server):
		return ClockSuspect
	case answered, !client.Seen() && server.Ended:
		return Complete
	case !server.Seen():
		return ServerMissing
	case !server.Ended:
		return ServerStuck
	case !client.TimedOut, !c.HasGap:
		return ResponseLost
	case c.Gap < 0:
		return ClientTimeoutServerSlow
	default:
		return ClientTimeoutServerFast
	}
}

// slack is how much longer than the client a server may say that it took: more where a duration was taken from
// times, which may be truncated to milliseconds.
func slack(client, server *Side) parse.Millis {
	if client.measured && server.measured {
		return clockSlack
	}
	return clockSlack + 2
}
