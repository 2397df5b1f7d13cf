package otlp_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/grpc/codes"

	"github.com/logproc/logproc/correlate"
	"github.com/logproc/logproc/sinks/otlp"
)

func small(t testing.TB) *correlate.Closed {
	return request(t, `{"t":"2026-01-02T03:04:05Z","service":"shop","lvl":"error","msg":"order-create-fail","RequestID":"order-17"}`)
}

func newExporter(t *testing.T, o otlp.Options) *otlp.Exporter {
	t.Helper()
	o.Random = func() float64 { return 0 }
	e, err := otlp.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

// metrics gives what the exporter shows, with the reasons of drops.
func metrics(t *testing.T, e *otlp.Exporter) map[string]float64 {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(e)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	out := make(map[string]float64)
	for _, f := range families {
		for _, m := range f.Metric {
			name := strings.TrimSuffix(strings.TrimPrefix(f.GetName(), "logproc_otlp_"), "_total")
			if len(m.Label) > 0 {
				name += " " + m.Label[0].GetValue()
			}
			if v := m.GetCounter().GetValue() + m.GetGauge().GetValue(); v != 0 {
				out[name] = v
			}
		}
	}
	return out
}

func wantMetrics(t *testing.T, e *otlp.Exporter, want string) {
	t.Helper()
	if got := fmt.Sprint(metrics(t, e)); got != "map["+want+"]" {
		t.Errorf("metrics %s, want %s", got, want)
	}
}

func TestOnlyInterestingRequestsAreExported(t *testing.T) {
	dull := small(t)
	dull.Reasons = 0
	if list := export(t, "http", dull); len(list) != 0 {
		t.Errorf("exported: %v", list)
	}
}

func TestAFullQueueDropsAndCounts(t *testing.T) {
	for protocol, start := range protocols {
		t.Run(protocol, func(t *testing.T) {
			open, entered := make(chan struct{}), make(chan struct{}, 100)
			r := start(t, func(int) reply {
				entered <- struct{}{}
				return reply{wait: open}
			})
			e := newExporter(t, otlp.Options{Endpoint: r.endpoint, Queue: 8, Timeout: time.Minute})
			c := small(t)
			e.Export(c)
			<-entered // the goroutine is at the receiver, and so away from the queue
			for range 1000 {
				e.Export(c)
			}
			wantMetrics(t, e, "dropped queue_full:992 queue_requests:8")
			close(open)
			if err := e.Close(); err != nil {
				t.Fatal(err)
			}
			wantMetrics(t, e, "dropped queue_full:992 exported:9")
			e.Export(c)
			wantMetrics(t, e, "dropped queue_full:992 dropped shutdown:1 exported:9")
		})
	}
}

func TestAReceiverThatIsDownBlocksNothing(t *testing.T) {
	for _, scheme := range []string{"http", "grpc"} {
		t.Run(scheme, func(t *testing.T) {
			l := listen(t)
			endpoint := scheme + "://" + l.Addr().String()
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			e := newExporter(t, otlp.Options{Endpoint: endpoint, Queue: 10, DrainTimeout: 50 * time.Millisecond})
			c := small(t)
			began := time.Now()
			const requests = 100_000
			for range requests {
				e.Export(c)
			}
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("%d requests took %s", requests, took)
			}
			began = time.Now()
			if err := e.Close(); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("closing took %s", took)
			}
			m := metrics(t, e)
			if m["failures"] == 0 || m["dropped queue_full"]+m["dropped shutdown"] != requests || len(m) != 3 {
				t.Errorf("metrics %v", m)
			}
		})
	}
}

func TestWhatMayHelpIsTriedAgain(t *testing.T) {
	for name, bad := range map[string]reply{
		"http 503": {status: 503}, "http 429": {status: 429}, "http 502": {status: 502},
		"grpc unavailable": {code: codes.Unavailable}, "grpc aborted": {code: codes.Aborted},
	} {
		t.Run(name, func(t *testing.T) {
			protocol, _, _ := strings.Cut(name, " ")
			r := protocols[protocol](t, func(n int) reply {
				if n < 2 {
					return bad
				}
				return reply{}
			})
			var log lockedBuffer
			e := newExporter(t, otlp.Options{Endpoint: r.endpoint, Logger: slog.New(slog.NewTextHandler(&log, nil))})
			e.Export(small(t))
			r.await(t, "the third try", func() bool { return len(r.received()) > 0 })
			if err := e.Close(); err != nil {
				t.Fatal(err)
			}
			wantMetrics(t, e, "exported:1 failures:2")
			if text := log.String(); strings.Count(text, "\n") != 2 || strings.Contains(text, "may hold anything") {
				t.Errorf("log:\n%s", text)
			}
		})
	}
}

