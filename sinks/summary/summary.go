// Package summary writes daily summaries as text, as one HTML page, as JSON and as CSV.
//
// All of them are made of rollup.Summary values. Services, envs, keys and forms are data from outside:
// none of them can change the structure of what is written. docs/summary.md shows the forms.
package summary

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/logproc/logproc/rollup"
)

// Options add what the summaries themselves do not hold; the zero value adds nothing.
type Options struct {
	// Ledgers are the store's: ranges of offsets that were lost are shown, since they may have held
	// events of any day.
	Ledgers []rollup.Ledger
	// Generated is when the summaries were made, shown by HTML and JSON unless zero.
	Generated time.Time

	// First and Day are the first and the last day of the summaries. The text form is a table when First is
	// given and is another day than Day.
	First, Day rollup.Date
	// Previous is what the summaries, of one day, are compared with.
	Previous *Previous
}

// Previous are the summaries of another day, or of another file.
type Previous struct {
	Day       rollup.Date
	Summaries []rollup.Summary
}

// severalDays reports whether the summaries are of more than one day.
func (o *Options) severalDays() bool { return o.First != (rollup.Date{}) && o.First != o.Day }

// lostRow is what one partition lost for one reason.
type lostRow struct {
	Partition string            `json:"partition"`
	Reason    rollup.LostReason `json:"reason"`
	Offsets   uint64            `json:"offsets"`
	Ranges    []lostRange       `json:"ranges"`
}

type lostRange struct {
	First int64 `json:"first"`
	Last  int64 `json:"last"`
}

// lostRows lists the losses in the order of the ledgers, then of the reasons' names.
func lostRows(ledgers []rollup.Ledger) []lostRow {
	var rows []lostRow
	for _, l := range ledgers {
		for _, reason := range slices.Sorted(maps.Keys(l.LostOffsets)) {
			row := lostRow{Partition: l.TopicPartition.String(), Reason: reason, Offsets: l.LostOffsets[reason], Ranges: []lostRange{}}
			for _, lost := range l.Lost {
				if lost.Reason == reason {
					row.Ranges = append(row.Ranges, lostRange{lost.First, lost.Last})
				}
			}
			rows = append(rows, row)
		}
	}
	return rows
}

// title gives the name of a service as in the first line of its summary.
func title(s *rollup.Summary) string {
	service := s.Service.String()
	if service == "" {
		service = rollup.ServiceUnknown
	}
	return strings.ToUpper(service)
}

// hidden is the number of records without a key, and of lines that could not be read, which the keys
// of the summary leave out: those have no level, so they belong to no priority.
func hidden(s *rollup.Summary) (missing, unparsed uint64) {
	return s.Missing - s.Line(rollup.MsgMissing), s.Unparsed - s.Line(rollup.MsgUnparsed)
}
