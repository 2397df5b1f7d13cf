// Package mail makes mails of reports: a text part, an HTML part with inline pictures, and the keys as a table
// where there are too many of them to list.
//
// Its sub-packages do the rest of the way: daily knows which mail of which day is owed to whom, outbox keeps it in
// the store until it is sent, and relay hands it to a mail server.
package mail

import (
	"fmt"
	"net/mail"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/logproc/logproc/rollup"
	"github.com/logproc/logproc/sinks/summary"
)

// Edition is what one mail tells.
type Edition struct {
	ID       string // deterministic, of letters a-z and digits: becomes the Message-ID
	List     string // name of the recipient list
	Day      rollup.Date
	Zone     *time.Location // of the list; nil is UTC
	Digest   bool           // of several services: the subject then names none
	Revision int            // above 0: a correction of the mail with the id Corrects
	Corrects string
	To       []*mail.Address
	Reports  []rollup.Report
	Ledgers  []rollup.Ledger // to show what was lost
	Date     time.Time       // of the mail
}

// Options are the same for all mails. From is needed.
type Options struct {
	From    *mail.Address
	ReplyTo *mail.Address // nil: as From
	Version string        // of the program, named in the header
	// MaxKeys is the number of keys that a report lists (default 500); a table with all of them is then attached.
	MaxKeys int
	// MaxBytes is the size that a mail must not exceed (default 700,000). Before it does, pictures are left out,
	// then the table, then keys, then reports, with a line that says so.
	MaxBytes int
}

// Defaults of Options.
const (
	DefaultMaxKeys  = 500
	DefaultMaxBytes = 700_000
)

// Mail is a mail as it is sent.
type Mail struct {
	MessageID string // with angle brackets
	Subject   string // decoded
	Body      []byte // header and all
}

// MessageID gives the Message-ID of a mail by the id of its edition.
func MessageID(id string, from *mail.Address) string {
	domain := "localhost"
	if at := strings.LastIndexByte(from.Address, '@'); at >= 0 {
		domain = from.Address[at+1:]
	}
	return fmt.Sprintf("<%s.logproc@%s>", id, domain)
}

// maxSubject bounds the subject, in characters.
const maxSubject = 200

// subject gives the subject on one line, whatever services are called.
func subject(e *Edition) string {
	var s string
	switch {
	case e.Digest || len(e.Reports) != 1:
		var events uint64
		for i := range e.Reports {
			events = rollup.Sum(events, e.Reports[i].Total)
		}
		s = fmt.Sprintf("Daily Summary %s: %s %d", e.Day, summary.Escape(e.List), events)
	default:
		s = fmt.Sprintf("%s, %s", summary.Title(&e.Reports[0].Summary), e.Day)
	}
	if e.Revision > 0 {
		s = "Correction: " + s
	}
	if utf8.RuneCountInString(s) > maxSubject {
		s = string([]rune(s)[:maxSubject-1]) + "…"
	}
	return s
}

// note says above all else what kind of mail it is.
func note(e *Edition, leftOut int) string {
	var list []string
	if e.Revision > 0 {
		list = append(list, "This corrects the mail of the same day: late records have changed its numbers.")
	}
	if leftOut > 0 {
		list = append(list, fmt.Sprintf("%d more services have no place in this mail; `logproc summary --day %s` shows them.", leftOut, e.Day))
	}
	return strings.Join(list, " ")
}
