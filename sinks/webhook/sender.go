package webhook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/logproc/logproc/sinks/mail/outbox"
)

// Sender posts messages; it is an outbox.Sender.
type Sender struct {
	// URL gives the address that a list's messages are posted to. It is a secret, and asked for at every try.
	URL    func(list string) (string, error)
	Client *http.Client  // nil: http.DefaultClient
	Limit  time.Duration // for the whole request (default 30s)
}

// Send implements outbox.Sender.
func (s *Sender) Send(ctx context.Context, m outbox.Message, begin func(taken []string) error) ([]outbox.Refusal, error) {
	address, err := s.URL(m.List)
	if err != nil {
		return nil, &outbox.Failure{Phase: "webhook", Err: err}
	}
	limit, client := s.Limit, s.Client
	if limit <= 0 {
		limit = 30 * time.Second
	}
	if client == nil {
		client = http.DefaultClient
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(m.Body))
	if err != nil {
		return nil, &outbox.Failure{Phase: "webhook", Err: errors.New("its address is no URL")}
	}
	request.Header.Set("Content-Type", "application/json")
	request.GetBody = nil // no second try behind our back
	if err := begin(m.To); err != nil {
		return nil, err
	}
	answer, err := client.Do(request)
	if err != nil {
		return nil, failed(err)
	}
	defer func() { _ = answer.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 64<<10)) // so that the connection can be used again
	return nil, verdict(answer.StatusCode)
}

// failed tells what a lost request means: only one that never reached the server was certainly not taken.
func failed(err error) error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err // without the address
	}
	f := &outbox.Failure{Kind: outbox.Undecided, Phase: "webhook", Err: err}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
		f.Kind = outbox.Deferred
	}
	return f
}

func verdict(status int) error {
	f := &outbox.Failure{Phase: "webhook", Err: fmt.Errorf("the server says %d %s", status, http.StatusText(status))}
	switch {
	case status >= 200 && status < 300:
		return nil
	case status == http.StatusTooManyRequests, status == http.StatusRequestTimeout, status >= 500:
		f.Kind = outbox.Deferred
	default:
		f.Kind = outbox.Rejected
	}
	return f
}
