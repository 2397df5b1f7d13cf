package rules

import (
	"maps"
	"slices"

	"github.com/logproc/logproc/parse"
)

// Bounds of conditions: records are held against all of them.
const (
	maxWhen   = 8
	maxValues = 32
)

// conditionCompiler compiles conditions and collects the fields that they ask for.
type conditionCompiler struct {
	compiler
	paths []parse.Path
}

// conditions compiles what stands under a key `when`.
func (c *conditionCompiler) conditions(path string, when map[string][]string) []condition {
	c.atMost(path, len(when), maxWhen)
	if len(when) == 0 {
		c.doc.Add(path, path+" is empty", "a field and the values that it must have")
	}
	var list []condition
	for _, name := range slices.Sorted(maps.Keys(when)) {
		at := path + "." + name
		c.named(at, name)
		c.atMost(at, len(when[name]), maxValues)
		if len(when[name]) == 0 {
			c.doc.Add(at, at+" has no value", "at least one")
		}
		condition := condition{path: c.path(name)}
		for j, value := range when[name] {
			if c.named(index(at, j), value) {
				condition.globs = append(condition.globs, newPattern(value))
			}
		}
		list = append(list, condition)
	}
	// The key is at hand already, any other field has to be looked up.
	slices.SortStableFunc(list, func(a, b condition) int { return c.lookups(a) - c.lookups(b) })
	return list
}

// lookups gives how many look-ups a condition costs.
func (c *conditionCompiler) lookups(d condition) int {
	if c.paths[d.path].String() == keyPath {
		return 0
	}
	return 1
}

// path gives the index of a field that frames ask for.
func (c *conditionCompiler) path(name string) int {
	for i, p := range c.paths {
		if p.String() == name {
			return i
		}
	}
	c.paths = append(c.paths, parse.NewPath(name))
	return len(c.paths) - 1
}
