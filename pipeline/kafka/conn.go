package kafka

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"syscall"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/sasl"

	"github.com/logproc/logproc/internal/backoff"
)

// requestTimeout bounds the wait for an answer, beside the time that a fetch may wait for records.
const requestTimeout = 10 * time.Second

// maxSmallAnswer bounds the answers to everything but fetches.
const maxSmallAnswer = 64 << 20

// versions is the range of a request's versions that a broker speaks.
type versions struct{ min, max int16 }

// conn is an authenticated connection to one broker with one request under way at a time. It is used
// by one goroutine; close may be called from any.
type conn struct {
	nc       net.Conn
	addr     string
	clientID string
	apis     map[int16]versions
	serial   int32 // of the last request, which its answer repeats
	out      encoder
}

// loginTries is how often a broker may close the connection in answer to the credentials before that is
// taken for a no: old brokers say it that way, and one that is just stopping looks the same.
const loginTries = 3

// dial connects to a broker, with TLS and authentication as configured.
func (c *Config) dial(ctx context.Context, addr string) (cn *conn, err error) {
	for try := range loginTries {
		cn, err = c.dialOnce(ctx, addr)
		if !errors.Is(err, errLoginCut) || try+1 < loginTries && !backoff.Sleep(ctx, backoff.Min) {
			return cn, err
		}
	}
	return nil, fmt.Errorf("log in to broker %s with %s: %w", addr, c.SASL.Name(),
		&brokerError{code: kafkago.SASLAuthenticationFailed, doing: "present the credentials"})
}

// errLoginCut says that the broker closed the connection in answer to the credentials.
var errLoginCut = errors.New("the broker closed the connection")

func (c *Config) dialOnce(ctx context.Context, addr string) (*conn, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	nc, err := c.dialCounted(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("connect to broker %s: %w", addr, err)
	}
	stop := context.AfterFunc(ctx, func() { _ = nc.Close() })
	cn, err := c.shakeHands(ctx, nc, addr)
	if !stop() && err == nil {
		err = fmt.Errorf("connect to broker %s: %w", addr, ctx.Err())
	}
	if err != nil {
		_ = nc.Close()
		return nil, err
	}
	return cn, nil
}

func (c *Config) shakeHands(ctx context.Context, nc net.Conn, addr string) (*conn, error) {
	if c.TLS != nil {
		secure := tls.Client(nc, tlsConfigFor(c.TLS, addr))
		if err := secure.HandshakeContext(ctx); err != nil {
			if errors.Is(err, io.EOF) {
				return nil, fmt.Errorf("TLS with broker %s: it closed the connection; does its port speak TLS? (%w)", addr, err)
			}
			return nil, fmt.Errorf("TLS with broker %s: %w", addr, err)
		}
		nc = secure
	}
	cn := &conn{nc: nc, addr: addr, clientID: c.ClientID}
	if err := cn.askVersions(); err != nil {
		if c.TLS == nil && (errors.Is(err, io.EOF) || errors.Is(err, errWire)) {
			return nil, fmt.Errorf("greet broker %s: it closed the connection; does it want TLS? (%w)", addr, err)
		}
		return nil, fmt.Errorf("greet broker %s: %w", addr, err)
	}
	if c.SASL != nil {
		if err := cn.authenticate(ctx, c.SASL); err != nil {
			return nil, fmt.Errorf("log in to broker %s with %s: %w", addr, c.SASL.Name(), err)
		}
	}
	return cn, nil
}

// tlsConfigFor names the server that a certificate has to be for, unless the configuration does.
func tlsConfigFor(t *tls.Config, addr string) *tls.Config {
	t = t.Clone()
	if t.ServerName == "" {
		if host, _, err := net.SplitHostPort(addr); err == nil {
			t.ServerName = host
		}
	}
	return t
}

func (c *conn) close() { _ = c.nc.Close() }

// version picks the newest version of a request that both sides speak.
func (c *conn) version(api, oldest, newest int16) (int16, error) {
	v, ok := c.apis[api]
	if !ok || v.max < oldest || v.min > newest {
		return 0, fmt.Errorf("broker %s speaks versions %d to %d of request %d, expected one of %d to %d (Kafka 2.1 or newer)",
			c.addr, v.min, v.max, api, oldest, newest)
	}
	return min(v.max, newest), nil
}

