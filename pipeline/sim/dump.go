package sim

// dump puts the records around the end of a chapter into the trace.
func (w *world) dump(v *version) {
	c := &v.chapters[len(v.chapters)-1]
	if !w.trace.kept {
		return
	}
	for offset := c.from; offset < c.to; offset++ {
		r := &c.log.records[offset]
		w.note("  offset %d: kind %d stream %d split %d index %d %s", offset, r.kind, r.stream, r.split, r.index, r.value)
	}
	w.note("  lost: %v", c.lost)
	want := w.oracle.truth(v.chapters)
	for i, n := range want.counts {
		if i < len(v.counts) && v.counts[i] != n {
			w.note("  %v: %d stored, want %d and perhaps %d", w.oracle.names[i], v.counts[i], n, want.maybe[i])
		}
	}
}
