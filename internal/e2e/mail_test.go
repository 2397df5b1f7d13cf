//go:build e2e

package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// readMailbox takes a mailbox apart with an implementation of MIME that is not ours: Python's.
const readMailbox = `
import email, email.policy, json, re, sys
out = []
for raw in re.split(rb'(?m)^From [^\n]*\n', sys.stdin.buffer.read())[1:]:
    m = email.message_from_bytes(raw.rstrip(b'\n') + b'\n', policy=email.policy.default)
    text, html = m.get_body(('plain',)), m.get_body(('html',))
    out.append({
        'subject': m['subject'], 'id': m['message-id'], 'to': m['to'], 'envelope': m['return-path'] or '',
        'auto': m['auto-submitted'], 'received': str(m['received']), 'defects': [str(d) for p in m.walk() for d in p.defects],
        'text': text.get_content(), 'html': html.get_content(),
    })
json.dump(out, sys.stdout)
`

type receivedMail struct {
	Subject, ID, To, Auto, Received, Text, HTML string
	Defects                                     []string
}

func (m *mailServer) read(who string) (list []receivedMail) {
	m.t.Helper()
	out := must(m.t, strings.NewReader(m.mails(who)), "python3", "-c", readMailbox)
	if err := json.Unmarshal([]byte(out), &list); err != nil {
		m.t.Fatal(err)
	}
	return list
}

// wait gives the mails of a recipient once there are n.
func (m *mailServer) wait(who string, n int, limit time.Duration) []receivedMail {
	m.t.Helper()
	eventually(m.t, limit, fmt.Sprintf("deliver %d mails to %s", n, who), func() error {
		if got := len(m.read(who)); got < n {
			return fmt.Errorf("%d so far", got)
		}
		return nil
	})
	return m.read(who)
}

// The summary of a production day, counted from Kafka and sent through a real mail server with STARTTLS and
// authentication, is at the head of the text part, byte for byte.
func TestMailThroughARealServer(t *testing.T) {
	lines := productionLines(t)
	topic := newTopic(t, 2)
	kcatLines(t, topic, 2, lines)
	d := newDeployment(t, topic)
	d.untilEnd()
	m := newMailServer(t)
	m.start()
	config := writeTemp(t, "logproc.yaml", []byte("store: file:"+d.store+"\n"+m.config(
		"    ctrl: {to: [ctrl@example.org, Platform <platform@example.org>, gone@example.org], envs: [anna]}\n    all: {to: [all@example.org], digest: true}")))
	must(t, nil, shared.program, "check", "-c", config)

	sent := must(t, nil, shared.program, "summary", "-c", config, "--send", "--day", "2019-09-24")
	if strings.Count(sent, "sent at ") != 2 {
		t.Errorf("summary --send prints:\n%s", sent)
	}
	must(t, nil, shared.program, "summary", "-c", config, "--send", "--day", "2019-09-24") // sends nothing again
	want, err := os.ReadFile("testdata/ctrl_daily_summary.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, who := range []string{"ctrl", "platform"} {
		got := m.wait(who, 1, 20*time.Second)
		if len(got) != 1 {
			t.Fatalf("%d mails to %s", len(got), who)
		}
		mail := got[0]
		if !strings.HasPrefix(mail.Text, string(want)) {
			t.Errorf("the text part:\n%s", mail.Text)
		}
		if mail.Subject != "CTRL Daily Summary anna 331, 2019-09-24" || mail.Auto != "auto-generated" || len(mail.Defects) > 0 || !strings.Contains(mail.HTML, "api-purchase-fail-redeem") {
			t.Errorf("mail %+v", mail)
		}
		if !strings.Contains(mail.Received, "esmtpsa") { // encrypted and authenticated
			t.Errorf("received %q", mail.Received)
		}
	}
	if all := m.wait("all", 1, 20*time.Second); len(all) != 1 || !strings.HasPrefix(all[0].Subject, "Daily Summary 2019-09-24: all ") {
		t.Errorf("digest %+v", all)
	}
	if m.mails("gone") != "" {
		t.Error("a refused recipient got a mail")
	}
}

// Yesterday's summary is sent by a running instance: while the mail server is down it is owed and shown, then it
// comes, and neither a kill nor a restart sends it twice.
func TestRunSendsYesterdaysSummaryOnce(t *testing.T) {
	topic := newTopic(t, 1)
	yesterday := time.Now().UTC().AddDate(0, 0, -1).Format("2006-01-02")
	key := `order-fail-\u202e<b>x</b>`
	line := fmt.Sprintf(`{"service":"shop","env":"prod","level":"error","msg":"order-fail","t":"%sT12:00:00Z"}`, yesterday)
	odd := fmt.Sprintf(`{"service":"shop\r\nBcc: x@example.org","env":"prod","level":"error","msg":"%s","t":"%sT12:00:00Z"}`, key, yesterday)
	kcatLines(t, topic, 1, [][]byte{[]byte(line), []byte(line), []byte(odd)})
	m := newMailServer(t)
	config := writeTemp(t, "logproc.yaml", []byte(m.config("    shop: {to: [shop@example.org], services: ['*']}")))
	d := newDeployment(t, topic, "-c", config)
	d.untilEnd()

	p := d.start()
	d.healthy(p)
	eventually(t, 60*time.Second, "try in vain", func() error {
		if n, err := d.metric("logproc_mails_total", "result", "deferred"); err != nil || n < 1 {
			return errors.Join(fmt.Errorf("%.0f tries", n), err)
		}
		overdue, err := d.metric("logproc_mail_overdue_seconds")
		if err == nil && overdue <= 0 {
			err = errors.New("not overdue")
		}
		return err
	})
	status := call(t, nil, shared.program, "status", "--url", "http://"+d.listen).stdout
	if !strings.Contains(status, "due  "+yesterday+" shop shop prod") || !strings.Contains(status, m.address+": connect: ") {
		t.Errorf("status:\n%s", status)
	}
	p.stop(os.Kill, 10*time.Second)

	m.start()
	p = d.start()
	d.healthy(p)
	got := m.wait("shop", 2, 3*time.Minute)
	eventually(t, 60*time.Second, "have sent all", func() error {
		overdue, err := d.metric("logproc_mail_overdue_seconds")
		if err == nil && overdue > 0 {
			err = fmt.Errorf("overdue for %.0f s", overdue)
		}
		return err
	})
	terminate(t, p)
	p = d.start()
	d.healthy(p)
	eventually(t, 30*time.Second, "look at what is owed", func() error {
		_, err := d.metric("logproc_mail_overdue_seconds")
		return err
	})
	terminate(t, p)
	if got = m.read("shop"); len(got) != 2 {
		t.Fatalf("%d mails", len(got))
	}
	for _, mail := range got {
		if len(mail.Defects) > 0 || strings.Contains(mail.To, "x@example.org") || strings.Contains(mail.HTML, "<b>x") || strings.Contains(mail.Text, "\u202e") {
			t.Errorf("mail %+v", mail)
		}
	}
}
