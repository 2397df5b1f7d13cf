package redisstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/logproc/logproc/rollup"
)

// Documents are strings of their own, so that they can be in any slot of a cluster and expire by themselves:
//
//	PREFIX:document:NAME        VERSION:EXPIRY:VALUE, the first two as decimals, the expiry in Unix milliseconds
//	PREFIX:documents            sorted set of their names, for reading in order
//	PREFIX:document_expiries    sorted set of the names of those that expire, by their expiry
//
// The two sets are written before the document: a name without a document is passed over.

func (n names) document(name string) string { return n.prefix + ":document:" + name }

func (n names) documents() string { return n.prefix + ":documents" }

func (n names) expiries() string { return n.prefix + ":document_expiries" }

var errDocument = fmt.Errorf("%w: a document that cannot be read", rollup.ErrCorrupt)

func decodeDocument(name, stored string) (rollup.Document, error) {
	version, rest, ok := strings.Cut(stored, ":")
	expiry, value, ok2 := strings.Cut(rest, ":")
	v, err := strconv.ParseUint(version, 10, 64)
	ms, err2 := strconv.ParseInt(expiry, 10, 64)
	if !ok || !ok2 || err != nil || err2 != nil {
		return rollup.Document{}, errDocument
	}
	d := rollup.Document{Name: name, Version: v, Value: []byte(value)}
	if ms > 0 {
		d.Expires = time.UnixMilli(ms).UTC()
	}
	return d, nil
}

// Document implements rollup.Documents.
func (s *Store) Document(ctx context.Context, name string) (d rollup.Document, err error) {
	d.Name = name
	err = s.call(ctx, "read a document", func(ctx context.Context) error {
		stored, err := s.client.Get(ctx, s.names.document(name)).Result()
		switch {
		case errors.Is(err, redis.Nil):
			return nil
		case err != nil:
			return err
		}
		d, err = decodeDocument(name, stored)
		return err
	})
	return d, err
}

// documentPage is the number of documents that are read at a time.
const documentPage = 256

// Documents implements rollup.Documents. f may take its time and use the store.
func (s *Store) Documents(ctx context.Context, prefix, from string, f func(rollup.Document) error) error {
	return s.call(ctx, "read documents", func(ctx context.Context) error {
		first := "[" + max(prefix, from)
		for {
			found, err := s.client.ZRangeByLex(ctx, s.names.documents(), &redis.ZRangeBy{Min: first, Max: after(prefix), Count: documentPage}).Result()
			if err != nil || len(found) == 0 {
				return err
			}
			if err := s.eachDocument(ctx, found, f); err != nil {
				return err
			}
			first = "(" + found[len(found)-1]
		}
	})
}

// after gives the end of the range of all names that begin with prefix, as Redis writes it.
func after(prefix string) string {
	for i := len(prefix) - 1; i >= 0; i-- {
		if prefix[i] < 0xff {
			return "(" + prefix[:i] + string([]byte{prefix[i] + 1})
		}
	}
	return "+"
}

func (s *Store) eachDocument(ctx context.Context, found []string, f func(rollup.Document) error) error {
	pipe := s.client.Pipeline()
	values := make([]*redis.StringCmd, len(found))
	for i, name := range found {
		values[i] = pipe.Get(ctx, s.names.document(name))
	}
	if _, err := pipe.Exec(ctx); err != nil && !errors.Is(err, redis.Nil) {
		return err
	}
	for i, value := range values {
		stored, err := value.Result()
		switch {
		case errors.Is(err, redis.Nil):
			continue // it has expired, or is just being written
		case err != nil:
			return err
		}
		d, err := decodeDocument(found[i], stored)
		if err != nil {
			return err
		}
		if err := f(d); err != nil {
			return callerError{err}
		}
	}
	return nil
}

// PutDocuments implements rollup.Documents.
func (s *Store) PutDocuments(ctx context.Context, documents []rollup.Document) error {
	for i := range documents {
		if err := rollup.CheckDocument(&documents[i]); err != nil {
			return err
		}
	}
	if len(documents) == 0 {
		return nil
	}
	return s.call(ctx, "write documents", func(ctx context.Context) error {
		_, err := s.write(ctx, documents, false)
		return err
	})
}

// SwapDocument implements rollup.Documents.
func (s *Store) SwapDocument(ctx context.Context, d rollup.Document) (swapped bool, err error) {
	if err := rollup.CheckDocument(&d); err != nil {
		return false, err
	}
	err = s.call(ctx, "write a document", func(ctx context.Context) error {
		swapped, err = s.write(ctx, []rollup.Document{d}, true)
		return err
	})
	return swapped, err
}

