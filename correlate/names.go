package correlate

import "github.com/logproc/logproc/redact"

// names gives texts numbers, so that an open request takes four bytes for one. A number is free again when no
// open request uses it: what is held is then a function of the open requests.
type names struct {
	texts    []redact.Text // 0 is the empty text, 1 is _overflow
	uses     []uint32
	index    map[redact.Text]uint32
	free     []uint32
	limit    int
	overflow uint64
}

func newNames(limit int) *names {
	return &names{
		texts: []redact.Text{{}, redact.Const("_overflow")}, uses: make([]uint32, 2),
		index: make(map[redact.Text]uint32), limit: limit,
	}
}

// take gives the number of a text and counts a use of it.
func (n *names) take(t redact.Text) uint32 {
	if t == (redact.Text{}) {
		return 0
	}
	i, ok := n.index[t]
	switch {
	case ok:
	case len(n.index) >= n.limit:
		n.overflow++
		return 1
	case len(n.free) > 0:
		i = n.free[len(n.free)-1]
		n.free = n.free[:len(n.free)-1]
		n.texts[i], n.index[t] = t, i
	default:
		i = uint32(len(n.texts))
		n.texts, n.uses = append(n.texts, t), append(n.uses, 0)
		n.index[t] = i
	}
	n.uses[i]++
	return i
}

// give gives the text of a number, and ends a use of it.
func (n *names) give(i uint32) redact.Text {
	t := n.texts[i]
	if i > 1 {
		if n.uses[i]--; n.uses[i] == 0 {
			delete(n.index, t)
			n.texts[i] = redact.Text{}
			n.free = append(n.free, i)
		}
	}
	return t
}
