package rollup

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/logproc/logproc/parse"
	"github.com/logproc/logproc/redact"
)

// Reader is the part of a Store that summaries are made of.
type Reader interface {
	Counts(ctx context.Context, q Query, f func(Count) error) error
	Forms(ctx context.Context, q Query, f func(Form) error) error
}

// Request says which summaries are wanted.
type Request struct {
	Day  Date
	Zone *time.Location // whose day; nil is UTC
	// ZoneOf gives the zone of a service whose day is another one's, and nil for the others. May be nil.
	ZoneOf    func(service string) *time.Location
	Service   *string // nil: all
	Env       *string // nil: all
	AllLevels bool    // also the keys of the priority "debugging"
}

// TopForms is the number of forms that a Summary lists.
const TopForms = 10

// Summary is one service and env on one day.
type Summary struct {
	Service   redact.Text
	Env       redact.Text // empty where the records name none
	Day       Date
	Zone      string        // as in the tz database
	DayLength time.Duration // 23, 24 or 25 hours; half-hours exist
	AllLevels bool          // whether Lines has the keys of all levels

	Total  uint64 // sum of Lines
	Lines  []Line // ordered by Msg, bytewise
	Events uint64 // all events of the day, whatever Lines leaves out
	Levels []LevelCount

	Invalid      uint64      // events whose key breaks the naming convention, at all levels
	InvalidForms []FormCount // the TopForms most frequent forms of such keys; their counts are lower bounds
	MoreForms    int         // number of further forms that are known

	Missing  uint64 // records without a key, at all levels
	Unparsed uint64 // lines that could not be read
	Overflow uint64 // events beyond a cardinality budget, at all levels
}

// Line is one key of a summary.
type Line struct {
	Msg   redact.Text
	Level parse.Level // the highest that Msg was counted at, of those that N holds
	N     uint64      // at all levels that the summary shows
}

// LevelCount is the number of events of one level.
type LevelCount struct {
	Level parse.Level
	N     uint64
}

// Line gives the number that Lines holds for a key; 0 when it is not there.
func (s *Summary) Line(msg string) uint64 {
	i, found := slices.BinarySearchFunc(s.Lines, msg, func(l Line, msg string) int { return strings.Compare(l.Msg.String(), msg) })
	if !found {
		return 0
	}
	return s.Lines[i].N
}

// Summaries gives one summary for each service and env that has any event on the day, ordered by
// service, then env, bytewise.
func Summaries(ctx context.Context, r Reader, req Request) ([]Summary, error) {
	b := builder{Request: req, owners: make(map[owner]*draft), spans: make(map[redact.Text]span)}
	query := Query{Service: req.Service, Env: req.Env}
	query.From, query.To = req.Day.Buckets(req.Zone)
	if req.ZoneOf != nil { // the day of any zone: it begins and ends within that many buckets of the day in UTC
		query.From, query.To = req.Day.Buckets(nil)
		query.From, query.To = query.From-widestOffset, query.To+widestOffset
	}
	if err := r.Counts(ctx, query, b.count); err != nil {
		return nil, fmt.Errorf("read the counts of %s: %w", req.Day, err)
	}
	if err := r.Forms(ctx, query, b.form); err != nil {
		return nil, fmt.Errorf("read the forms of %s: %w", req.Day, err)
	}
	list := make([]Summary, 0, len(b.owners))
	for o, d := range b.owners {
		s := d.summary()
		s.Service, s.Env = o.service, o.env
		day := b.span(o.service)
		s.Day, s.Zone, s.AllLevels = req.Day, zoneOrUTC(day.zone).String(), req.AllLevels
		s.DayLength = time.Duration(day.to-day.from) * BucketLength
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b Summary) int {
		if c := strings.Compare(a.Service.String(), b.Service.String()); c != 0 {
			return c
		}
		return strings.Compare(a.Env.String(), b.Env.String())
	})
	return list, nil
}

