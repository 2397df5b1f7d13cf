package config

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/mail"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/logproc/logproc/internal/conf"
)

// Summary is about daily summaries, and who gets them.
type Summary struct {
	Zone            string                `yaml:"zone" help:"time zone whose days they are, as in the tz database"`
	Zones           map[string]string     `yaml:"zones" help:"time zones of services whose days are others, by name or pattern such as pay-*; a name wins over a pattern, a longer pattern over a shorter one"`
	Time            ClockTime             `yaml:"time" help:"time of the next day, in the zone, at which summaries are sent"`
	Grace           time.Duration         `yaml:"grace" help:"how long after the end of a day at least, so that late records are counted"`
	To              map[string]Recipients `yaml:"to" help:"who gets which services, by a name of the list; an address alone stands for the service or pattern that the list is called after"`
	Recipients      string                `yaml:"recipients" help:"file with more lists, under the key to"`
	CorrectionShare float64               `yaml:"correction_share" help:"by how much late records must change a total before one correction is sent a day later, 0.05 for 5 %; 0 for none"`
	OnUnknown       string                `yaml:"on_unknown" help:"when the mail server is lost after the data: resend (the same mail again, a repeat at worst) or hold (it is missing at worst)"`
	MaxKeys         int                   `yaml:"max_keys" help:"keys that a mail lists for a service; with more of them a table of all is attached"`
	MaxMail         conf.ByteSize         `yaml:"max_mail" help:"size that a mail does not exceed; pictures, table, keys and services are left out in this order"`
	SMTP            SMTP                  `yaml:"smtp"`
}

func defaultSummary() Summary {
	return Summary{
		Zone: "UTC", Time: ClockTime{true, 7*60 + 30}, Grace: time.Hour, CorrectionShare: 0.05, OnUnknown: "resend", MaxKeys: 500, MaxMail: 700_000,
		SMTP: SMTP{Security: "starttls"},
	}
}

// SMTP is the mail server that takes our mails.
type SMTP struct {
	Address      string `yaml:"address" help:"mail server, host:port"`
	Security     string `yaml:"security" help:"starttls (required, usually port 587), implicit (TLS at once, usually port 465) or none"`
	CA           string `yaml:"ca" help:"file with the certificate authorities to trust (PEM); without it the system's"`
	ServerName   string `yaml:"server_name" help:"name to expect in the server's certificate, where it is not its address"`
	Auth         string `yaml:"auth" help:"plain, login or xoauth2; empty for none"`
	User         string `yaml:"user" help:"user name"`
	PasswordFile string `yaml:"password_file" help:"file that holds the password, or the access token for xoauth2; without it the environment variable LOGPROC_SMTP_PASSWORD; read at each mail"`
	From         string `yaml:"from" help:"sender of the mails"`
	ReplyTo      string `yaml:"reply_to" help:"address for answers, where it is not the sender"`
	Bounces      string `yaml:"bounces" help:"address for bounces (envelope sender), where it is not the sender"`
	Hello        string `yaml:"hello" help:"our name in EHLO; without it the host's"`
}

// Recipients are one list.
type Recipients struct {
	To          []string  `yaml:"to" help:"mail addresses"`
	WebhookFile string    `yaml:"webhook_file" help:"file that holds the URL of a Slack-compatible webhook, which gets the same; without addresses it is the only one"`
	Services    []string  `yaml:"services" help:"services or patterns such as pay-*; without it what the list is called after, and all services for a digest"`
	Envs        []string  `yaml:"envs" help:"environments or patterns; without it all"`
	Digest      bool      `yaml:"digest" help:"one mail for all services instead of one for each service and environment"`
	Zone        string    `yaml:"zone" help:"time zone of the list; without it summary.zone and summary.zones"`
	Time        ClockTime `yaml:"time" help:"time of the day in that zone; without it summary.time"`
	MinEvents   uint64    `yaml:"min_events" help:"total below which a service without news is left out; 0 sends in any case"`
	AllLevels   bool      `yaml:"all_levels" help:"all keys, not only those of level warning and above"`
}

// SetDefaults implements conf.Defaulter.
func (r *Recipients) SetDefaults() { r.MinEvents = 1 }

// UnmarshalText reads addresses, separated by commas.
func (r *Recipients) UnmarshalText(text []byte) error {
	r.SetDefaults()
	for part := range strings.SplitSeq(string(text), ",") {
		r.To = append(r.To, strings.TrimSpace(part))
	}
	return nil
}

// Expects says what UnmarshalText reads.
func (Recipients) Expects() string { return "mail addresses, or a mapping with to" }

// ClockTime is a time of the day as a clock shows it.
type ClockTime struct {
	Given   bool `yaml:"-"`
	Minutes int  `yaml:"-"` // since midnight
}

// UnmarshalText reads 07:30.
func (c *ClockTime) UnmarshalText(text []byte) error {
	t, err := time.Parse("15:04", string(text))
	if err != nil {
		return errors.New("it is no time of the day")
	}
	*c = ClockTime{true, t.Hour()*60 + t.Minute()}
	return nil
}

