package redact

import "slices"

// maxOrder bounds the members of an object whose order is remembered.
const maxOrder = 64

// expected gives the node that usually is the i-th in the object n, or noNode. Most objects have the same keys
// in the same order.
func (t *tree) expected(n int32, i int) int32 {
	if n <= 0 || i >= len(t.nodes[n].order) {
		return noNode
	}
	return t.nodes[n].order[i]
}

// follow notes that c came in the object n where the i-th was expected, and gives the place of the next.
// Members that are missing now and then keep their place.
func (t *tree) follow(n int32, i int, c int32) int {
	if n <= 0 || c <= 0 {
		return i
	}
	o := &t.nodes[n]
	if at := slices.Index(o.order, c); at >= 0 {
		return at + 1
	}
	if len(o.order) < maxOrder {
		o.order = slices.Insert(o.order, i, c)
	} else {
		o.order[min(i, maxOrder-1)] = c
	}
	return i + 1
}