func TestWhatIsRefusedIsNotTriedAgain(t *testing.T) {
	for name, bad := range map[string]reply{
		"http 400": {status: 400}, "http 401": {status: 401}, "http 307": {status: 307, location: "http://127.0.0.1:1/"},
		"grpc invalid": {code: codes.InvalidArgument}, "grpc exhausted": {code: codes.ResourceExhausted},
	} {
		t.Run(name, func(t *testing.T) {
			protocol, _, _ := strings.Cut(name, " ")
			r := protocols[protocol](t, func(int) reply { return bad })
			e := newExporter(t, otlp.Options{Endpoint: r.endpoint})
			e.Export(small(t))
			if err := e.Close(); err != nil {
				t.Fatal(err)
			}
			wantMetrics(t, e, "dropped rejected:1 failures:1")
			if r.count() != 1 {
				t.Errorf("%d requests", r.count())
			}
		})
	}
}

func TestPartialSuccessIsCounted(t *testing.T) {
	for protocol, start := range protocols {
		t.Run(protocol, func(t *testing.T) {
			r := start(t, func(int) reply { return reply{rejected: 5} })
			e := newExporter(t, otlp.Options{Endpoint: r.endpoint})
			e.Export(request(t, phosphor(t)...))
			if err := e.Close(); err != nil {
				t.Fatal(err)
			}
			wantMetrics(t, e, "dropped rejected:5 exported:20")
		})
	}
}

func TestManySpansAreSentInSeveralRequests(t *testing.T) {
	r := protocols["grpc"](t, nil)
	e := newExporter(t, otlp.Options{Endpoint: r.endpoint})
	c := request(t, phosphor(t)...)
	for range 1000 {
		e.Export(c)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	wantMetrics(t, e, "exported:25000")
	if n := r.count(); n < 25_000/512 {
		t.Errorf("%d requests", n)
	}
}

func TestHeadersGoAlongAndAreNotTold(t *testing.T) {
	for protocol, start := range protocols {
		t.Run(protocol, func(t *testing.T) {
			r := start(t, nil)
			e := newExporter(t, otlp.Options{Endpoint: r.endpoint, Headers: map[string]string{"X-Key": "hunter2"}})
			e.Export(small(t))
			if err := e.Close(); err != nil {
				t.Fatal(err)
			}
			if len(r.headers) != 1 || r.headers[0] != "hunter2" {
				t.Errorf("headers: %q", r.headers)
			}
		})
	}
	for _, headers := range []map[string]string{{"a b": "hunter2"}, {"x": "hunter2\n"}, {"grpc-timeout": "hunter2"}, {"": "hunter2"}} {
		if _, err := otlp.New(otlp.Options{Endpoint: "http://127.0.0.1:4318", Headers: headers}); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v", headers, err)
		}
	}
}

func TestTLS(t *testing.T) {
	r := &receiver{arrived: make(chan struct{}, 1)}
	server := httptest.NewTLSServer(r)
	t.Cleanup(server.Close)
	pool := x509.NewCertPool()
	pool.AddCert(server.Certificate())
	trusted := &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	grpcAddress := r.serveGRPC(t, listen(t), server.TLS.Certificates...)
	for _, endpoint := range []string{server.URL, "grpcs://" + grpcAddress.String()} {
		e := newExporter(t, otlp.Options{Endpoint: endpoint, TLS: trusted})
		e.Export(small(t))
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
		wantMetrics(t, e, "exported:1")
		e = newExporter(t, otlp.Options{Endpoint: endpoint, DrainTimeout: 100 * time.Millisecond})
		e.Export(small(t))
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
		if m := metrics(t, e); m["exported"] != 0 || m["dropped shutdown"] != 1 {
			t.Errorf("%s with a certificate that nobody trusts: %v", endpoint, m)
		}
	}
}

func TestEndpoints(t *testing.T) {
	for text, ok := range map[string]bool{
		"http://127.0.0.1:4318": true, "https://api.example/otlp": true, "grpc://[::1]:4317": true, "grpcs://otel.example": true,
		"": false, "127.0.0.1:4318": false, "ftp://host:1": false, "http://": false, "https://u:hunter2@host": false,
		"grpc://host:1/path": false, "http://host/?key=hunter2": false, "http://host:x hunter2": false,
	} {
		if err := otlp.CheckEndpoint(text); (err == nil) != ok || err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestPathOfTheEndpoint(t *testing.T) {
	var got []string
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = append(got, r.URL.Path) }))
	defer server.Close()
	for _, path := range []string{"", "/", "/otlp", "/otlp/", "/v1/traces"} {
		e := newExporter(t, otlp.Options{Endpoint: server.URL + path})
		e.Export(small(t))
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if want := "[/v1/traces /v1/traces /otlp/v1/traces /otlp/v1/traces /v1/traces]"; fmt.Sprint(got) != want {
		t.Errorf("paths %v, want %s", got, want)
	}
}

func TestCloseTwiceAndWhileOthersExport(t *testing.T) {
	r := protocols["http"](t, nil)
	e := newExporter(t, otlp.Options{Endpoint: r.endpoint, Queue: 4})
	c := small(t)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for range 200 {
				e.Export(c)
			}
		})
	}
	for range 2 {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}
	group.Wait()
}

// lockedBuffer is a buffer that a logger and a test may use at once.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
