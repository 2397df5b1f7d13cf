package sim

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// fallBack makes the store what it was: all of it or one partition, at any time, or empty.
func (s *server) fallBack(random *rand.Rand) {
	if s.w.plan.oldClock {
		s.behind = time.Hour // it issues fences again that it has forgotten
	}
	if chance(random, s.w.plan.wipes) {
		s.lives++
		s.id = fmt.Sprint("store-", s.lives)
		s.w.see("store lost everything")
		s.w.note("store lost everything, is now %s", s.id)
		for _, tp := range s.partitions() {
			d := s.shards[tp]
			d.past, d.current = nil, &version{}
			s.w.forgotten(d, 0)
		}
		return
	}
	all, back := random.IntN(2) == 0, random.Float64()
	for _, tp := range s.partitions() {
		d := s.shards[tp]
		if len(d.past) == 0 || !all && random.IntN(2) == 0 {
			continue
		}
		n := int(back * back * float64(len(d.past))) // mostly not far
		d.current = d.past[len(d.past)-1-n]
		d.past = d.past[:len(d.past)-1-n]
		s.w.see("store fell back")
		s.w.note("store fell back: %s is at %d again, fence %d", partitionOf(tp), d.current.state.Ledger.Offset, d.current.state.Fence)
		s.w.forgotten(d, d.current.state.Ledger.Offset)
		s.check(d)
	}
}
