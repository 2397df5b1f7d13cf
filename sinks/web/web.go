// Package web offers metrics, health and the API over HTTP.
//
// Handlers answer from what others have published (the metrics' snapshot, the last result of each health
// check, a copy of the status), so that no request waits for the pipeline, the store or a broker; only a
// summary is computed on request, a few at a time. Only GET and HEAD are answered and no body is read.
package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	toolkit "github.com/prometheus/exporter-toolkit/web"

	"github.com/logproc/logproc/internal/health"
)

// Limits of the server.
const (
	headerTimeout   = 5 * time.Second
	readTimeout     = 10 * time.Second
	writeTimeout    = time.Minute // a scrape of many series over a slow line
	idleTimeout     = 2 * time.Minute
	maxHeaderBytes  = 16 << 10
	shutdownTimeout = 5 * time.Second
)

// Options says what a Server offers. Routes without a handler are left out.
type Options struct {
	// Listen is the address, host:port; port 0 takes a free one. Anything but loopback needs TLS by
	// ConfigFile, or AllowPlain.
	Listen string
	// ConfigFile is a web configuration of the Prometheus exporter-toolkit: TLS, basic auth, client
	// certificates. Empty for none. Certificates and users are read again as they change.
	ConfigFile string
	// AllowPlain allows HTTP without TLS on any address.
	AllowPlain bool

	// Metrics answers /metrics.
	Metrics http.Handler
	// Health answers the health routes.
	Health *health.Checker
	// Alive gives an error when the process is beyond help and should be restarted; nil means it never is.
	Alive func() error
	// Status gives what /api/v1/status shows as JSON. It must not block.
	Status func() any
	// Summary writes the summaries that /api/v1/summary asks for.
	Summary func(ctx context.Context, q SummaryQuery, w io.Writer) error
	// Request writes the request that /api/v1/requests/{id} asks for.
	Request RequestCallback

	Logger *slog.Logger // default: discard
}

// Server is an HTTP server that has its address.
type Server struct {
	options  Options
	listener net.Listener
	routes   map[string]http.HandlerFunc
	server   *http.Server
	summary  chan struct{} // one token for each summary that is being made
	lookups  chan struct{} // one for each request that is being looked up
}

// New checks the options and listens. Nothing is answered before Run; a server that is never run must be closed.
func New(options Options) (*Server, error) {
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	if options.Alive == nil {
		options.Alive = func() error { return nil }
	}
	listener, err := listen(&options)
	if err != nil {
		return nil, err
	}
	s := &Server{options: options, listener: listener, summary: make(chan struct{}, maxSummaries), lookups: make(chan struct{}, maxLookups)}
	s.routes = s.table()
	s.server = &http.Server{
		Handler:           s.Handler(),
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(options.Logger.Handler(), slog.LevelWarn),
	}
	return s, nil
}

// Addr is the address that the server listens on.
func (s *Server) Addr() net.Addr { return s.listener.Addr() }

// Run answers requests until ctx ends, then lets those under way finish for a few seconds. It returns an
// error only when it cannot serve.
func (s *Server) Run(ctx context.Context) error {
	ended := make(chan error, 1)
	go func() {
		// The toolkit also reads the configuration file; an empty name is plain HTTP.
		ended <- toolkit.Serve(s.listener, s.server, &toolkit.FlagConfig{WebConfigFile: &s.options.ConfigFile}, slog.New(quiet{s.options.Logger.Handler()}))
	}()
	select {
	case err := <-ended:
		return s.failure(err)
	case <-ctx.Done():
	}
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer cancel()
	if err := s.server.Shutdown(limited); err != nil {
		s.options.Logger.Warn("HTTP requests cut off at shutdown", "error", err)
		_ = s.server.Close()
	}
	_ = s.listener.Close() // should Serve not have begun yet
	return s.failure(<-ended)
}

func (s *Server) failure(err error) error {
	if err == nil || errors.Is(err, http.ErrServerClosed) || errors.Is(err, net.ErrClosed) {
		return nil
	}
	return fmt.Errorf("serve HTTP on %s: %w", s.listener.Addr(), err)
}

// Close gives up the address of a server that is not run.
func (s *Server) Close() error { return s.listener.Close() }

// quiet leaves out what the toolkit says of every start.
type quiet struct{ slog.Handler }

func (q quiet) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && q.Handler.Enabled(ctx, level)
}
