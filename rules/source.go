package rules

import (
	"fmt"
	"strings"

	"github.com/logproc/logproc/parse"
)

// source is where a text comes from.
type source struct {
	kind sourceKind
	path parse.Path
}

type sourceKind uint8

const (
	sourceField sourceKind = iota
	sourceService
	sourceKey
)

// source gives a text of a record that fulfils conditions; nil when it has none.
func (m *fieldReader) source(r *parse.Record, s *source, conditions []condition) []byte {
	switch s.kind {
	case sourceService:
		return r.Service
	case sourceKey:
		return m.stem(r, conditions)
	default:
		return m.textOf(r.Get(s.path))
	}
}

// stem gives what the stars of the key's glob stand for, of a glob with a star at one of its ends; the
// whole key of any other.
func (m *fieldReader) stem(r *parse.Record, conditions []condition) []byte {
	for i := range conditions {
		c := &conditions[i]
		if m.paths[c.path].String() != keyPath {
			continue
		}
		for i := range c.globs {
			g := &c.globs[i]
			if !g.match(r.Key) {
				continue
			}
			switch g.kind {
			case patternSuffix:
				return r.Key[:len(r.Key)-len(g.text)]
			case patternPrefix:
				return r.Key[len(g.text):]
			}
		}
	}
	return r.Key
}

// source compiles the name of a field, $service or $key.
func (c *compiler) source(at, name string) source {
	c.named(at, name)
	switch {
	case name == "$service":
		return source{kind: sourceService}
	case name == "$key":
		return source{kind: sourceKey}
	case strings.HasPrefix(name, "$"):
		c.doc.Add(at, fmt.Sprintf("%s is %q", at, name), "the name of a field, $service or $key")
	}
	return source{path: parse.NewPath(name)}
}
