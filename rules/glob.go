package rules

// glob matches names of services: '*' stands for any bytes, everything else for itself.
type glob string

// match reports whether the whole name matches. It goes back to the last star only, so it is at most
// quadratic, and allocates nothing.
func (g glob) match(name []byte) bool {
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

// literal reports whether the glob stands for one name only.
func (g glob) literal() bool {
	for i := range len(g) {
		if g[i] == '*' {
			return false
		}
	}
	return true
}

func matchAny(globs []glob, name []byte) bool {
	for _, g := range globs {
		if g.match(name) {
			return true
		}
	}
	return false
}
