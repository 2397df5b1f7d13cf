package live

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/logproc/logproc/correlate"
	"github.com/logproc/logproc/correlate/id"
	"github.com/logproc/logproc/rollup"
)

// A request is stored under its RequestID, or its trace id when it has none, in normal form. Further names lead to it:
// its trace ids, and ids in free form as they are shown, for those who know only the beginning.
const (
	requestPrefix = "request/"
	namePrefix    = "request-name/"
)

// keyOf gives the key of a request; ok is false for one without any id.
func keyOf(t *correlate.Timeline) (key string, ok bool) {
	for _, names := range [...][]correlate.Name{t.Requests, t.Traces} {
		if len(names) > 0 {
			return names[0].ID.String(), true
		}
	}
	return "", false
}

// otherNames gives the documents' names that lead to a request.
func otherNames(t *correlate.Timeline, key string) (list []string) {
	add := func(name string) {
		if len(name) >= id.MinPrefix && name != key {
			list = append(list, namePrefix+name+"/"+key)
		}
	}
	for _, n := range t.Requests {
		if n.ID.Form == id.Free {
			add(folded(n.Text.String()))
		}
	}
	for _, n := range t.Traces {
		switch add(n.ID.String()); n.ID.Form {
		case id.Free:
			add(folded(n.Text.String()))
		case id.Full:
			add(n.ID.Low().String())
		}
	}
	return list
}

// maxFolded keeps names of documents within their bound.
const maxFolded = 256

// folded makes a text fit for a name: spellings that differ only in case and hyphens are one.
func folded(text string) string {
	text = strings.ReplaceAll(strings.ToLower(text), "-", "")
	return strings.ReplaceAll(text[:min(len(text), maxFolded)], "/", "_")
}

// ErrNotFound: nothing that is kept has this id.
var ErrNotFound = errors.New("no request that is kept has this RequestID or trace id; expected one as it is in the logs, or at least its first 4 characters")

// AmbiguousError tells that several requests begin with what was asked for.
type AmbiguousError struct {
	IDs []string // in normal form, some of them
}

// Error lists the ids.
func (e *AmbiguousError) Error() string {
	return "several requests begin like that, expected more of the id: " + strings.Join(e.IDs, ", ")
}

// Find gives the request that has a RequestID or trace id, or the only one whose id begins with a text. The error is
// ErrNotFound, an AmbiguousError, or the store's.
func Find(ctx context.Context, store rollup.Documents, text string) (*correlate.Closed, error) {
	raw := []byte(strings.TrimSpace(text))
	if request := id.Request(raw); !request.IsZero() {
		if k, err := read(ctx, store, request.String()); !errors.Is(err, ErrNotFound) {
			return k, err
		}
	}
	prefix := folded(string(raw))
	for _, exact := range [...]id.ID{id.Trace(raw), id.Request(raw)} {
		if exact.IsZero() {
			continue
		}
		keys, err := lead(ctx, store, namePrefix+exact.String()+"/")
		if err != nil || len(keys) > 0 {
			return one(ctx, store, keys, err)
		}
		if k, err := read(ctx, store, exact.String()); !errors.Is(err, ErrNotFound) {
			return k, err
		}
	}
	if len(prefix) < id.MinPrefix {
		return nil, ErrNotFound
	}
	keys, err := lead(ctx, store, namePrefix+prefix)
	if err != nil {
		return nil, err
	}
	more, err := lead(ctx, store, requestPrefix+prefix)
	for key := range more {
		keys[key] = true
	}
	return one(ctx, store, keys, err)
}

// maxFound is how many requests are looked at that fit: more than are listed.
const maxFound = 6

// errEnough ends the listing of documents.
var errEnough = errors.New("enough")

// lead gives the keys of the requests that documents with a prefix lead to.
func lead(ctx context.Context, store rollup.Documents, prefix string) (map[string]bool, error) {
	keys := make(map[string]bool)
	err := store.Documents(ctx, prefix, "", func(d rollup.Document) error {
		keys[d.Name[strings.LastIndexByte(d.Name, '/')+1:]] = true
		if len(keys) == maxFound {
			return errEnough
		}
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return nil, fmt.Errorf("look for requests in the store: %w", err)
	}
	return keys, nil
}

// one reads the only request.
func one(ctx context.Context, store rollup.Documents, keys map[string]bool, err error) (*correlate.Closed, error) {
	if err != nil {
		return nil, err
	}
	ambiguous := &AmbiguousError{}
	for key := range keys {
		if len(keys) == 1 {
			return read(ctx, store, key)
		}
		ambiguous.IDs = append(ambiguous.IDs, key)
	}
	if len(keys) == 0 {
		return nil, ErrNotFound
	}
	slices.Sort(ambiguous.IDs)
	return nil, ambiguous
}

// read reads the request of a key.
func read(ctx context.Context, store rollup.Documents, key string) (*correlate.Closed, error) {
	doc, err := store.Document(ctx, requestPrefix+key)
	switch {
	case err != nil:
		return nil, fmt.Errorf("read a request from the store: %w", err)
	case doc.Version == 0:
		return nil, ErrNotFound
	}
	c, err := correlate.ReadClosed(doc.Value)
	if err != nil || len(c.Requests) == 0 {
		return c, err
	}
	return withTraces(ctx, store, c)
}

// withTraces adds what is stored by the trace ids of a request alone: records without its RequestID, which another
// instance may have had.
func withTraces(ctx context.Context, store rollup.Documents, c *correlate.Closed) (*correlate.Closed, error) {
	for _, n := range c.Traces {
		doc, err := store.Document(ctx, requestPrefix+n.ID.String())
		if err != nil {
			return nil, fmt.Errorf("read a request from the store: %w", err)
		}
		if doc.Version == 0 {
			continue
		}
		if beside, err := correlate.ReadClosed(doc.Value); err == nil && len(beside.Requests) == 0 {
			c = merge(c, beside)
		}
	}
	return c, nil
}
