package kafka

import (
	"context"
	"net"
)

// dialCounted opens a connection whose bytes are counted.
func (c *Config) dialCounted(ctx context.Context, network, addr string) (net.Conn, error) {
	nc, err := c.Dial(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	return &countedConn{Conn: nc, onBytes: c.OnBytes}, nil
}

// countedConn tells of the bytes that go through it.
type countedConn struct {
	net.Conn
	onBytes func(read, written int)
}

func (c *countedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 {
		c.onBytes(n, 0)
	}
	return n, err
}

func (c *countedConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	if n > 0 {
		c.onBytes(0, n)
	}
	return n, err
}
