package rollup

import (
	"context"
	"fmt"
	"time"
)

// ExpireLimit is the number of keys that ExpireOld deletes in one step: some milliseconds of a store's time.
const ExpireLimit = 5_000

// ExpireOld deletes the days that are older than retention, measured from the newest event of any partition, or
// from now where an event is ahead of it. A store of old logs alone therefore keeps them. Between two steps it
// calls pause, and ends with its error. It gives the number of keys that it deleted.
func ExpireOld(ctx context.Context, s Store, retention time.Duration, now time.Time, pause func() error) (deleted int, err error) {
	ledgers, err := s.Ledgers(ctx)
	if err != nil {
		return 0, fmt.Errorf("read the newest event's time: %w", err)
	}
	newest := int64(0)
	for _, l := range ledgers {
		newest = max(newest, min(l.Newest, now.UnixNano()))
	}
	if newest == 0 || retention <= 0 {
		return 0, nil
	}
	before := BucketOf(newest - int64(retention))
	for {
		n, more, err := s.Expire(ctx, before, ExpireLimit)
		deleted += n
		if err != nil {
			return deleted, fmt.Errorf("delete the days before %s: %w", before.Start().Format(time.DateOnly), err)
		}
		if !more {
			return deleted, nil
		}
		if err := pause(); err != nil {
			return deleted, err
		}
	}
}
