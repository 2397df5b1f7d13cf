package redact

import (
	"fmt"
	"slices"
	"time"

	"github.com/logproc/logproc/internal/glob"
	"github.com/logproc/logproc/redact/detect"
)

// exceptions are those of the file that have not expired.
type exceptions struct {
	fields selectorSet
	list   []exception
	values map[string][]int // those of list that are for findings of exactly that text
}

// exception takes detectors and rules away from fields.
type exception struct {
	services  []glob.Glob
	detectors detect.Kinds
	rules     []int
}

// apply takes away from field what exceptions for it say. path is as finder.field has it.
func (e *exceptions) apply(field Field, service []byte, path [][]byte, w *finder) Field {
	if len(e.list) == 0 {
		return field
	}
	e.fields.visit(&w.key, path[len(path)-1], path, func(b binding) {
		x := &e.list[b.entry]
		if len(x.services) > 0 && !glob.Any(x.services, service) {
			return
		}
		field.On &^= x.detectors
		field.Hint &^= x.detectors
		field.Text &^= x.detectors
		if field.Act != nil && slices.Contains(x.rules, field.Act.Rule) {
			field.Act = nil
		}
	})
	return field
}

// exceptions compiles the exceptions. It runs after the rules, which they name.
func (c *compiler) exceptions() {
	for i := range c.f.Exceptions {
		e, path := &c.f.Exceptions[i], at("exceptions", i)
		for _, need := range []struct{ name, value string }{{"reason", e.Reason}, {"owner", e.Owner}} {
			if need.value == "" {
				c.add(path, "the exception has no "+need.name, need.name+", expires and what it is for: nobody may be exempt for ever or by nobody")
			}
		}
		if e.Expires.IsZero() {
			c.add(path, "the exception has no expires", "the last day on which it applies, such as 2026-12-31")
		}
		if len(e.Detectors)+len(e.Rules) == 0 {
			c.add(path, "the exception names neither detectors nor rules", "those that do not apply there")
		}
		if e.none() && len(e.Values) == 0 {
			c.add(path, "the exception is for no field and no value", "names, suffixes, paths or values")
		}
		x := exception{services: globsOf(e.Services), detectors: c.kinds(path+".detectors", e.Detectors)}
		for j, name := range e.Rules {
			x.rules = append(x.rules, c.exceptRule(at(path+".rules", j), name)...)
		}
		c.exceptValues(path, e)
		selected := c.selectors(path, &e.selectors, int32(len(c.p.exceptions.list)), false)
		if c.expired(e.Expires.Time) {
			c.warn(path, fmt.Sprintf("the exception expired on %s and does not apply", e.Expires.Format(time.DateOnly)), "a later day, or its removal")
			continue
		}
		c.p.exceptions.addValues(e.Values, len(c.p.exceptions.list))
		c.p.exceptions.list = append(c.p.exceptions.list, x)
		for j := range selected {
			c.p.exceptions.fields.add(&selected[j])
		}
	}
}

// Bounds of the values of an exception.
const (
	maxExceptValues     = 100
	maxExceptValueBytes = 256
)

// exceptValues checks the values of an exception. They are for detectors: what a rule hides by the name of a
// field is hidden whatever it is.
func (c *compiler) exceptValues(path string, e *exceptionEntry) {
	switch {
	case len(e.Values) == 0:
		return
	case !e.none() || len(e.Rules) > 0:
		c.add(path+".values", "the exception is for values, and for fields or rules", "an exception of its own for the values, with detectors")
	case len(e.Values) > maxExceptValues:
		c.add(path+".values", fmt.Sprintf("values has %d entries", len(e.Values)), fmt.Sprintf("at most %d", maxExceptValues))
	}
	for i, v := range e.Values {
		if v == "" || len(v) > maxExceptValueBytes {
			c.add(at(path+".values", i), at(path+".values", i)+" is not valid", fmt.Sprintf("the whole text of a finding, at most %d bytes", maxExceptValueBytes))
		}
	}
}

func (e *exceptions) addValues(values []string, entry int) {
	for _, v := range values {
		if e.values == nil {
			e.values = make(map[string][]int)
		}
		e.values[v] = append(e.values[v], entry)
	}
}

// exempts reports whether a finding of the kind stays because it is exactly a text that an exception names. An
// exception covers its own text only: what stands around it is looked at as ever.
func (p *Policy) exempts(finding []byte, k detect.Kind, service []byte) bool {
	for _, i := range p.exceptions.values[string(finding)] {
		if x := &p.exceptions.list[i]; x.detectors.Has(k) && (len(x.services) == 0 || glob.Any(x.services, service)) {
			return true
		}
	}
	return false
}

// expired reports whether the day is over, in UTC.
func (c *compiler) expired(day time.Time) bool {
	return !c.now.IsZero() && !day.IsZero() && !c.now.Before(day.AddDate(0, 0, 1))
}

// exceptRule gives the rules of that name. Rules of the built-in policy are known after base only, so
// exceptions are compiled last.
func (c *compiler) exceptRule(path, name string) []int {
	var found []int
	var names []string
	for i := range c.p.rules {
		names = append(names, c.p.rules[i].name)
		if c.p.rules[i].name == name {
			found = append(found, i)
		}
	}
	if found == nil {
		c.add(path, "no rule is called "+quoted(name), orSuggest(name, names, "the name of a rule"))
	}
	return found
}

// headerRules are the headers that may stay.
type headerRules struct {
	names    map[string]struct{} // compact
	prefixes []string            // compact
}

func headersOf(allow []string) headerRules {
	h := headerRules{names: make(map[string]struct{})}
	for _, name := range allow {
		if len(name) > 0 && name[len(name)-1] == '*' {
			h.prefixes = append(h.prefixes, compactOf(name))
		} else {
			h.names[compactOf(name)] = struct{}{}
		}
	}
	return h
}

func (h *headerRules) allows(name []byte) bool {
	var k keyName
	k.set(name)
	if _, ok := h.names[string(k.compact())]; ok {
		return true
	}
	for _, p := range h.prefixes {
		if k.length >= len(p) && string(k.compact()[:len(p)]) == p {
			return true
		}
	}
	return false
}
