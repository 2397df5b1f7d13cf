package conf

import (
	"fmt"
	"strings"

	"github.com/goccy/go-yaml/token"
)

// Document remembers where in its file each key was given, for checks that come after decoding. What
// such checks add is kept together with what Decode found.
type Document struct {
	file      string
	positions map[string]position
	found     Diagnostics
}

type position struct{ line, column int }

func newDocument(file string) *Document {
	return &Document{file: file, positions: make(map[string]position)}
}

// At gives the position of a key's value, or of the nearest key above it when the file does not name
// the key. Paths are dotted, with list items in brackets: "kafka.start", "rules[2].name".
func (d *Document) At(path string) (line, column int) {
	for {
		if p, ok := d.positions[path]; ok {
			return p.line, p.column
		}
		i := strings.LastIndexAny(path, ".[")
		if i < 0 {
			return 1, 1
		}
		path = path[:i]
	}
}

// Beside gives an empty list of diagnostics with the same positions, for checks that are reported apart.
func (d *Document) Beside() *Document { return &Document{file: d.file, positions: d.positions} }

// Has reports whether the file names the key.
func (d *Document) Has(path string) bool {
	_, ok := d.positions[path]
	return ok
}

// Add adds a diagnostic at the position of path. The caller keeps values of secret keys out of what.
func (d *Document) Add(path, what, want string) {
	line, column := d.At(path)
	d.add(position{line, column}, what, want)
}

// Errorf adds a diagnostic at the position of path without an expectation of its own.
func (d *Document) Errorf(path, format string, args ...any) {
	d.Add(path, fmt.Sprintf(format, args...), "")
}

// Diagnostics gives all that was found so far, by Decode and by Add, ordered by position; nil when the
// file is in order.
func (d *Document) Diagnostics() Diagnostics { return d.found.sorted() }

func (d *Document) add(p position, what, want string) {
	if len(d.found) < maxDiagnostics {
		d.found = append(d.found, Diagnostic{File: d.file, Line: p.line, Column: p.column, What: what, Want: want})
	}
}

// positionOf gives a token's place, also where the library has none.
func positionOf(t *token.Token) position {
	if t == nil || t.Position == nil {
		return position{1, 1}
	}
	return position{max(t.Position.Line, 1), max(t.Position.Column, 1)}
}
