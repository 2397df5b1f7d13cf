// Package conf reads YAML files strictly: it decodes a file into a struct and reports everything that
// is wrong with it at once, each finding with its line and column.
package conf

import (
	"slices"
	"strconv"
	"strings"
)

// Diagnostic is one thing wrong with a file.
type Diagnostic struct {
	File         string // empty for what comes from flags, which has no position
	Line, Column int    // both from 1, the column in characters
	What         string // what was found, for example `kafka.start is "lates"`
	Want         string // what was expected, without the word; empty when What says it all
}

// Error gives "file:line:column: what, expected want".
func (d Diagnostic) Error() string {
	var b strings.Builder
	if d.File != "" {
		b.WriteString(d.File)
		b.WriteByte(':')
		b.WriteString(strconv.Itoa(d.Line))
		b.WriteByte(':')
		b.WriteString(strconv.Itoa(d.Column))
		b.WriteString(": ")
	}
	b.WriteString(d.What)
	if d.Want != "" {
		b.WriteString(", expected ")
		b.WriteString(d.Want)
	}
	return b.String()
}

// Diagnostics are all that was found in a file, ordered by position. A nil value means that the file
// is in order; use Err to turn that into a nil error.
type Diagnostics []Diagnostic

// Error gives one line per diagnostic.
func (ds Diagnostics) Error() string {
	lines := make([]string, len(ds))
	for i, d := range ds {
		lines[i] = d.Error()
	}
	return strings.Join(lines, "\n")
}

// Err gives ds as an error, nil when there is nothing in it.
func (ds Diagnostics) Err() error {
	if len(ds) == 0 {
		return nil
	}
	return ds
}

// maxDiagnostics bounds what is kept: a file with more than that is of the wrong kind altogether.
const maxDiagnostics = 200

func (ds Diagnostics) sorted() Diagnostics {
	slices.SortStableFunc(ds, func(a, b Diagnostic) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
	return ds
}
