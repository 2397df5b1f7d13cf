package otlp

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"time"

	collectorpb "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/slim/otlp/trace/v1"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// exportMethod is the only method of OTLP's service for traces.
const exportMethod = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"

// grpcClient speaks OTLP over gRPC.
type grpcClient struct {
	conn    *grpc.ClientConn
	headers metadata.MD
}

// newGRPC makes a client; it connects when there is something to send.
func newGRPC(u *url.URL, o *Options) (*grpcClient, error) {
	secure, port := insecure.NewCredentials(), "4317"
	if u.Scheme == "grpcs" {
		secure, port = credentials.NewTLS(o.TLS), "443"
	}
	if u.Port() != "" {
		port = u.Port()
	}
	conn, err := grpc.NewClient("dns:///"+net.JoinHostPort(u.Hostname(), port),
		grpc.WithTransportCredentials(secure), grpc.WithUserAgent("logproc"), grpc.WithDisableServiceConfig(),
		grpc.WithConnectParams(grpc.ConnectParams{MinConnectTimeout: o.Timeout, Backoff: backoff.Config{
			BaseDelay: 100 * time.Millisecond, Multiplier: 2, Jitter: 0.2, MaxDelay: 10 * time.Second,
		}}))
	if err != nil {
		return nil, fmt.Errorf("OTLP over gRPC: %w", err)
	}
	return &grpcClient{conn: conn, headers: metadata.New(o.Headers)}, nil
}

func (c *grpcClient) close() error {
	if err := c.conn.Close(); err != nil {
		return fmt.Errorf("close the connection to the OTLP receiver: %w", err)
	}
	return nil
}

func (c *grpcClient) upload(ctx context.Context, spans []*tracepb.ResourceSpans) answer {
	var out collectorpb.ExportTraceServiceResponse
	ctx = metadata.NewOutgoingContext(ctx, c.headers)
	err := c.conn.Invoke(ctx, exportMethod, &collectorpb.ExportTraceServiceRequest{ResourceSpans: spans}, &out)
	if err == nil {
		return answer{rejected: out.GetPartialSuccess().GetRejectedSpans()}
	}
	s := status.Convert(err)
	// The status's text is not told: it may hold anything.
	a := answer{err: fmt.Errorf("the OTLP receiver at %s answered with gRPC status %s, or nobody listens there", c.conn.Target(), s.Code())}
	a.wait, a.again = retryAfter(s)
	return a
}

// retryAfter tells whether OTLP's specification lets us try again, and when.
func retryAfter(s *status.Status) (wait time.Duration, again bool) {
	told := false
	for _, d := range s.Details() {
		if info, ok := d.(*errdetails.RetryInfo); ok {
			wait, told = info.GetRetryDelay().AsDuration(), true
		}
	}
	switch s.Code() {
	case codes.Canceled, codes.DeadlineExceeded, codes.Aborted, codes.OutOfRange, codes.Unavailable, codes.DataLoss:
		return wait, true
	case codes.ResourceExhausted:
		return wait, told
	}
	return 0, false
}
