package redisstore

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/logproc/logproc/rollup"
)

var errState = fmt.Errorf("%w: the state of a partition cannot be read", rollup.ErrCorrupt)

// cutText reads a text with its length before it, as the function writes it (see apply.lua).
func cutText(value string) (text, rest string, err error) {
	length, rest, found := strings.Cut(value, ":")
	n, err := strconv.Atoi(length)
	if !found || err != nil || n < 0 || n > len(rest) {
		return "", "", errState
	}
	return rest[:n], rest[n:], nil
}

// splitState parts the value of a partition's state into the state and the sections that are not folded yet.
// There is none ("") for a partition that nobody knows.
func splitState(value string) (state, sections string, err error) {
	if value == "" {
		return "", "", nil
	}
	return cutText(value)
}

// unfolded gives the values that only the state of a partition holds: of one kind and day, those of fields that
// begin with prefix.
func (s *Store) unfolded(ctx context.Context, tp rollup.TopicPartition, k kind, day int32, prefix []byte) (map[string]string, error) {
	values, wanted := make(map[string]string), strconv.Itoa(int(day))
	err := s.eachUnfolded(ctx, tp, func(of kind, day, field, value string) {
		if of == k && day == wanted && strings.HasPrefix(field, string(prefix)) {
			values[field] = value
		}
	})
	return values, err
}

// eachUnfolded calls f for every value that only the state of a partition holds.
func (s *Store) eachUnfolded(ctx context.Context, tp rollup.TopicPartition, f func(k kind, day, field, value string)) error {
	stored, err := s.client.Get(ctx, s.names.state(tp)).Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		return err
	}
	_, sections, err := splitState(stored)
	if err != nil {
		return err
	}
	for sections != "" {
		var head [3]string // kind, day, number of fields
		for i := range head {
			if head[i], sections, err = cutText(sections); err != nil {
				return err
			}
		}
		fields, err := strconv.Atoi(head[2])
		if err != nil {
			return errState
		}
		for range fields {
			var field, v string
			if field, sections, err = cutText(sections); err != nil {
				return err
			}
			if v, sections, err = cutText(sections); err != nil {
				return err
			}
			f(kind(head[0]), head[1], field, v)
		}
	}
	return nil
}
