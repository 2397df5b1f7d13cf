// Package rules holds the rules that logs are checked by, compiled from rule files: here the naming
// convention of message keys with the fields that records must have.
//
// Everything is compiled once and then immutable. Nothing here does I/O, keeps time or logs.
package rules

import (
	_ "embed"
	"slices"

	"github.com/logproc/logproc/internal/glob"
	"github.com/logproc/logproc/parse"
)

//go:embed naming.yaml
var defaultNaming []byte

// Naming is a compiled naming convention. It is immutable and safe for concurrent use.
type Naming struct {
	minSegments, maxSegments, maxLength int
	minDigits, minHex                   int

	always RuleSet      // rules that are on for every service
	scoped []scopedRule // rules that are on for some
	firsts []firstOf    // by service
	fields []fieldCheck
	// What the checks of fields come to, see summarise.
	wanting      uint32
	customFields int

	known []Known
	byKey map[string][]int32 // indices into known
}

// scopedRule is a rule that holds for the services that match include (or all, when empty) and do not
// match exclude.
type scopedRule struct {
	rule             Rule
	include, exclude []glob.Glob
}

func (s *scopedRule) applies(service []byte) bool {
	return (len(s.include) == 0 || glob.Any(s.include, service)) && !glob.Any(s.exclude, service)
}

// firstOf is what some services may begin their keys with.
type firstOf struct {
	services []glob.Glob
	segments map[string]struct{}
}

// Known is a registered key.
type Known struct {
	Key         string
	Service     string   // may be a glob or empty (any service): then it is checked and suggested only
	Envs        []string // where it should exist at 0
	Level       parse.Level
	Description string
}

// Exact reports whether the entry names a series that can exist at 0 before the key first occurs: one
// service, at least one environment and a level.
func (k *Known) Exact() bool {
	return k.Service != "" && glob.Glob(k.Service).Literal() && len(k.Envs) > 0 && k.Level != parse.LevelUnknown
}

// DefaultNaming gives the built-in convention, see DefaultNamingFile.
func DefaultNaming() *Naming {
	n, err := LoadNaming("naming.yaml", nil)
	if err != nil {
		panic(err) // the embedded file is wrong: a defect that every test meets
	}
	return n
}

// DefaultNamingFile gives the commented rule file of the built-in convention.
func DefaultNamingFile() []byte { return slices.Clone(defaultNaming) }

// Known lists the registered keys in the order of the file. The slices are shared: do not change them.
func (n *Naming) Known() []Known { return slices.Clone(n.known) }

// enabled gives the rules that are on for a service.
func (n *Naming) enabled(service []byte) RuleSet {
	on := n.always
	for i := range n.scoped {
		if n.scoped[i].applies(service) {
			on = on.With(n.scoped[i].rule)
		}
	}
	return on
}

// registered reports whether the key is known for the service.
func (n *Naming) registered(service, key []byte) bool {
	for _, i := range n.byKey[string(key)] {
		if g := glob.Glob(n.known[i].Service); g == "" || g.Match(service) {
			return true
		}
	}
	return false
}

// firstAllowed reports whether a service may begin its keys with the segment.
func (n *Naming) firstAllowed(service, segment []byte) bool {
	named := false
	for i := range n.firsts {
		f := &n.firsts[i]
		if !glob.Any(f.services, service) {
			continue
		}
		if _, ok := f.segments[string(segment)]; ok {
			return true
		}
		named = true
	}
	return !named
}
