package rollup

import (
	"context"
	"fmt"
	"time"
)

// Document is a small named value that is kept beside the counts: what was mailed, a request's timeline, the
// state of a workflow. Its value is redacted by who makes it.
type Document struct {
	Name    string // see CheckDocument; names are ordered bytewise
	Value   []byte
	Version uint64    // counts the changes; 0: it does not exist
	Expires time.Time // it is gone from then on; zero: never
}

// Bounds of documents.
const (
	MaxDocumentName  = 512
	MaxDocumentValue = 1 << 20
)

// Documents keeps documents. It is safe for concurrent use by several processes.
type Documents interface {
	// Document gives a document; one with Version 0 and no value when there is none, or it has expired.
	Document(ctx context.Context, name string) (Document, error)
	// Documents calls f for the documents whose names begin with prefix, from the first name at or after from
	// on, in the order of their names, until f gives an error.
	Documents(ctx context.Context, prefix, from string, f func(Document) error) error
	// PutDocuments writes documents whatever was there; their Version is not looked at. Some may be written
	// and others not when it gives an error.
	PutDocuments(ctx context.Context, documents []Document) error
	// SwapDocument writes d if the document has d.Version (0: does not exist), and tells whether it did. An
	// error means that nothing is known; to find out, read it.
	SwapDocument(ctx context.Context, d Document) (swapped bool, err error)
	// DeleteDocuments deletes documents; ones that do not exist are no error.
	DeleteDocuments(ctx context.Context, names []string) error
	// ExpireDocuments frees what documents that expired before now take, about limit of them at most.
	ExpireDocuments(ctx context.Context, now time.Time, limit int) (deleted int, err error)
}

// CheckDocument says what is wrong with a document's name or size, wrapping ErrStep: trying again cannot help.
func CheckDocument(d *Document) error {
	switch {
	case d.Name == "" || len(d.Name) > MaxDocumentName:
		return fmt.Errorf("%w: a document's name has %d bytes, expected 1 to %d", ErrStep, len(d.Name), MaxDocumentName)
	case len(d.Value) > MaxDocumentValue:
		return fmt.Errorf("%w: a document has %d bytes, expected at most %d", ErrStep, len(d.Value), MaxDocumentValue)
	}
	return nil
}

// NextVersion gives the version of a document that is written over one of a version (0: none). It grows with the
// clock, so that a document which was deleted does not get an old version again: a version is a fence, too.
func NextVersion(before uint64, now time.Time) uint64 {
	return max(before+1, uint64(max(0, now.UnixMilli())))
}

// Expired tells whether the document is gone at a time.
func (d *Document) Expired(now time.Time) bool { return !d.Expires.IsZero() && !d.Expires.After(now) }
