// Package webhook posts daily summaries to a chat, as the JSON that Slack's incoming webhooks take and others
// understand. Names are data: they are shown as plain text and can neither format nor notify.
package webhook

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/logproc/logproc/rollup"
	"github.com/logproc/logproc/sinks/mail"
	"github.com/logproc/logproc/sinks/summary"
)

// Bounds of a message; Slack refuses what is larger.
const (
	maxText    = 3500 // of the form without blocks, in bytes
	maxSection = 2900 // of a block, in characters
	maxHeader  = 140
	maxBlocks  = 45
	maxKeys    = 40 // of a report
)

type message struct {
	Text   string  `json:"text"` // what readers without blocks show
	Blocks []block `json:"blocks"`
}

type block struct {
	Type string `json:"type"`
	Text *text  `json:"text,omitempty"`
}

type text struct {
	Type  string `json:"type"`
	Text  string `json:"text"`
	Emoji *bool  `json:"emoji,omitempty"`
}

// Composer makes the messages.
type Composer struct{}

// Compose gives the JSON of an edition. There is no Message-ID in a chat; the edition's id stands for it.
func (Composer) Compose(e mail.Edition) (body []byte, messageID string, err error) {
	opts := summary.ReportOptions{Options: summary.Options{Ledgers: e.Ledgers}, MaxKeys: maxKeys}
	var plain bytes.Buffer
	if err := summary.ReportText(&plain, e.Reports, opts); err != nil {
		return nil, "", err
	}
	m := message{Text: escape(cut(heading(&e)+"\n\n"+plain.String(), maxText))}
	m.add("header", heading(&e), maxHeader)
	for i := range e.Reports {
		m.report(&e.Reports[i])
	}
	if len(e.Reports) == 0 {
		m.add("section", "No events.", maxSection)
	}
	if over := len(m.Blocks) - maxBlocks; over > 0 {
		m.Blocks = m.Blocks[:maxBlocks]
		m.add("section", fmt.Sprintf("and %d sections more: `logproc summary --day %s`", over, e.Day), maxSection)
	}
	body, err = json.Marshal(m)
	if err != nil {
		return nil, "", fmt.Errorf("make the message of %s: %w", e.Day, err)
	}
	return body, e.ID, nil
}

func heading(e *mail.Edition) string {
	prefix := ""
	if e.Revision > 0 {
		prefix = "Correction: "
	}
	return prefix + "Daily Summary " + e.Day.String()
}

// report adds a block with the keys, and one for each section.
func (m *message) report(r *rollup.Report) {
	opts := summary.ReportOptions{MaxKeys: maxKeys}
	var keys bytes.Buffer
	_ = summary.ReportText(&keys, []rollup.Report{{Summary: r.Summary}}, opts) // into memory
	m.add("section", keys.String(), maxSection)
	for _, s := range summary.Sections(r, 0) {
		var b strings.Builder
		b.WriteString(s.Title + ":")
		for _, row := range s.Rows {
			b.WriteString("\n" + row.Name + "\t" + row.Text)
		}
		if s.More > 0 {
			fmt.Fprintf(&b, "\nand %d more", s.More)
		}
		m.add("section", b.String(), maxSection)
	}
	if ledger := summary.Ledger(&r.Complete, summary.Zone(&r.Summary)); ledger != "" {
		m.add("section", ledger, maxSection)
	}
}

func (m *message) add(kind, content string, most int) {
	content = strings.TrimSpace(content)
	if content == "" {
		return
	}
	m.Blocks = append(m.Blocks, block{kind, &text{Type: "plain_text", Text: cut(content, most), Emoji: new(false)}})
}

// cut shortens a text to a number of bytes at most, at the end of a line where there is one.
func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	s = strings.ToValidUTF8(s[:most-len("\n…")], "")
	if end := strings.LastIndexByte(s, '\n'); end > most/2 {
		s = s[:end]
	}
	return s + "\n…"
}

// escape makes a text what it is in the only field that knows formatting: & < > begin links and mentions.
func escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}
