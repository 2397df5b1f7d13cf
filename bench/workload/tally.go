package workload

import "time"

// tally counts while the generator writes: cells of arrays, one set a day, so that it costs next to nothing.
type tally struct {
	services, keys, distinct int

	days   map[int64]*dayTally // by days since the epoch
	newest int64               // the day of today
	today  *dayTally
	bad    [BadKinds]uint64
}

// cell counts the events of one msg by level and env.
type cell [levelCount][len(envNames)]uint64

type dayTally struct {
	keyed            []cell   // by key
	missing, invalid []cell   // by service
	distinct         []uint32 // by ordinal; all of the same service, level and env
}

func newTally(services, keys, distinct int) tally {
	return tally{services: services, keys: keys, distinct: distinct, days: make(map[int64]*dayTally)}
}

func (t *tally) add(e *event, text bool) {
	d := t.day(floorDiv(e.time, int64(24*time.Hour)))
	switch {
	case e.kind == kindMissing:
		d.missing[e.service][e.level][e.env]++
	case e.kind == kindFreeText || e.kind == kindDistinct && text:
		d.invalid[e.service][e.level][e.env]++
	case e.kind == kindDistinct:
		d.distinct[e.ordinal]++
	default:
		d.keyed[e.key][e.level][e.env]++
	}
}

func (t *tally) day(number int64) *dayTally {
	if t.today != nil && t.newest == number {
		return t.today
	}
	d := t.days[number]
	if d == nil {
		d = &dayTally{
			keyed:    make([]cell, t.keys),
			missing:  make([]cell, t.services),
			invalid:  make([]cell, t.services),
			distinct: make([]uint32, t.distinct),
		}
		t.days[number] = d
	}
	t.newest, t.today = number, d
	return d
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// Truth gives the totals of everything written so far.
func (g *Generator) Truth() Truth {
	truth := Truth{Records: g.n, Bad: g.tally.bad}
	for number, d := range g.tally.days {
		midnight := time.Unix(number*int64(24*time.Hour/time.Second), 0).UTC()
		for i := range d.keyed {
			k := &g.keys[i]
			truth.add(&d.keyed[i], Row{Msg: k.name, Service: g.services[k.service], Day: midnight})
		}
		for i, service := range g.services {
			truth.add(&d.missing[i], Row{Msg: msgMissing, Service: service, Day: midnight})
			truth.add(&d.invalid[i], Row{Msg: msgInvalid, Service: service, Day: midnight})
		}
		for i, n := range d.distinct {
			if n > 0 {
				truth.Rows = append(truth.Rows, Row{Msg: DistinctKey(i), Service: g.services[0],
					Level: levelInfo.String(), Env: envNames[0], Day: midnight, Count: uint64(n)})
			}
		}
	}
	var bad uint64
	for _, n := range g.tally.bad {
		bad += n
	}
	if bad > 0 {
		truth.Rows = append(truth.Rows, Row{Msg: msgUnparsed, Service: serviceUnknown, Level: levelUnknown, Count: bad})
	}
	return truth
}

// add appends a row for every level and env that c has counted.
func (t *Truth) add(c *cell, row Row) {
	for l, byEnv := range c {
		for e, n := range byEnv {
			if n > 0 {
				row.Level, row.Env, row.Count = level(l).String(), envNames[e], n
				t.Rows = append(t.Rows, row)
			}
		}
	}
}