// write writes documents in one pipeline; with swap only those whose version is still the one they have. It tells
// whether all were written.
func (s *Store) write(ctx context.Context, documents []rollup.Document, swap bool) (all bool, err error) {
	if err := s.index(ctx, documents); err != nil {
		return false, err
	}
	calls := make([]functionCall, len(documents))
	for i := range documents {
		d := &documents[i]
		expected := "-1"
		if swap {
			expected = strconv.FormatUint(d.Version, 10)
		}
		calls[i] = functionCall{keys: []string{s.names.document(d.Name)}, args: []any{expected, d.Value, expiryOf(d)}}
	}
	written, err := s.callFunctions(ctx, "document", calls)
	return !slices.Contains(written, 0), err
}

// index notes the names of documents that are going to be written.
func (s *Store) index(ctx context.Context, documents []rollup.Document) error {
	var all, expiring []redis.Z
	for i := range documents {
		d := &documents[i]
		all = append(all, redis.Z{Member: d.Name})
		if ms := expiryOf(d); ms > 0 {
			expiring = append(expiring, redis.Z{Score: float64(ms), Member: d.Name})
		}
	}
	_, err := s.client.Pipelined(ctx, func(pipe redis.Pipeliner) error {
		pipe.ZAdd(ctx, s.names.documents(), all...)
		if len(expiring) > 0 {
			pipe.ZAdd(ctx, s.names.expiries(), expiring...)
		}
		return nil
	})
	return err
}

func expiryOf(d *rollup.Document) int64 {
	if d.Expires.IsZero() {
		return 0
	}
	return max(1, d.Expires.UnixMilli())
}

// DeleteDocuments implements rollup.Documents.
func (s *Store) DeleteDocuments(ctx context.Context, list []string) error {
	if len(list) == 0 {
		return nil
	}
	return s.call(ctx, "delete documents", func(ctx context.Context) error { return s.deleteDocuments(ctx, list) })
}

func (s *Store) deleteDocuments(ctx context.Context, list []string) error {
	members := make([]any, len(list))
	_, err := s.client.Pipelined(ctx, func(pipe redis.Pipeliner) error {
		for i, name := range list {
			members[i] = name
			pipe.Unlink(ctx, s.names.document(name))
		}
		pipe.ZRem(ctx, s.names.documents(), members...)
		pipe.ZRem(ctx, s.names.expiries(), members...)
		return nil
	})
	return err
}

// ExpireDocuments implements rollup.Documents. The server deletes expired documents by itself; this frees what
// their names take. A name whose document has a later expiry by now, or none, is kept.
func (s *Store) ExpireDocuments(ctx context.Context, now time.Time, limit int) (deleted int, err error) {
	err = s.call(ctx, "delete expired documents", func(ctx context.Context) error {
		found, err := s.client.ZRangeByScore(ctx, s.names.expiries(), &redis.ZRangeBy{
			Min: "-inf", Max: strconv.FormatInt(now.UnixMilli(), 10), Count: int64(limit),
		}).Result()
		if err != nil || len(found) == 0 {
			return err
		}
		gone, kept, err := s.partByExpiry(ctx, found, now)
		if err != nil {
			return err
		}
		if len(kept) > 0 {
			if err := s.client.ZRem(ctx, s.names.expiries(), kept...).Err(); err != nil {
				return err
			}
		}
		if len(gone) > 0 {
			if err := s.forgetNames(ctx, gone); err != nil {
				return err
			}
		}
		deleted = len(found)
		return nil
	})
	return deleted, err
}

// partByExpiry parts names that were noted as expired into those of documents that are gone and those that were
// written again without an expiry.
func (s *Store) partByExpiry(ctx context.Context, found []string, now time.Time) (gone []string, kept []any, err error) {
	still := make(map[string]bool)
	err = s.eachDocument(ctx, found, func(d rollup.Document) error {
		still[d.Name] = !d.Expired(now)
		return nil
	})
	for _, name := range found {
		if still[name] {
			kept = append(kept, name)
		} else {
			gone = append(gone, name)
		}
	}
	return gone, kept, err
}

// forgetNames removes the names of documents that are gone. The documents are left alone: one that was written
// again since, as a lease may be, must not be lost, and is noted again.
func (s *Store) forgetNames(ctx context.Context, gone []string) error {
	members := make([]any, len(gone))
	for i := range gone {
		members[i] = gone[i]
	}
	_, err := s.client.Pipelined(ctx, func(pipe redis.Pipeliner) error {
		pipe.ZRem(ctx, s.names.documents(), members...)
		pipe.ZRem(ctx, s.names.expiries(), members...)
		return nil
	})
	if err != nil {
		return err
	}
	var back []rollup.Document
	err = s.eachDocument(ctx, gone, func(d rollup.Document) error {
		back = append(back, d)
		return nil
	})
	if err != nil || len(back) == 0 {
		return err
	}
	return s.index(ctx, back)
}
