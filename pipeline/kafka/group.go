package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/logproc/logproc/pipeline"
	"github.com/logproc/logproc/rollup"
)

// joinBackoff is how long a member waits after an error before it joins again.
const joinBackoff = 500 * time.Millisecond

// drainError says that work did not end in time.
type drainError struct {
	timeout    time.Duration
	partitions []string
}

func (e *drainError) Error() string {
	return fmt.Sprintf("stop reading: work on %s has not ended within %s; its counts are safe, the last of them may be counted again",
		strings.Join(e.partitions, ", "), e.timeout)
}

// dialer gives kafka-go's dialer the same way to the brokers.
func (c *Config) dialer() *kafkago.Dialer {
	return &kafkago.Dialer{ClientID: c.ClientID, Timeout: requestTimeout, DialFunc: c.dialCounted, TLS: c.TLS, SASLMechanism: c.SASL}
}

// member is this process's membership in the group with one set of topics.
type member struct {
	s    *Source
	work func(ctx context.Context, p pipeline.Partition)

	mu   sync.Mutex
	sub  subscription  // what the next generation is made from
	next *subscription // what to subscribe to when the topics are not the same any more
	busy map[rollup.TopicPartition]bool
}

// runGroup is a member of the group until the context ends, all partitions are at their end, or the
// topics have changed; then it gives the new ones with errResubscribe.
func (s *Source) runGroup(ctx context.Context, sub subscription, work func(ctx context.Context, p pipeline.Partition)) (subscription, error) {
	m := &member{s: s, sub: sub, work: work, busy: map[rollup.TopicPartition]bool{}}
	conns := &connSet{open: map[*trackedConn]bool{}}
	dialer := s.cfg.dialer()
	dialer.DialFunc = conns.track(dialer.DialFunc)
	group, err := kafkago.NewConsumerGroup(kafkago.ConsumerGroupConfig{ID: s.cfg.Group, Brokers: s.cfg.Brokers, Dialer: dialer,
		Topics: sub.names(), GroupBalancers: []kafkago.GroupBalancer{roundRobin{known: m.partitions}},
		HeartbeatInterval: s.cfg.HeartbeatInterval, SessionTimeout: s.cfg.SessionTimeout,
		RebalanceTimeout: s.cfg.RebalanceTimeout, JoinGroupBackoff: joinBackoff, Timeout: requestTimeout})
	if err != nil {
		return sub, fmt.Errorf("join group %s: %w", s.cfg.Group, err)
	}
	err = m.generations(ctx, group)
	if drained := m.leave(group, conns); drained != nil {
		return sub, drained
	}
	if errors.Is(err, errResubscribe) {
		return *m.next, err
	}
	return sub, err
}

// partitions lists what is known of the subscribed topics.
func (m *member) partitions() []rollup.TopicPartition {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.sub.partitions()
}

// generations takes one assignment after the other until there is a reason to leave the group. It gives
// nil when, with UntilEnd, everything assigned is read.
func (m *member) generations(ctx context.Context, group *kafkago.ConsumerGroup) error {
	ill := m.s.newIllness("join group " + m.s.cfg.Group)
	for {
		gen, err := group.Next(ctx)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, kafkago.ErrGroupClosed):
			return err
		case errors.Is(err, kafkago.RebalanceInProgress):
			continue
		case err != nil:
			err = fmt.Errorf("join group %s: %w", m.s.cfg.Group, m.s.cfg.confirmLogin(ctx, err))
			m.s.membership.failed(err)
			if err := ill.note(ctx, err); err != nil {
				return err
			}
			continue
		}
		ill.over()
		m.s.membership.joined()
		done, err := m.generation(ctx, gen)
		m.s.membership.left()
		if done || err != nil {
			return err
		}
	}
}

// generation works on an assignment until the group moves on, all of it is read, or there is an error.
func (m *member) generation(ctx context.Context, gen *kafkago.Generation) (done bool, err error) {
	g := &generation{m: m, gen: gen, commits: newCommitter(m.s, gen), ended: make(chan struct{}), read: make(chan struct{})}
	g.start(ctx)
	select {
	case <-g.ended:
	case <-ctx.Done():
		return false, ctx.Err()
	case <-g.read:
		return true, nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.next != nil {
		return false, errResubscribe
	}
	return false, nil
}

// leave closes the group, which ends all work, and waits for that. A member that waits in a join with
// nothing to do is cut off: the join may take as long as another member's work.
func (m *member) leave(group *kafkago.ConsumerGroup, conns *connSet) error {
	closed := make(chan struct{})
	go func() {
		_ = group.Close() // it never gives an error
		close(closed)
	}()
	deadline := time.NewTimer(m.s.cfg.DrainTimeout)
	defer deadline.Stop()
	idle := time.NewTimer(leavePatience)
	defer idle.Stop()
	for {
		select {
		case <-closed:
			return nil
		case <-idle.C:
			if len(m.atWork()) == 0 {
				conns.closeAll()
			} else {
				idle.Reset(leavePatience)
			}
		case <-deadline.C:
			conns.closeAll()
			if busy := m.atWork(); len(busy) > 0 {
				return &drainError{timeout: m.s.cfg.DrainTimeout, partitions: busy}
			}
			deadline.Reset(m.s.cfg.DrainTimeout)
		}
	}
}

// leavePatience is how long leaving may take beside the work's own end.
const leavePatience = 5 * time.Second

// atWork names the partitions whose work has not returned.
func (m *member) atWork() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var names []string
	for tp := range m.busy {
		names = append(names, tp.String())
	}
	slices.Sort(names)
	return names
}
