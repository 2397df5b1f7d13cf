package kafka

import (
	"context"
	"net"
	"sync"
)

// connSet keeps track of a group's connections, since kafka-go gives no way to end one that waits.
type connSet struct {
	mu     sync.Mutex
	open   map[*trackedConn]bool
	closed bool
}

type trackedConn struct {
	net.Conn
	set *connSet
}

type dialFunc = func(ctx context.Context, network, addr string) (net.Conn, error)

// track gives a dial function whose connections are in the set.
func (s *connSet) track(dial dialFunc) dialFunc {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		if s.isClosed() {
			return nil, net.ErrClosed
		}
		nc, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		c := &trackedConn{Conn: nc, set: s}
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.closed {
			_ = nc.Close()
			return nil, net.ErrClosed
		}
		s.open[c] = true
		return c, nil
	}
}

func (s *connSet) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// Close closes the connection and takes it out of the set.
func (c *trackedConn) Close() error {
	c.set.mu.Lock()
	delete(c.set.open, c)
	c.set.mu.Unlock()
	return c.Conn.Close()
}

// closeAll closes what is open and everything that is opened from now on.
func (s *connSet) closeAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for c := range s.open {
		_ = c.Conn.Close()
	}
	clear(s.open)
}
