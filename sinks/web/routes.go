package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/logproc/logproc/internal/crash"
	"github.com/logproc/logproc/internal/health"
)

// table lists the routes; each path has one. Paths that end with a slash stand for all below them.
func (s *Server) table() map[string]http.HandlerFunc {
	t := map[string]http.HandlerFunc{"/-/healthy": s.healthy}
	if s.options.Metrics != nil {
		t["/metrics"] = s.options.Metrics.ServeHTTP
	}
	if s.options.Health != nil {
		t["/-/ready"] = s.ready
		t["/health/status"] = s.healthStatus
		t["/health/status/external"] = s.externalStatus
	}
	if s.options.Status != nil {
		t["/api/v1/status"] = func(w http.ResponseWriter, _ *http.Request) { s.writeJSON(w, http.StatusOK, s.options.Status()) }
	}
	if s.options.Summary != nil {
		t["/api/v1/summary"] = s.serveSummary
	}
	if s.options.Request != nil {
		t[requestsPath] = s.serveRequest
	}
	return t
}

// Handler answers all routes. Run wraps it with what the web configuration asks for.
func (s *Server) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer s.recovered(w, r)
		secure(w.Header())
		handler := s.routes[r.URL.Path]
		if strings.HasPrefix(r.URL.Path, requestsPath) {
			handler = s.routes[requestsPath]
		}
		switch {
		case handler == nil:
			s.notFound(w)
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			w.Header().Set("Allow", "GET, HEAD")
			writeText(w, http.StatusMethodNotAllowed, "only GET and HEAD are answered here")
		case r.ContentLength != 0:
			w.Header().Set("Connection", "close") // the body stays unread
			writeText(w, http.StatusBadRequest, "the request has a body; none is read here")
		default:
			handler(w, r)
		}
	})
}

// secure sets the headers that keep browsers from making more of an answer than it is.
func secure(h http.Header) {
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
	h.Set("Cache-Control", "no-store")
}

// recovered answers a request whose handler panicked. The value of the panic is neither shown nor logged.
func (s *Server) recovered(w http.ResponseWriter, r *http.Request) {
	cause := recover()
	if cause == nil {
		return
	}
	if cause == http.ErrAbortHandler {
		panic(cause) // the server's own way to end a connection
	}
	s.options.Logger.Error("defect: a request made the program panic; please report it", "path", r.URL.Path, "at", crash.Site())
	writeText(w, http.StatusInternalServerError, "this is a defect; the log says where")
}

// writeText answers with a message.
func writeText(w http.ResponseWriter, code int, message string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(code)
	_, _ = fmt.Fprintln(w, message) // a client that is gone needs no answer
}

func (s *Server) notFound(w http.ResponseWriter) {
	writeText(w, http.StatusNotFound, "There is nothing here. These are the routes:\n  "+strings.Join(slices.Sorted(maps.Keys(s.routes)), "\n  "))
}

// healthy says that the process runs; whether it gets its work done is the matter of ready.
func (s *Server) healthy(w http.ResponseWriter, _ *http.Request) {
	if err := s.options.Alive(); err != nil {
		writeText(w, http.StatusServiceUnavailable, err.Error())
		return
	}
	writeText(w, http.StatusOK, "healthy")
}

func (s *Server) ready(w http.ResponseWriter, _ *http.Request) {
	if reasons := s.options.Health.NotReady(); len(reasons) > 0 {
		writeText(w, http.StatusServiceUnavailable, strings.Join(reasons, "\n"))
		return
	}
	writeText(w, http.StatusOK, "ready")
}

func (s *Server) healthStatus(w http.ResponseWriter, _ *http.Request) {
	s.writeJSON(w, http.StatusOK, s.options.Health.Results())
}

func (s *Server) externalStatus(w http.ResponseWriter, _ *http.Request) {
	results := s.options.Health.Results(health.External)
	code := http.StatusOK
	if slices.ContainsFunc(results, func(r health.Result) bool { return r.Status != health.OK }) {
		code = http.StatusServiceUnavailable
	}
	s.writeJSON(w, code, results)
}

// writeJSON encodes first and answers then, so that a failure is no half answer.
func (s *Server) writeJSON(w http.ResponseWriter, code int, value any) {
	var out bytes.Buffer
	if err := json.NewEncoder(&out).Encode(value); err != nil {
		s.options.Logger.Error("encode an answer as JSON", "error", err)
		writeText(w, http.StatusInternalServerError, "the answer could not be encoded; the log says why")
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_, _ = w.Write(out.Bytes())
}
