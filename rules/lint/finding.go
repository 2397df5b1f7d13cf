// Package lint checks log lines against a naming convention and reports what breaks it, with the line
// it is in, as text, JSON, SARIF or GitHub annotations.
package lint

import (
	"fmt"
	"strconv"

	"github.com/logproc/logproc/parse"
	"github.com/logproc/logproc/rules"
)

// Finding is one thing that is wrong with a line, or with many lines in the same way. It holds nothing
// that may identify somebody: keys are shown as their form.
type Finding struct {
	File       string `json:"file"` // as named by the caller; "stdin" for standard input
	Line       int64  `json:"line"` // from 1; the first of them
	Service    string `json:"service"`
	Rule       string `json:"rule"` // a rules.Rule or a parse.Reason
	Key        string `json:"key"`  // as it is, or its form where that differs; _missing or _unparsed where there is none
	Field      string `json:"field,omitempty"`
	Why        string `json:"why"`
	Suggestion string `json:"suggestion,omitempty"` // a key that may have been meant
	Count      int64  `json:"count"`                // how often it occurs in the file
}

// Message says what is wrong and what may have been meant.
func (f *Finding) Message() string {
	text := f.Key + ": " + f.Why
	if f.Suggestion != "" {
		text += ", did you mean " + f.Suggestion + "?"
	}
	return text
}

// Totals sums up a run.
type Totals struct {
	Findings    int64 // handed out
	Occurrences int64 // what they stand for, and those beyond the bound
	Beyond      int64 // occurrences that were not handed out, because a file had too many different findings
	Lines       int64
	Files       int
}

// String gives "12 findings (431 occurrences) in 3313 lines of 1 file".
func (t Totals) String() string {
	text := counted(t.Findings, "finding")
	if t.Occurrences != t.Findings {
		text += " (" + counted(t.Occurrences, "occurrence") + ")"
	}
	text += " in " + counted(t.Lines, "line") + " of " + counted(int64(t.Files), "file")
	if t.Beyond > 0 {
		text += fmt.Sprintf("; %d occurrences are not listed, because a file has more than %d different findings", t.Beyond, maxFound)
	}
	return text
}

func counted(n int64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.FormatInt(n, 10) + " " + what + "s"
}

// unreadable explains why a line is no record.
func unreadable(r parse.Reason) string {
	switch r {
	case parse.Empty:
		return "the line is empty"
	case parse.NotJSON:
		return "the line is not JSON"
	case parse.NotObject:
		return "the line is JSON, but no object"
	case parse.Truncated:
		return "the line is JSON that ends too early"
	case parse.TooLong:
		return "the line is too long to be read"
	case parse.TooDeep:
		return "the line is nested too deep to be read"
	case parse.Incomplete:
		return "the line is part of a split record whose end is missing"
	default:
		return "the line cannot be read"
	}
}

// rule describes a rule for formats that list them.
type rule struct {
	name, help, level string
}

// allRules lists every rule that a finding can name: those of keys and fields, then the reasons why a
// line cannot be read, which are errors.
func allRules() []rule {
	var list []rule
	for r := rules.RuleNone + 1; int(r) < rules.RuleCount; r++ {
		list = append(list, rule{r.String(), r.Help(), "warning"})
	}
	for r := parse.Tombstone + 1; int(r) < parse.ReasonCount; r++ {
		list = append(list, rule{r.String(), "Every line is a record in JSON: " + unreadable(r) + ".", "error"})
	}
	return list
}

// levelOf gives the severity of a rule.
func levelOf(name string) string {
	for r := rules.RuleNone + 1; int(r) < rules.RuleCount; r++ {
		if r.String() == name {
			return "warning"
		}
	}
	return "error"
}
