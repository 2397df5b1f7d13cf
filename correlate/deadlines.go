package correlate

// deadline is when a request may be closed at the soonest: by now it may have moved.
type deadline struct {
	at   int64
	seq  uint64
	slot uint32
}

func (d deadline) before(other deadline) bool {
	return d.at < other.at || d.at == other.at && d.seq < other.seq
}

// deadlines is a binary heap with the soonest first.
type deadlines struct{ list []deadline }

func (d *deadlines) push(n deadline) {
	d.list = append(d.list, n)
	i := len(d.list) - 1
	for i > 0 {
		up := (i - 1) / 2
		if !n.before(d.list[up]) {
			break
		}
		d.list[i] = d.list[up]
		i = up
	}
	d.list[i] = n
}

// pop gives the soonest; there must be one.
func (d *deadlines) pop() deadline {
	first, last := d.list[0], d.list[len(d.list)-1]
	d.list = d.list[:len(d.list)-1]
	n := len(d.list)
	if n == 0 {
		return first
	}
	i := 0
	for {
		down := 2*i + 1
		if down >= n {
			break
		}
		if down+1 < n && d.list[down+1].before(d.list[down]) {
			down++
		}
		if !d.list[down].before(last) {
			break
		}
		d.list[i] = d.list[down]
		i = down
	}
	d.list[i] = last
	return first
}
