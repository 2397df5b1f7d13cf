package redisstore

import (
	"context"
	"maps"
	"slices"

	"github.com/redis/go-redis/v9"

	"github.com/logproc/logproc/rollup"
)

// Expire implements rollup.Store. Fields go in small steps, so that the server is never kept from commits.
func (s *Store) Expire(ctx context.Context, before rollup.Bucket, limit int) (deleted int, more bool, err error) {
	err = s.call(ctx, "delete old days", func(ctx context.Context) error {
		days, err := s.days(ctx)
		if err != nil {
			return err
		}
		for _, day := range slices.Sorted(maps.Keys(days)) {
			if !rollup.Expired(rollup.BucketAt(day, 0), before) {
				continue
			}
			for _, tp := range days[day] {
				if deleted >= limit {
					more = true
					return nil
				}
				n, err := s.deleteDay(ctx, tp, day, limit-deleted)
				deleted += n
				if err != nil {
					return err
				}
				more = more || deleted >= limit
			}
		}
		return nil
	})
	return deleted, more && err == nil, err
}

// kinds are the kinds of what is deleted with a day.
var kinds = [...]kind{kindCounts, kindForms, kindFacts, kindSpans}

// deleteDay deletes up to limit fields of a partition's day, and the day itself when that is all of it.
func (s *Store) deleteDay(ctx context.Context, tp rollup.TopicPartition, day int32, limit int) (deleted int, err error) {
	if _, err := s.callFunctions(ctx, "settle", []functionCall{{keys: []string{s.names.state(tp)}}}); err != nil {
		return 0, err
	}
	// Whatever is deleted, what was derived of the day does not hold any more.
	if err := s.client.HDel(ctx, s.names.day(tp, kindFacts, day), string(revisionField)).Err(); err != nil {
		return 0, err
	}
	hashes := make([]string, len(kinds))
	sizes := make([]*redis.IntCmd, len(kinds))
	_, err = s.client.Pipelined(ctx, func(pipe redis.Pipeliner) error {
		for i, k := range kinds {
			hashes[i] = s.names.day(tp, k, day)
			sizes[i] = pipe.HLen(ctx, hashes[i])
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	all := 0
	for i, size := range sizes {
		if int(size.Val()) > limit {
			return s.deleteFields(ctx, hashes[i], limit)
		}
		all += int(size.Val())
	}
	keys := append([]string{s.names.state(tp), s.names.days(tp)}, hashes...)
	_, err = s.callFunctions(ctx, "forget", []functionCall{{keys: keys, args: []any{day}}})
	return all, err
}

// deleteFields deletes limit fields of a hash that has more.
func (s *Store) deleteFields(ctx context.Context, key string, limit int) (deleted int, err error) {
	for deleted < limit {
		found, _, err := s.client.HScan(ctx, key, 0, "", int64(min(limit-deleted, scanCount))).Result()
		if err != nil || len(found) == 0 {
			return deleted, err
		}
		var fields []string
		for i := 0; i < len(found) && len(fields) < limit-deleted; i += 2 {
			fields = append(fields, found[i])
		}
		if err := s.client.HDel(ctx, key, fields...).Err(); err != nil {
			return deleted, err
		}
		deleted += len(fields)
	}
	return deleted, nil
}
