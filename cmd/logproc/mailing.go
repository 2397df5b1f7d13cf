package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	mathrand "math/rand/v2"
	"net/mail"
	"os"
	"time"

	"github.com/logproc/logproc/internal/config"
	"github.com/logproc/logproc/internal/glob"
	"github.com/logproc/logproc/rollup"
	"github.com/logproc/logproc/rollup/history"
	"github.com/logproc/logproc/rules"
	mails "github.com/logproc/logproc/sinks/mail"
	"github.com/logproc/logproc/sinks/mail/daily"
	"github.com/logproc/logproc/sinks/mail/outbox"
	"github.com/logproc/logproc/sinks/mail/relay"
	"github.com/logproc/logproc/sinks/webhook"
)

// mailing sends the daily summaries of a configuration. Nil is a mailing without lists.
type mailing struct {
	daily   *daily.Daily
	metrics *daily.Metrics
}

// The channels that messages go through.
const (
	channelMail    = "mail"
	channelWebhook = "webhook"
)

// newMailing makes what sends the summaries of the store's counts; nil when nobody is to get any.
func newMailing(cfg *config.Config, store rollup.Store, counted reach, logger *slog.Logger) (*mailing, error) {
	lists, err := cfg.Lists()
	if err != nil || len(lists) == 0 {
		return nil, err
	}
	server, err := newRelay(cfg)
	if err != nil {
		return nil, err
	}
	naming, err := cfg.LoadNaming()
	if err != nil {
		return nil, err
	}
	m := &mailing{metrics: daily.NewMetrics()}
	s := &cfg.Summary
	box := outbox.New(outbox.Options{
		Store: store, Owner: rand.Text(), OnUnknown: outbox.OnUnknown(s.OnUnknown), Now: time.Now, Rand: mathrand.Float64,
		Senders: map[string]outbox.Sender{channelMail: server, channelWebhook: &webhook.Sender{URL: webhookURLs(cfg, lists)}},
		Count:   m.metrics.Count, Logger: logger,
	})
	m.daily = daily.New(daily.Options{
		Lists: dailyLists(lists, s.Grace), Reports: reportsOf(store, naming, counted), Ledgers: store.Ledgers, Outbox: box, Store: store,
		Composers: map[string]daily.Composer{
			channelMail: mails.Composer{Options: mails.Options{
				From: senderOf(cfg), ReplyTo: config.MailAddress(s.SMTP.ReplyTo), Version: versionText(), MaxKeys: s.MaxKeys, MaxBytes: int(s.MaxMail),
			}},
			channelWebhook: webhook.Composer{},
		},
		CorrectionShare: s.CorrectionShare, Now: time.Now, Rand: mathrand.Float64, Logger: logger, Metrics: m.metrics,
	})
	return m, nil
}

// reach tells how far counting is: everything before upto is counted, and so many records wait. Nil: unknown.
type reach func() (upto time.Time, lag uint64)

// reportsOf gives the reports of a store's days.
func reportsOf(store rollup.Store, naming *rules.Naming, counted reach) daily.Reports {
	return func(ctx context.Context, req rollup.Request) ([]rollup.Report, error) {
		opts := history.Options{Now: time.Now(), Explain: func(service, form string) (rule, suggest string) {
			e := naming.Explain(service, []byte(form))
			if e.Rule == rules.RuleNone {
				return "", ""
			}
			return e.Rule.String(), e.Suggestion
		}}
		if counted != nil {
			opts.Upto, opts.Lag = counted()
		}
		return history.Reports(ctx, store, req, opts)
	}
}

// reach tells how far the pipeline is.
func (i *instance) reach() (upto time.Time, lag uint64) {
	upto = time.Now()
	if i.pipeline == nil {
		return time.Time{}, 0
	}
	var behind time.Duration
	for _, s := range i.pipeline.Status() {
		behind = max(behind, s.LagTime)
		lag += uint64(max(s.Lag, 0))
	}
	return upto.Add(-behind), lag
}

func newRelay(cfg *config.Config) (*relay.Relay, error) {
	s := &cfg.Summary.SMTP
	tls, err := cfg.SMTPTLS()
	if err != nil {
		return nil, err
	}
	from := senderOf(cfg).Address
	if bounces := config.MailAddress(s.Bounces); bounces != nil {
		from = bounces.Address
	}
	return relay.New(relay.Options{
		Address: s.Address, Security: relay.Security(s.Security), TLS: tls, Auth: s.Auth, User: s.User, From: from, Hello: cfg.HelloName(),
		Password: func() (string, error) { return cfg.SMTPPassword(os.Getenv) },
	}), nil
}

// senderOf gives the sender of the mails; where there are none to send, it is of no importance.
func senderOf(cfg *config.Config) *mail.Address {
	if from := config.MailAddress(cfg.Summary.SMTP.From); from != nil {
		return from
	}
	return &mail.Address{Address: "logproc@localhost"}
}

// dailyLists makes one list of each way on which a configured one is reached.
func dailyLists(lists []config.List, grace time.Duration) (out []daily.List) {
	for i := range lists {
		l := &lists[i]
		d := daily.List{
			Name: l.Name, Services: globs(l.Services), Envs: globs(l.Envs), Digest: l.Digest, To: l.Addresses, Zone: l.Location, ZoneOf: l.ZoneOf,
			At: time.Duration(l.Time.Minutes) * time.Minute, Grace: grace, AllLevels: l.AllLevels, MinEvents: l.MinEvents,
		}
		if len(l.Addresses) > 0 {
			d.Channel = channelMail
			out = append(out, d)
		}
		if l.WebhookFile != "" {
			d.Channel, d.To = channelWebhook, nil
			out = append(out, d)
		}
	}
	return out
}

func globs(list []string) []glob.Glob {
	out := make([]glob.Glob, len(list))
	for i, g := range list {
		out[i] = glob.Glob(g)
	}
	return out
}

func webhookURLs(cfg *config.Config, lists []config.List) func(list string) (string, error) {
	return func(name string) (string, error) {
		for i := range lists {
			if lists[i].Name == name {
				return cfg.WebhookURL(&lists[i])
			}
		}
		return "", fmt.Errorf("no list %s in the configuration any more", name)
	}
}

// start lets the mailing run until stop is called, which waits for its end.
func (m *mailing) start(ctx context.Context) (stop func()) {
	if m == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		m.daily.Run(ctx)
	}()
	return func() {
		cancel()
		<-done
	}
}

// openMailing makes the mailing of an instance.
func (i *instance) openMailing(untilEnd bool) (err error) {
	if untilEnd { // a batch ends before mails are due
		return nil
	}
	if i.mailing, err = newMailing(i.cfg, i.store, i.reach, i.logger); err != nil || i.mailing == nil {
		return err
	}
	return i.mailing.metrics.Register(i.exporter.Registry())
}
