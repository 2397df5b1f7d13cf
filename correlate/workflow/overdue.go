package workflow

import (
	"slices"

	"github.com/logproc/logproc/correlate/id"
	"github.com/logproc/logproc/rules"
)

// overdue finds out whether an entity is stuck, or has not begun although it was announced.
func (e *Engine) overdue(n *Entity, emit func(Finding)) {
	w := &e.rules[n.rule]
	_, since, begun := n.State()
	switch {
	case !begun && n.Announced > 0 && !n.Is[NeverStarted] && e.settled > n.Announced+int64(w.Announced):
		n.Is[NeverStarted], n.changed = true, true
		f := n.finding(NeverStarted, e.settled, false)
		f.Count = 1
		emit(f)
	case begun && n.state >= 0 && w.States[n.state].Within > 0 && !n.Is[Stuck] && e.settled > since+int64(w.States[n.state].Within):
		n.Is[Stuck], n.changed = true, true
		emit(n.finding(Stuck, e.settled, false))
	}
}

// start counts entities that are about to begin towards the oldest announcement that waits for some.
func (e *Engine) start() {
	if len(e.announced) == 0 {
		return
	}
	var beginning []*Entity
	for _, n := range e.order {
		if first := n.firstStep(e.settled); first > 0 && len(n.Steps) == 0 {
			beginning = append(beginning, n)
		}
	}
	slices.SortStableFunc(beginning, func(a, b *Entity) int { return int(min(1, max(-1, a.firstStep(e.settled)-b.firstStep(e.settled)))) })
	for _, n := range beginning {
		at := n.firstStep(e.settled)
		for i := range e.announced {
			a := &e.announced[i]
			if a.Workflow == n.Workflow && a.Seen < a.Count && at >= a.At && at <= a.At+int64(e.rules[n.rule].Announced) {
				a.Seen++
				break
			}
		}
	}
}

// firstStep gives the time of the first state that is settled and not applied yet; 0 when there is none.
func (n *Entity) firstStep(settled int64) int64 {
	for i := range n.pending {
		if o := &n.pending[i]; o.Announces == 0 && o.Time <= settled {
			return o.Time
		}
	}
	return 0
}

// expire ends the announcements whose time is over.
func (e *Engine) expire(emit func(Finding)) {
	e.announced = slices.DeleteFunc(e.announced, func(a Announcement) bool {
		w := slices.IndexFunc(e.rules, func(r rules.Workflow) bool { return r.Name == a.Workflow })
		if w < 0 || e.settled <= a.At+int64(e.rules[w].Announced) {
			return w < 0
		}
		if a.Seen < a.Count {
			emit(Finding{Kind: NeverStarted, Workflow: a.Workflow, Since: a.At, At: e.settled, Count: a.Count, Seen: a.Seen})
		}
		return true
	})
}

// Each calls f for every entity in the order in which they were first seen.
func (e *Engine) Each(f func(*Entity)) {
	for _, n := range e.order {
		f(n)
	}
}

// Changed calls f for every entity that has changed since it was last called, so that its document can be stored.
func (e *Engine) Changed(f func(*Entity)) {
	for _, n := range e.order {
		if n.changed {
			n.changed = false
			f(n)
		}
	}
}

// Announcements gives those that still wait.
func (e *Engine) Announcements() []Announcement { return slices.Clone(e.announced) }

// Oldest gives the time of the oldest record that is not applied yet; ok is false when all are. After a restart,
// reading again from there and with the stored entities gives the same.
func (e *Engine) Oldest() (t int64, ok bool) {
	for _, n := range e.order {
		if len(n.pending) > 0 && (!ok || n.pending[0].Time < t) {
			t, ok = n.pending[0].Time, true
		}
	}
	return t, ok
}

// Find gives the entities with an id, of any workflow.
func (e *Engine) Find(entity id.ID) (found []*Entity) {
	for _, n := range e.order {
		if n.ID == entity {
			found = append(found, n)
		}
	}
	return found
}
