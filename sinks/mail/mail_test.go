package mail_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/logproc/logproc/parse"
	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/rollup"
	"github.com/logproc/logproc/sinks/mail"
)

var september24 = rollup.Date{Year: 2019, Month: time.September, Day: 24}

// ctrl is the report of a real day, with a trend of each key.
func ctrl(t testing.TB) rollup.Report {
	t.Helper()
	text, err := os.ReadFile("../summary/testdata/ctrl.txt")
	if err != nil {
		t.Fatal(err)
	}
	r := rollup.Report{Summary: rollup.Summary{Service: redact.Const("ctrl"), Env: redact.Const("anna"), Day: september24, Zone: "UTC", DayLength: 24 * time.Hour}, Trends: map[redact.Text][]uint64{}}
	for line := range strings.Lines(string(text)) {
		key, count, found := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		if !found {
			continue
		}
		n, err := strconv.ParseUint(count, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		msg := redact.Stored(key)
		r.Lines = append(r.Lines, rollup.Line{Msg: msg, Level: parse.LevelError, N: n})
		r.Total += n
		r.Trends[msg] = []uint64{n / 2, n, 2 * n, n / 3, n}
	}
	return r
}

func edition(reports ...rollup.Report) mail.Edition {
	return mail.Edition{
		ID: "0123456789abcdef", List: "ops", Day: september24, Reports: reports, To: addresses("Ops Team <ops@example.org>"),
		Date: time.Date(2019, 9, 25, 7, 30, 0, 0, time.UTC), Digest: len(reports) > 1,
	}
}

func addresses(list ...string) (out []*netmail.Address) {
	for _, text := range list {
		a, err := netmail.ParseAddress(text)
		if err != nil {
			panic(err)
		}
		out = append(out, a)
	}
	return out
}

func options() mail.Options {
	return mail.Options{From: addresses("logproc <logproc@example.org>")[0], Version: "1.0"}
}

// parts is a mail taken apart by the standard library.
type parts struct {
	header          netmail.Header
	text, html, csv string
	pictures        map[string]int // size by Content-ID
	structure       []string
}

func compose(t testing.TB, e mail.Edition, o mail.Options) (mail.Mail, parts) {
	t.Helper()
	m, err := mail.Compose(e, o)
	if err != nil {
		t.Fatal(err)
	}
	read, err := netmail.ReadMessage(bytes.NewReader(m.Body))
	if err != nil {
		t.Fatal(err)
	}
	p := parts{header: read.Header, pictures: map[string]int{}}
	p.take(t, read.Header.Get("Content-Type"), read.Header.Get("Content-Transfer-Encoding"), "", read.Body)
	return m, p
}

func (p *parts) take(t testing.TB, contentType, encoding, id string, body io.Reader) {
	t.Helper()
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		t.Fatal(err)
	}
	p.structure = append(p.structure, kind)
	if strings.HasPrefix(kind, "multipart/") {
		for r := multipart.NewReader(body, params["boundary"]); ; {
			part, err := r.NextRawPart()
			if err == io.EOF {
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			p.take(t, part.Header.Get("Content-Type"), part.Header.Get("Content-Transfer-Encoding"), part.Header.Get("Content-Id"), part)
		}
	}
	switch encoding {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	content, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(string(content), "\r\n", "\n")
	switch kind {
	case "text/plain":
		p.text = text
	case "text/html":
		p.html = text
	case "text/csv":
		p.csv = text
	case "image/png":
		p.pictures[id] = len(content)
	}
}

func TestTextPartBeginsWithTheSummary(t *testing.T) {
	want, err := os.ReadFile("../summary/testdata/ctrl.txt")
	if err != nil {
		t.Fatal(err)
	}
	r := ctrl(t)
	r.NewKeys = []rollup.NewKey{{Msg: redact.Const("order-fail"), Level: parse.LevelError, N: 3}}
	m, p := compose(t, edition(r), options())
	if rest, ok := strings.CutPrefix(p.text, string(want)); !ok || !strings.HasPrefix(rest, "\nnew keys:\norder-fail\terror 3\n") {
		t.Errorf("the text part:\n%s", p.text)
	}
	if got := fmt.Sprint(p.structure[:4]); got != "[multipart/related multipart/alternative text/plain text/html]" {
		t.Errorf("structure %s", got)
	}
	for name, want := range map[string]string{
		"From": `"logproc" <logproc@example.org>`, "To": `"Ops Team" <ops@example.org>`, "Date": "Wed, 25 Sep 2019 07:30:00 +0000",
		"Message-Id": "<0123456789abcdef.logproc@example.org>", "Subject": "CTRL Daily Summary anna 331, 2019-09-24",
		"Auto-Submitted": "auto-generated", "List-Id": "<ops.logproc>", "Precedence": "bulk",
	} {
		if got := p.header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if m.MessageID != "<0123456789abcdef.logproc@example.org>" {
		t.Errorf("message id %s", m.MessageID)
	}
}

func TestEveryPictureIsReferencedAndThere(t *testing.T) {
	_, p := compose(t, edition(ctrl(t)), options())
	if len(p.pictures) < 10 {
		t.Fatalf("%d pictures", len(p.pictures))
	}
	for id := range p.pictures {
		if !strings.Contains(p.html, `src="cid:`+strings.Trim(id, "<>")+`"`) {
			t.Errorf("nothing shows the picture %s", id)
		}
	}
	if n := strings.Count(p.html, "<img "); n != len(p.pictures) {
		t.Errorf("%d images in the text, %d in the mail", n, len(p.pictures))
	}
	for _, bad := range []string{"http:", "https:", "<script", "@import", "url(", "ZgotmplZ"} {
		if strings.Contains(p.html, bad) {
			t.Errorf("the HTML part holds %q", bad)
		}
	}
}

// awkwardTexts try to break out of a header, a line, the HTML.
var awkwardTexts = []string{
	"evil\r\nBcc: everybody@example.org", "a\nb", "\r\n\r\n<html>", "<script>alert(1)</script>", "turn\u202earound", "party-🎉", "größe",
	"bad\xffutf8", "nul\x00", "=?utf-8?q?x?=", strings.Repeat("long", 300), "\"quoted\", <a@b>", "",
}

func TestNothingBreaksOut(t *testing.T) {
	for i, service := range awkwardTexts {
		checkBreakOut(t, service, service)
		checkBreakOut(t, service, awkwardTexts[(i+5)%len(awkwardTexts)])
	}
}

func checkBreakOut(t testing.TB, service, key string) {
	t.Helper()
	r := rollup.Report{Summary: rollup.Summary{Service: redact.Stored(service), Env: redact.Stored(key), Day: september24, Zone: "UTC", Total: 1}}
	r.Lines = []rollup.Line{{Msg: redact.Stored(key), Level: parse.LevelError, N: 1}}
	r.NewKeys = []rollup.NewKey{{Msg: redact.Stored(key), N: 1}}
	e := edition(r)
	e.List = service
	m, p := compose(t, e, options())
	names := []string{"Auto-Submitted", "Content-Type", "Date", "From", "List-Id", "Message-Id", "Mime-Version", "Precedence", "Subject", "To", "User-Agent", "X-Auto-Response-Suppress", "X-Mailer"}
	var got []string
	for name, values := range p.header {
		got = append(got, name)
		if len(values) != 1 {
			t.Errorf("service %q: %d fields %s", service, len(values), name)
		}
	}
	if slices.Sort(got); !slices.Equal(got, names) {
		t.Fatalf("service %q: header fields %q", service, got)
	}
	head, _, _ := bytes.Cut(m.Body, []byte("\r\n\r\n"))
	for line := range bytes.SplitSeq(head, []byte("\r\n")) {
		if len(line) > 998 || bytes.ContainsAny(line, "\r\n\x00") || !isASCII(line) {
			t.Errorf("service %q: header line %q", service, line)
		}
	}
	if strings.ContainsAny(p.text, "\r\x00\u202e") || strings.Contains(p.html, "<script") || strings.Count(p.text, "Daily Summary") != 1 {
		t.Errorf("service %q, key %q: text %q", service, key, p.text)
	}
}

func isASCII(b []byte) bool {
	return !bytes.ContainsFunc(b, func(r rune) bool { return r > 126 || r < 32 && r != '\t' })
}

func FuzzNothingBreaksOut(f *testing.F) {
	for _, text := range awkwardTexts {
		f.Add(text, text)
	}
	f.Fuzz(func(t *testing.T, service, key string) {
		if strings.Contains(service+key, "aily") || strings.Contains(service+key, "AILY") {
			t.Skip("would be counted as a title")
		}
		checkBreakOut(t, service, key)
	})
}

func large(service string, keys int) rollup.Report {
	r := rollup.Report{Summary: rollup.Summary{Service: redact.Stored(service), Day: september24, Zone: "UTC", DayLength: 24 * time.Hour}}
	for i := range keys {
		n := uint64(i%977 + 1)
		r.Lines = append(r.Lines, rollup.Line{Msg: redact.Stored(fmt.Sprintf("order-fail-%05d", i)), Level: parse.LevelError, N: n})
		r.Total += n
	}
	return r
}

func TestManyKeysAreFoldedIntoATable(t *testing.T) {
	r := large("shop", 912)
	_, p := compose(t, edition(r), options())
	if !strings.Contains(p.text, "\nand 412 more with ") || !strings.Contains(p.html, "and 412 more with ") {
		t.Errorf("the text does not tell what is left out:\n%s", p.text[max(0, len(p.text)-200):])
	}
	if n := strings.Count(p.text, "order-fail-"); n != mail.DefaultMaxKeys {
		t.Errorf("%d keys listed", n)
	}
	if n := strings.Count(p.csv, "\n"); n != 913 {
		t.Errorf("%d lines in the table", n)
	}
}

func TestNoMailIsTooLarge(t *testing.T) {
	var many []rollup.Report
	for i := range 200 {
		many = append(many, large(fmt.Sprintf("service-%03d", i), 100))
	}
	for name, reports := range map[string][]rollup.Report{"one with many keys": {large("shop", 20_000)}, "many": many} {
		m, p := compose(t, edition(reports...), options())
		if len(m.Body) > mail.DefaultMaxBytes {
			t.Errorf("%s: %d bytes", name, len(m.Body))
		}
		if !strings.Contains(p.text, "more with ") {
			t.Errorf("%s: does not tell what is left out", name)
		}
	}
	o := options()
	o.MaxBytes = 40_000
	if _, p := compose(t, edition(many...), o); !strings.Contains(p.text, "more services have no place in this mail") || !strings.Contains(p.html, "more services have no place") {
		t.Errorf("does not tell that services are left out")
	}
}

func TestCorrectionAnswersTheFirstMail(t *testing.T) {
	e := edition(ctrl(t))
	e.Revision, e.Corrects, e.ID = 1, "0123456789abcdef", "fedcba"
	_, p := compose(t, e, options())
	if p.header.Get("In-Reply-To") != "<0123456789abcdef.logproc@example.org>" || !strings.HasPrefix(p.header.Get("Subject"), "Correction: CTRL") || !strings.Contains(p.text, "This corrects the mail") {
		t.Errorf("header %v", p.header)
	}
}

func TestDigestNamesItsList(t *testing.T) {
	a, b := large("a", 2), large("b", 3)
	_, p := compose(t, edition(a, b), options())
	if got := p.header.Get("Subject"); got != fmt.Sprintf("Daily Summary 2019-09-24: ops %d", a.Total+b.Total) {
		t.Errorf("subject %q", got)
	}
	if !strings.Contains(p.text, "A Daily Summary 3\n\norder-fail-00000\t1\norder-fail-00001\t2\n\nB Daily Summary 6\n") {
		t.Errorf("text:\n%s", p.text)
	}
}
