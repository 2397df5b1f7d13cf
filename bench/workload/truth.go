package workload

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// The names under which logproc counts what has no key of its own. They are repeated here, not
// imported: the truth must not follow the code that it judges.
const (
	msgMissing     = "_missing"
	msgUnparsed    = "_unparsed"
	msgInvalid     = "_invalid"
	serviceUnknown = "_unknown"
	levelUnknown   = "unknown"
)

// Row is a total: the events of one day in UTC with the same msg, service, level and env. Unreadable
// lines have no env, and no Day since they name no time.
type Row struct {
	Msg, Service, Level, Env string
	Day                      time.Time
	Count                    uint64
}

// Total is a Row without env and day.
type Total struct {
	Msg, Service, Level string
	Count               uint64
}

// Truth is what has been generated, in no particular order.
type Truth struct {
	Records uint64
	Rows    []Row
	Bad     [BadKinds]uint64 // lines of each BadKind; their sum is the _unparsed row
}

// Totals sums up the rows by msg, service and level, sorted bytewise by these.
func (t Truth) Totals() []Total {
	sums := make(map[Total]uint64)
	for _, r := range t.Rows {
		sums[Total{Msg: r.Msg, Service: r.Service, Level: r.Level}] += r.Count
	}
	totals := make([]Total, 0, len(sums))
	for t, n := range sums {
		t.Count = n
		totals = append(totals, t)
	}
	slices.SortFunc(totals, func(a, b Total) int {
		return strings.Compare(a.line(), b.line())
	})
	return totals
}

func (t Total) line() string { return t.Msg + "\t" + t.Service + "\t" + t.Level + "\t" }

// WriteTSV writes the Totals as rows msg, service, level, count without a header: what
// `logproc count --by msg,service,level --format tsv` prints for the same lines.
func (t Truth) WriteTSV(w io.Writer) error {
	b := bufio.NewWriter(w)
	for _, total := range t.Totals() {
		// bufio keeps the first error for Flush.
		_, _ = fmt.Fprintf(b, "%s%d\n", total.line(), total.Count)
	}
	return b.Flush()
}
