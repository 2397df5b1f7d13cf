package relay_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/logproc/logproc/sinks/mail/outbox"
	"github.com/logproc/logproc/sinks/mail/relay"
)

const body = "Subject: a summary\r\n\r\nkey\t1\r\n.a line that begins with a dot\r\n"

func options(address string) relay.Options {
	short := 500 * time.Millisecond
	return relay.Options{
		Address: address, Security: relay.Plain, From: "bounces@example.org", Hello: "logproc.example.org",
		Password: func() (string, error) { return "secret", nil },
		Times:    relay.Times{Connect: 5 * time.Second, Command: short, Data: short, Dot: short, Stop: short},
	}
}

func send(t *testing.T, o relay.Options, to ...string) (begun []string, refused []outbox.Refusal, err error) {
	t.Helper()
	refused, err = relay.New(o).Send(t.Context(), outbox.Message{To: to, Body: []byte(body)}, func(taken []string) error {
		begun = taken
		return nil
	})
	return begun, refused, err
}

func TestEncryptionAndAuthentication(t *testing.T) {
	for name, test := range map[string]struct {
		kind     kind
		security relay.Security
		auth     string
		want     []string
	}{
		"starttls, plain":   {kind{}, relay.StartTLS, "plain", []string{"PLAIN"}},
		"starttls, login":   {kind{}, relay.StartTLS, "login", []string{"LOGIN"}},
		"starttls, xoauth2": {kind{}, relay.StartTLS, "xoauth2", []string{"XOAUTH2"}},
		"implicit, plain":   {kind{implicit: true}, relay.Implicit, "plain", []string{"PLAIN"}},
		"implicit, login":   {kind{implicit: true}, relay.Implicit, "login", []string{"LOGIN"}},
		"none":              {kind{noTLS: true}, relay.Plain, "", nil},
		"none, on loopback": {kind{noTLS: true}, relay.Plain, "plain", []string{"PLAIN"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := startServer(t, test.kind)
			o := options(s.address)
			o.Security, o.TLS, o.Auth, o.User = test.security, s.trust, test.auth, "logproc"
			_, refused, err := send(t, o, "anna@example.org", "bo@example.org")
			if err != nil || len(refused) > 0 {
				t.Fatalf("%v, %v", refused, err)
			}
			s.mu.Lock()
			defer s.mu.Unlock()
			if len(s.received) != 1 || s.received[0].from != "bounces@example.org" || len(s.received[0].to) != 2 || s.received[0].body != strings.ReplaceAll(body, "\r\n", "\n") {
				t.Errorf("received %q", s.received)
			}
			if !slices.Equal(s.loggedInAs, test.want) {
				t.Errorf("logged in with %q", s.loggedInAs)
			}
		})
	}
}

// What is wrong with the way to the server is never taken out on a message.
func TestNoWayToTheServer(t *testing.T) {
	for name, test := range map[string]struct {
		kind   kind
		change func(*relay.Options)
		want   string
	}{
		"certificate of nobody": {kind{}, func(o *relay.Options) { o.TLS = nil }, "STARTTLS: tls: failed to verify certificate"},
		"no STARTTLS":           {kind{noTLS: true}, nil, "STARTTLS: the server offers no STARTTLS; expected"},
		"wrong password":        {kind{}, func(o *relay.Options) { o.Password = func() (string, error) { return "wrong", nil } }, "AUTH: the server says 535 5.0.0 bad credentials"},
		"no password":           {kind{}, func(o *relay.Options) { o.Password = func() (string, error) { return "", errors.New("no password") } }, "AUTH: no password"},
		"nobody listens":        {kind{}, func(o *relay.Options) { o.Address = "127.0.0.1:1" }, "connect: dial tcp 127.0.0.1:1"},
		"not TLS":               {kind{}, func(o *relay.Options) { o.Security = relay.Implicit }, "connect: "},
	} {
		t.Run(name, func(t *testing.T) {
			s := startServer(t, test.kind)
			o := options(s.address)
			o.Security, o.TLS, o.Auth, o.User = relay.StartTLS, s.trust, "plain", "logproc"
			if test.change != nil {
				test.change(&o)
			}
			begun, _, err := send(t, o, "anna@example.org")
			failure, ok := errors.AsType[*outbox.Failure](err)
			if !ok || failure.Kind != outbox.Deferred || !failure.Down || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
			if begun != nil || strings.Contains(err.Error(), "secret") {
				t.Errorf("begun with %v: %v", begun, err)
			}
		})
	}
}

func TestPasswordIsNotSentInTheOpen(t *testing.T) {
	o := options(startServer(t, kind{noTLS: true}).address)
	dial := o.Address
	o.Address, o.Auth, o.User = "mail.example.org:25", "xoauth2", "logproc"
	o.Dial = dialTo(dial)
	if _, _, err := send(t, o, "anna@example.org"); err == nil || !strings.Contains(err.Error(), "not encrypted") {
		t.Errorf("error %v", err)
	}
}

