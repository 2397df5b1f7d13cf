// Package glob matches names, as rule and policy files give services.
package glob

// Glob matches names: '*' stands for any bytes, everything else for itself.
type Glob string

// Match reports whether the whole name matches. It goes back to the last star only, so it is at most
// quadratic, and allocates nothing.
func (g Glob) Match(name []byte) bool {
	i, j := 0, 0        // into g and name
	star, mark := -1, 0 // the last star, and where in name it began to match
	for j < len(name) {
		switch {
		case i < len(g) && g[i] == '*':
			star, mark = i, j
			i++
		case i < len(g) && g[i] == name[j]:
			i++
			j++
		case star >= 0:
			mark++
			i, j = star+1, mark
		default:
			return false
		}
	}
	for i < len(g) && g[i] == '*' {
		i++
	}
	return i == len(g)
}

// Literal reports whether the glob stands for one name only.
func (g Glob) Literal() bool {
	for i := range len(g) {
		if g[i] == '*' {
			return false
		}
	}
	return true
}

// Any reports whether one of the globs matches the whole name.
func Any(globs []Glob, name []byte) bool {
	for _, g := range globs {
		if g.Match(name) {
			return true
		}
	}
	return false
}
