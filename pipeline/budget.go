package pipeline

import (
	"slices"
	"strings"
	"sync"

	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/rollup"
)

// Limits bound how many series logs can make. Beyond them an event still counts, under rollup.Overflow.
type Limits struct {
	Services         int // services in all (default 1,000); the name of a further one becomes _overflow
	EnvsPerService   int // (default 50); the name of a further one becomes _overflow
	SeriesPerService int // env, level and msg combinations of one service (default 10,000)
	Series           int // in all (default 150,000)
}

// SetDefaults fills in what is not set.
func (l *Limits) SetDefaults() {
	for _, d := range []struct {
		value *int
		unset int
	}{{&l.Services, 1000}, {&l.EnvsPerService, 50}, {&l.SeriesPerService, 10_000}, {&l.Series, 150_000}} {
		if *d.value <= 0 {
			*d.value = d.unset
		}
	}
}

// budget admits series until the limits are reached. All workers share one; they ask it only for a
// series that they have not met before, so that its lock is not on the way of a record.
type budget struct {
	limits Limits

	mu       sync.Mutex
	services map[redact.Text]*serviceBudget
	series   int
	named    int           // services that count against the limit: those of logs, not our own
	refused  []redact.Text // the first services beyond the limit
}

type serviceBudget struct {
	envs   map[redact.Text]struct{}
	series map[rollup.Key]struct{}
}

func newBudget(l Limits) *budget {
	l.SetDefaults()
	return &budget{limits: l, services: make(map[redact.Text]*serviceBudget)}
}

// admit gives the key under which an event with key k counts: k itself while the limits allow, else k
// with the parts replaced that are beyond them. The keys that stand for many (_invalid, _missing …) are
// bounded by services and envs and need no budget of their own.
func (b *budget) admit(k rollup.Key) rollup.Key {
	b.mu.Lock()
	defer b.mu.Unlock()
	service := b.services[k.Service]
	if service == nil {
		own := strings.HasPrefix(k.Service.String(), "_")
		switch {
		case own:
		case b.named >= b.limits.Services:
			b.refuse(k.Service)
			k.Service = redact.Const(rollup.Overflow)
			service = b.services[k.Service]
		default:
			b.named++
		}
		if service == nil {
			service = &serviceBudget{envs: make(map[redact.Text]struct{}), series: make(map[rollup.Key]struct{})}
			b.services[k.Service] = service
		}
	}
	if _, known := service.envs[k.Env]; !known {
		if len(service.envs) >= b.limits.EnvsPerService {
			k.Env = redact.Const(rollup.Overflow)
		}
		service.envs[k.Env] = struct{}{}
	}
	if collective(k.Msg) {
		return k
	}
	if _, known := service.series[k]; known {
		return k
	}
	if len(service.series) >= b.limits.SeriesPerService || b.series >= b.limits.Series {
		k.Msg = redact.Const(rollup.Overflow)
		return k
	}
	service.series[k] = struct{}{}
	b.series++
	return k
}

// maxRefused is how many of the services beyond the limit are named.
const maxRefused = 20

func (b *budget) refuse(service redact.Text) {
	if len(b.refused) < maxRefused && !slices.Contains(b.refused, service) {
		b.refused = append(b.refused, service)
	}
}

// Refused names the first services that are beyond the limit of services, in the order in which they came.
func (p *Pipeline) Refused() []redact.Text {
	p.budget.mu.Lock()
	defer p.budget.mu.Unlock()
	return slices.Clone(p.budget.refused)
}

// collective reports whether msg stands for many keys.
func collective(msg redact.Text) bool {
	switch msg.String() {
	case rollup.MsgMissing, rollup.MsgUnparsed, rollup.MsgInvalid, rollup.Overflow:
		return true
	}
	return false
}
