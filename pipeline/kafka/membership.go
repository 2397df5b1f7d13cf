package kafka

import (
	"sync"
	"time"
)

// Membership is this process's place in the consumer group.
type Membership struct {
	Joined bool      // it is a member now; it may have no partitions, when others have them all
	Ever   bool      // it was one before
	Since  time.Time // when Joined last changed, or the source was made
	Err    error     // what keeps it from joining; nil while that goes well
}

// membership is what Source.Membership shows.
type membership struct {
	mu  sync.Mutex
	now func() time.Time
	is  Membership
}

// Membership tells whether the source is a member of its group. It is safe to call at any time.
func (s *Source) Membership() Membership {
	s.membership.mu.Lock()
	defer s.membership.mu.Unlock()
	return s.membership.is
}

// joined notes that an assignment has come.
func (m *membership) joined() { m.set(true, nil) }

// left notes that the assignment is over: by the next rebalance, as a rule.
func (m *membership) left() { m.set(false, nil) }

// failed notes what keeps us from joining.
func (m *membership) failed(err error) { m.set(false, err) }

func (m *membership) set(joined bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if joined != m.is.Joined {
		m.is.Joined, m.is.Since = joined, m.now()
	}
	m.is.Ever = m.is.Ever || joined
	m.is.Err = err
}
