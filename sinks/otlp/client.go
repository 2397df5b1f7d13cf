package otlp

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	tracepb "go.opentelemetry.io/proto/slim/otlp/trace/v1"
	"golang.org/x/net/http/httpguts"
)

// client speaks one protocol to a receiver.
type client interface {
	upload(ctx context.Context, spans []*tracepb.ResourceSpans) answer
	close() error
}

// answer is what became of an upload. Its error never holds what was sent, nor headers.
type answer struct {
	err      error
	again    bool          // it failed, and may succeed later
	wait     time.Duration // what the receiver asks to wait before; 0: it does not say
	rejected int64         // spans that the receiver did not take although there is no error
}

// newClient makes the client that goes with the endpoint.
func newClient(o *Options) (client, error) {
	if err := checkHeaders(o.Headers); err != nil {
		return nil, err
	}
	u, err := endpoint(o.Endpoint)
	if err != nil {
		return nil, err
	}
	if strings.HasPrefix(u.Scheme, "grpc") {
		return newGRPC(u, o)
	}
	return newHTTP(u, o), nil
}

// endpoint reads an endpoint. What is wrong with it is told without it: it may hold a password.
func endpoint(text string) (*url.URL, error) {
	const expected = "expected http://HOST:PORT, https://, grpc:// or grpcs://"
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return nil, errors.New("OTLP endpoint: it is no URL, " + expected)
	case u.User != nil:
		return nil, errors.New("OTLP endpoint: it holds a user or password, expected those in the headers file")
	case u.Hostname() == "" || u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("OTLP endpoint: it names no host, or more than a host and a path; " + expected)
	}
	switch u.Scheme {
	case "http", "https":
		return u, nil
	case "grpc", "grpcs":
		if u.Path != "" && u.Path != "/" {
			return nil, errors.New("OTLP endpoint: it has a path, which gRPC has none of; expected grpc://HOST:PORT")
		}
		return u, nil
	}
	return nil, fmt.Errorf("OTLP endpoint: %q is no protocol that is supported, %s", u.Scheme, expected)
}

// CheckEndpoint tells what is wrong with an endpoint; nil when nothing is.
func CheckEndpoint(text string) error {
	_, err := endpoint(text)
	return err
}

// checkHeaders refuses what HTTP or gRPC would. Values are secrets and not told.
func checkHeaders(headers map[string]string) error {
	for name, value := range headers {
		if !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(value) || strings.HasPrefix(strings.ToLower(name), "grpc-") {
			return fmt.Errorf("OTLP headers: %q, or its value, is none that can be sent; expected printable characters, and no name that begins with grpc-", name)
		}
	}
	return nil
}
