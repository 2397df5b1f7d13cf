package web

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	// requestsPath is followed by the id.
	requestsPath = "/api/v1/requests/"
	// maxLookups is how many requests are looked up at a time; further ones are told to come again.
	maxLookups = 8
	// lookupTimeout ends the look-up of one.
	lookupTimeout = 10 * time.Second
)

// ErrNotFound and ErrAmbiguous are wrapped by Options.Request when there is no such request, and when there are several.
// Their texts are shown.
var (
	ErrNotFound  = errors.New("not found")
	ErrAmbiguous = errors.New("not the only one")
)

// RequestQuery is what is asked for.
type RequestQuery struct {
	ID     string // RequestID, trace id, or the beginning of one
	Format string // text, html or json
	Calls  bool   // the calls instead of the events, as text
}

// RequestCallback writes an answer.
type RequestCallback func(ctx context.Context, q RequestQuery, w io.Writer) error

// serveRequest answers /api/v1/requests/{id}?format=&calls=
func (s *Server) serveRequest(w http.ResponseWriter, r *http.Request) {
	q, err := parseRequestQuery(r.URL)
	if err != nil {
		writeText(w, http.StatusBadRequest, err.Error())
		return
	}
	select {
	case s.lookups <- struct{}{}:
		defer func() { <-s.lookups }()
	default:
		w.Header().Set("Retry-After", "1")
		writeText(w, http.StatusServiceUnavailable, "other requests are being looked up; try again")
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), lookupTimeout)
	defer cancel()
	var out bytes.Buffer
	switch err := s.options.Request(ctx, q, &out); {
	case errors.Is(err, ErrNotFound):
		writeText(w, http.StatusNotFound, err.Error())
	case errors.Is(err, ErrAmbiguous):
		writeText(w, http.StatusConflict, err.Error())
	case err != nil:
		s.options.Logger.Error("look up a request", "error", err)
		writeText(w, http.StatusInternalServerError, "the request could not be looked up; the log says why")
	default:
		w.Header().Set("Content-Type", contentTypes[q.Format])
		_, _ = w.Write(out.Bytes())
	}
}

// parseRequestQuery reads id and parameters. Its errors say what was expected and never repeat a value.
func parseRequestQuery(u *url.URL) (q RequestQuery, err error) {
	q = RequestQuery{ID: strings.TrimPrefix(u.Path, requestsPath), Format: "json"}
	if err := checkName(q.ID); err != nil || q.ID == "" {
		return q, errors.New("expected a RequestID or trace id behind " + requestsPath)
	}
	values, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return q, errors.New("the query cannot be read; expected name=value pairs joined by &, percent-encoded")
	}
	for name, given := range values {
		switch {
		case len(given) != 1:
			return q, errors.New(name + ": expected once")
		case name == "format" && contentTypes[given[0]] != "":
			q.Format = given[0]
		case name == "format":
			return q, errors.New("format: expected text, html or json")
		case name == "calls" && (given[0] == "true" || given[0] == "false"):
			q.Calls = given[0] == "true"
		case name == "calls":
			return q, errors.New("calls: expected true or false")
		default:
			return q, errors.New("there is a parameter that is not known; expected calls, format")
		}
	}
	if q.Calls {
		q.Format = "text"
	}
	return q, nil
}