// Dates gives the days of req's zone that hold any event of its service and env, in ascending order.
// req.Day has no meaning here.
func Dates(ctx context.Context, r Reader, req Request) ([]Date, error) {
	buckets := make(map[Bucket]struct{})
	query := Everything()
	query.Service, query.Env = req.Service, req.Env
	err := r.Counts(ctx, query, func(c Count) error {
		if c.Bucket.OfDay() {
			buckets[c.Bucket] = struct{}{}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the days: %w", err)
	}
	dates := make([]Date, 0, len(buckets)/24+1)
	for b := range buckets {
		dates = append(dates, DateOf(b, req.Zone))
	}
	slices.SortFunc(dates, Date.Compare)
	return slices.Compact(dates), nil
}

type owner struct{ service, env redact.Text }

// builder gathers counts and forms by service and env.
type builder struct {
	Request
	owners map[owner]*draft
	spans  map[redact.Text]span
}

// span is a service's day.
type span struct {
	zone     *time.Location
	from, to Bucket
}

// widestOffset is further than any zone is from UTC, in buckets.
const widestOffset = Bucket(20 * time.Hour / BucketLength)

func (b *builder) span(service redact.Text) span {
	s, known := b.spans[service]
	if !known {
		s.zone = b.Zone
		if b.ZoneOf != nil {
			if zone := b.ZoneOf(service.String()); zone != nil {
				s.zone = zone
			}
		}
		s.from, s.to = b.Day.Buckets(s.zone)
		b.spans[service] = s
	}
	return s
}

func (b *builder) count(c Count) error {
	if day := b.span(c.Key.Service); c.Bucket < day.from || c.Bucket >= day.to {
		return nil
	}
	o := owner{c.Key.Service, c.Key.Env}
	d := b.owners[o]
	if d == nil {
		d = &draft{lines: make(map[redact.Text]Line), forms: make(map[redact.Text]uint64)}
		b.owners[o] = d
	}
	d.count(c, b.AllLevels)
	return nil
}

// form leaves out forms of a service without counts: they were committed with them, so there is none.
func (b *builder) form(f Form) error {
	if day := b.span(f.Service); f.Bucket < day.from || f.Bucket >= day.to {
		return nil
	}
	if d := b.owners[owner{f.Service, f.Env}]; d != nil {
		d.forms[f.Text] = Sum(d.forms[f.Text], f.N)
	}
	return nil
}

// draft is a summary in the making.
type draft struct {
	lines                              map[redact.Text]Line
	forms                              map[redact.Text]uint64
	levels                             [parse.LevelCount]uint64
	invalid, missing, unparsed, beyond uint64
}

func (d *draft) count(c Count, all bool) {
	d.levels[c.Key.Level] = Sum(d.levels[c.Key.Level], c.N)
	switch c.Key.Msg.String() {
	case MsgInvalid:
		d.invalid = Sum(d.invalid, c.N)
	case MsgMissing:
		d.missing = Sum(d.missing, c.N)
	case MsgUnparsed:
		d.unparsed = Sum(d.unparsed, c.N)
	case Overflow:
		d.beyond = Sum(d.beyond, c.N)
	}
	if all || c.Key.Level.Attention() {
		line := d.lines[c.Key.Msg]
		d.lines[c.Key.Msg] = Line{Msg: c.Key.Msg, Level: max(line.Level, c.Key.Level), N: Sum(line.N, c.N)}
	}
}

func (d *draft) summary() Summary {
	s := Summary{Invalid: d.invalid, Missing: d.missing, Unparsed: d.unparsed, Overflow: d.beyond}
	for _, line := range d.lines {
		s.Lines = append(s.Lines, line)
		s.Total = Sum(s.Total, line.N)
	}
	slices.SortFunc(s.Lines, func(a, b Line) int { return strings.Compare(a.Msg.String(), b.Msg.String()) })
	for level, n := range d.levels {
		if n > 0 {
			s.Levels = append(s.Levels, LevelCount{Level: parse.Level(level), N: n})
			s.Events = Sum(s.Events, n)
		}
	}
	for text, n := range d.forms {
		s.InvalidForms = append(s.InvalidForms, FormCount{Text: text, N: n})
	}
	SortForms(s.InvalidForms)
	if more := len(s.InvalidForms) - TopForms; more > 0 {
		s.InvalidForms, s.MoreForms = s.InvalidForms[:TopForms], more
	}
	return s
}
