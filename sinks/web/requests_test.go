package web_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/logproc/logproc/sinks/web"
)

func TestRequests(t *testing.T) {
	s, err := web.New(web.Options{Listen: "127.0.0.1:0", Request: func(_ context.Context, q web.RequestQuery, w io.Writer) error {
		switch q.ID {
		case "none":
			return fmt.Errorf("%w: expected another", web.ErrNotFound)
		case "many":
			return fmt.Errorf("%w: expected more", web.ErrAmbiguous)
		case "broken":
			return errors.New("the store is away")
		}
		_, err := fmt.Fprintf(w, "%s %s %v", q.ID, q.Format, q.Calls)
		return err
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, test := range []struct {
		path, body string
		code       int
	}{
		{"a-1", "a-1 json false", http.StatusOK},
		{"a%2F1?format=html", "a/1 html false", http.StatusOK},
		{"a-1?calls=true", "a-1 text true", http.StatusOK},
		{"a-1?format=xml", "format: expected text, html or json\n", http.StatusBadRequest},
		{"a-1?x=1", "there is a parameter that is not known; expected calls, format\n", http.StatusBadRequest},
		{"", "expected a RequestID or trace id behind /api/v1/requests/\n", http.StatusBadRequest},
		{"none", "not found: expected another\n", http.StatusNotFound},
		{"many", "not the only one: expected more\n", http.StatusConflict},
		{"broken", "the request could not be looked up; the log says why\n", http.StatusInternalServerError},
	} {
		page := httptest.NewRecorder()
		s.Handler().ServeHTTP(page, httptest.NewRequest("GET", "/api/v1/requests/"+test.path, nil))
		if page.Code != test.code || page.Body.String() != test.body {
			t.Errorf("%s: %d %q, want %d %q", test.path, page.Code, page.Body, test.code, test.body)
		}
	}
}
