package storetest

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"

	"github.com/logproc/logproc/parse"
	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/rollup"
)

// testModel drives a store at random, crashes included, and compares it with maps that hold the truth:
// what each record of each partition counts as, and how far each partition has been counted.
func testModel(t *testing.T, open Open) {
	for seed := range uint64(12) {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			s, reopen := open(t)
			m := &model{t: t, store: s, reopen: reopen, random: rand.New(rand.NewPCG(seed, 1))}
			for range 150 {
				m.act()
			}
			m.check()
		})
	}
}

// worker is an owner of a partition, perhaps a former one.
type worker struct {
	fence    rollup.Fence
	position int64 // where it believes the store to be
	last     *rollup.Commit
}

type model struct {
	t       *testing.T
	store   rollup.Store
	reopen  func() rollup.Store
	random  *rand.Rand
	offsets [3]int64        // the truth by partition
	newest  [3]rollup.Fence // the last fence issued
	lost    [3]uint64       // offsets lost
	workers [3][]*worker    // the newest last
}

// cellOf says what the record at an offset counts as: the same whoever reads it.
func cellOf(partition int, offset int64) rollup.Cell {
	r := rand.New(rand.NewPCG(uint64(partition), uint64(offset)))
	return rollup.Cell{
		Key: rollup.Key{Service: redact.Stored("s" + string(rune('a'+r.IntN(3)))), Env: redact.Stored("e" + string(rune('a'+r.IntN(2)))),
			Level: parse.Level(r.IntN(parse.LevelCount)), Msg: redact.Stored(fmt.Sprintf("key-%d", r.IntN(8)))},
		Bucket: rollup.Bucket(r.IntN(300) - 100),
	}
}

// factOf says what else the record of a cell adds to.
func factOf(c rollup.Cell) rollup.Fact {
	return rollup.Fact{Kind: rollup.FactDurations, Service: c.Key.Service, Env: c.Key.Env, Name: c.Key.Msg, Day: c.Bucket.UTCDay(),
		Slots: []rollup.Slot{{Index: uint16(c.Key.Level) * 50, N: 1}}}
}

// isLost says whether a record cannot be read.
func isLost(offset int64) bool { return offset%17 == 3 }

func (m *model) act() {
	p := m.random.IntN(len(m.workers))
	switch n := m.random.IntN(20); {
	case n == 0 && m.reopen != nil:
		m.store = m.reopen()
	case n <= 2 || len(m.workers[p]) == 0:
		m.claim(p)
	case n == 3:
		m.check()
	default:
		m.commit(p, m.workers[p][m.random.IntN(len(m.workers[p]))])
	}
}

func (m *model) claim(p int) {
	c := claim(m.t, m.store, rollup.TopicPartition{Topic: "logs", Partition: int32(p)})
	if c.Fence <= m.newest[p] || c.Offset != m.offsets[p] || c.Known != (m.offsets[p] > 0) {
		m.t.Fatalf("claim of %d: %+v, want a fence above %d and offset %d", p, c, m.newest[p], m.offsets[p])
	}
	m.newest[p] = c.Fence
	m.workers[p] = append(m.workers[p], &worker{fence: c.Fence, position: c.Offset})
	if len(m.workers[p]) > 3 {
		m.workers[p] = m.workers[p][1:]
	}
}

// commit has a worker commit its next batch, or the last one again, or one from a place that is wrong.
func (m *model) commit(p int, w *worker) {
	c := w.last
	switch n := m.random.IntN(10); {
	case n == 0 && c != nil:
	case n == 1:
		c = m.batch(p, w, max(0, w.position+m.random.Int64N(9)-4))
	default:
		c = m.batch(p, w, w.position)
	}
	w.last = c
	want := rollup.Decide(rollup.Claim{Fence: m.newest[p], Known: m.offsets[p] > 0, Offset: m.offsets[p]}, c)
	got := commit(m.t, m.store, c)
	if got != want {
		m.t.Fatalf("commit %d [%d, %d) on %d: got %v, want %v", p, c.Base, c.Next, m.offsets[p], got, want)
	}
	w.position = got.Offset
	if got.Outcome == rollup.Committed {
		if m.offsets[p] == 0 && c.Base > 0 { // the first commit may begin anywhere: here, all begin at 0
			m.t.Fatalf("the model does not know a start at %d", c.Base)
		}
		m.offsets[p] = c.Next
		for _, l := range c.Lost {
			m.lost[p] += l.Offsets()
		}
	}
}

func (m *model) batch(p int, w *worker, base int64) *rollup.Commit {
	if m.offsets[p] == 0 {
		base = 0
	}
	c := &rollup.Commit{TopicPartition: rollup.TopicPartition{Topic: "logs", Partition: int32(p)},
		Fence: w.fence, Base: base, Next: base + 1 + m.random.Int64N(40)}
	c.Resume = max(0, c.Next-m.random.Int64N(5))
	tally := make(rollup.Tally)
	for offset := c.Base; offset < c.Next; offset++ {
		if isLost(offset) {
			c.Lost = append(c.Lost, rollup.Lost{First: offset, Last: offset, Reason: rollup.LostCorrupt})
			continue
		}
		cell := cellOf(p, offset)
		tally.Add(cell.Key, cell.Bucket, 1)
		c.Facts = append(c.Facts, factOf(cell))
		c.Outcomes.Counted++
	}
	c.Counts = tally.Counts()
	return c
}

// check compares all counts and ledgers with the truth.
func (m *model) check() {
	truth := make(rollup.Tally)
	var facts []rollup.Fact
	for p, end := range m.offsets {
		counted := uint64(0)
		for offset := range end {
			if !isLost(offset) {
				cell := cellOf(p, offset)
				truth.Add(cell.Key, cell.Bucket, 1)
				facts = append(facts, factOf(cell))
				counted++
			}
		}
		if end == 0 {
			continue
		}
		l := ledger(m.t, m.store, rollup.TopicPartition{Topic: "logs", Partition: int32(p)})
		if l.Offset != end || l.Outcomes.Counted != counted || l.LostOffsets[rollup.LostCorrupt] != m.lost[p] ||
			counted+m.lost[p] != uint64(end) {
			m.t.Fatalf("ledger of %d: %+v, want offset %d, %d counted, %d lost", p, l, end, counted, m.lost[p])
		}
	}
	if got := read(m.t, m.store, every); !maps.Equal(got, truth) {
		m.t.Fatalf("counts:\n got %v\nwant %v", got, truth)
	}
	wantFacts(m.t, m.store, rollup.FactQuery{Kind: rollup.FactDurations, From: -100, To: 100}, facts...)
}
