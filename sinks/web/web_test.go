package web_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/logproc/logproc/internal/health"
	"github.com/logproc/logproc/sinks/web"
)

// options has every route and a checker that has run once.
func options(t *testing.T, checks ...health.Check) web.Options {
	t.Helper()
	c, err := health.New(checks...)
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		go c.Run(t.Context())
		synctest.Wait() // until every check has run and sleeps
	})
	return web.Options{
		Listen:  "127.0.0.1:0",
		Metrics: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "up 1\n") }),
		Health:  c,
		Status:  func() any { return map[string]int{"lag": 3} },
		Summary: func(_ context.Context, q web.SummaryQuery, w io.Writer) error {
			_, err := fmt.Fprintf(w, "%v %v %s %s %s %v", q.Day, q.Zone, show(q.Service), show(q.Env), q.Format, q.AllLevels)
			return err
		},
	}
}

func show(s *string) string {
	if s == nil {
		return "all"
	}
	return fmt.Sprintf("%q", *s)
}

func newServer(t testing.TB, o web.Options) *web.Server {
	t.Helper()
	s, err := web.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func request(s *web.Server, method, target string, body io.Reader) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, httptest.NewRequest(method, target, body))
	return w
}

func ran(err error) func(context.Context) error {
	return func(context.Context) error { return err }
}

func TestRoutes(t *testing.T) {
	s := newServer(t, options(t))
	tests := []struct {
		method, target string
		code           int
		contentType    string
		body           string // a part of it
	}{
		{"GET", "/metrics", 200, "text/plain; charset=utf-8", "up 1\n"},
		{"HEAD", "/metrics", 200, "", ""},
		{"GET", "/-/healthy", 200, "text/plain; charset=utf-8", "healthy\n"},
		{"GET", "/-/ready", 200, "text/plain; charset=utf-8", "ready\n"},
		{"GET", "/health/status", 200, "application/json", "[]\n"},
		{"GET", "/health/status/external", 200, "application/json", "[]\n"},
		{"GET", "/api/v1/status", 200, "application/json", `{"lag":3}`},
		{"GET", "/api/v1/summary", 200, "text/plain; charset=utf-8", "<nil> UTC all all text false"},
		{"GET", "/", 404, "text/plain; charset=utf-8", "\n  /api/v1/status\n  /api/v1/summary\n  /health/status\n  /health/status/external\n  /metrics\n"},
		{"GET", "/metrics/", 404, "text/plain; charset=utf-8", "nothing here"},
		{"GET", "/health/../metrics", 404, "text/plain; charset=utf-8", "nothing here"},
		{"POST", "/metrics", 405, "text/plain; charset=utf-8", "only GET and HEAD"},
		{"DELETE", "/api/v1/summary", 405, "text/plain; charset=utf-8", "only GET and HEAD"},
	}
	for _, test := range tests {
		t.Run(test.method+" "+test.target, func(t *testing.T) {
			w := request(s, test.method, test.target, nil)
			if w.Code != test.code || !strings.Contains(w.Body.String(), test.body) {
				t.Errorf("status %d, body %q", w.Code, w.Body)
			}
			if got := w.Header().Get("Content-Type"); test.contentType != "" && got != "" && got != test.contentType {
				t.Errorf("type %q", got)
			}
			if w.Code == 405 && w.Header().Get("Allow") != "GET, HEAD" {
				t.Errorf("allow %q", w.Header().Get("Allow"))
			}
			for _, name := range []string{"X-Content-Type-Options", "Content-Security-Policy", "X-Frame-Options", "Referrer-Policy"} {
				if w.Header().Get(name) == "" {
					t.Errorf("no header %s", name)
				}
			}
		})
	}
}

func TestBodiesAreRefused(t *testing.T) {
	s := newServer(t, options(t))
	for _, body := range []io.Reader{strings.NewReader("x"), io.MultiReader(strings.NewReader("x"))} {
		w := request(s, "GET", "/metrics", body)
		if w.Code != 400 || w.Header().Get("Connection") != "close" {
			t.Errorf("status %d, %v", w.Code, w.Header())
		}
	}
}

func TestRoutesWithoutHandlers(t *testing.T) {
	s := newServer(t, web.Options{Listen: "localhost:0"})
	if w := request(s, "GET", "/-/healthy", nil); w.Code != 200 {
		t.Errorf("healthy: %d", w.Code)
	}
	for _, target := range []string{"/metrics", "/-/ready", "/api/v1/status", "/api/v1/summary"} {
		if w := request(s, "GET", target, nil); w.Code != 404 {
			t.Errorf("%s: %d", target, w.Code)
		}
	}
}

