// Package workload makes log traffic whose truth is known: a Generator of benchmark lines that keeps
// exact totals while it writes, and a Scenario of ten services that call each other while something
// goes wrong.
//
// The totals are the generator's own bookkeeping. They share no code with the packages that count, so
// that a comparison means something. Everything follows from a seed and a record's number: the same
// options give the same bytes.
package workload

import (
	"strconv"
	"time"
)

// Options say what traffic a Generator makes. Percentages are of all records; a record is only one of
// bad, without a key, distinct or free text, tried in this order.
type Options struct {
	Seed     uint64
	Records  int       // the records that Span is spread over (default 1,000,000); Append can go on beyond it
	Keys     int       // msg keys, each of one service (default 200)
	Services int       // services (default 20)
	Start    time.Time // event time of the first record; required
	Span     time.Duration

	FreeText float64 // percent of records whose msg is a sentence (default 5; negative for none)
	Bad      float64 // percent of lines that are no JSON object, see BadKind
	Missing  float64 // percent of records without a msg
	Late     float64 // percent of records up to LateBy older than their place in the stream
	LateBy   time.Duration
	Personal float64 // percent of the sentences that hold an e-mail or IP address, all from reserved ranges

	// Distinct makes every second record one of this many different msgs of the first service, all of
	// the same level and env, used in turn. DistinctText makes them sentences instead of valid keys.
	Distinct     int
	DistinctText bool

	PerRequest int // consecutive records that share a RequestID (default 1)
}

func (o Options) withDefaults() Options {
	setDefault(&o.Records, 1_000_000)
	setDefault(&o.Keys, 200)
	setDefault(&o.Services, 20)
	setDefault(&o.PerRequest, 1)
	setDefault(&o.Span, 24*time.Hour)
	setDefault(&o.LateBy, 48*time.Hour)
	setDefault(&o.FreeText, 5)
	return o
}

func setDefault[T int | float64 | time.Duration](v *T, value T) {
	if *v == 0 {
		*v = value
	}
}

// Generator writes one record after the other. It is not safe for concurrent use; two of them with the
// same options write the same.
type Generator struct {
	opt      Options
	services []string
	keys     []key
	n        uint64 // the number of the next record
	start    int64  // Unix nanoseconds
	step     int64  // nanoseconds of event time between two records
	clock    stamp
	tally    tally
	line     lineParts
}

// New gives a generator that stands before its first record.
func New(opt Options) *Generator {
	opt = opt.withDefaults()
	g := &Generator{
		opt:      opt,
		services: serviceNames(opt.Services),
		start:    opt.Start.UnixNano(),
		step:     max(1, int64(opt.Span)/int64(opt.Records)),
	}
	g.keys = keyNames(opt.Keys, g.services)
	g.line = newLineParts(g.services, g.keys)
	g.tally = newTally(len(g.services), len(g.keys), opt.Distinct)
	return g
}

// Number gives the number of the record that the next Append writes, from 0.
func (g *Generator) Number() uint64 { return g.n }

// Append writes the next record to dst, ending in a line feed, and counts it. It allocates only
// when dst has to grow.
func (g *Generator) Append(dst []byte) []byte {
	r := random{state: mix(g.opt.Seed) ^ mix(g.n+1)}
	n := g.n
	g.n++
	if hit(&r, g.opt.Bad) {
		return g.appendBad(dst, &r)
	}
	e := event{number: n, time: g.eventTime(n, &r)}
	g.choose(&e, &r)
	g.tally.add(&e, g.opt.DistinctText)
	return g.appendLine(dst, &e, &r)
}

// event is what a record says, before it is written.
type event struct {
	number  uint64
	time    int64
	kind    kind
	key     int // of keys, for kindKey
	ordinal int // of the distinct msgs, for kindDistinct
	service int
	level   level
	env     int
}

type kind uint8

const (
	kindKey kind = iota
	kindMissing
	kindDistinct
	kindFreeText
)

func (g *Generator) choose(e *event, r *random) {
	e.key = popular(r, len(g.keys))
	k := &g.keys[e.key]
	e.service, e.level, e.env = k.service, k.levels[r.below(2)], r.below(len(envNames))
	switch {
	case hit(r, g.opt.Missing):
		e.kind = kindMissing
	case g.opt.Distinct > 0 && e.number%2 == 0:
		e.kind, e.service, e.level, e.env = kindDistinct, 0, levelInfo, 0
		e.ordinal = int(e.number / 2 % uint64(g.opt.Distinct))
	case hit(r, g.opt.FreeText):
		e.kind = kindFreeText
	}
}

func (g *Generator) eventTime(n uint64, r *random) int64 {
	t := g.start + int64(n)*g.step + int64(r.next()%uint64(g.step))
	if hit(r, g.opt.Late) {
		t -= int64(r.next() % uint64(g.opt.LateBy))
	}
	return t
}

// popular picks one of n so that the first are far more frequent than the last, as keys are in real
// logs; half of the picks are uniform, so that none is too rare to be seen.
func popular(r *random, n int) int {
	i := r.below(n)
	if r.next()&1 == 0 {
		return i
	}
	return r.below(i + 1)
}

// DistinctKey gives the i-th of the distinct msgs that follow the naming convention: lower-case words
// that look like no identifier.
func DistinctKey(i int) string { return string(appendDistinctKey(nil, i)) }

func appendDistinctKey(dst []byte, i int) []byte {
	dst = append(dst, "import-"...)
	dst = appendWord(dst, i/wordCount)
	dst = append(dst, '-')
	dst = appendWord(dst, i%wordCount)
	return append(dst, "-done"...)
}

const (
	consonants = "ghjklmnprstvwz" // without a to f, so that no word can be taken for a hexadecimal number
	vowels     = "aeiou"
	syllables  = len(consonants) * len(vowels)
	wordCount  = syllables * syllables
)

// appendWord writes a word of two or more syllables, a different one for every i.
func appendWord(dst []byte, i int) []byte {
	for n := 0; n < 2 || i > 0; n++ {
		s := i % syllables
		dst = append(dst, consonants[s/len(vowels)], vowels[s%len(vowels)])
		i /= syllables
	}
	return dst
}

func appendDistinctText(dst []byte, i int) []byte {
	dst = append(dst, "Import of batch "...)
	dst = strconv.AppendInt(dst, int64(i), 10)
	return append(dst, " finished, next one please"...)
}
