package kafka

import (
	"context"
	"time"
)

// illness follows something that is being retried: it is logged once when it begins and once when it is over.
type illness struct {
	s     *Source
	doing string
	since time.Time
}

func (s *Source) newIllness(doing string) *illness { return &illness{s: s, doing: doing} }

// note gives an error when there is no use in another try.
func (i *illness) note(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if fatal := asFatal(err); fatal != nil {
		return fatal
	}
	if i.since.IsZero() {
		i.since = time.Now()
		i.s.cfg.Logger.Warn("cannot reach Kafka for now, trying again", "doing", i.doing, "error", err)
	}
	if i.s.cfg.UntilEnd && time.Since(i.since) >= i.s.cfg.GiveUp {
		return gaveUp(err, i.s.cfg.GiveUp)
	}
	return nil
}

func (i *illness) over() {
	if !i.since.IsZero() {
		i.since = time.Time{}
		i.s.cfg.Logger.Info("Kafka answers again", "doing", i.doing)
	}
}
