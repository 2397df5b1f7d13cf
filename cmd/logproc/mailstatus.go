package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/logproc/logproc/sinks/mail/outbox"
)

// mailReport is what status shows of one message.
type mailReport struct {
	Day      string    `json:"day"`
	List     string    `json:"list"`
	Service  string    `json:"service,omitempty"`
	Env      string    `json:"env,omitempty"`
	Revision int       `json:"revision"`
	State    string    `json:"state"`
	Tries    int       `json:"tries"`
	Due      time.Time `json:"due"`
	Next     time.Time `json:"next_try,omitzero"`
	Sent     time.Time `json:"sent,omitzero"`
	Error    string    `json:"error,omitempty"`
	Refused  []string  `json:"refused_recipients,omitempty"`
}

// Status shows the messages of the last days.
const (
	statusDays      = 3
	statusMailLimit = 5 * time.Second
	maxStatusMails  = 50
)

// mails gives the newest messages; none when the store does not answer in time, which its health check tells.
func (i *instance) mails() []mailReport {
	if i.mailing == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), statusMailLimit)
	defer cancel()
	entries, err := i.mailing.daily.Status(ctx, statusDays)
	if err != nil {
		return nil
	}
	entries = entries[max(0, len(entries)-maxStatusMails):]
	list := make([]mailReport, len(entries))
	for n := range entries {
		list[n] = mailReportOf(&entries[n])
	}
	return list
}

func mailReportOf(e *outbox.Entry) mailReport {
	r := mailReport{Day: e.Day, List: e.List, Service: e.Service, Env: e.Env, Revision: e.Revision, State: string(e.State), Tries: e.Tries,
		Due: e.Due, Next: e.Next, Sent: e.Sent, Error: e.Error}
	for _, refused := range e.Refused {
		r.Refused = append(r.Refused, refused.To)
	}
	if e.State == outbox.Sent {
		r.Next = time.Time{}
	}
	return r
}

// printMails writes one line for each message, and one for what is wrong with it.
func printMails(out io.Writer, list []mailReport) {
	if len(list) > 0 {
		_, _ = fmt.Fprintf(out, "\nsummaries sent or owed:\n")
	}
	for _, m := range list {
		what := strings.TrimSpace(m.Service + " " + m.Env)
		if m.Revision > 0 {
			what = strings.TrimSpace(what + " correction")
		}
		_, _ = fmt.Fprintf(out, "%10s  %s\n", m.State, strings.TrimSpace(m.Day+" "+m.List+" "+what))
		if m.Error != "" {
			next := ""
			if !m.Next.IsZero() {
				next = ", next try " + m.Next.Format(time.RFC3339)
			}
			_, _ = fmt.Fprintf(out, "            try %d: %s%s\n", m.Tries, m.Error, next)
		}
	}
}
