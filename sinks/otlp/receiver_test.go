package otlp_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	collectorpb "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/slim/otlp/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// receiver is an OTLP receiver that keeps what it gets.
type receiver struct {
	endpoint string
	// answer says what becomes of the n-th request (from 0); nil takes all.
	answer func(n int) reply

	mu       sync.Mutex
	requests int
	headers  []string // the values of x-key
	spans    []*tracepb.ResourceSpans
	arrived  chan struct{} // has room for one: something has come
}

type reply struct {
	status   int // of HTTP; 0 is success
	code     codes.Code
	rejected int64
	wait     <-chan struct{} // before answering
	location string
}

func (r *receiver) receive(key string, in *collectorpb.ExportTraceServiceRequest) reply {
	r.mu.Lock()
	n := r.requests
	r.requests++
	r.headers = append(r.headers, key)
	r.mu.Unlock()
	var out reply
	if r.answer != nil {
		out = r.answer(n)
	}
	if out.wait != nil {
		<-out.wait
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if out.status == 0 && out.code == codes.OK {
		r.spans = append(r.spans, in.ResourceSpans...)
	}
	select {
	case r.arrived <- struct{}{}:
	default:
	}
	return out
}

// received gives what has come so far.
func (r *receiver) received() []*tracepb.ResourceSpans {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.spans
}

func (r *receiver) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.requests
}

// ServeHTTP is OTLP over HTTP.
func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	in := new(collectorpb.ExportTraceServiceRequest)
	if err != nil || request.URL.Path != "/v1/traces" || request.Header.Get("Content-Type") != "application/x-protobuf" || proto.Unmarshal(body, in) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	out := r.receive(request.Header.Get("x-key"), in)
	w.Header().Set("Content-Type", "application/x-protobuf")
	if out.location != "" {
		w.Header().Set("Location", out.location)
	}
	if out.status != 0 {
		w.WriteHeader(out.status)
		return
	}
	text, err := proto.Marshal(response(out))
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	_, _ = w.Write(text)
}

func response(out reply) *collectorpb.ExportTraceServiceResponse {
	return &collectorpb.ExportTraceServiceResponse{PartialSuccess: &collectorpb.ExportTracePartialSuccess{RejectedSpans: out.rejected}}
}

// export is OTLP over gRPC.
func (r *receiver) export(ctx context.Context, in *collectorpb.ExportTraceServiceRequest) (*collectorpb.ExportTraceServiceResponse, error) {
	var key string
	if md, ok := metadata.FromIncomingContext(ctx); ok && len(md["x-key"]) > 0 {
		key = md["x-key"][0]
	}
	out := r.receive(key, in)
	if out.code != codes.OK {
		return nil, status.Error(out.code, "a text that may hold anything")
	}
	return response(out), nil
}

// service describes OTLP's service as generated code would.
func (r *receiver) service() *grpc.ServiceDesc {
	handler := func(_ any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
		in := new(collectorpb.ExportTraceServiceRequest)
		if err := decode(in); err != nil {
			return nil, err
		}
		return r.export(ctx, in)
	}
	return &grpc.ServiceDesc{ServiceName: "opentelemetry.proto.collector.trace.v1.TraceService", HandlerType: (*any)(nil),
		Methods: []grpc.MethodDesc{{MethodName: "Export", Handler: handler}}}
}

// protocols start a receiver each, before whose first request answer is set.
var protocols = map[string]func(t *testing.T, answer func(int) reply) *receiver{
	"http": func(t *testing.T, answer func(int) reply) *receiver {
		r := &receiver{answer: answer, arrived: make(chan struct{}, 1)}
		server := httptest.NewServer(r)
		t.Cleanup(server.Close)
		r.endpoint = server.URL
		return r
	},
	"grpc": func(t *testing.T, answer func(int) reply) *receiver {
		r := &receiver{answer: answer, arrived: make(chan struct{}, 1)}
		r.endpoint = "grpc://" + r.serveGRPC(t, listen(t)).String()
		return r
	},
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func (r *receiver) serveGRPC(t *testing.T, l net.Listener, certificates ...tls.Certificate) net.Addr {
	t.Helper()
	var options []grpc.ServerOption
	if len(certificates) > 0 {
		options = append(options, grpc.Creds(credentials.NewTLS(&tls.Config{Certificates: certificates})))
	}
	server := grpc.NewServer(options...)
	server.RegisterService(r.service(), nil)
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	t.Cleanup(func() {
		server.Stop()
		if err := <-served; err != nil && !errors.Is(err, grpc.ErrServerStopped) {
			t.Errorf("serve gRPC: %v", err)
		}
	})
	return l.Addr()
}

// await waits until the condition holds, which is looked at whenever something has come.
func (r *receiver) await(t *testing.T, what string, done func() bool) {
	t.Helper()
	limit := time.After(20 * time.Second)
	for !done() {
		select {
		case <-r.arrived:
		case <-limit:
			t.Fatalf("still waiting: %s", what)
		}
	}
}
