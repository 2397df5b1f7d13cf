package mail

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/logproc/logproc/rollup"
	"github.com/logproc/logproc/sinks/summary"
)

// detail is how much a mail shows.
type detail struct {
	pictures int // at most
	table    bool
	keys     int // per report
	reports  int // those with the most events; 0 is all
}

// details gives ever smaller mails of the same edition.
func details(o Options, reports int) []detail {
	d := detail{pictures: maxPictures, table: true, keys: o.MaxKeys}
	list := []detail{d}
	d.pictures = 0
	list = append(list, d)
	d.table = false
	list = append(list, d)
	for d.keys > 10 {
		d.keys = max(d.keys/4, 10)
		list = append(list, d)
	}
	for d.reports = reports / 2; d.reports > 0; d.reports /= 2 {
		list = append(list, d)
	}
	return list
}

// Compose makes the mail of an edition. The same edition gives the same mail but for the boundaries between its
// parts.
func Compose(e Edition, o Options) (Mail, error) {
	if o.MaxKeys <= 0 {
		o.MaxKeys = DefaultMaxKeys
	}
	if o.MaxBytes <= 0 {
		o.MaxBytes = DefaultMaxBytes
	}
	m := Mail{MessageID: MessageID(e.ID, o.From), Subject: subject(&e)}
	for _, d := range details(o, len(e.Reports)) {
		var err error
		if m.Body, err = render(&e, o, d, &m); err != nil {
			return Mail{}, fmt.Errorf("make the mail of %s: %w", e.Day, err)
		}
		if len(m.Body) <= o.MaxBytes {
			return m, nil
		}
	}
	return Mail{}, fmt.Errorf("make the mail of %s: it has %d bytes even without most of its keys, expected at most %d", e.Day, len(m.Body), o.MaxBytes)
}

func render(e *Edition, o Options, d detail, m *Mail) ([]byte, error) {
	reports, leftOut := largest(e.Reports, d.reports)
	opts := summary.ReportOptions{Options: summary.Options{Ledgers: e.Ledgers}, MaxKeys: d.keys, Note: note(e, leftOut)}
	msg := gomail.NewMsg(gomail.WithEncoding(gomail.EncodingQP), gomail.WithNoDefaultUserAgent())
	header(msg, e, o, m)
	var text, html bytes.Buffer
	if err := summary.ReportText(&text, reports, opts); err != nil {
		return nil, err
	}
	pictures, err := draw(reports, d)
	if err != nil {
		return nil, err
	}
	opts.Picture = pictures.of
	if err := summary.ReportHTML(&html, reports, opts); err != nil {
		return nil, err
	}
	msg.SetBodyString(gomail.TypeTextPlain, text.String())
	msg.AddAlternativeString(gomail.TypeTextHTML, html.String())
	if err := pictures.embed(msg); err != nil {
		return nil, err
	}
	if err := attach(msg, e, d); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if _, err := msg.WriteTo(&out); err != nil {
		return nil, fmt.Errorf("write it: %w", err)
	}
	return out.Bytes(), nil
}

// header sets the fields of the header. All texts in it are of the configuration or went through summary.Escape, so
// none holds a line break, and go-mail encodes what is not ASCII.
func header(msg *gomail.Msg, e *Edition, o Options, m *Mail) {
	msg.FromMailAddress(o.From)
	if o.ReplyTo != nil {
		msg.ReplyToMailAddress(o.ReplyTo)
	}
	msg.ToMailAddress(e.To...)
	msg.Subject(m.Subject)
	msg.SetDateWithValue(e.Date.In(zoneOf(e)))
	msg.SetMessageIDWithValue(strings.Trim(m.MessageID, "<>"))
	msg.SetBulk()
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetGenHeader("List-Id", "<"+label(e.List)+".logproc>")
	msg.SetUserAgent("logproc " + label(o.Version))
	if e.Revision > 0 && e.Corrects != "" {
		first := MessageID(e.Corrects, o.From)
		msg.SetGenHeader(gomail.HeaderInReplyTo, first)
		msg.SetGenHeader(gomail.HeaderReferences, first)
	}
}

func zoneOf(e *Edition) *time.Location {
	if e.Zone == nil {
		return time.UTC
	}
	return e.Zone
}

// label keeps the characters of a name that a header takes as they are.
func label(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '.', r == '-', r == '_':
			return r
		}
		return '-'
	}, s)
	return s[:min(len(s), 60)]
}

// attach adds all keys as a table, where some are not listed.
func attach(msg *gomail.Msg, e *Edition, d detail) error {
	most := 0
	for i := range e.Reports {
		most = max(most, len(e.Reports[i].Lines))
	}
	if !d.table || most <= d.keys {
		return nil
	}
	summaries := make([]rollup.Summary, len(e.Reports))
	for i := range e.Reports {
		summaries[i] = e.Reports[i].Summary
	}
	var table bytes.Buffer
	if err := summary.CSV(&table, summaries, summary.Options{}); err != nil {
		return err
	}
	if err := msg.AttachReader("keys-"+e.Day.String()+".csv", &table, gomail.WithFileContentType("text/csv; charset=utf-8")); err != nil {
		return fmt.Errorf("attach the table: %w", err)
	}
	return nil
}

// largest keeps the reports with the most events, in their order.
func largest(reports []rollup.Report, most int) (kept []rollup.Report, leftOut int) {
	if most <= 0 || len(reports) <= most {
		return reports, 0
	}
	order := make([]int, len(reports))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(reports[b].Total, reports[a].Total) })
	order = order[:most]
	slices.Sort(order)
	for _, i := range order {
		kept = append(kept, reports[i])
	}
	return kept, len(reports) - most
}
