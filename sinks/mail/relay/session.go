package relay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/wneessen/go-mail/smtp"

	"github.com/logproc/logproc/sinks/mail/outbox"
	"github.com/logproc/logproc/sinks/summary"
)

// session is one connection to the server.
type session struct {
	ctx    context.Context
	o      *Options
	client *smtp.Client
	phase  string

	mu      sync.Mutex
	conn    net.Conn
	ended   bool          // ctx has ended
	grace   time.Duration // what is left to a phase when ctx ends
	unwatch func() bool
}

// watch makes the end of ctx end what waits for the connection.
func (s *session) watch(conn net.Conn) {
	s.conn = conn
	s.unwatch = context.AfterFunc(s.ctx, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.ended = true
		_ = s.conn.SetDeadline(time.Now().Add(s.grace)) // fails on a closed connection only
	})
}

// deadline gives a phase its time, less when the context has ended.
func (s *session) deadline(limit time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		limit = min(limit, s.grace)
	}
	_ = s.conn.SetDeadline(time.Now().Add(limit)) // fails on a closed connection only, as will what follows
}

func (s *session) setGrace(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.grace = d
}

func (s *session) close() {
	if s.unwatch != nil {
		s.unwatch()
	}
	if s.conn != nil {
		_ = s.conn.Close() // what was to be known is known
	}
}

// command runs one phase within its deadline.
func (s *session) command(phase string, limit time.Duration, f func() error) error {
	s.phase = phase
	s.deadline(limit)
	return f()
}

// quitTime is how long a server may take to say good-bye: nothing depends on it.
const quitTime = 5 * time.Second

func (s *session) quit() {
	_ = s.command("QUIT", quitTime, s.client.Quit)
}

// envelope names sender and recipients. The error concerns all of them.
func (s *session) envelope(from string, to []string) (taken []string, refused []outbox.Refusal, err error) {
	utf8 := !isASCII(from + strings.Join(to, ""))
	s.client.SkipSMTPUTF8(!utf8)
	if ok, _ := s.client.Extension("SMTPUTF8"); utf8 && !ok {
		return nil, nil, s.failed(outbox.Rejected, false, errors.New("the server takes no addresses in UTF-8 (SMTPUTF8)"))
	}
	if err := s.command("MAIL", s.o.Times.Command, func() error { return s.client.Mail("<" + from + ">") }); err != nil {
		return nil, nil, s.failed(kind(err), code(err) == 0 || code(err) == 421, err)
	}
	for _, address := range to {
		err := s.command("RCPT", s.o.Times.Command, func() error { return s.client.Rcpt("<" + address + ">") })
		switch code := code(err); {
		case err == nil:
			taken = append(taken, address)
		case code == 0 || code == 421: // the connection is gone
			return nil, nil, s.failed(outbox.Deferred, true, err)
		default:
			refused = append(refused, outbox.Refusal{To: address, Temporary: code < 500, Text: s.text(err)})
		}
	}
	return taken, refused, nil
}

// data hands the mail over. begin is called when the server waits for the first byte.
func (s *session) data(body []byte, begin func() error) error {
	var w io.WriteCloser
	err := s.command("DATA", s.o.Times.Command, func() (err error) { w, err = s.client.Data(); return err })
	if err != nil {
		return s.failed(kind(err), code(err) == 0, err)
	}
	if err := begin(); err != nil {
		return err
	}
	s.setGrace(s.o.Times.Stop)
	if err := s.command("message", s.o.Times.Data, func() error { _, err := w.Write(body); return err }); err != nil {
		return s.failed(outbox.Deferred, true, err) // without the dot it is no message
	}
	if err := s.command("end of message", s.o.Times.Dot, w.Close); err != nil {
		if code(err) == 0 {
			return s.failed(outbox.Undecided, true, err)
		}
		return s.failed(kind(err), false, err)
	}
	return nil
}

func (s *session) failed(kind outbox.Kind, down bool, err error) error {
	return &outbox.Failure{Kind: kind, Down: down, Phase: s.o.Address + ": " + s.phase, Err: errors.New(s.text(err))}
}

// kind tells what an answer means: 5xx is for good, all else may be better later.
func kind(err error) outbox.Kind {
	if code(err) >= 500 {
		return outbox.Rejected
	}
	return outbox.Deferred
}

// code gives the server's code; 0 when there was no answer.
func code(err error) int {
	if answer, ok := errors.AsType[*textproto.Error](err); ok {
		return answer.Code
	}
	return 0
}

// maxText bounds what a message shows of a server's answer, in bytes.
const maxText = 200

// text says on one line what went wrong.
func (s *session) text(err error) string {
	var text string
	switch answer, isAnswer := errors.AsType[*textproto.Error](err); {
	case isAnswer:
		text = fmt.Sprintf("the server says %d %s", answer.Code, answer.Msg)
	case errors.Is(err, os.ErrDeadlineExceeded) && s.ctx.Err() == nil:
		text = "no answer in time"
	case s.ctx.Err() != nil:
		text = context.Cause(s.ctx).Error()
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		text = "the server closed the connection"
	default:
		text = err.Error()
	}
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > maxText {
		text = strings.ToValidUTF8(text[:maxText], "") + "…"
	}
	return summary.Escape(text)
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > 126 })
}
