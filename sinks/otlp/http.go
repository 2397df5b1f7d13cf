package otlp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	collectorpb "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/slim/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// maxResponse is how much of an answer is read.
const maxResponse = 64 << 10

// httpClient speaks OTLP over HTTP, in protobuf.
type httpClient struct {
	url     string
	headers map[string]string
	client  http.Client
	idle    func()
}

func newHTTP(u *url.URL, o *Options) *httpClient {
	const path = "/v1/traces"
	full := *u
	full.Path = strings.TrimSuffix(full.Path, "/")
	if !strings.HasSuffix(full.Path, path) {
		full.Path += path
	}
	full.RawPath = ""
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment, TLSClientConfig: o.TLS, ForceAttemptHTTP2: true,
		MaxIdleConnsPerHost: 1, IdleConnTimeout: time.Minute, TLSHandshakeTimeout: o.Timeout,
	}
	return &httpClient{
		url: full.String(), headers: o.Headers, idle: transport.CloseIdleConnections,
		client: http.Client{
			Transport: transport,
			// The headers are for this receiver, and not for where it sends us.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

func (c *httpClient) close() error {
	c.idle()
	return nil
}

func (c *httpClient) upload(ctx context.Context, spans []*tracepb.ResourceSpans) answer {
	body, err := proto.Marshal(&collectorpb.ExportTraceServiceRequest{ResourceSpans: spans})
	if err != nil {
		return answer{err: errors.New("encode spans: protobuf does not take them")}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return answer{err: fmt.Errorf("send spans: %w", err)}
	}
	for name, value := range c.headers {
		request.Header.Set(name, value)
	}
	request.Header.Set("Content-Type", "application/x-protobuf")
	request.Header.Set("User-Agent", "logproc")
	response, err := c.client.Do(request)
	if err != nil {
		return answer{err: fmt.Errorf("send spans: %w", err), again: true}
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxResponse))
	if response.StatusCode/100 != 2 {
		return refused(response)
	}
	if err != nil {
		return answer{err: fmt.Errorf("read the OTLP receiver's answer: %w", err), again: true}
	}
	var out collectorpb.ExportTraceServiceResponse
	if strings.HasPrefix(response.Header.Get("Content-Type"), "application/x-protobuf") && proto.Unmarshal(text, &out) == nil {
		return answer{rejected: out.GetPartialSuccess().GetRejectedSpans()}
	}
	return answer{} // taken, as the status says
}

// refused reads an answer that is no success. Its text is not told: it may hold anything.
func refused(response *http.Response) answer {
	a := answer{err: fmt.Errorf("the OTLP receiver answered with HTTP status %d, expected 200", response.StatusCode)}
	switch response.StatusCode {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		a.again = true
		if seconds, err := strconv.Atoi(response.Header.Get("Retry-After")); err == nil && seconds > 0 {
			a.wait = time.Duration(min(seconds, int(maxWait/time.Second))) * time.Second
		}
	}
	return a
}
