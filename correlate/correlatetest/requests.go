// Package correlatetest makes log lines of requests and of long-running work whose faults are known, for tests and
// measurements of what finds them. Everything follows from the options: the same ones give the same bytes.
package correlatetest

import (
	"container/heap"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"
)

// RequestOptions say what requests are made.
type RequestOptions struct {
	Seed     uint64
	Requests int
	Start    time.Time
	Span     time.Duration // that the requests are spread over (default 24h)
	Services int           // default 12
	Timeouts int           // requests with a call whose client gives up although the server has answered
	Lost     int           // requests with a call whose answer never reaches the client
	Delay    time.Duration // most that a line comes after its event (default 20s)
	Skewed   int           // hosts whose clocks are hours off (default 2); all others are up to 50ms off
}

// Fault is a planted fault of a request.
type Fault struct {
	Request string // RequestID
	Verdict string // that the broken call must get
}

// line is a log line and when it arrives.
type line struct {
	arrival int64
	number  uint64
	text    []byte
}

type lines []line

func (l lines) Len() int { return len(l) }
func (l lines) Less(i, j int) bool {
	return l[i].arrival < l[j].arrival || l[i].arrival == l[j].arrival && l[i].number < l[j].number
}
func (l lines) Swap(i, j int) { l[i], l[j] = l[j], l[i] }
func (l *lines) Push(x any)   { *l = append(*l, x.(line)) }
func (l *lines) Pop() any {
	old := *l
	last := old[len(old)-1]
	*l = old[:len(old)-1]
	return last
}

// requestMaker writes requests and keeps what has not arrived yet.
type requestMaker struct {
	o       RequestOptions
	random  *rand.Rand
	skew    [][]int64 // nanoseconds, by service and host
	waiting lines
	number  uint64
	id      string
	trace   string
	fault   string // that the request at hand still has to get
	broken  bool
}

const hostsPerService = 3

// Requests writes the lines in the order in which they arrive, without line feeds, and gives the faults. A line is valid
// until write returns.
func Requests(o RequestOptions, write func(arrival time.Time, line []byte)) []Fault {
	if o.Span == 0 {
		o.Span = 24 * time.Hour
	}
	if o.Services == 0 {
		o.Services = 12
	}
	if o.Delay == 0 {
		o.Delay = 20 * time.Second
	}
	if o.Skewed == 0 {
		o.Skewed = 2
	}
	m := &requestMaker{o: o, random: rand.New(rand.NewPCG(o.Seed, 1))}
	m.setClocks()
	faults := m.plant()
	var truth []Fault
	step := int64(o.Span) / int64(max(o.Requests, 1))
	for i := range o.Requests {
		at := o.Start.UnixNano() + int64(i)*step
		m.emit(at, write)
		m.id = fmt.Sprintf("%08x-%04x", m.random.Uint32(), i)
		m.trace = fmt.Sprintf("%016x%016x", m.random.Uint64()|1<<63, m.random.Uint64())
		m.fault, m.broken = faults[i], false
		m.frame(at, "START", 0, 0, 0, -1)
		m.call(at+m.between(1e4, 1e6), m.random.IntN(o.Services), 0)
		if m.broken {
			truth = append(truth, Fault{m.id, faults[i]})
		}
	}
	m.emit(1<<63-1, write)
	return truth
}

// plant chooses the requests that get a fault.
func (m *requestMaker) plant() map[int]string {
	faults := make(map[int]string)
	for _, f := range []struct {
		verdict string
		n       int
	}{{"client_timeout_server_fast", m.o.Timeouts}, {"response_lost", m.o.Lost}} {
		for planted := 0; planted < f.n && len(faults) < m.o.Requests; {
			if i := m.random.IntN(m.o.Requests); faults[i] == "" {
				faults[i] = f.verdict
				planted++
			}
		}
	}
	return faults
}

