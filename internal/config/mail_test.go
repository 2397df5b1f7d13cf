package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/logproc/logproc/internal/conf"
	"github.com/logproc/logproc/internal/config"
)

const smtpLines = "  smtp: {address: 'mail.example.org:587', from: logproc@example.org}\n"

func TestLists(t *testing.T) {
	path := write(t, `summary:
  zone: Europe/Stockholm
  time: "06:45"
  recipients: more.yaml
  to:
    pay-*: pay@example.org, Anna <anna@example.org>
    platform: {digest: true, to: [platform@example.org], zone: Asia/Kathmandu, time: "08:00", min_events: 0}
`+smtpLines)
	if err := os.WriteFile(filepath.Join(filepath.Dir(path), "more.yaml"), []byte("to:\n  chat: {webhook_file: url, services: [shop]}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	lists, err := c.Lists()
	if err != nil || len(lists) != 3 {
		t.Fatalf("%v, %v", lists, err)
	}
	chat, pay, platform := lists[0], lists[1], lists[2]
	if chat.Name != "chat" || chat.Services[0] != "shop" || len(chat.Addresses) != 0 || chat.MinEvents != 1 {
		t.Errorf("chat: %+v", chat)
	}
	if pay.Services[0] != "pay-*" || len(pay.Addresses) != 2 || pay.Addresses[1].Name != "Anna" || pay.Time.Minutes != 6*60+45 || pay.Location.String() != "Europe/Stockholm" || pay.MinEvents != 1 {
		t.Errorf("pay: %+v", pay)
	}
	if platform.Services[0] != "*" || platform.Time.Minutes != 8*60 || platform.Location.String() != "Asia/Kathmandu" || platform.MinEvents != 0 {
		t.Errorf("platform: %+v", platform)
	}
	if c.Summary.Grace != time.Hour {
		t.Errorf("grace %s", c.Summary.Grace)
	}
}

func TestWrongMailSettingsHaveTheirPlace(t *testing.T) {
	for text, want := range map[string]string{
		"summary:\n  to:\n    pay: {to: [anna@example.org, nobody]}\n" + smtpLines:                             `:3:34: summary.to.pay.to[1]: "nobody" is no mail address, expected a mail address`,
		"summary:\n  to:\n    pay: nobody\n" + smtpLines:                                                       `:3:10: summary.to.pay.to[0]: "nobody" is no mail address`,
		"summary:\n  to:\n    pay: \"a@example.org\\r\\nBcc: b@example.org\"\n" + smtpLines:                    `:3:10: summary.to.pay.to[0]: `,
		"summary:\n  to:\n    pay: {to: [a@example.org], zone: Europe/Stokholm}\n" + smtpLines:                 `:3:38: summary.to.pay.zone: "Europe/Stokholm" is no zone`,
		"summary:\n  to:\n    pay: {services: [pay]}\n":                                                        `:3:10: summary.to.pay: nobody is on the list`,
		"summary:\n  to: {pay: a@example.org}\n":                                                               `summary.smtp.address: it is missing`,
		"summary:\n  time: 25:00\n":                                                                            `:2:9: summary.time is "25:00", expected a time of the day such as "07:30"`,
		"summary:\n  smtp: {security: ssl}\n":                                                                  `:2:20: summary.smtp.security: "ssl" is none, expected starttls, implicit or none`,
		"summary:\n  smtp: {auth: cram}\n":                                                                     `:2:16: summary.smtp.auth: "cram" is none, expected plain, login or xoauth2`,
		"summary:\n  smtp: {auth: plain, user: u, security: none, address: 'mail.example.org:25'}\n":           `:2:42: summary.smtp.security: the password would be sent in the open`,
		"summary:\n  smtp: {password: hunter2}\n":                                                              `:2:10: unknown key "password" in summary.smtp, expected one of`,
		"summary:\n  max_mail: 20MB\n":                                                                         `:2:13: summary.max_mail: `,
		"summary:\n  on_unknown: retry\n":                                                                      `:2:15: summary.on_unknown: "retry" is none`,
		"summary:\n  smtp: {from: \"x\\r\\nBcc: y@example.org\", address: '127.0.0.1:25', hello: \"a\\nb\"}\n": `summary.smtp.from: `,
	} {
		path := write(t, text)
		if _, err := config.Load(path, nil); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v\nwant %s", text, err, want)
		}
	}
}

func TestWrongRecipientFileHasItsPlace(t *testing.T) {
	path := write(t, "summary:\n  recipients: more.yaml\n  to: {pay: a@example.org}\n"+smtpLines)
	more := filepath.Join(filepath.Dir(path), "more.yaml")
	if err := os.WriteFile(more, []byte("to:\n  shop:\n    to:\n      - b@example.org\n      - not an address\n  pay: c@example.org\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Lists()
	if _, ok := errors.AsType[conf.Diagnostics](err); !ok {
		t.Fatalf("error %v", err)
	}
	for _, want := range []string{more + `:5:9: to.shop.to[1]: "not an address" is no mail address`, more + ":6:8: to.pay: the configuration has a list of that name too"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in\n%v", want, err)
		}
	}
	if found := c.CheckFiles(func(string) string { return "" }); len(found) != 2 {
		t.Errorf("check finds %v", found)
	}
}

func TestSMTPPassword(t *testing.T) {
	c := config.Default()
	none := func(string) string { return "" }
	if _, err := c.SMTPPassword(none); err == nil || !strings.Contains(err.Error(), "LOGPROC_SMTP_PASSWORD") {
		t.Errorf("error %v", err)
	}
	if p, err := c.SMTPPassword(func(k string) string { return map[string]string{"LOGPROC_SMTP_PASSWORD": "p"}[k] }); p != "p" || err != nil {
		t.Errorf("%q, %v", p, err)
	}
	c.Summary.SMTP.PasswordFile = filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(c.Summary.SMTP.PasswordFile, []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if p, err := c.SMTPPassword(none); p != "secret" || err != nil {
		t.Errorf("%q, %v", p, err)
	}
}
