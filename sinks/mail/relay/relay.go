// Package relay hands mails to a mail server over SMTP (RFC 5321), as an outbox.Sender.
//
// Every phase has a deadline of its own, so that a server that hangs cannot hold anybody up. What an error means
// depends on its phase: until the final dot of the data nothing has been taken, after the server's answer
// everything is known, and in between nobody can tell (RFC 1047).
package relay

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"time"

	"github.com/wneessen/go-mail/smtp"

	"github.com/logproc/logproc/sinks/mail/outbox"
)

// Security says how the connection is encrypted.
type Security string

// The kinds of encryption. StartTLS is required, not tried: a server without it gets no mail.
const (
	StartTLS Security = "starttls"
	Implicit Security = "implicit" // TLS from the first byte on, usually port 465
	Plain    Security = "none"
)

// Options say which server, and how to talk to it. Address, From and Hello are needed.
type Options struct {
	Address  string // host:port
	Security Security
	TLS      *tls.Config // nil: the system's authorities, and the host of Address
	// Auth is plain, login, xoauth2, or empty for none. Password is asked for at every try, so that one that was
	// changed is taken without a restart; for xoauth2 it gives the access token.
	Auth     string
	User     string
	Password func() (string, error)
	Hello    string // our name in EHLO
	From     string // envelope sender: bounces go there
	Times    Times
	// Dial connects; nil is net.Dialer's.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Times are the deadlines of the phases; zero values mean the defaults given.
type Times struct {
	Connect time.Duration // the connection, and the TLS handshake (default 30s)
	Command time.Duration // one command and its answer, the greeting too (default 1m)
	Data    time.Duration // all of the data, without the final dot (default 2m)
	Dot     time.Duration // the answer to the final dot (default 10m, as RFC 5321 asks)
	Stop    time.Duration // the rest of the data when the program ends (default 5s)
}

// New makes a relay; it connects for each message.
func New(o Options) *Relay {
	for _, d := range []struct {
		t     *time.Duration
		value time.Duration
	}{
		{&o.Times.Connect, 30 * time.Second}, {&o.Times.Command, time.Minute}, {&o.Times.Data, 2 * time.Minute},
		{&o.Times.Dot, 10 * time.Minute}, {&o.Times.Stop, 5 * time.Second},
	} {
		if *d.t <= 0 {
			*d.t = d.value
		}
	}
	if o.Dial == nil {
		o.Dial = (&net.Dialer{}).DialContext
	}
	return &Relay{o}
}

// Relay is a mail server that takes mails for others.
type Relay struct{ o Options }

// Send implements outbox.Sender.
func (r *Relay) Send(ctx context.Context, m outbox.Message, begin func(taken []string) error) ([]outbox.Refusal, error) {
	s, err := r.open(ctx)
	if err != nil {
		return nil, err
	}
	defer s.close()
	from := m.From
	if from == "" {
		from = r.o.From
	}
	taken, refused, err := s.envelope(from, m.To)
	if err != nil || len(taken) == 0 {
		return refused, err
	}
	if err := s.data(m.Body, func() error { return begin(taken) }); err != nil {
		return nil, err
	}
	s.quit()
	return refused, nil
}

// open connects, encrypts and authenticates. What goes wrong here concerns every message, so no message is given
// up for it, whatever the server's code.
func (r *Relay) open(ctx context.Context) (_ *session, err error) {
	s := &session{ctx: ctx, o: &r.o}
	defer func() {
		if err != nil {
			s.close()
			err = s.failed(outbox.Deferred, true, err)
		}
	}()
	if err := s.connect(); err != nil {
		return nil, err
	}
	if err := s.command("EHLO", r.o.Times.Command, func() error { return s.client.Hello(r.o.Hello) }); err != nil {
		return nil, err
	}
	if r.o.Security == StartTLS {
		if err := s.startTLS(); err != nil {
			return nil, err
		}
	}
	if r.o.Auth != "" {
		return s, s.authenticate()
	}
	return s, nil
}

func (s *session) connect() error {
	s.phase = "connect"
	ctx, cancel := context.WithTimeout(s.ctx, s.o.Times.Connect)
	defer cancel()
	conn, err := s.o.Dial(ctx, "tcp", s.o.Address)
	if err != nil {
		return err
	}
	s.watch(conn)
	host, _, err := net.SplitHostPort(s.o.Address)
	if err != nil {
		return err
	}
	if s.o.Security == Implicit {
		encrypted := tls.Client(conn, s.tlsConfig(host))
		if err := encrypted.HandshakeContext(ctx); err != nil {
			return err
		}
		conn = encrypted
	}
	return s.command("greeting", s.o.Times.Command, func() (err error) {
		s.client, err = smtp.NewClient(conn, host)
		return err
	})
}

func (s *session) tlsConfig(host string) *tls.Config {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if s.o.TLS != nil {
		c = s.o.TLS.Clone()
	}
	if c.ServerName == "" {
		c.ServerName = host
	}
	return c
}

var errNoTLS = errors.New("the server offers no STARTTLS; expected a port that does, or smtp.security: implicit")

func (s *session) startTLS() error {
	s.phase = "STARTTLS"
	if ok, _ := s.client.Extension("STARTTLS"); !ok {
		return errNoTLS
	}
	host, _, _ := net.SplitHostPort(s.o.Address)
	return s.command("STARTTLS", s.o.Times.Connect, func() error { return s.client.StartTLS(s.tlsConfig(host)) })
}

var errPlainAuth = errors.New("the connection is not encrypted, so the password is not sent; expected smtp.security: starttls or implicit")

func (s *session) authenticate() error {
	s.phase = "AUTH"
	host, _, _ := net.SplitHostPort(s.o.Address)
	if s.o.Security == Plain && !loopback(host) {
		return errPlainAuth
	}
	password, err := s.o.Password()
	if err != nil {
		return err
	}
	var auth smtp.Auth
	switch s.o.Auth {
	case "plain":
		auth = smtp.PlainAuth("", s.o.User, password, host, s.o.Security == Plain)
	case "login":
		auth = smtp.LoginAuth(s.o.User, password, host, s.o.Security == Plain)
	case "xoauth2":
		auth = smtp.XOAuth2Auth(s.o.User, password)
	default:
		return errors.New("no such mechanism, expected plain, login or xoauth2")
	}
	return s.command("AUTH", s.o.Times.Command, func() error { return s.client.Auth(auth) })
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
