package history

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/logproc/logproc/rollup"
)

// partName names the document of a part of a day's sums.
func partName(d stretch, part int) string {
	return fmt.Sprintf("history/sums/%d-%d/%d", d.from, d.to, part)
}

// kept gives a day's sums from the documents that hold them; found is false when there are none, or when the
// day has changed since. Nothing was handed to f then.
func kept(ctx context.Context, s Store, d stretch, of []revision, f func(key []byte, n uint64) error) (found bool, err error) {
	if of == nil {
		return false, nil
	}
	var bodies [][]byte
	for part, parts := 0, 1; part < parts; part++ {
		document, err := s.Document(ctx, partName(d, part))
		if err != nil {
			return false, err
		}
		n, body, ok := partsOf(document.Value, of)
		if !ok || part > 0 && n != parts {
			return false, nil
		}
		parts = n
		bodies = append(bodies, body)
	}
	for _, body := range bodies { // all are there
		if err := decode(body, f); err != nil {
			return true, err
		}
	}
	return true, nil
}

// Refresher keeps the sums of the last days, so that reports need not read their quarter-hours. Several may work
// on a store at the same time. A Refresher itself is for one goroutine.
type Refresher struct {
	store rollup.Store
	known map[stretch][]revision // what this one has seen to be kept
}

// NewRefresher makes a Refresher.
func NewRefresher(s rollup.Store) *Refresher {
	return &Refresher{store: s, known: make(map[stretch][]revision)}
}

// keepFor is how long sums are kept: they are needed for as long as reports look back.
const keepFor = (span + 5) * 24 * time.Hour

// Refresh sums those days before now's in the given zones that have changed since the last call. It gives the
// number of days that it has summed.
func (r *Refresher) Refresh(ctx context.Context, zones []*time.Location, now time.Time) (summed int, err error) {
	var days []stretch
	for _, zone := range zones {
		today := rollup.DateOf(rollup.BucketOf(now.UnixNano()), zone)
		for back := 1; back <= span; back++ {
			if d := stretchOf(today.AddDays(-back), zone); d.from < d.to {
				days = append(days, d)
			}
		}
	}
	slices.SortFunc(days, compareStretches)
	days = slices.Compact(days)
	if len(days) == 0 {
		return 0, nil
	}
	from, _ := days[0].utcDays()
	_, to := days[len(days)-1].utcDays()
	all, err := r.store.Revisions(ctx, from, to) // before any of the counts
	if err != nil {
		return 0, fmt.Errorf("read the revisions of days: %w", err)
	}
	current := make(map[stretch][]revision, len(days))
	for _, d := range days {
		of := revisionsOf(d, all)
		if of == nil {
			continue
		}
		current[d] = of
		if slices.Equal(r.known[d], of) {
			continue
		}
		done, err := r.refresh(ctx, d, of, now)
		if err != nil {
			return summed, err
		}
		r.known[d] = of
		summed += done
	}
	r.known = current
	return summed, nil
}

// refresh sums one day, unless somebody has.
func (r *Refresher) refresh(ctx context.Context, d stretch, of []revision, now time.Time) (summed int, err error) {
	found, err := kept(ctx, r.store, d, of, func([]byte, uint64) error { return nil })
	if err != nil {
		return 0, fmt.Errorf("read the kept sums of a day: %w", err)
	}
	if found {
		return 0, nil
	}
	list, err := fold(ctx, r.store, d, nil, nil)
	if err != nil {
		return 0, fmt.Errorf("sum a day: %w", err)
	}
	parts := encode(list, of)
	if len(parts) > maxParts {
		return 0, nil
	}
	// The first part comes last: without it nobody reads the others.
	for part := len(parts) - 1; part >= 0; part-- {
		document := rollup.Document{Name: partName(d, part), Value: parts[part], Expires: now.Add(keepFor)}
		if err := r.store.PutDocuments(ctx, []rollup.Document{document}); err != nil {
			return 0, errors.Join(errors.New("keep the sums of a day"), err)
		}
	}
	return 1, nil
}

func stretchOf(day rollup.Date, zone *time.Location) stretch {
	from, to := day.Buckets(zone)
	return stretch{from, to}
}