func TestRecipients(t *testing.T) {
	s := startServer(t, kind{noTLS: true})
	s.rcpt["grey@example.org"] = &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "greylisted"}
	s.rcpt["gone@example.org"] = &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user"}
	begun, refused, err := send(t, options(s.address), "grey@example.org", "anna@example.org", "gone@example.org")
	want := []outbox.Refusal{
		{To: "grey@example.org", Temporary: true, Text: "the server says 451 4.7.1 greylisted"},
		{To: "gone@example.org", Text: "the server says 550 5.1.1 no such user"},
	}
	if err != nil || !slices.Equal(begun, []string{"anna@example.org"}) || !slices.Equal(refused, want) {
		t.Errorf("begun with %v, refused %+v, %v", begun, refused, err)
	}
	if begun, refused, err = send(t, options(s.address), "grey@example.org"); err != nil || begun != nil || len(refused) != 1 {
		t.Errorf("begun with %v, refused %v, %v", begun, refused, err)
	}
}

// What a failure means depends on how far it got.
func TestWhatFailuresMean(t *testing.T) {
	hello := []string{"220 mx", "250 mx"}
	envelope := append(slices.Clone(hello), "250 ok", "250 ok")
	data := append(slices.Clone(envelope), "354 go on")
	for name, test := range map[string]struct {
		lines []string
		kind  outbox.Kind
		down  bool
		begun bool
		text  string
	}{
		"silent from the start":  {[]string{"…"}, outbox.Deferred, true, false, "greeting: no answer in time"},
		"no service":             {[]string{"421 go away"}, outbox.Deferred, true, false, "greeting: the server says 421 go away"},
		"silent after EHLO":      {[]string{"220 mx", "…"}, outbox.Deferred, true, false, "EHLO: no answer in time"},
		"sender deferred":        {append(slices.Clone(hello), "450 later"), outbox.Deferred, false, false, "MAIL: the server says 450 later"},
		"sender rejected":        {append(slices.Clone(hello), "550 not you"), outbox.Rejected, false, false, "MAIL: the server says 550 not you"},
		"hangs up at RCPT":       {append(slices.Clone(hello), "250 ok", "-"), outbox.Deferred, true, false, "RCPT: "},
		"data deferred":          {append(slices.Clone(envelope), "451 later"), outbox.Deferred, false, false, "DATA: the server says 451 later"},
		"content deferred":       {append(slices.Clone(data), "*", "452 full"), outbox.Deferred, false, true, "end of message: the server says 452 full"},
		"content rejected":       {append(slices.Clone(data), "*", "554 spam"), outbox.Rejected, false, true, "end of message: the server says 554 spam"},
		"hangs up after the dot": {append(slices.Clone(data), "*", "-"), outbox.Undecided, true, true, "end of message: the server closed the connection"},
		"silent after the dot":   {append(slices.Clone(data), "*", "…"), outbox.Undecided, true, true, "end of message: no answer in time"},
		"a long answer":          {[]string{"421 " + strings.Repeat("x", 3000)}, outbox.Deferred, true, false, "…"},
		"an ugly answer":         {[]string{"421 a\x1b[31m\u202eb"}, outbox.Deferred, true, false, `421 a\x1b[31m\u202eb`},
	} {
		t.Run(name, func(t *testing.T) {
			begun, _, err := send(t, options(script(t, test.lines...)), "anna@example.org")
			failure, ok := errors.AsType[*outbox.Failure](err)
			if !ok || failure.Kind != test.kind || failure.Down != test.down || !strings.Contains(err.Error(), test.text) {
				t.Errorf("error %#v: %v", failure, err)
			}
			if (begun != nil) != test.begun {
				t.Errorf("begun with %v", begun)
			}
			if len(err.Error()) > 300 {
				t.Errorf("%d bytes of error", len(err.Error()))
			}
		})
	}
}

// A message that somebody else has taken over is not sent.
func TestNothingIsSentAgainstTheOutbox(t *testing.T) {
	s := startServer(t, kind{noTLS: true})
	lost := errors.New("taken over")
	_, err := relay.New(options(s.address)).Send(t.Context(), outbox.Message{To: []string{"anna@example.org"}, Body: []byte(body)}, func([]string) error { return lost })
	s.mu.Lock()
	defer s.mu.Unlock()
	if !errors.Is(err, lost) || len(s.received) > 0 {
		t.Errorf("error %v, received %q", err, s.received)
	}
}

func TestEndOfTheProgramEndsAWait(t *testing.T) {
	o := options(script(t, "220 mx", "…"))
	o.Times.Command = time.Hour
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(50*time.Millisecond, func() { cancel(errors.New("the program ends")) })
	_, err := relay.New(o).Send(ctx, outbox.Message{To: []string{"anna@example.org"}}, nil)
	if err == nil || !strings.Contains(err.Error(), "EHLO: the program ends") {
		t.Errorf("error %v", err)
	}
}

// A summary is worth the few seconds that are left to it when the program is asked to end during the data.
func TestDataIsFinishedWhenTheProgramEnds(t *testing.T) {
	s := startServer(t, kind{noTLS: true})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, err := relay.New(options(s.address)).Send(ctx, outbox.Message{To: []string{"anna@example.org"}, Body: []byte(body)}, func([]string) error {
		cancel()
		return nil
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil || len(s.received) != 1 {
		t.Errorf("error %v, received %q", err, s.received)
	}
}