// request begins a request; the caller appends its body and calls send.
func (c *conn) request(api, version int16, flex bool) *encoder {
	c.serial++
	e := &c.out
	e.b, e.flex = append(e.b[:0], 0, 0, 0, 0), false
	e.int16(api)
	e.int16(version)
	e.int32(c.serial)
	e.string(c.clientID)
	e.flex = flex
	e.tags()
	return e
}

// send writes the request that was begun last and reads the length of its answer.
func (c *conn) send(timeout time.Duration) (size int, err error) {
	binary.BigEndian.PutUint32(c.out.b, uint32(len(c.out.b)-4))
	if err := c.nc.SetDeadline(time.Now().Add(timeout)); err != nil {
		return 0, err
	}
	if _, err := c.nc.Write(c.out.b); err != nil {
		return 0, err
	}
	var head [4]byte
	if _, err := io.ReadFull(c.nc, head[:]); err != nil {
		return 0, err
	}
	size = int(int32(binary.BigEndian.Uint32(head[:])))
	if size < 4 {
		return 0, errWire
	}
	return size, nil
}

// receive reads an answer's content into p.
func (c *conn) receive(p []byte, timeout time.Duration) error {
	if err := c.nc.SetDeadline(time.Now().Add(timeout)); err != nil {
		return err
	}
	_, err := io.ReadFull(c.nc, p)
	return err
}

// answer checks the header of an answer and gives a decoder of the rest.
func (c *conn) answer(p []byte, flex bool) (decoder, error) {
	d := decoder{b: p, flex: flex}
	if serial := d.int32(); serial != c.serial {
		return d, errWire
	}
	d.tags()
	if d.bad {
		return d, errWire
	}
	return d, nil
}

// roundTrip sends the request that was begun last and reads its whole answer.
func (c *conn) roundTrip(flex bool) (decoder, error) {
	size, err := c.send(requestTimeout)
	if err != nil {
		return decoder{}, err
	}
	if size > maxSmallAnswer {
		return decoder{}, errWire
	}
	p := make([]byte, size)
	if err := c.receive(p, requestTimeout); err != nil {
		return decoder{}, err
	}
	return c.answer(p, flex)
}

func (c *conn) askVersions() error {
	c.request(apiVersions, 0, false)
	d, err := c.roundTrip(false)
	if err != nil {
		return err
	}
	if err := codeError(d.int16(), "ask for versions"); err != nil {
		return err
	}
	n := d.array(6)
	c.apis = make(map[int16]versions, n)
	for range n {
		api := d.int16()
		c.apis[api] = versions{d.int16(), d.int16()}
	}
	if d.bad {
		return errWire
	}
	return nil
}

// authenticate runs the exchange of a SASL mechanism.
func (c *conn) authenticate(ctx context.Context, m sasl.Mechanism) error {
	e := c.request(apiSaslHandshake, 1, false)
	e.string(m.Name())
	d, err := c.roundTrip(false)
	if err != nil {
		return err
	}
	if err := codeError(d.int16(), "choose the mechanism"); err != nil {
		return err
	}
	host, port, _ := net.SplitHostPort(c.addr)
	number, _ := strconv.Atoi(port)
	ctx = sasl.WithMetadata(ctx, &sasl.Metadata{Host: host, Port: number})
	session, message, err := m.Start(ctx)
	if err != nil {
		return err
	}
	for done := false; !done; {
		challenge, err := c.exchange(message)
		if err != nil {
			return err
		}
		if done, message, err = session.Next(ctx, challenge); err != nil {
			// The broker's proof or its form is wrong: it does not know the password either.
			return &brokerError{code: kafkago.SASLAuthenticationFailed, doing: "check the broker's answer"}
		}
	}
	return nil
}

func (c *conn) exchange(message []byte) ([]byte, error) {
	e := c.request(apiSaslAuthenticate, 1, false)
	e.bytes(message)
	d, err := c.roundTrip(false)
	if errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) {
		return nil, errLoginCut
	}
	if err != nil {
		return nil, err
	}
	code := d.int16()
	d.string() // the broker's wording; it may name the user
	challenge := d.bytes()
	if err := codeError(code, "present the credentials"); err != nil {
		return nil, err
	}
	if d.bad {
		return nil, errWire
	}
	return challenge, nil
}