func (m *requestMaker) setClocks() {
	m.skew = make([][]int64, m.o.Services)
	for s := range m.skew {
		for range hostsPerService {
			m.skew[s] = append(m.skew[s], m.between(-50e6, 50e6))
		}
	}
	for range m.o.Skewed {
		m.skew[m.random.IntN(m.o.Services)][m.random.IntN(hostsPerService)] = m.between(-3*3600e9, 3*3600e9)
	}
}

// between gives a number from low to below high.
func (m *requestMaker) between(low, high int64) int64 { return low + m.random.Int64N(high-low) }

// Where the parts of a call are, in nanoseconds.
const (
	wire     = 1e6   // most time on the way there, or back
	patience = 1e9   // after which a client gives up
	work     = 200e6 // most time of a server's own work
)

// call writes a call of a service and all that it calls in turn, and gives when the client has its answer.
func (m *requestMaker) call(at int64, from, depth int) int64 {
	to := m.random.IntN(m.o.Services)
	client, server := m.random.IntN(hostsPerService), m.random.IntN(hostsPerService)
	in := at + m.between(1e4, wire)
	m.frame(at, "REQ", from, to, client, -1)
	m.frame(in, "IN", from, to, server, -1)
	now := in + m.between(1e5, work/4)
	if depth < 2 {
		for range m.random.IntN(3) {
			now = m.call(now, to, depth+1) + m.between(1e4, 1e6)
		}
	}
	out := now + m.between(1e5, work/4)
	m.frame(out, "OUT", from, to, server, out-in)
	// Innermost calls break: they are short enough for the answer to come before the client gives up.
	leaf := depth == 2 || out-in < work/2
	if m.fault != "" && !m.broken && leaf {
		m.broken = true
		if m.fault == "response_lost" {
			return out + patience
		}
		m.frame(at+patience, "TIMEOUT", from, to, client, patience)
		return at + patience
	}
	back := out + m.between(1e4, wire)
	m.frame(back, "REP", from, to, client, back-at)
	return back
}

// frame writes a line of the event style; host is of the service that logs it, duration is left out below 0.
func (m *requestMaker) frame(at int64, event string, from, to, host int, duration int64) {
	logger := from
	if event == "IN" || event == "OUT" {
		logger = to
	}
	stamp := time.Unix(0, at+m.skew[logger][host]).UTC()
	text := make([]byte, 0, 320)
	text = append(text, `{"t":"`...)
	text = stamp.AppendFormat(text, "2006-01-02T15:04:05.000Z")
	text = fmt.Appendf(text, `","lvl":"debug","service":"svc-%02d","msg":"platform-trace-%s","RequestID":"%s","event":"%s"`, logger, lower[event], m.id, event)
	if m.random.IntN(4) > 0 {
		text = fmt.Appendf(text, `,"TraceID":"%s"`, m.trace)
	}
	if event != "START" {
		text = fmt.Appendf(text, `,"az":"eu-1","host":"host-%02d-%d","from":"svc-%02d","to":"svc-%02d.do"`, logger, host, from, to)
	}
	if duration >= 0 {
		text = append(text, `,"duration":`...)
		text = strconv.AppendFloat(text, float64(duration/1e4)/100, 'f', 2, 64)
	}
	text = append(text, '}')
	m.number++
	heap.Push(&m.waiting, line{arrival: at + m.random.Int64N(int64(m.o.Delay)), number: m.number, text: text})
}

var lower = map[string]string{"START": "start", "REQ": "req", "IN": "in", "OUT": "out", "REP": "rep", "TIMEOUT": "timeout"} // read only

// emit writes what has arrived by a time.
func (m *requestMaker) emit(until int64, write func(time.Time, []byte)) {
	for len(m.waiting) > 0 && m.waiting[0].arrival <= until {
		l := heap.Pop(&m.waiting).(line)
		write(time.Unix(0, l.arrival).UTC(), l.text)
	}
}
