package config

import (
	"fmt"
	"maps"
	"net/mail"
	"slices"
	"strings"
)

const expectAddress = "a mail address such as team@example.org"

// checkMail adds what is wrong with lists and mail server.
func (c *Config) checkMail(doc report) {
	s := &c.Summary
	checkRecipients(doc, "summary.to", s.To)
	if s.Grace < 0 {
		doc.Add("summary.grace", fmt.Sprintf("%s is less than nothing", s.Grace), "0s or more")
	}
	if s.CorrectionShare < 0 {
		doc.Add("summary.correction_share", "it is less than nothing", "0 for none, or a share such as 0.05")
	}
	if s.MaxKeys < 1 {
		doc.Add("summary.max_keys", fmt.Sprintf("%d is too small", s.MaxKeys), "at least 1")
	}
	if s.MaxMail < 20_000 || s.MaxMail > 1_000_000 {
		doc.Add("summary.max_mail", s.MaxMail.String()+" is out of range", "from 20kB to 1MB, which is what a store keeps")
	}
	c.checkSMTP(doc)
}

func (c *Config) checkSMTP(doc report) {
	m := &c.Summary.SMTP
	const path = "summary.smtp."
	if m.Address != "" {
		doc.address(path+"address", m.Address)
	}
	for _, a := range []struct{ key, value string }{{"from", m.From}, {"reply_to", m.ReplyTo}, {"bounces", m.Bounces}} {
		if a.value != "" {
			checkAddress(doc, path+a.key, a.value)
		}
	}
	if strings.ContainsAny(m.Hello, " \t\r\n") {
		doc.Add(path+"hello", "it holds blanks", "a host name")
	}
	if m.Auth != "" && !slices.Contains([]string{"plain", "login", "xoauth2"}, m.Auth) {
		doc.Add(path+"auth", fmt.Sprintf("%q is none", m.Auth), "plain, login or xoauth2")
	}
	if m.Auth != "" && m.User == "" {
		doc.Add(path+"user", "it is missing", "the user name that goes with summary.smtp.auth")
	}
	if m.Auth != "" && m.Security == "none" && !loopbackAddress(m.Address) {
		doc.Add(path+"security", "the password would be sent in the open", "starttls or implicit")
	}
	if !c.sendsMail() {
		return
	}
	if m.Address == "" {
		doc.Add(path+"address", "it is missing", "the mail server for summary.to, as host:port")
	}
	if m.From == "" {
		doc.Add(path+"from", "it is missing", "the sender of the mails for summary.to")
	}
}

// sendsMail tells whether any list may have an address.
func (c *Config) sendsMail() bool {
	if c.Summary.Recipients != "" {
		return true
	}
	for _, r := range c.Summary.To {
		if len(r.To) > 0 {
			return true
		}
	}
	return false
}

// checkRecipients adds what is wrong with lists, which stand at a path.
func checkRecipients(doc report, path string, lists map[string]Recipients) {
	for _, name := range slices.Sorted(maps.Keys(lists)) {
		r, at := lists[name], path+"."+name
		for i, address := range r.To {
			checkAddress(doc, fmt.Sprintf("%s.to[%d]", at, i), address)
		}
		if len(r.To) == 0 && r.WebhookFile == "" {
			doc.Add(at, "nobody is on the list", "to or webhook_file")
		}
		if r.Zone != "" {
			if _, err := LoadZone(r.Zone); err != nil {
				doc.Add(at+".zone", err.Error(), expectZone)
			}
		}
	}
}

func checkAddress(doc report, path, text string) {
	a, err := mail.ParseAddress(text)
	if err != nil || strings.ContainsAny(a.Address, "\r\n<>") {
		doc.Add(path, fmt.Sprintf("%q is no mail address", text), expectAddress)
	}
}
