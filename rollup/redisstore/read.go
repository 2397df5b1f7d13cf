package redisstore

import (
	"cmp"
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

// scanCount is how many fields the server is asked for at a time: enough to be quick, few enough that it
// is not kept from commits.
const scanCount = 1000

// Counts implements rollup.Store. It reads one UTC day after the other; f may take its time and use the
// store. Commits that come while it reads may be in it or not.
func (s *Store) Counts(ctx context.Context, q rollup.Query, f func(rollup.Count) error) error {
	return s.eachDay(ctx, q, func(ctx context.Context, day int32, parts []rollup.TopicPartition) error {
		rows, err := s.readCounts(ctx, day, parts, q)
		if err != nil {
			return err
		}
		return eachCount(ctx, day, rows, q, f)
	})
}

// eachDay calls f for every day that q selects, in order, with the partitions that have something of it.
func (s *Store) eachDay(ctx context.Context, q rollup.Query, f func(ctx context.Context, day int32, parts []rollup.TopicPartition) error) error {
	return s.call(ctx, "read", func(ctx context.Context) error {
		if q.From >= q.To {
			return nil
		}
		days, err := s.days(ctx)
		if err != nil {
			return err
		}
		first, last := q.From.UTCDay(), (q.To - 1).UTCDay()
		for _, day := range slices.Sorted(maps.Keys(days)) {
			if day < first || day > last {
				continue
			}
			if err := f(ctx, day, days[day]); err != nil {
				return err
			}
		}
		return nil
	})
}

// callerError is an error of the caller's function: it is handed back as it is.
type callerError struct{ error }

// days gives the days that there is something of, each with its partitions.
func (s *Store) days(ctx context.Context) (map[int32][]rollup.TopicPartition, error) {
	parts, err := s.partitions(ctx)
	if err != nil {
		return nil, err
	}
	days := make(map[int32][]rollup.TopicPartition)
	for chunk := range slices.Chunk(parts, 100) {
		pipe := s.client.Pipeline()
		sets := make([]*redis.StringSliceCmd, len(chunk))
		for i, tp := range chunk {
			sets[i] = pipe.SMembers(ctx, s.names.days(tp))
		}
		if _, err := pipe.Exec(ctx); err != nil {
			return nil, err
		}
		for i, set := range sets {
			for _, text := range set.Val() {
				day, err := strconv.ParseInt(text, 10, 32)
				if err != nil {
					return nil, fmt.Errorf("%w: a day cannot be read", rollup.ErrCorrupt)
				}
				days[int32(day)] = append(days[int32(day)], chunk[i])
			}
		}
	}
	return days, nil
}

// partitions gives all partitions, ordered by topic and number.
func (s *Store) partitions(ctx context.Context) ([]rollup.TopicPartition, error) {
	members, err := s.client.SMembers(ctx, s.names.partitions()).Result()
	if err != nil {
		return nil, err
	}
	parts := make([]rollup.TopicPartition, len(members))
	for i, m := range members {
		tp, ok := partitionOf(m)
		if !ok {
			return nil, fmt.Errorf("%w: a partition's name cannot be read", rollup.ErrCorrupt)
		}
		parts[i] = tp
	}
	slices.SortFunc(parts, func(a, b rollup.TopicPartition) int {
		return cmp.Or(strings.Compare(a.Topic, b.Topic), cmp.Compare(a.Partition, b.Partition))
	})
	return parts, nil
}

// readCounts gives the stored counts of a day by stored key, summed over partitions.
func (s *Store) readCounts(ctx context.Context, day int32, parts []rollup.TopicPartition, q rollup.Query) (map[string]quarters, error) {
	prefix := rollup.AppendKeyPrefix(nil, q.Service, q.Env)
	return s.readPairs(ctx, kindCounts, day, parts, prefix, func(tp rollup.TopicPartition) (map[string]string, error) {
		return s.unfolded(ctx, tp, kindCounts, day, prefix)
	})
}

// readPairs gives the pairs of a kind and day whose fields begin with prefix, by field, summed over partitions.
// pending gives what only the state of a partition holds of them.
func (s *Store) readPairs(ctx context.Context, k kind, day int32, parts []rollup.TopicPartition, prefix []byte, pending func(rollup.TopicPartition) (map[string]string, error)) (map[string]quarters, error) {
	rows := make(map[string]quarters)
	for _, tp := range parts {
		// Before the hash: what is folded meanwhile is then seen at least once, and the larger of two values is
		// the newer one.
		unfolded, err := pending(tp)
		if err != nil {
			return nil, err
		}
		fields, err := s.scan(ctx, s.names.day(tp, k, day), prefix)
		if err != nil {
			return nil, err
		}
		for key, pairs := range fields {
			if rows[key], err = rows[key].plusNewer(pairs, unfolded[key]); err != nil {
				return nil, err
			}
			delete(unfolded, key)
		}
		for key, pairs := range unfolded {
			if rows[key], err = rows[key].plus(pairs); err != nil {
				return nil, err
			}
		}
	}
	return rows, nil
}

// scan reads the fields of a hash that begin with prefix, in pieces. A field that changes meanwhile is
// given as it was at some time during the reading.
func (s *Store) scan(ctx context.Context, key string, prefix []byte) (map[string]string, error) {
	fields, match := make(map[string]string), globOf(prefix)
	for cursor := uint64(0); ; {
		found, next, err := s.client.HScan(ctx, key, cursor, match, scanCount).Result()
		if err != nil {
			return nil, err
		}
		for i := 0; i+1 < len(found); i += 2 {
			fields[found[i]] = found[i+1] // the same field may come twice
		}
		if cursor = next; cursor == 0 {
			return fields, ctx.Err()
		}
	}
}

// globOf gives the pattern of all that begins with prefix.
func globOf(prefix []byte) string {
	var pattern strings.Builder
	for _, b := range prefix {
		if strings.IndexByte(`*?[]^-\`, b) >= 0 {
			pattern.WriteByte('\\')
		}
		pattern.WriteByte(b)
	}
	pattern.WriteByte('*')
	return pattern.String()
}

// checkEvery is the number of entries between two looks at the context.
const checkEvery = 1024

// eachCount calls f for every count in rows that q selects.
func eachCount(ctx context.Context, day int32, rows map[string]quarters, q rollup.Query, f func(rollup.Count) error) error {
	n := 0
	for stored, counts := range rows {
		if n++; n%checkEvery == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		key, err := rollup.DecodeKey([]byte(stored))
		if err != nil {
			return fmt.Errorf("%w: a key cannot be read", rollup.ErrCorrupt)
		}
		for _, c := range counts {
			bucket := rollup.BucketAt(day, c.quarter)
			if !q.Selects(key.Service, key.Env, bucket) {
				continue
			}
			if err := f(rollup.Count{Key: key, Bucket: bucket, N: c.n}); err != nil {
				return callerError{err}
			}
		}
	}
	return nil
}

// Ledgers implements rollup.Store.
func (s *Store) Ledgers(ctx context.Context) ([]rollup.Ledger, error) {
	var ledgers []rollup.Ledger
	err := s.call(ctx, "read", func(ctx context.Context) error {
		parts, err := s.partitions(ctx)
		if err != nil {
			return err
		}
		for chunk := range slices.Chunk(parts, 100) {
			if ledgers, err = s.appendLedgers(ctx, ledgers, chunk); err != nil {
				return err
			}
		}
		return nil
	})
	return ledgers, err
}

func (s *Store) appendLedgers(ctx context.Context, ledgers []rollup.Ledger, parts []rollup.TopicPartition) ([]rollup.Ledger, error) {
	pipe := s.client.Pipeline()
	states := make([]*redis.StringCmd, len(parts))
	for i, tp := range parts {
		states[i] = pipe.Get(ctx, s.names.state(tp))
	}
	if _, err := pipe.Exec(ctx); err != nil && !errors.Is(err, redis.Nil) {
		return nil, err
	}
	for i, tp := range parts {
		if err := states[i].Err(); err != nil && !errors.Is(err, redis.Nil) {
			return nil, err
		}
		encoded, _, err := splitState(states[i].Val())
		if err != nil {
			return nil, err
		}
		state, err := decodeState(tp, encoded)
		if err != nil {
			return nil, err
		}
		if state.Known {
			ledgers = append(ledgers, state.Ledger)
		}
	}
	return ledgers, nil
}