func TestHealth(t *testing.T) {
	stalled := errors.New("partition logs/3 has not moved for 31s at offset 812")
	o := options(t,
		health.Check{Name: "partitions", Readiness: true, Run: ran(stalled)},
		health.Check{Name: "kafka", Kind: health.External, Run: ran(errors.New("refused"))},
		health.Check{Name: "store", Kind: health.External, Readiness: true, Run: ran(nil)},
	)
	o.Alive = func() error { return errors.New("the pipeline has ended") }
	s := newServer(t, o)

	if w := request(s, "GET", "/-/ready", nil); w.Code != 503 || w.Body.String() != "partitions: "+stalled.Error()+"\n" {
		t.Errorf("ready: %d %q", w.Code, w.Body)
	}
	if w := request(s, "GET", "/-/healthy", nil); w.Code != 503 || !strings.Contains(w.Body.String(), "pipeline has ended") {
		t.Errorf("healthy: %d %q", w.Code, w.Body)
	}
	for target, want := range map[string]struct {
		code int
		list string
	}{
		"/health/status":          {200, "partitions ERROR,kafka ERROR,store OK"},
		"/health/status/external": {503, "kafka ERROR,store OK"},
	} {
		w := request(s, "GET", target, nil)
		var entries []map[string]string
		if err := json.Unmarshal(w.Body.Bytes(), &entries); err != nil {
			t.Fatal(err)
		}
		var list []string
		for _, e := range entries {
			list = append(list, e["Name"]+" "+e["Status"])
			if _, err := time.Parse(time.RFC3339, e["StatusTime"]); err != nil || len(e) != 3 {
				t.Errorf("entry %v: %v", e, err)
			}
		}
		if got := strings.Join(list, ","); w.Code != want.code || got != want.list {
			t.Errorf("%s: %d %s", target, w.Code, got)
		}
	}
}

func TestSummaryQuery(t *testing.T) {
	s := newServer(t, options(t))
	good := map[string]string{
		"day=2019-09-24&service=ctrl&env=anna&tz=Europe/Stockholm&format=html&all_levels=true": `2019-09-24 Europe/Stockholm "ctrl" "anna" html true`,
		"day=&service=&tz=&format=&all_levels=":                                                "<nil> UTC all all text false",
		"env=":                                                                                 `<nil> UTC all "" text false`,
		"format=json":                                                                          "<nil> UTC all all json false",
	}
	for query, want := range good {
		if w := request(s, "GET", "/api/v1/summary?"+query, nil); w.Code != 200 || w.Body.String() != want {
			t.Errorf("%s: %d %q", query, w.Code, w.Body)
		}
	}
	bad := map[string]string{
		"day=2019-13-01":                       "day: a day is written as 2006-01-02",
		"day=secret":                           "day: ",
		"tz=Secret/Zone":                       "tz: expected a name of the tz database",
		"tz=../../etc/passwd":                  "tz: expected",
		"tz=Local":                             "tz: expected",
		"format=secret":                        "format: expected text, html, json or csv",
		"all_levels=secret":                    "all_levels: expected true or false",
		"service=" + strings.Repeat("s", 1000): "service: expected at most 256 bytes",
		"env=%ff":                              "env: expected",
		"day=2019-09-24&day=2019-09-25":        "day: it is given 2 times",
		"days=0":                               "days: expected a number of days from 1 to 31",
		"days=secret":                          "days: expected a number",
		"previous=secret":                      "previous: a day is written as",
		"days=2&previous=2019-09-24":           "previous: it compares one day; leave out days",
		"secret=1":                             "expected all_levels, day, days, env, format, previous, service, tz",
		"day=2019-09-24;env=secret":            "the query cannot be read",
		"day=%zz":                              "the query cannot be read",
	}
	for query, want := range bad {
		w := request(s, "GET", "/api/v1/summary?"+query, nil)
		if got := w.Body.String(); w.Code != 400 || !strings.HasPrefix(got, want) && !strings.Contains(got, want) || strings.Contains(strings.ToLower(got), "secret") {
			t.Errorf("%s: %d %q", query, w.Code, got)
		}
	}
}

