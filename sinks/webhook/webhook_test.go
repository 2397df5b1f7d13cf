package webhook_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/logproc/logproc/parse"
	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/rollup"
	"github.com/logproc/logproc/sinks/mail"
	"github.com/logproc/logproc/sinks/mail/outbox"
	"github.com/logproc/logproc/sinks/webhook"
)

var day = rollup.Date{Year: 2019, Month: time.September, Day: 24}

func report(service, key string) rollup.Report {
	r := rollup.Report{Summary: rollup.Summary{Service: redact.Stored(service), Env: redact.Const("anna"), Day: day, Zone: "UTC", Total: 41}}
	r.Lines = []rollup.Line{{Msg: redact.Stored(key), Level: parse.LevelError, N: 41}}
	r.NewKeys = []rollup.NewKey{{Msg: redact.Stored(key), Level: parse.LevelError, N: 41}}
	return r
}

type message struct {
	Text   string
	Blocks []struct {
		Type string
		Text struct {
			Type, Text string
			Emoji      bool
		}
	}
}

func compose(t *testing.T, reports ...rollup.Report) message {
	t.Helper()
	body, id, err := webhook.Composer{}.Compose(mail.Edition{ID: "x1", Day: day, Reports: reports})
	if err != nil || id != "x1" {
		t.Fatal(id, err)
	}
	var m message
	if err := json.Unmarshal(body, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestSameContentAsTheMail(t *testing.T) {
	m := compose(t, report("ctrl", "api-sync-fail"))
	if !strings.Contains(m.Text, "CTRL Daily Summary anna 41\n\napi-sync-fail\t41\n") || !strings.Contains(m.Text, "new keys:") {
		t.Errorf("text %q", m.Text)
	}
	if len(m.Blocks) != 3 || m.Blocks[0].Type != "header" || !strings.Contains(m.Blocks[1].Text.Text, "api-sync-fail\t41") || !strings.HasPrefix(m.Blocks[2].Text.Text, "new keys:") {
		t.Errorf("blocks %+v", m.Blocks)
	}
}

func TestNamesCannotFormatOrNotify(t *testing.T) {
	m := compose(t, report("<!channel>", "<https://example.org|click>\n*bold* :smile:"))
	if strings.ContainsAny(m.Text, "<>") || strings.Count(m.Text, "\n") > 12 {
		t.Errorf("text %q", m.Text)
	}
	for _, b := range m.Blocks {
		if b.Text.Type != "plain_text" || b.Text.Emoji {
			t.Errorf("block %+v", b)
		}
	}
}

func TestBounds(t *testing.T) {
	var many []rollup.Report
	for range 200 {
		r := report("shop", strings.Repeat("long-", 200))
		for range 300 {
			r.Lines = append(r.Lines, r.Lines[0])
		}
		many = append(many, r)
	}
	m := compose(t, many...)
	if len(m.Blocks) > 50 || len(m.Text) > 4000 {
		t.Errorf("%d blocks, %d bytes of text", len(m.Blocks), len(m.Text))
	}
	for _, b := range m.Blocks {
		if len(b.Text.Text) > 3000 || b.Type == "header" && len(b.Text.Text) > 150 {
			t.Errorf("block of %d bytes", len(b.Text.Text))
		}
	}
	if m := compose(t); len(m.Blocks) != 2 {
		t.Errorf("blocks of a day without events: %+v", m.Blocks)
	}
}

func TestAnswers(t *testing.T) {
	for _, test := range []struct {
		status int
		kind   outbox.Kind
		ok     bool
	}{
		{200, 0, true}, {204, 0, true}, {400, outbox.Rejected, false}, {404, outbox.Rejected, false}, {429, outbox.Deferred, false},
		{500, outbox.Deferred, false}, {503, outbox.Deferred, false},
	} {
		var got string
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			b, _ := io.ReadAll(r.Body)
			got = string(b)
			w.WriteHeader(test.status)
		}))
		err := post(t, server.URL+"/secret-token")
		server.Close()
		failure, isFailure := errors.AsType[*outbox.Failure](err)
		if test.ok != (err == nil) || isFailure && failure.Kind != test.kind || got != "{}" {
			t.Errorf("%d: %v, posted %q", test.status, err, got)
		}
	}
}

func post(t *testing.T, address string) error {
	t.Helper()
	s := &webhook.Sender{URL: func(string) (string, error) { return address, nil }, Limit: 300 * time.Millisecond}
	begun := 0
	_, err := s.Send(t.Context(), outbox.Message{List: "ops", To: []string{"ops"}, Body: []byte("{}")}, func([]string) error {
		begun++
		return nil
	})
	if begun != 1 {
		t.Errorf("begun %d times", begun)
	}
	return err
}

func TestLostRequests(t *testing.T) {
	hold := make(chan struct{})
	hangs := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-hold }))
	defer hangs.Close()
	defer close(hold)
	drops := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	defer drops.Close()
	for name, test := range map[string]struct {
		address string
		kind    outbox.Kind
	}{
		"hangs":          {hangs.URL + "/secret-token", outbox.Undecided},
		"drops":          {drops.URL + "/secret-token", outbox.Undecided},
		"nobody listens": {"http://127.0.0.1:1/secret-token", outbox.Deferred},
	} {
		err := post(t, test.address)
		failure, ok := errors.AsType[*outbox.Failure](err)
		if !ok || failure.Kind != test.kind || strings.Contains(err.Error(), "secret-token") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
