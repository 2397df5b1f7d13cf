package rollup

import (
	"time"

	"github.com/logproc/logproc/parse"
	"github.com/logproc/logproc/redact"
)

// Report is a day's summary with what has changed: what a mail shows. Every list is ordered with the most
// important first and may be empty.
type Report struct {
	Summary
	NewKeys    []NewKey
	Silent     []SilentKey
	Movers     []Mover
	Violations []RuleCount      // of the naming convention
	Redactions []RedactionCount // by rule
	Slowest    []Operation
	Findings   []Finding // calls without reply, stuck workflows
	Trends     map[redact.Text][]uint64
	Complete   Completeness
}

// NewKey is a key that was not seen in the days before.
type NewKey struct {
	Msg   redact.Text
	Level parse.Level
	N     uint64
}

// SilentKey is a key that used to be there and was not seen on the day.
type SilentKey struct {
	Msg    redact.Text
	Median float64 // events on the days that it is compared with
	Last   Date    // the last day it was seen
}

// Mover is a key that grew or shrank more than its history explains.
type Mover struct {
	Msg    redact.Text
	N      uint64
	Median float64 // events on the days that it is compared with
	Score  float64 // how unusual, see package history; positive: it grew
}

// RuleCount is how often a rule of the naming convention was broken.
type RuleCount struct {
	Rule    string
	N       uint64
	Example redact.Text // a frequent form, empty where there is none
	Suggest string      // what to write instead, empty where nothing is known
}

// RedactionCount is how often a rule of the redaction policy hid something.
type RedactionCount struct {
	Rule   string
	N      uint64
	Median float64 // on the days that it is compared with
	Leaks  bool    // the service begins to log what it did not: N is far beyond the median
}

// Operation are the durations of a key on the day, in seconds.
type Operation struct {
	Msg           redact.Text
	N             uint64
	P50, P95, P99 float64
}

// Finding is something that correlation found on the day.
type Finding struct {
	Kind string // such as server_missing, or stuck
	Name redact.Text
	N    uint64
}

// Completeness says how far the numbers of a day can be trusted.
type Completeness struct {
	Share float64   // of the records of the day as far as known: 1 is all
	Upto  time.Time // everything before is counted; zero when unknown
	Late  uint64    // events that were added since the report was sent last
	Lost  uint64    // offsets that could not be read, of any day
	Lag   uint64    // records that wait
}
