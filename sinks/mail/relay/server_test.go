package relay_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// server is a mail server in this process. Its fields are set before the first connection.
type server struct {
	address    string
	trust      *tls.Config // for clients
	rcpt       map[string]error
	mail, data error
	mu         sync.Mutex
	received   []received
	loggedInAs []string
	mechanisms []string
}

type received struct {
	from string
	to   []string
	body string
}

type kind struct{ implicit, noTLS bool }

func startServer(t *testing.T, k kind) *server {
	t.Helper()
	s := &server{rcpt: map[string]error{}, mechanisms: []string{"PLAIN", "LOGIN", "XOAUTH2"}}
	serverTLS, clientTLS := certificates(t)
	s.trust = clientTLS
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.address = l.Addr().String()
	srv := smtp.NewServer(s)
	srv.Domain, srv.AllowInsecureAuth, srv.ErrorLog = "mx.example.org", k.noTLS, discard{}
	switch {
	case k.implicit:
		l = tls.NewListener(l, serverTLS)
	case !k.noTLS:
		srv.TLSConfig = serverTLS
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = srv.Serve(l) // ends with Close
	}()
	t.Cleanup(func() {
		_ = srv.Close()
		_ = l.Close() // the server knows it only once it serves
		<-done
	})
	return s
}

type discard struct{}

func (discard) Printf(string, ...any) {}
func (discard) Println(...any)        {}

func (s *server) NewSession(*smtp.Conn) (smtp.Session, error) { return &serverSession{server: s}, nil }

type serverSession struct {
	*server
	received
}

func (s *serverSession) Reset()        { s.received = received{} }
func (s *serverSession) Logout() error { return nil }

func (s *serverSession) Mail(from string, _ *smtp.MailOptions) error {
	s.from = from
	return s.mail
}

func (s *serverSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	if err := s.rcpt[to]; err != nil {
		return err
	}
	s.to = append(s.to, to)
	return nil
}

func (s *serverSession) Data(r io.Reader) error {
	b, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if s.data != nil {
		return s.data
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.body = strings.ReplaceAll(string(b), "\r\n", "\n")
	s.server.received = append(s.server.received, s.received)
	return nil
}

func (s *serverSession) AuthMechanisms() []string { return s.mechanisms }

func (s *serverSession) Auth(mechanism string) (sasl.Server, error) {
	switch mechanism {
	case "PLAIN":
		return sasl.NewPlainServer(func(_, user, password string) error { return s.check("PLAIN", user, password) }), nil
	case "LOGIN":
		return &loginServer{check: s.check}, nil
	default:
		return &tokenServer{check: s.check}, nil
	}
}

var errCredentials = &smtp.SMTPError{Code: 535, Message: "bad credentials"}

func (s *serverSession) check(mechanism, user, password string) error {
	if user != "logproc" || password != "secret" {
		return errCredentials
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.loggedInAs = append(s.loggedInAs, mechanism)
	return nil
}

type loginServer struct {
	check func(mechanism, user, password string) error
	step  int
	user  string
}

func (l *loginServer) Next(response []byte) (challenge []byte, done bool, err error) {
	l.step++
	switch l.step {
	case 1:
		return []byte("Username:"), false, nil
	case 2:
		l.user = string(response)
		return []byte("Password:"), false, nil
	}
	return nil, true, l.check("LOGIN", l.user, string(response))
}

type tokenServer struct {
	check func(mechanism, user, password string) error
}

func (s *tokenServer) Next(response []byte) (challenge []byte, done bool, err error) {
	fields := strings.Split(string(response), "\x01")
	if len(fields) < 2 {
		return nil, true, errors.New("no token")
	}
	return nil, true, s.check("XOAUTH2", strings.TrimPrefix(fields[0], "user="), strings.TrimPrefix(fields[1], "auth=Bearer "))
}

// certificates makes a certificate for loopback that signs itself.
func certificates(t *testing.T) (server, client *tls.Config) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true, IsCA: true, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}}}, &tls.Config{RootCAs: roots}
}

// script is a server that says its lines one after the other, each after a line from the client, whatever that
// says; "*" waits for the data's end, "-" hangs up and "…" says nothing any more.
func script(t *testing.T, lines ...string) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		conn, err := l.Accept()
		if err != nil {
			return
		}
		play(conn, lines)
	}()
	t.Cleanup(func() {
		_ = l.Close()
		<-done
	})
	return l.Addr().String()
}

func play(conn net.Conn, lines []string) {
	defer func() { _ = conn.Close() }()
	buffer := make([]byte, 1<<16)
	for _, line := range lines {
		switch line {
		case "*":
			for text := ""; !strings.HasSuffix(text, "\r\n.\r\n"); {
				n, err := conn.Read(buffer)
				if err != nil {
					return
				}
				text += string(buffer[:n])
			}
			continue
		case "-":
			return
		case "…":
			for {
				if _, err := conn.Read(buffer); err != nil {
					return
				}
			}
		}
		if _, err := conn.Write([]byte(line + "\r\n")); err != nil {
			return
		}
		if line[0] != '2' && line[0] != '3' || strings.HasPrefix(line, "354") {
			continue
		}
		if _, err := conn.Read(buffer); err != nil {
			return
		}
	}
}

// dialTo connects to one address whatever was asked for.
func dialTo(address string) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}
}
