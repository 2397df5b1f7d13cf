package sim

import (
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/logproc/logproc/rollup"
)

// coordinator is the group's side of the network: who is in it, who has which partition, and the copies of the
// offsets. It speaks the eager protocol: in a rebalance everybody gives up everything, and joins again.
type coordinator struct {
	w          *world
	generation int
	members    map[int]*membership // by the process's number
	preparing  time.Time           // since when a rebalance waits for the members; zero: there is none
	copies     map[rollup.TopicPartition]groupCopy
}

// membership is what the coordinator knows of a member.
type membership struct {
	heard      time.Time
	joined     bool // in the rebalance at hand
	generation *generation
}

// generation is an assignment.
type generation struct {
	number int
	logs   []*log
	copied []int64 // the copies of the offsets as they were; -1: none
}

// groupCopy is a copy of an offset, with what the note says in words of our own.
type groupCopy struct {
	offset  int64
	note    string
	log     *log
	stateID string
}

// rebalanceTimeout is how long the coordinator waits for the members to join again.
const rebalanceTimeout = 8 * time.Second

func newCoordinator(w *world) *coordinator {
	return &coordinator{w: w, members: map[int]*membership{}, copies: map[rollup.TopicPartition]groupCopy{}}
}

// rebalance asks everybody to join again.
func (c *coordinator) rebalance(why string) {
	if !c.preparing.IsZero() {
		return
	}
	c.preparing = time.Now()
	c.w.see("rebalance")
	c.w.note("group rebalances: %s", why)
	for _, m := range c.members {
		m.joined = false
	}
}

// join takes a member in, or back.
func (c *coordinator) join(p int) {
	m := c.members[p]
	if m == nil {
		m = &membership{}
		c.members[p] = m
	}
	c.rebalance("a member joins")
	m.heard, m.joined, m.generation = time.Now(), true, nil
}

// leave takes a member out.
func (c *coordinator) leave(p int, why string) {
	if c.members[p] != nil {
		delete(c.members, p)
		c.w.note("group without process %d: %s", p, why)
		c.rebalance("a member is gone")
	}
}

// assignment gives a member that has joined its partitions, nil as long as there are none yet.
func (c *coordinator) assignment(p int) (g *generation, known bool) {
	m := c.members[p]
	if m == nil {
		return nil, false
	}
	m.heard = time.Now()
	return m.generation, true
}

// beat takes a heartbeat; false when the member has to join again.
func (c *coordinator) beat(p, generation int) bool {
	m := c.members[p]
	if m == nil || m.generation == nil || m.generation.number != generation {
		return false
	}
	m.heard = time.Now()
	return c.preparing.IsZero()
}

// copy takes copies of offsets, unless they come from a former generation.
func (c *coordinator) copy(p, generation int, news map[rollup.TopicPartition]groupCopy) bool {
	m := c.members[p]
	if m == nil || generation != c.generation {
		return false
	}
	maps.Copy(c.copies, news)
	return true
}

// tick is what happens by the coordinator's clock.
func (c *coordinator) tick(random *rand.Rand) {
	for _, p := range slices.Sorted(maps.Keys(c.members)) {
		if time.Since(c.members[p].heard) > sessionTimeout {
			c.w.see("session timeout")
			c.leave(p, "its session has timed out")
		}
	}
	if c.preparing.IsZero() || len(c.members) == 0 {
		return
	}
	late := time.Since(c.preparing) > rebalanceTimeout
	for p, m := range c.members {
		if !m.joined {
			if !late {
				return
			}
			delete(c.members, p)
		}
	}
	c.assign(random)
}

// assign deals the partitions out.
func (c *coordinator) assign(random *rand.Rand) {
	c.generation++
	c.preparing = time.Time{}
	members := slices.Sorted(maps.Keys(c.members))
	for _, p := range members {
		c.members[p].generation = &generation{number: c.generation}
	}
	if len(members) == 0 {
		return
	}
	first := random.IntN(len(members))
	for i, l := range c.w.topic.logs {
		g := c.members[members[(first+i)%len(members)]].generation
		copied, ok := c.copies[l.tp]
		if !ok {
			copied.offset = -1
		}
		g.logs, g.copied = append(g.logs, l), append(g.copied, copied.offset)
	}
	c.w.note("group generation %d: members %v, from %d", c.generation, members, first)
}
