package daily

import (
	"context"

	"github.com/logproc/logproc/rollup"
	"github.com/logproc/logproc/sinks/mail/outbox"
)

// lookBack compares what the messages of a day told with what is counted now. It gives the number of events that
// came late, by service and env, and the corrections that are due because a total has changed too much. Every
// message is looked at once, a day after it was made, so there is one correction at most.
func (d *Daily) lookBack(ctx context.Context, l *List, day rollup.Date) (late map[owner]uint64, corrections []edition, err error) {
	told, err := d.told(ctx, l, day)
	if err != nil || len(told) == 0 {
		return nil, nil, err
	}
	reports, err := d.reports(ctx, l, day)
	if err != nil {
		return nil, nil, err
	}
	late = make(map[owner]uint64)
	for _, group := range l.groups(reports) {
		if len(group) == 0 {
			continue
		}
		o := owner{}
		if !l.Digest {
			o = ownerOf(&group[0])
		}
		entry, known := told[l.id(o, day, 0)]
		if !known || len(entry.Told) == 0 {
			continue
		}
		changed := false
		for i := range group {
			before := toldOf(&entry, ownerOf(&group[i]))
			if group[i].Events > before.Events {
				late[ownerOf(&group[i])] = group[i].Events - before.Events
			}
			changed = changed || d.tooMuch(before.Total, group[i].Total)
			group[i].Complete.Late = late[ownerOf(&group[i])]
		}
		if changed && entry.State == outbox.Sent {
			corrections = append(corrections, edition{day: day, reports: group, revision: 1, corrects: entry.ID})
		}
	}
	return late, corrections, nil
}

// told gives the first messages of a day to a list, by id.
func (d *Daily) told(ctx context.Context, l *List, day rollup.Date) (map[string]outbox.Entry, error) {
	told := make(map[string]outbox.Entry)
	err := d.o.Outbox.Entries(ctx, day.String(), func(e outbox.Entry) error {
		if e.Day == day.String() && e.List == l.Name && e.Revision == 0 {
			told[e.ID] = e
		}
		return nil
	})
	return told, err
}

func toldOf(e *outbox.Entry, o owner) outbox.Told {
	for _, t := range e.Told {
		if t.Service == o.service && t.Env == o.env {
			return t
		}
	}
	return outbox.Told{}
}

// tooMuch tells whether a total has changed by more than the configured share.
func (d *Daily) tooMuch(before, now uint64) bool {
	if d.o.CorrectionShare <= 0 || before == now {
		return false
	}
	change := float64(now) - float64(before)
	if change < 0 {
		change = -change
	}
	return change > d.o.CorrectionShare*float64(max(before, 1))
}
