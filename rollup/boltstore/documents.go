package boltstore

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/logproc/logproc/rollup"
)

// A document is stored under its name as version (8 bytes), expiry (8 bytes, Unix milliseconds, 0: never) and
// value. A second bucket has expiry and name as its keys, so that what has expired is found without a search.
const documentHead = 16

var (
	bucketDocuments = []byte("documents")
	bucketExpiries  = []byte("document_expiries")

	errDocument = fmt.Errorf("%w: a document that cannot be read", rollup.ErrCorrupt)
)

func encodeDocument(d *rollup.Document) []byte {
	b := binary.BigEndian.AppendUint64(make([]byte, 0, documentHead+len(d.Value)), d.Version)
	return append(binary.BigEndian.AppendUint64(b, expiryOf(d)), d.Value...)
}

func expiryOf(d *rollup.Document) uint64 {
	if d.Expires.IsZero() {
		return 0
	}
	return uint64(max(1, d.Expires.UnixMilli()))
}

// decodeDocument gives a copy.
func decodeDocument(name string, stored []byte) (rollup.Document, error) {
	if len(stored) < documentHead {
		return rollup.Document{}, errDocument
	}
	d := rollup.Document{Name: name, Version: binary.BigEndian.Uint64(stored), Value: bytes.Clone(stored[documentHead:])}
	if ms := binary.BigEndian.Uint64(stored[8:]); ms > 0 {
		d.Expires = time.UnixMilli(int64(ms)).UTC()
	}
	return d, nil
}

func expiryKey(d *rollup.Document) []byte {
	return append(binary.BigEndian.AppendUint64(nil, expiryOf(d)), d.Name...)
}

// Document implements rollup.Documents.
func (s *Store) Document(ctx context.Context, name string) (d rollup.Document, err error) {
	err = s.view(ctx, func(tx *bolt.Tx) (err error) {
		d, err = loadDocument(tx, name)
		return err
	})
	if err != nil {
		return rollup.Document{}, s.errorOf("read", err)
	}
	if d.Expired(s.now()) {
		d = rollup.Document{Name: name}
	}
	return d, nil
}

// loadDocument gives a document, expired or not.
func loadDocument(tx *bolt.Tx, name string) (rollup.Document, error) {
	root := tx.Bucket(bucketDocuments)
	if root == nil { // a file from before there were any
		return rollup.Document{Name: name}, nil
	}
	stored := root.Get([]byte(name))
	if stored == nil {
		return rollup.Document{Name: name}, nil
	}
	return decodeDocument(name, stored)
}

// documentPage is the number of documents that are copied at a time.
const documentPage = 256

// Documents implements rollup.Documents. f gets copies, a page at a time: it may take its time.
func (s *Store) Documents(ctx context.Context, prefix, from string, f func(rollup.Document) error) error {
	from = max(prefix, from)
	for {
		page, next, err := s.documentPage(ctx, prefix, from)
		if err != nil {
			return s.errorOf("read", err)
		}
		for i := range page {
			if err := f(page[i]); err != nil {
				return err
			}
		}
		if next == "" {
			return nil
		}
		from = next
	}
}

// documentPage gives documents from a name on, and the name to go on at, empty at the end.
func (s *Store) documentPage(ctx context.Context, prefix, from string) (page []rollup.Document, next string, err error) {
	now := s.now()
	err = s.view(ctx, func(tx *bolt.Tx) error {
		root := tx.Bucket(bucketDocuments)
		if root == nil {
			return nil
		}
		c := root.Cursor()
		seen := 0
		for key, stored := c.Seek([]byte(from)); key != nil && strings.HasPrefix(string(key), prefix); key, stored = c.Next() {
			if seen++; seen > documentPage {
				next = string(key)
				return nil
			}
			d, err := decodeDocument(string(key), stored)
			if err != nil {
				return err
			}
			if !d.Expired(now) {
				page = append(page, d)
			}
		}
		return nil
	})
	return page, next, err
}

// PutDocuments implements rollup.Documents: all of them, or none.
func (s *Store) PutDocuments(ctx context.Context, documents []rollup.Document) error {
	for i := range documents {
		if err := rollup.CheckDocument(&documents[i]); err != nil {
			return err
		}
	}
	err := s.update(ctx, len(documents), func(t *transaction) error {
		for i := range documents {
			if err := putDocument(t.tx, documents[i], s.now()); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return s.errorOf("write documents", err)
	}
	return nil
}

func putDocument(tx *bolt.Tx, d rollup.Document, now time.Time) error {
	before, err := loadDocument(tx, d.Name)
	if err != nil {
		return err
	}
	root, err := tx.CreateBucketIfNotExists(bucketDocuments)
	if err != nil {
		return err
	}
	expiries, err := tx.CreateBucketIfNotExists(bucketExpiries)
	if err != nil {
		return err
	}
	if !before.Expires.IsZero() {
		if err := expiries.Delete(expiryKey(&before)); err != nil {
			return err
		}
	}
	d.Version = rollup.NextVersion(before.Version, now)
	if !d.Expires.IsZero() {
		if err := expiries.Put(expiryKey(&d), nil); err != nil {
			return err
		}
	}
	return root.Put([]byte(d.Name), encodeDocument(&d))
}

// SwapDocument implements rollup.Documents.
func (s *Store) SwapDocument(ctx context.Context, d rollup.Document) (swapped bool, err error) {
	if err := rollup.CheckDocument(&d); err != nil {
		return false, err
	}
	err = s.update(ctx, 1, func(t *transaction) error {
		swapped = false
		before, err := loadDocument(t.tx, d.Name)
		if err != nil {
			return err
		}
		if before.Expired(s.now()) {
			before.Version = 0
		}
		if before.Version != d.Version {
			return nil
		}
		swapped = true
		return putDocument(t.tx, d, s.now())
	})
	if err != nil {
		return false, s.errorOf("write a document", err)
	}
	return swapped, nil
}

// DeleteDocuments implements rollup.Documents.
func (s *Store) DeleteDocuments(ctx context.Context, names []string) error {
	err := s.update(ctx, len(names), func(t *transaction) error {
		for _, name := range names {
			if err := deleteDocument(t.tx, name); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return s.errorOf("delete documents", err)
	}
	return nil
}

func deleteDocument(tx *bolt.Tx, name string) error {
	d, err := loadDocument(tx, name)
	if err != nil || d.Version == 0 {
		return err
	}
	if !d.Expires.IsZero() {
		if err := tx.Bucket(bucketExpiries).Delete(expiryKey(&d)); err != nil {
			return err
		}
	}
	return tx.Bucket(bucketDocuments).Delete([]byte(name))
}

// ExpireDocuments implements rollup.Documents.
func (s *Store) ExpireDocuments(ctx context.Context, now time.Time, limit int) (deleted int, err error) {
	err = s.update(ctx, limit, func(t *transaction) error {
		expiries := t.tx.Bucket(bucketExpiries)
		if expiries == nil {
			return nil
		}
		var names []string
		c := expiries.Cursor()
		for key, _ := c.First(); key != nil && len(names) < limit; key, _ = c.Next() {
			if len(key) <= 8 {
				return errDocument
			}
			if binary.BigEndian.Uint64(key) > uint64(now.UnixMilli()) {
				break
			}
			names = append(names, string(key[8:]))
		}
		for _, name := range names {
			if err := deleteDocument(t.tx, name); err != nil {
				return err
			}
		}
		deleted = len(names)
		return nil
	})
	if err != nil {
		return 0, s.errorOf("delete expired documents", err)
	}
	return deleted, nil
}