// MarshalText gives what UnmarshalText reads.
func (c ClockTime) MarshalText() ([]byte, error) {
	return fmt.Appendf(nil, "%02d:%02d", c.Minutes/60, c.Minutes%60), nil
}

// Expects says what UnmarshalText reads.
func (ClockTime) Expects() string { return `a time of the day such as "07:30"` }

// List is one list with everything that it leaves to the summary filled in.
type List struct {
	Name string
	Recipients
	Addresses []*mail.Address
	Location  *time.Location
	ZoneOf    func(service string) *time.Location // see Zones; nil where the list has a zone of its own
}

// Lists gives who gets summaries, ordered by name, those of the file included. The error is a conf.Diagnostics
// when the file can be read.
func (c *Config) Lists() ([]List, error) {
	all := maps.Clone(c.Summary.To)
	if c.Summary.Recipients != "" {
		more, err := c.loadRecipients()
		if err != nil {
			return nil, err
		}
		if all == nil {
			all = make(map[string]Recipients)
		}
		maps.Copy(all, more)
	}
	lists := make([]List, 0, len(all))
	for _, name := range slices.Sorted(maps.Keys(all)) {
		lists = append(lists, c.list(name, all[name]))
	}
	return lists, nil
}

func (c *Config) list(name string, r Recipients) List {
	if len(r.Services) == 0 {
		r.Services = []string{name}
		if r.Digest {
			r.Services = []string{"*"}
		}
	}
	if !r.Time.Given {
		r.Time = c.Summary.Time
	}
	l := List{Name: name, Recipients: r}
	for _, text := range r.To {
		if a, err := mail.ParseAddress(text); err == nil { // checked before
			l.Addresses = append(l.Addresses, a)
		}
	}
	l.Location, l.ZoneOf = c.Zones()
	if r.Zone != "" {
		if zone, err := LoadZone(r.Zone); err == nil { // checked before
			l.Location, l.ZoneOf = zone, nil
		}
	}
	return l
}

func (c *Config) loadRecipients() (map[string]Recipients, error) {
	path := c.Path(c.Summary.Recipients)
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the recipients: %w", err)
	}
	var file struct {
		To map[string]Recipients `yaml:"to"`
	}
	doc, found := conf.Decode(path, data, &file)
	if len(found) > 0 {
		return nil, found
	}
	checkRecipients(report{doc}, "to", file.To)
	for _, name := range slices.Sorted(maps.Keys(file.To)) {
		if _, twice := c.Summary.To[name]; twice {
			doc.Add("to."+name, "to."+name+": the configuration has a list of that name too", "another name")
		}
	}
	if err := doc.Diagnostics().Err(); err != nil {
		return nil, err
	}
	return file.To, nil
}

// SMTPTLS gives the TLS settings of the connections to the mail server.
func (c *Config) SMTPTLS() (*tls.Config, error) {
	s := &c.Summary.SMTP
	out := &tls.Config{ServerName: s.ServerName, MinVersion: tls.VersionTLS12}
	if s.CA != "" {
		pem, err := os.ReadFile(c.Path(s.CA))
		if err != nil {
			return nil, fmt.Errorf("read summary.smtp.ca: %w", err)
		}
		out.RootCAs = x509.NewCertPool()
		if !out.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("read summary.smtp.ca: %s: it holds no certificate, expected PEM blocks CERTIFICATE", c.Path(s.CA))
		}
	}
	return out, nil
}

// smtpPasswordVariable is read where password_file is not given.
const smtpPasswordVariable = "LOGPROC_SMTP_PASSWORD"

// SMTPPassword reads the password anew at each call. Errors never hold it.
func (c *Config) SMTPPassword(getenv func(string) string) (string, error) {
	if c.Summary.SMTP.PasswordFile != "" {
		return c.secretFile("summary.smtp.password_file", c.Summary.SMTP.PasswordFile)
	}
	if password := getenv(smtpPasswordVariable); password != "" {
		return password, nil
	}
	return "", errors.New("no password, expected one in summary.smtp.password_file or the environment variable " + smtpPasswordVariable)
}

// WebhookURL reads the URL of a list's webhook anew at each call. Errors never hold it.
func (c *Config) WebhookURL(l *List) (string, error) {
	return c.secretFile("the webhook_file of "+l.Name, l.WebhookFile)
}

func (c *Config) secretFile(what, path string) (string, error) {
	data, err := os.ReadFile(c.Path(path))
	if err != nil {
		return "", fmt.Errorf("read %s: %w", what, err)
	}
	secret := strings.TrimSpace(string(data))
	if secret == "" {
		return "", fmt.Errorf("read %s: %s is empty", what, c.Path(path))
	}
	return secret, nil
}

// MailAddress reads one of the configuration's addresses; nil where it is empty.
func MailAddress(text string) *mail.Address {
	a, err := mail.ParseAddress(text)
	if err != nil {
		return nil
	}
	return a
}

// HelloName gives our name for the mail server.
func (c *Config) HelloName() string {
	if c.Summary.SMTP.Hello != "" {
		return c.Summary.SMTP.Hello
	}
	if name, err := os.Hostname(); err == nil && name != "" {
		return name
	}
	return "localhost"
}

func loopbackAddress(address string) bool {
	host, _, _ := net.SplitHostPort(address)
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
