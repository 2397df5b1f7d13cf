package memstore

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/logproc/logproc/rollup"
)

// Document implements rollup.Documents.
func (s *Store) Document(ctx context.Context, name string) (rollup.Document, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.usable(ctx); err != nil {
		return rollup.Document{}, err
	}
	return s.document(name), nil
}

// document gives a copy of a document that has not expired.
func (s *Store) document(name string) rollup.Document {
	d, found := s.documents[name]
	if !found || d.Expired(s.now()) {
		return rollup.Document{Name: name}
	}
	d.Value = bytes.Clone(d.Value)
	return d
}

// Documents implements rollup.Documents. f gets a copy of the moment, so it may use the store.
func (s *Store) Documents(ctx context.Context, prefix, from string, f func(rollup.Document) error) error {
	selected, err := s.selectDocuments(ctx, prefix, from)
	if err != nil {
		return err
	}
	return each(ctx, selected, f)
}

func (s *Store) selectDocuments(ctx context.Context, prefix, from string) ([]rollup.Document, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	var selected []rollup.Document
	for _, name := range slices.Sorted(maps.Keys(s.documents)) {
		if strings.HasPrefix(name, prefix) && name >= from {
			if d := s.document(name); d.Version > 0 {
				selected = append(selected, d)
			}
		}
	}
	return selected, nil
}

// PutDocuments implements rollup.Documents.
func (s *Store) PutDocuments(ctx context.Context, documents []rollup.Document) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(ctx); err != nil {
		return err
	}
	for i := range documents {
		if err := rollup.CheckDocument(&documents[i]); err != nil {
			return err
		}
		s.put(documents[i])
	}
	return nil
}

func (s *Store) put(d rollup.Document) {
	d.Version = rollup.NextVersion(s.documents[d.Name].Version, s.now())
	d.Value = bytes.Clone(d.Value)
	s.documents[d.Name] = d
}

// SwapDocument implements rollup.Documents.
func (s *Store) SwapDocument(ctx context.Context, d rollup.Document) (bool, error) {
	if err := rollup.CheckDocument(&d); err != nil {
		return false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(ctx); err != nil {
		return false, err
	}
	if s.document(d.Name).Version != d.Version {
		return false, nil
	}
	s.put(d)
	return true, nil
}

// DeleteDocuments implements rollup.Documents.
func (s *Store) DeleteDocuments(ctx context.Context, names []string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(ctx); err != nil {
		return err
	}
	for _, name := range names {
		delete(s.documents, name)
	}
	return nil
}

// ExpireDocuments implements rollup.Documents.
func (s *Store) ExpireDocuments(ctx context.Context, now time.Time, limit int) (deleted int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(ctx); err != nil {
		return 0, err
	}
	for name, d := range s.documents {
		if deleted == limit {
			break
		}
		if d.Expired(now) {
			delete(s.documents, name)
			deleted++
		}
	}
	return deleted, nil
}
