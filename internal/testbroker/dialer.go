package testbroker

import (
	"bytes"
	"context"
	"errors"
	"net"
	"sync"
)

// errRefused is what a Dialer gives that has been told to refuse.
var errRefused = errors.New("connection refused by the test")

// Dialer opens connections whose faults a test decides. It is safe for concurrent use; its Dial fits a
// configuration's field.
type Dialer struct {
	mu       sync.Mutex
	conns    map[*faultyConn]bool
	refusing bool
	dials    int
	cutAfter int
	corrupt  []byte
	times    int
}

// Dial opens a connection.
func (d *Dialer) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	d.mu.Lock()
	d.dials++
	refusing := d.refusing
	d.mu.Unlock()
	if refusing {
		return nil, errRefused
	}
	nc, err := (&net.Dialer{}).DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	c := &faultyConn{Conn: nc, d: d, left: d.cutAfter}
	if d.conns == nil {
		d.conns = map[*faultyConn]bool{}
	}
	d.conns[c] = true
	return c, nil
}

// Dials gives the number of connections that were asked for.
func (d *Dialer) Dials() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.dials
}

// Open gives the number of connections that are open.
func (d *Dialer) Open() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.conns)
}

// Cut closes all connections.
func (d *Dialer) Cut() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for c := range d.conns {
		_ = c.Conn.Close()
	}
}

// Refuse lets new connections fail, and cuts the others, or lets them be again.
func (d *Dialer) Refuse(refuse bool) {
	d.mu.Lock()
	d.refusing = refuse
	d.mu.Unlock()
	if refuse {
		d.Cut()
	}
}

// CutAfter cuts every new connection after it has read a number of bytes; 0 never.
func (d *Dialer) CutAfter(bytes int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.cutAfter = bytes
}

// Corrupt changes a byte of what is read, right after a marker, for a number of times; -1 always. The
// marker has to come in one read.
func (d *Dialer) Corrupt(marker string, times int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.corrupt, d.times = []byte(marker), times
}

type faultyConn struct {
	net.Conn
	d    *Dialer
	left int // bytes until it is cut; 0 for never
}

// Read reads with the faults that were asked for.
func (c *faultyConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.d.mu.Lock()
	defer c.d.mu.Unlock()
	if len(c.d.corrupt) > 0 && c.d.times != 0 {
		for at := 0; ; {
			i := bytes.Index(p[at:n], c.d.corrupt)
			if at += i + len(c.d.corrupt); i < 0 || at >= n {
				break
			}
			p[at] ^= 0x01
			c.d.times--
		}
	}
	if c.left > 0 {
		if c.left -= n; c.left <= 0 {
			_ = c.Conn.Close()
			return n, errors.Join(err, net.ErrClosed)
		}
	}
	return n, err
}

// Close closes the connection.
func (c *faultyConn) Close() error {
	c.d.mu.Lock()
	delete(c.d.conns, c)
	c.d.mu.Unlock()
	return c.Conn.Close()
}
