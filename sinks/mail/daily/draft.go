package daily

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/logproc/logproc/internal/glob"
	"github.com/logproc/logproc/rollup"
	mails "github.com/logproc/logproc/sinks/mail"
	"github.com/logproc/logproc/sinks/mail/outbox"
)

// Draft is a message that is ready for the outbox.
type Draft struct {
	Entry outbox.Entry
	Body  []byte
}

// owner is a service and env.
type owner struct{ service, env string }

// drafts makes the messages that a list is owed for a day: those of the day, and corrections of the day before.
// complete is false when the day is not over in the zone of every service.
func (d *Daily) drafts(ctx context.Context, l *List, day rollup.Date, now time.Time) (list []Draft, complete bool, err error) {
	reports, err := d.reports(ctx, l, day)
	if err != nil {
		return nil, false, err
	}
	complete = true
	for i := range reports {
		if zone, err := time.LoadLocation(reports[i].Zone); err == nil && now.Before(l.over(day, zone)) {
			complete = false
		}
	}
	before := day.AddDays(-1)
	changed, corrections, err := d.lookBack(ctx, l, before)
	if err != nil {
		return nil, false, err
	}
	for i := range reports {
		if late := changed[ownerOf(&reports[i])]; late > 0 {
			reports[i].Complete.Late = late
		}
	}
	news := slices.DeleteFunc(slices.Clone(reports), func(r rollup.Report) bool { return !l.worth(&r) })
	for _, group := range l.groups(news) {
		draft, err := d.draft(ctx, l, edition{day: day, reports: group}, now)
		if err != nil {
			return nil, false, err
		}
		list = append(list, draft)
	}
	for _, c := range corrections {
		draft, err := d.draft(ctx, l, c, now)
		if err != nil {
			return nil, false, err
		}
		list = append(list, draft)
	}
	return list, complete, nil
}

func (d *Daily) reports(ctx context.Context, l *List, day rollup.Date) ([]rollup.Report, error) {
	list, err := d.o.Reports(ctx, rollup.Request{Day: day, Zone: l.Zone, ZoneOf: l.ZoneOf, AllLevels: l.AllLevels})
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(list, func(r rollup.Report) bool {
		service, env := r.Service.String(), r.Env.String()
		return !glob.Any(l.Services, []byte(service)) || len(l.Envs) > 0 && !glob.Any(l.Envs, []byte(env))
	}), nil
}

// worth tells whether there is something to report of a service.
func (l *List) worth(r *rollup.Report) bool {
	leaks := slices.ContainsFunc(r.Redactions, func(c rollup.RedactionCount) bool { return c.Leaks })
	return r.Total >= l.MinEvents || leaks || len(r.NewKeys)+len(r.Silent)+len(r.Movers)+len(r.Findings) > 0
}

// groups gives the reports of each message.
func (l *List) groups(reports []rollup.Report) [][]rollup.Report {
	if l.Digest {
		if len(reports) == 0 && l.MinEvents > 0 {
			return nil
		}
		return [][]rollup.Report{reports}
	}
	groups := make([][]rollup.Report, 0, len(reports))
	for i := range reports {
		groups = append(groups, reports[i:i+1])
	}
	return groups
}

// edition is what one message tells.
type edition struct {
	day      rollup.Date
	reports  []rollup.Report
	revision int
	corrects string // the id of the message that it corrects
}

func (d *Daily) draft(ctx context.Context, l *List, e edition, now time.Time) (Draft, error) {
	o := owner{}
	if !l.Digest && len(e.reports) == 1 {
		o = ownerOf(&e.reports[0])
	}
	id := l.id(o, e.day, e.revision)
	var ledgers []rollup.Ledger
	if d.o.Ledgers != nil && l.Digest { // losses are nobody's in particular
		var err error
		if ledgers, err = d.o.Ledgers(ctx); err != nil {
			return Draft{}, fmt.Errorf("read the ledger: %w", err)
		}
	}
	composer := d.o.Composers[l.Channel]
	body, messageID, err := composer.Compose(mails.Edition{
		ID: id, List: l.Name, Day: e.day, Zone: l.Zone, Digest: l.Digest, Revision: e.revision, Corrects: e.corrects, To: l.To,
		Reports: e.reports, Ledgers: ledgers, Date: now,
	})
	if err != nil {
		return Draft{}, err
	}
	entry := outbox.Entry{
		ID: id, Channel: l.Channel, List: l.Name, Service: o.service, Env: o.env, Day: e.day.String(), Revision: e.revision,
		MessageID: messageID, To: l.addresses(), Due: now,
	}
	if due := l.due(e.day); e.revision == 0 && due.Before(now) {
		entry.Due = due
	}
	entry.Told = toldBy(e.reports)
	return Draft{entry, body}, nil
}

// maxTold bounds the texts of what a message told, in bytes: a store takes documents of a megabyte. Beyond it nothing
// is kept, and so nothing corrected.
const maxTold = 400_000

func toldBy(reports []rollup.Report) []outbox.Told {
	told, size := make([]outbox.Told, len(reports)), 0
	for i := range reports {
		r, who := &reports[i], ownerOf(&reports[i])
		told[i] = outbox.Told{Service: who.service, Env: who.env, Total: r.Total, Events: r.Events}
		size += len(who.service) + len(who.env) + 80
	}
	if size > maxTold {
		return nil
	}
	return told
}

func ownerOf(r *rollup.Report) owner { return owner{r.Service.String(), r.Env.String()} }

func (l *List) addresses() []string {
	if len(l.To) == 0 {
		return []string{l.Name} // of a channel without addresses
	}
	list := make([]string, len(l.To))
	for i, a := range l.To {
		list[i] = a.Address
	}
	return list
}

// id names a message by what it is about and who gets it: the same on every replica, another one for everything
// that is another message.
func (l *List) id(o owner, day rollup.Date, revision int) string {
	to := l.addresses()
	for i := range to {
		to[i] = strings.ToLower(to[i])
	}
	slices.Sort(to)
	kind := "service"
	if l.Digest {
		kind = "digest:" + l.Name
	}
	h := sha256.New()
	for _, part := range append([]string{l.Channel, kind, o.service, o.env, day.String(), fmt.Sprint(revision)}, to...) {
		var size [8]byte
		binary.BigEndian.PutUint64(size[:], uint64(len(part)))
		h.Write(size[:])
		h.Write([]byte(part))
	}
	return strings.ReplaceAll(day.String(), "-", "") + hex.EncodeToString(h.Sum(nil)[:12])
}
