package redisstore

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/logproc/logproc/rollup"
)

// Facts are kept as counts are: a field for each fact and page of its slots, with pairs of a slot's place in its page
// and its number. The field is the fact's kind, its key (its msg is the name, its level unknown) and the page.
//
// A day's revision is the field of kind 0, a number to which each commit that adds to the day's counts adds one of
// 32 bits that is made of the commit's place. Those of all partitions are summed: the sum is another one after every
// commit, and after the day was deleted it is one that it never was, but for a chance of one in four billion.

// page is the number of slots in a page: as many as a day has quarters, which is what pairs hold.
const page = 96

var (
	revisionField = []byte{0}
	errFact       = fmt.Errorf("%w: a fact cannot be read", rollup.ErrCorrupt)
)

// factCells gives the facts of c, those that are durations apart, and the revisions of the days that it adds counts to.
func factCells(c *rollup.Commit) (facts, spans []cell) {
	days := make(map[int32]bool)
	for i := range c.Counts {
		if day := c.Counts[i].Bucket.UTCDay(); c.Counts[i].N > 0 && !days[day] {
			days[day] = true
			facts = append(facts, cell{day: day, key: revisionField, n: 1 + mixed(uint64(c.Next)^uint64(c.Fence)<<40)>>32})
		}
	}
	for i := range c.Facts {
		f := c.Facts[i].Bounded()
		cells := &facts
		if kindOf(f.Kind) == kindSpans {
			cells = &spans
		}
		key := rollup.AppendKey([]byte{byte(f.Kind)}, f.Key())
		for _, s := range f.Slots {
			if s.N > 0 {
				field := append(key[:len(key):len(key)], byte(s.Index/page))
				*cells = append(*cells, cell{day: f.Day, quarter: uint8(s.Index % page), key: field, n: s.N})
			}
		}
	}
	return facts, spans
}

// kindOf gives where facts are: those that are many do not lie in the way of the others.
func kindOf(k rollup.FactKind) kind {
	if k == rollup.FactDurations {
		return kindSpans
	}
	return kindFacts
}

// mixed spreads a number over 64 bits, each number to another one (splitmix64).
func mixed(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// Facts implements rollup.Facts. It reads one UTC day after the other, as Counts does.
func (s *Store) Facts(ctx context.Context, q rollup.FactQuery, f func(rollup.Fact) error) error {
	prefix := rollup.AppendKeyPrefix([]byte{byte(q.Kind)}, q.Service, q.Env)
	read := make(map[rollup.TopicPartition]map[string]map[string]string) // what is not folded, by day: a state is large
	return s.eachFactDay(ctx, q.From, q.To, func(ctx context.Context, day int32, parts []rollup.TopicPartition) error {
		rows, err := s.readPairs(ctx, kindOf(q.Kind), day, parts, prefix, func(tp rollup.TopicPartition) (map[string]string, error) {
			days, err := read[tp], error(nil)
			if days == nil {
				days, err = s.unfoldedDays(ctx, tp, kindOf(q.Kind), prefix)
				read[tp] = days
			}
			return days[strconv.Itoa(int(day))], err
		})
		if err != nil {
			return err
		}
		n := 0
		pages := slices.Sorted(maps.Keys(rows)) // the pages of a fact follow one another
		for len(pages) > 0 {
			if n++; n%checkEvery == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			fact, used, err := factOf(day, pages, rows)
			if err != nil {
				return err
			}
			pages = pages[used:]
			if !q.Selects(&fact) {
				continue
			}
			if err := f(fact); err != nil {
				return callerError{err}
			}
		}
		return nil
	})
}

// unfoldedDays gives by day what unfolded does for one.
func (s *Store) unfoldedDays(ctx context.Context, tp rollup.TopicPartition, of kind, prefix []byte) (map[string]map[string]string, error) {
	days := make(map[string]map[string]string)
	err := s.eachUnfolded(ctx, tp, func(k kind, day, field, value string) {
		if k != of || !strings.HasPrefix(field, string(prefix)) {
			return
		}
		if days[day] == nil {
			days[day] = make(map[string]string)
		}
		days[day][field] = value
	})
	return days, err
}

// factOf decodes the fact that fields begin with, and tells how many of them are its pages.
func factOf(day int32, fields []string, rows map[string]quarters) (f rollup.Fact, used int, err error) {
	first := fields[0]
	if len(first) < 2 {
		return f, 0, errFact
	}
	name := first[:len(first)-1]
	key, err := rollup.DecodeKey([]byte(name[1:]))
	if err != nil {
		return f, 0, errFact
	}
	f = rollup.Fact{Kind: rollup.FactKind(name[0]), Service: key.Service, Env: key.Env, Name: key.Msg, Day: day}
	for used < len(fields) && len(fields[used]) == len(first) && fields[used][:len(name)] == name {
		start := int(fields[used][len(name)]) * page
		for _, c := range rows[fields[used]] {
			if start+int(c.quarter) >= rollup.MaxSlots {
				return f, 0, errFact
			}
			f.Slots = append(f.Slots, rollup.Slot{Index: uint16(start + int(c.quarter)), N: c.n})
		}
		used++
	}
	return f, used, nil
}

// Revisions implements rollup.Facts.
func (s *Store) Revisions(ctx context.Context, from, to int32) (map[int32]uint64, error) {
	found := make(map[int32]uint64)
	err := s.call(ctx, "read", func(ctx context.Context) error {
		days, err := s.days(ctx)
		if err != nil {
			return err
		}
		of := make(map[rollup.TopicPartition][]int32)
		for day, parts := range days {
			if day >= from && day < to {
				for _, tp := range parts {
					of[tp] = append(of[tp], day)
				}
			}
		}
		for tp, days := range of {
			if err := s.addRevisions(ctx, found, tp, days); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}

// addRevisions adds what a partition has of the revisions of some days.
func (s *Store) addRevisions(ctx context.Context, sums map[int32]uint64, tp rollup.TopicPartition, days []int32) error {
	unfolded := make(map[string]string) // by day
	err := s.eachUnfolded(ctx, tp, func(k kind, day, field, value string) {
		if k == kindFacts && field == string(revisionField) {
			unfolded[day] = value
		}
	})
	if err != nil {
		return err
	}
	stored := make([]*redis.StringCmd, len(days))
	_, err = s.client.Pipelined(ctx, func(pipe redis.Pipeliner) error {
		for i, day := range days {
			stored[i] = pipe.HGet(ctx, s.names.day(tp, kindFacts, day), string(revisionField))
		}
		return nil
	})
	if err != nil && !errors.Is(err, redis.Nil) {
		return err
	}
	for i, day := range days {
		if err := stored[i].Err(); err != nil && !errors.Is(err, redis.Nil) {
			return err
		}
		number, err := quarters(nil).plusNewer(stored[i].Val(), unfolded[strconv.Itoa(int(day))])
		if err != nil {
			return err
		}
		for _, c := range number {
			sums[day] = rollup.Sum(sums[day], c.n)
		}
	}
	return nil
}

// eachFactDay calls f for every day in [from, to) that there is something of, in order.
func (s *Store) eachFactDay(ctx context.Context, from, to int32, f func(ctx context.Context, day int32, parts []rollup.TopicPartition) error) error {
	return s.call(ctx, "read", func(ctx context.Context) error {
		if from >= to {
			return nil
		}
		days, err := s.days(ctx)
		if err != nil {
			return err
		}
		for _, day := range slices.Sorted(maps.Keys(days)) {
			if day < from || day >= to {
				continue
			}
			if err := f(ctx, day, days[day]); err != nil {
				return err
			}
		}
		return nil
	})
}
