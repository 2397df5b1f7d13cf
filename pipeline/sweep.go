package pipeline

// Every so many commits, a minute or so, idle series are swept out: all workers have tables of their own,
// and what one service used for an hour must not stay in all of them.
const (
	sweepEvery = 64
	// keptSeries is how many series a worker keeps however idle they are.
	keptSeries = 20_000
)

// sweep forgets what no record has used since the last sweep but one. A series that comes back is found
// again by the shared budget.
func (t *tally) sweep() {
	idle := t.resets - sweepEvery
	for name, d := range t.durations {
		if d.used < idle {
			d.gone = true
			delete(t.durations, name)
		}
	}
	for name, d := range t.days {
		if d.used < idle {
			d.gone = true
			delete(t.days, name)
		}
	}
	full := len(t.admitted) > keptSeries
	for key, s := range t.admitted {
		if s.durations != nil && s.durations.gone {
			s.durations = nil
		}
		if s.today != nil && s.today.gone {
			s.today = nil
		}
		if s.used < idle {
			s.others = nil
			if s.gone = full; full {
				delete(t.admitted, key)
			}
		}
	}
	if !full {
		return
	}
	for raw, s := range t.known {
		if s.gone {
			delete(t.known, raw)
		}
	}
}