func TestSummaryOfDaysAndComparison(t *testing.T) {
	o := options(t)
	var got web.SummaryQuery
	o.Summary = func(_ context.Context, q web.SummaryQuery, _ io.Writer) error {
		got = q
		return nil
	}
	s := newServer(t, o)
	if w := request(s, "GET", "/api/v1/summary?days=7&format=csv", nil); w.Code != 200 || got.Days != 7 || got.Previous != nil || w.Header().Get("Content-Type") != "text/csv; charset=utf-8" {
		t.Errorf("%d %v: %+v", w.Code, w.Header(), got)
	}
	if w := request(s, "GET", "/api/v1/summary?previous=2019-09-23", nil); w.Code != 200 || got.Days != 1 || got.Previous == nil || got.Previous.String() != "2019-09-23" {
		t.Errorf("%d: %+v", w.Code, got)
	}
}

func TestSummaryFailure(t *testing.T) {
	o := options(t)
	var log strings.Builder
	o.Logger = slog.New(slog.NewTextHandler(&log, nil))
	o.Summary = func(_ context.Context, _ web.SummaryQuery, w io.Writer) error {
		_, _ = io.WriteString(w, "half")
		return errors.New("the store is away")
	}
	w := request(newServer(t, o), "GET", "/api/v1/summary", nil)
	if w.Code != 500 || strings.Contains(w.Body.String(), "half") || strings.Contains(w.Body.String(), "away") || !strings.Contains(log.String(), "away") {
		t.Errorf("%d %q, log %q", w.Code, w.Body, log.String())
	}
}

func TestSummariesAreFewAtATime(t *testing.T) {
	o := options(t)
	begun, release := make(chan struct{}), make(chan struct{})
	o.Summary = func(context.Context, web.SummaryQuery, io.Writer) error {
		begun <- struct{}{}
		<-release
		return nil
	}
	s := newServer(t, o)
	codes := make(chan int)
	for range 2 {
		go func() { codes <- request(s, "GET", "/api/v1/summary", nil).Code }()
		<-begun
	}
	if w := request(s, "GET", "/api/v1/summary", nil); w.Code != 503 || w.Header().Get("Retry-After") == "" {
		t.Errorf("a third one: %d", w.Code)
	}
	close(release)
	for range 2 {
		if code := <-codes; code != 200 {
			t.Errorf("the first two: %d", code)
		}
	}
}

func TestPanicShowsNothing(t *testing.T) {
	o := options(t)
	var log strings.Builder
	o.Logger = slog.New(slog.NewTextHandler(&log, nil))
	o.Status = func() any { panic("secret") }
	w := request(newServer(t, o), "GET", "/api/v1/status", nil)
	if w.Code != 500 || strings.Contains(w.Body.String()+log.String(), "secret") || !strings.Contains(log.String(), "at=web_test.go:") {
		t.Errorf("%d %q, log %q", w.Code, w.Body, log.String())
	}
}

func TestUnencodableStatus(t *testing.T) {
	o := options(t)
	o.Status = func() any { return func() {} }
	if w := request(newServer(t, o), "GET", "/api/v1/status", nil); w.Code != 500 {
		t.Errorf("status %d", w.Code)
	}
}

func TestRunAndShutDown(t *testing.T) {
	o := options(t)
	entered, release := make(chan struct{}), make(chan struct{})
	o.Metrics = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(entered)
		<-release
		_, _ = io.WriteString(w, "late but whole")
	})
	s := newServer(t, o)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	answer := make(chan string, 1)
	go func() { answer <- get(t, http.DefaultClient, "http://"+s.Addr().String()+"/metrics") }()
	<-entered
	cancel()
	close(release)
	if got := <-answer; got != "200 late but whole" {
		t.Errorf("the request under way got %q", got)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if c, err := net.Dial("tcp", s.Addr().String()); err == nil {
		_ = c.Close()
		t.Error("it still listens")
	}
}

func TestRunThatEndsAtOnce(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 20 {
		if err := newServer(t, options(t)).Run(ctx); err != nil {
			t.Fatal(err)
		}
	}
}

func get(t *testing.T, client *http.Client, url string) string {
	r, err := client.Get(url)
	if err != nil {
		t.Error(err)
		return ""
	}
	defer func() { _ = r.Body.Close() }()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Error(err)
	}
	return fmt.Sprint(r.StatusCode, " ", string(body))
}
