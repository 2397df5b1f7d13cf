package sim

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/logproc/logproc/rollup"
)

const topicName = "logs"

// topic is what the broker holds: one log per partition, replaced by others when it is created again.
type topic struct {
	w       *world
	logs    []*log
	created int // how often
}

// log is one partition's log, with what the oracle knows of each record.
type log struct {
	tp      rollup.TopicPartition
	id      rollup.TopicID
	start   int64
	records []record // by offset
	deleted bool
	more    chan struct{} // closed when something has changed that a reader waits for
	writer  writer

	unread     map[int64]bool // offsets that were counted or held, and that a worker which read them again did not get
	starts     map[int64]bool // that were given to those who asked for the configured one
	began      int64          // where counting began first; -1: it did not
	shown      []showing      // by offset
	published  map[int64]bool // offsets of which the redacted record was acknowledged
	committed  int64          // the highest offset that was ever stored
	lettered   map[int64]bool
	undeclared bool // a dead letter could not be written
}

func newTopic(w *world) *topic {
	t := &topic{w: w}
	for range w.plan.partitions {
		t.grow()
	}
	return t
}

// grow adds a partition.
func (t *topic) grow() {
	tp := rollup.TopicPartition{Topic: topicName, Partition: int32(len(t.logs))}
	t.logs = append(t.logs, t.newLog(tp))
}

func (t *topic) newLog(tp rollup.TopicPartition) *log {
	return &log{
		tp: tp, id: rollup.TopicID(fmt.Sprintf("%032x", t.created)), more: make(chan struct{}), began: -1,
		unread: map[int64]bool{}, starts: map[int64]bool{}, published: map[int64]bool{}, lettered: map[int64]bool{},
		writer: writer{oracle: t.w.oracle, random: t.w.rand("writer", tp.Partition, t.created)},
	}
}

// createAgain deletes the topic and creates another one of that name.
func (t *topic) createAgain() {
	t.created++
	for i, l := range t.logs {
		l.deleted = true
		t.logs[i] = t.newLog(l.tp)
		l.wake()
	}
}

func (l *log) end() int64 { return int64(len(l.records)) }

// wake lets everybody look who waits for something new.
func (l *log) wake() {
	close(l.more)
	l.more = make(chan struct{})
}

// expire is what retention does: the log begins later.
func (l *log) expire(random *rand.Rand) bool {
	if l.start == l.end() {
		return false
	}
	l.start += 1 + random.Int64N(min(l.end()-l.start, 60))
	l.wake()
	return true
}

// append writes some records.
func (l *log) append(n int, now time.Time) {
	for range n {
		l.records = append(l.records, l.writer.next(now))
	}
	l.wake()
}

// isLost tells whether nobody can read an offset any more.
func (l *log) isLost(offset int64) bool {
	return offset < l.start || offset < l.end() && (l.records[offset].kind == corrupt || l.records[offset].kind == hole)
}
