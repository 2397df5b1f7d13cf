package main

import (
	"bytes"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-smtp"
)

func runCLI(t *testing.T, args ...string) (code int, out, messages string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = run(t.Context(), args, streams{strings.NewReader(""), &stdout, &stderr})
	return code, stdout.String(), stderr.String()
}

func mailConfig(t *testing.T, address, store string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "logproc.yaml")
	text := fmt.Sprintf(`store: file:%s
summary:
  to:
    ctrl: {to: [ctrl@example.org], envs: [anna]}
    platform: {to: [platform@example.org], digest: true}
    chat: {webhook_file: url, services: [ctrl]}
  smtp: {address: %q, from: logproc@example.org, security: none}
`, store, address)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// textPart gives the first text part of a mail.
func textPart(t *testing.T, r io.Reader) (subject, text string) {
	t.Helper()
	m, err := mail.ReadMessage(r)
	if err != nil {
		t.Fatal(err)
	}
	body, contentType := io.Reader(m.Body), m.Header.Get("Content-Type")
	for {
		kind, params, err := mime.ParseMediaType(contentType)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(kind, "multipart/") {
			break
		}
		part, err := multipart.NewReader(body, params["boundary"]).NextRawPart()
		if err != nil {
			t.Fatal(err)
		}
		body, contentType = part, part.Header.Get("Content-Type")
	}
	content, err := io.ReadAll(quotedprintable.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return m.Header.Get("Subject"), strings.ReplaceAll(string(content), "\r\n", "\n")
}

func TestDryRunWritesTheMails(t *testing.T) {
	want, err := os.ReadFile("../../internal/e2e/testdata/ctrl_daily_summary.txt")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	code, out, messages := runCLI(t, "summary", "-c", mailConfig(t, "127.0.0.1:1", filepath.Join(dir, "none.db")), "--send", "--dry-run", "--output", dir, "--day", "2019-09-24", "../../internal/e2e/testdata/ctrl_anna.jsonl.gz")
	files := strings.Fields(out)
	if code != 0 || len(files) != 4 {
		t.Fatalf("exit code %d, files %q, messages %q", code, files, messages)
	}
	for _, path := range files {
		if strings.HasSuffix(path, ".json") {
			continue
		}
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		subject, text := textPart(t, f)
		_ = f.Close()
		if strings.Contains(path, "-ctrl-ctrl-anna-") && (!strings.HasPrefix(text, string(want)) || subject != "CTRL Daily Summary anna 331, 2019-09-24") {
			t.Errorf("%s: subject %q, text:\n%s", path, subject, text)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "none.db")); err == nil {
		t.Error("the dry run made a store")
	}
}

func TestSendNeeds(t *testing.T) {
	config := mailConfig(t, "127.0.0.1:1", filepath.Join(t.TempDir(), "s.db"))
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"--send"}, "--send needs the mail server"},
		{[]string{"--dry-run"}, "--dry-run goes with --send"},
		{[]string{"--output", "."}, "--output goes with --send --dry-run"},
		{[]string{"-c", config, "--send", "--service", "x"}, "do not go with it"},
		{[]string{"-c", config, "--send", "x.jsonl"}, "expected --dry-run with them"},
		{[]string{"-c", config, "--send", "--day", "2019-09-24"}, "s.db"},
	} {
		if code, _, messages := runCLI(t, append([]string{"summary"}, test.args...)...); code != exitError || !strings.Contains(messages, test.want) || strings.Count(messages, "\n") != 1 {
			t.Errorf("%q: exit code %d, %q", test.args, code, messages)
		}
	}
}

// mailbox is a mail server that keeps what it gets.
type mailbox struct {
	mu    sync.Mutex
	mails []string
}

func (b *mailbox) NewSession(*smtp.Conn) (smtp.Session, error) { return session{b}, nil }

type session struct{ *mailbox }

func (session) Reset()                               {}
func (session) Logout() error                        { return nil }
func (session) Mail(string, *smtp.MailOptions) error { return nil }
func (session) Rcpt(string, *smtp.RcptOptions) error { return nil }
func (s session) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mails = append(s.mails, string(text))
	return err
}

func TestSendFromAStoreSendsOnce(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	box := &mailbox{}
	server := smtp.NewServer(box)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(l) // ends when l is closed
	}()
	defer func() {
		_ = server.Close()
		_ = l.Close()
		<-done
	}()
	store := filepath.Join(t.TempDir(), "s.db")
	fillStore(t, store)
	config := mailConfig(t, l.Addr().String(), store)
	for try := range 2 {
		code, out, messages := runCLI(t, "summary", "-c", config, "--send", "--day", "2026-11-20")
		if code != exitFindings || strings.Count(out, "sent at ") != 2 || strings.Count(out, "due\t2026-11-20 chat") != 1 || !strings.Contains(messages, "read the webhook_file of chat") {
			t.Errorf("try %d: exit code %d\n%s%s", try, code, out, messages)
		}
	}
	box.mu.Lock()
	defer box.mu.Unlock()
	if len(box.mails) != 2 {
		t.Fatalf("%d mails", len(box.mails))
	}
	for _, m := range box.mails {
		if _, text := textPart(t, strings.NewReader(m)); text != "CTRL Daily Summary anna 7\n\napi-sync-fail\t7\n\n100.0 % of the day's records counted\n" {
			t.Errorf("text %q", text)
		}
	}
}
