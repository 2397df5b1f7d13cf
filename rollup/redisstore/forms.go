package redisstore

import (
	"context"
	"encoding/binary"
	"fmt"
	"maps"

	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/rollup"
)

// Forms implements rollup.Store. Each partition keeps the most frequent forms of a day, service and env; of
// their sum the most frequent are given.
func (s *Store) Forms(ctx context.Context, q rollup.Query, f func(rollup.Form) error) error {
	return s.eachDay(ctx, q, func(ctx context.Context, day int32, parts []rollup.TopicPartition) error {
		owners, err := s.readForms(ctx, day, parts, q)
		if err != nil {
			return err
		}
		for owner, forms := range owners {
			rows, err := mostFrequent(owner, forms)
			if err != nil {
				return err
			}
			err = eachCount(ctx, day, rows, q, func(c rollup.Count) error {
				return f(rollup.Form{Service: c.Key.Service, Env: c.Key.Env, Text: c.Key.Msg, Bucket: c.Bucket, N: c.N})
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// readForms gives the forms of a day by service and env, and by text, summed over partitions.
func (s *Store) readForms(ctx context.Context, day int32, parts []rollup.TopicPartition, q rollup.Query) (map[string]map[string]quarters, error) {
	owners := make(map[string]map[string]quarters)
	prefix := rollup.AppendKeyPrefix(nil, q.Service, q.Env)
	for _, tp := range parts {
		unfolded, err := s.unfolded(ctx, tp, kindForms, day, prefix)
		if err != nil {
			return nil, err
		}
		fields, err := s.scan(ctx, s.names.day(tp, kindForms, day), prefix)
		if err != nil {
			return nil, err
		}
		maps.Copy(fields, unfolded)
		for owner, list := range fields {
			if owners[owner] == nil {
				owners[owner] = make(map[string]quarters)
			}
			if err := addForms(owners[owner], list); err != nil {
				return nil, err
			}
		}
	}
	return owners, nil
}

// addForms adds a stored list of forms.
func addForms(forms map[string]quarters, list string) error {
	for rest := []byte(list); len(rest) > 0; {
		text, pairs, after, ok := cutForm(rest)
		if !ok {
			return fmt.Errorf("%w: a form cannot be read", rollup.ErrCorrupt)
		}
		sum, err := forms[string(text)].plus(string(pairs))
		if err != nil {
			return err
		}
		forms[string(text)], rest = sum, after
	}
	return nil
}

// mostFrequent gives the forms that are kept of one service and env, by what would be their stored key.
func mostFrequent(owner string, forms map[string]quarters) (map[string]quarters, error) {
	totals := make([]rollup.FormCount, 0, len(forms))
	stored := make(map[redact.Text]string, len(forms))
	for text, counts := range forms {
		key := string(append(appendPart([]byte(owner), text), 0))
		k, err := rollup.DecodeKey([]byte(key))
		if err != nil {
			return nil, fmt.Errorf("%w: a form cannot be read", rollup.ErrCorrupt)
		}
		totals = append(totals, rollup.FormCount{Text: k.Msg, N: counts.total()})
		stored[k.Msg] = key
	}
	rollup.SortForms(totals)
	kept := make(map[string]quarters, len(totals))
	for _, form := range totals[:min(len(totals), rollup.MaxForms)] {
		kept[stored[form.Text]] = forms[form.Text.String()]
	}
	return kept, nil
}

func appendPart(dst []byte, part string) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(part)))
	return append(dst, part...)
}
