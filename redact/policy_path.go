package redact

import "bytes"

// pathPattern is a compiled path: compact names, "*" for one key, "**" for any number of them. Items of
// an array need nothing in the pattern, but a "*" may stand for one.
type pathPattern []string

const (
	anyKey  = "*"
	anyKeys = "**"
)

// match reports whether the path, without array items at its end, matches. Dotted keys are read as paths.
func (p pathPattern) match(path [][]byte) bool { return p.rest(path, 0) }

// rest matches from a byte of the first segment, behind a dot of a dotted key.
func (p pathPattern) rest(path [][]byte, from int) bool {
	if len(path) == 0 {
		return len(p) == 0 || len(p) == 1 && p[0] == anyKeys
	}
	if from == 0 && isItem(path[0]) {
		return p.rest(path[1:], 0) || len(p) > 0 && p[0] == anyKey && p[1:].rest(path[1:], 0)
	}
	if len(p) == 0 {
		return false
	}
	segment, next := path[0][from:], 0
	after := path[1:]
	if dot := bytes.IndexByte(segment, '.'); dot >= 0 {
		segment, next, after = segment[:dot], from+dot+1, path
	}
	switch p[0] {
	case anyKeys:
		return p[1:].rest(path, from) || p.rest(after, next)
	case anyKey:
		return p[1:].rest(after, next)
	}
	return equalsCompact(p[0], segment) && p[1:].rest(after, next)
}

// equalsCompact reports whether a name has the compact form.
func equalsCompact(compact string, name []byte) bool {
	if !isASCII(name) {
		return compactOf(string(name)) == compact
	}
	n := 0
	for _, c := range name {
		if !isWordByte(c) {
			continue
		}
		if isUpper(c) {
			c += 'a' - 'A'
		}
		if n == len(compact) || compact[n] != c {
			return false
		}
		n++
	}
	return n == len(compact)
}

// lastSegment gives the compact form of a key's last part: of "user.email" the e-mail. It uses k's room.
func (k *keyName) lastSegment(name []byte) []byte {
	if dot := bytes.LastIndexByte(name, '.'); dot >= 0 {
		name = name[dot+1:]
	}
	k.set(name)
	return k.compact()
}

// covers reports whether every path that q matches is matched by p.
func (p pathPattern) covers(q pathPattern) bool {
	switch {
	case len(p) == 0:
		return len(q) == 0
	case p[0] == anyKeys:
		return p[1:].covers(q) || len(q) > 0 && p.covers(q[1:])
	case len(q) == 0 || q[0] == anyKeys:
		return false
	case p[0] == anyKey || p[0] == q[0]:
		return p[1:].covers(q[1:])
	}
	return false
}

// wildcard reports whether the pattern has any.
func (p pathPattern) wildcard() bool {
	for _, s := range p {
		if isWildcard(s) {
			return true
		}
	}
	return false
}

func isWildcard(segment string) bool { return segment == anyKey || segment == anyKeys }

// dotted reports whether a key is a path by itself.
func dotted(name []byte) bool { return bytes.IndexByte(name, '.') >= 0 }
