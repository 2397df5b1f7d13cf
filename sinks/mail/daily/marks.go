package daily

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/logproc/logproc/rollup"
)

// What was made is marked in the store, by list and day.
const (
	marksPrefix = "mail/list/"
	keepMarks   = 40 * 24 * time.Hour
)

func (l *List) mark(what string) string {
	sum := sha256.Sum256([]byte(l.Channel + "\x00" + l.Name)) // names may hold what names of documents may not
	return marksPrefix + hex.EncodeToString(sum[:8]) + "/" + what
}

// firstDay gives the first day that a list is owed: the one before it was first seen, so that a new list does not
// get the mails of the past.
func (d *Daily) firstDay(ctx context.Context, l *List, yesterday rollup.Date) (rollup.Date, error) {
	name := l.mark("since")
	doc, err := d.o.Store.Document(ctx, name)
	if err == nil && doc.Version == 0 {
		if _, err := d.o.Store.SwapDocument(ctx, rollup.Document{Name: name, Value: []byte(yesterday.String())}); err != nil {
			return rollup.Date{}, fmt.Errorf("mark its first day: %w", err)
		}
		doc, err = d.o.Store.Document(ctx, name)
	}
	if err != nil {
		return rollup.Date{}, fmt.Errorf("read its first day: %w", err)
	}
	first, err := rollup.ParseDate(string(doc.Value))
	if err != nil {
		return rollup.Date{}, fmt.Errorf("read its first day: %w", err)
	}
	return first, nil
}

func (d *Daily) made(ctx context.Context, l *List, day rollup.Date) (bool, error) {
	doc, err := d.o.Store.Document(ctx, l.mark(day.String()))
	if err != nil {
		return false, fmt.Errorf("read what was made: %w", err)
	}
	return doc.Version > 0, nil
}

// setMade marks a day. Who comes second finds the mark: that is as good.
func (d *Daily) setMade(ctx context.Context, l *List, day rollup.Date, now time.Time) error {
	doc := rollup.Document{Name: l.mark(day.String()), Value: []byte(now.UTC().Format(time.RFC3339)), Expires: now.Add(keepMarks)}
	if _, err := d.o.Store.SwapDocument(ctx, doc); err != nil {
		return fmt.Errorf("mark what was made: %w", err)
	}
	return nil
}
