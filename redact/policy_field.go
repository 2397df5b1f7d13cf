package redact

import (
	"slices"

	"github.com/logproc/logproc/internal/glob"
	"github.com/logproc/logproc/redact/detect"
)

// rule is a compiled rule.
type rule struct {
	index       int
	name, place string
	builtIn     bool
	services    []glob.Glob
	outputs     Outputs

	findings          bool // for what detectors find
	act               *Action
	keep              bool
	evidence, without detect.Kinds
	scanText          bool // with keep: prose is not kept

	field [outputCount]Field // what a field gets that the rule wins
}

func (r *rule) applies(out Output, service []byte) bool {
	return r.outputs.Has(out) && (len(r.services) == 0 || glob.Any(r.services, service))
}

// Field says what applies to the value at path: the decoded keys from the root, "*" for the items of an
// array, the innermost last. service may be nil. Names that the rules
// spell out, in their usual spellings, cost one hash look-up; others are worked out each time, which is why
// a Redactor remembers the fields that it has met. Nothing is allocated for names of ASCII letters.
func (p *Policy) Field(out Output, service []byte, path [][]byte) Field {
	path = withoutItems(path)
	if len(path) > 0 {
		if known, ok := p.known[string(path[len(path)-1])]; ok {
			return known[out]
		}
	}
	var work finder
	return work.field(p, out, service, path)
}

// byService reports whether fields depend on the service.
func (p *Policy) byService() bool {
	return slices.ContainsFunc(p.rules, func(r rule) bool { return len(r.services) > 0 }) ||
		slices.ContainsFunc(p.exceptions.list, func(x exception) bool { return len(x.services) > 0 })
}

// RuleFor gives the rule that decides about a field, and whether there is one: fields without are
// searched by the detectors, or hidden in allow-list mode.
func (p *Policy) RuleFor(out Output, service []byte, path [][]byte) (rule int, found bool) {
	var work finder
	if path = withoutItems(path); len(path) == 0 {
		return -1, false
	}
	r := work.rule(p, out, service, path)
	if r == nil {
		return -1, false
	}
	return r.index, true
}

// RuleOperator gives what a rule for fields does, as its file says it: an operator, scan, or evidence for
// one that only makes detectors readier. For rules about findings it is empty.
func (p *Policy) RuleOperator(i int) string {
	if i < 0 || i >= len(p.rules) {
		return ""
	}
	switch r := &p.rules[i]; {
	case r.findings:
		return ""
	case r.act != nil:
		return r.act.Op.String()
	case r.keep:
		return OpKeep.String()
	case r.evidence != 0:
		return "evidence"
	}
	return scanOperator
}

// plainField is what applies to a field without a rule.
func (p *Policy) plainField(out Output) Field {
	return Field{Act: p.unknown, Leaves: p.unknown != nil, On: p.on[out], Weak: true}
}

// inherit gives a field without a rule what its parent's name says of it: {"phone": {"home": …}}.
func inherit(child, parent Field) Field {
	if parent.Hint == 0 || parent.Act != nil {
		return child
	}
	return parent
}

// finder works out what applies to a field.
type finder struct{ key keyName }

// field works out what applies to the value at path, of which the last part is no array item.
func (w *finder) field(p *Policy, out Output, service []byte, path [][]byte) Field {
	if len(path) == 0 {
		return p.plainField(out)
	}
	if rule := w.rule(p, out, service, path); rule != nil {
		return p.exceptions.apply(rule.field[out], service, path, w)
	}
	field := p.plainField(out)
	if parents := withoutItems(path[:len(path)-1]); len(parents) > 0 {
		if rule := w.rule(p, out, service, parents); rule != nil {
			field = inherit(field, rule.field[out])
		}
	}
	return p.exceptions.apply(field, service, path, w)
}

// rule gives the strongest rule for the field, nil when there is none. A rule that hides, or is evidence, is for
// names with a word such as old or number at their end too; one that keeps is not.
func (w *finder) rule(p *Policy, out Output, service []byte, path [][]byte) *rule {
	best := binding{rank: noRank}
	name := path[len(path)-1]
	stronger := func(b binding) {
		if b.rank < best.rank && p.rules[b.entry].applies(out, service) {
			best = b
		}
	}
	p.fields.visit(&w.key, name, path, stronger)
	plain := best
	if p.fields.visitBare(&w.key, name, stronger); best != plain && !p.rules[best.entry].hides() {
		best = plain
	}
	if best.rank == noRank {
		return nil
	}
	if p.trace != nil {
		p.trace(int(best.entry))
	}
	return &p.rules[best.entry]
}

// hides reports whether the rule makes less be seen than without it.
func (r *rule) hides() bool { return r.act != nil || r.evidence != 0 }

// withoutItems cuts array items from the end of a path: an item is the field that the array is.
func withoutItems(path [][]byte) [][]byte {
	for len(path) > 0 && isItem(path[len(path)-1]) {
		path = path[:len(path)-1]
	}
	return path
}

func isItem(segment []byte) bool { return len(segment) == 1 && segment[0] == '*' }
