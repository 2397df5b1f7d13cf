package history

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/logproc/logproc/parse"
	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/rollup"
)

// table holds a day and the days before it, by service and env. Days are numbered backwards: 0 is the day itself.
type table struct {
	req    rollup.Request
	zones  []*zoneDays
	owners map[owner]*ownerDays
	cells  map[string]*cell // by stored key
	today  []rollup.Count   // all keys of the day itself, each in its day's first bucket
}

type owner struct{ service, env redact.Text }

// zoneDays are the days of one zone.
type zoneDays struct {
	zone *time.Location
	days [span]stretch
}

// ownerDays are the days of a service and env.
type ownerDays struct {
	owner
	zone   *zoneDays
	rows   map[redact.Text]*row
	events [span]uint64 // at any level
}

// row is a key's days.
type row struct {
	msg   redact.Text
	level parse.Level  // the highest on the day itself, of the levels that are shown
	n     [span]uint64 // at the levels that are shown
	seen  uint64       // one bit for each day, 1 for day 0: seen at any level
}

// cell is where the counts of a stored key go.
type cell struct {
	key   rollup.Key
	owner *ownerDays
	row   *row
	shown bool // its level is one of those that are shown
}

// load reads the days.
func load(ctx context.Context, s Store, req rollup.Request) (*table, error) {
	t := &table{req: req, owners: make(map[owner]*ownerDays), cells: make(map[string]*cell)}
	t.zoneDays(req.Zone)
	if err := t.discover(ctx, s); err != nil {
		return nil, fmt.Errorf("read the services of %s: %w", req.Day, err)
	}
	for z := 0; z < len(t.zones); z++ { // reading finds services, and those find further zones
		zone := t.zones[z]
		from, _ := zone.days[span-1].utcDays()
		_, to := zone.days[0].utcDays()
		revisions, err := s.Revisions(ctx, from, to)
		if err != nil {
			return nil, fmt.Errorf("read the revisions of days: %w", err)
		}
		for back := range span {
			if err := t.loadDay(ctx, s, zone, back, revisions); err != nil {
				return nil, fmt.Errorf("read %s: %w", req.Day.AddDays(-back), err)
			}
		}
	}
	return t, nil
}

// discover finds the services that have an event on the day of their own zone, though none on that of the request's:
// it reads the hours around the latter.
func (t *table) discover(ctx context.Context, s Store) error {
	if t.req.ZoneOf == nil {
		return nil
	}
	const reach = rollup.Bucket(20 * time.Hour / rollup.BucketLength) // further than any zone is from UTC
	from, to := t.req.Day.Buckets(nil)
	day := t.zones[0].days[0]
	for _, d := range []stretch{{from - reach, day.from}, {day.to, to + reach}} {
		list, err := fold(ctx, s, d, t.req.Service, t.req.Env)
		if err != nil {
			return err
		}
		for i := range list {
			if err := t.add(nil, 0, list[i].key, list[i].n); err != nil {
				return err
			}
		}
	}
	return nil
}

// zoneDays gives the days of a zone, made when they are not there.
func (t *table) zoneDays(zone *time.Location) *zoneDays {
	if zone == nil {
		zone = time.UTC
	}
	for _, z := range t.zones {
		if z.zone.String() == zone.String() {
			return z
		}
	}
	z := &zoneDays{zone: zone}
	for back := range span {
		z.days[back] = stretchOf(t.req.Day.AddDays(-back), zone)
	}
	t.zones = append(t.zones, z)
	return z
}

// loadDay adds one day of a zone to the services of that zone.
func (t *table) loadDay(ctx context.Context, s Store, z *zoneDays, back int, revisions map[int32]uint64) error {
	d := z.days[back]
	if d.from >= d.to { // a day that the zone left out
		return nil
	}
	prefix := rollup.AppendKeyPrefix(nil, t.req.Service, t.req.Env)
	add := func(key []byte, n uint64) error {
		if !bytes.HasPrefix(key, prefix) {
			return nil
		}
		return t.add(z, back, key, n)
	}
	if found, err := kept(ctx, s, d, revisionsOf(d, revisions), add); found || err != nil {
		return err
	}
	list, err := fold(ctx, s, d, t.req.Service, t.req.Env)
	if err != nil {
		return err
	}
	for i := range list {
		if err := add(list[i].key, list[i].n); err != nil {
			return err
		}
	}
	return nil
}

var errKey = errors.New("a key of the sums of a day cannot be read")

// add adds a sum to the services of a zone; with none, it only makes the services known.
func (t *table) add(z *zoneDays, back int, key []byte, n uint64) error {
	c := t.cells[string(key)]
	if c == nil {
		k, err := rollup.DecodeKey(key)
		if err != nil {
			return errKey
		}
		if t.req.Env != nil && k.Env.String() != *t.req.Env { // an env without a service
			return nil
		}
		c = t.cell(k)
		t.cells[string(key)] = c
	}
	if c.owner.zone != z {
		return nil
	}
	c.owner.events[back] = rollup.Sum(c.owner.events[back], n)
	c.row.seen |= 1 << back
	if c.shown {
		c.row.n[back] = rollup.Sum(c.row.n[back], n)
	}
	if back == 0 {
		t.today = append(t.today, rollup.Count{Key: c.key, Bucket: z.days[0].from, N: n})
		if c.shown {
			c.row.level = max(c.row.level, c.key.Level)
		}
	}
	return nil
}

// cell makes the cell of a key, with its owner and row.
func (t *table) cell(k rollup.Key) *cell {
	o := t.owners[owner{k.Service, k.Env}]
	if o == nil {
		zone := t.req.Zone
		if t.req.ZoneOf != nil {
			if own := t.req.ZoneOf(k.Service.String()); own != nil {
				zone = own
			}
		}
		o = &ownerDays{owner: owner{k.Service, k.Env}, zone: t.zoneDays(zone), rows: make(map[redact.Text]*row)}
		t.owners[o.owner] = o
	}
	r := o.rows[k.Msg]
	if r == nil {
		r = &row{msg: k.Msg}
		o.rows[k.Msg] = r
	}
	return &cell{key: k, owner: o, row: r, shown: t.req.AllLevels || k.Level.Attention()}
}

// present tells whether a service and env logged anything on a day.
func (o *ownerDays) present(back int) bool { return o.events[back] > 0 }

// scaled gives a row's count of a day as if it had been as long as another day.
func (o *ownerDays) scaled(r *row, back, to int) float64 {
	d, e := o.zone.days[back], o.zone.days[to]
	if length := d.to - d.from; length > 0 && length != e.to-e.from {
		return float64(r.n[back]) * float64(e.to-e.from) / float64(length)
	}
	return float64(r.n[back])
}

// dayReader is what the day's summary is made of: the counts that were read, and the forms of the store.
type dayReader struct {
	Store
	counts []rollup.Count
}

// Counts gives what was read already, which is what was asked for.
func (r dayReader) Counts(_ context.Context, _ rollup.Query, f func(rollup.Count) error) error {
	for i := range r.counts {
		if err := f(r.counts[i]); err != nil {
			return err
		}
	}
	return nil
}
