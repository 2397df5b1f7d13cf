package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"regexp"
	"sync/atomic"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/logproc/logproc/internal/backoff"
	"github.com/logproc/logproc/internal/config"
	"github.com/logproc/logproc/internal/health"
	"github.com/logproc/logproc/pipeline"
	"github.com/logproc/logproc/pipeline/kafka"
	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/rollup"
	"github.com/logproc/logproc/rollup/history"
	"github.com/logproc/logproc/rollup/stores"
	"github.com/logproc/logproc/rules"
	"github.com/logproc/logproc/sinks/deadletter"
	"github.com/logproc/logproc/sinks/prom"
	"github.com/logproc/logproc/sinks/summary"
	"github.com/logproc/logproc/sinks/topic"
	"github.com/logproc/logproc/sinks/web"
)

// instance is a running logproc: everything between Kafka and the HTTP port. `run` and `demo` make the same.
type instance struct {
	cfg      *config.Config
	logger   *slog.Logger
	started  time.Time
	policy   policyState
	topic    *topic.Publisher // nil without a redacted topic
	store    rollup.Store
	letters  *deadletter.Letters
	exporter *prom.Exporter
	health   *health.Checker
	server   *web.Server
	source   *kafka.Source
	pipeline *pipeline.Pipeline
	mailing  *mailing // nil when nobody is to get summaries
	// correlation is nil when it is off.
	correlation *correlation

	kafkaRead, kafkaWritten atomic.Uint64
	overflow                *offenders
	draining                atomic.Bool

	cleanUps []func() error // in the order in which the parts were made
}

// instanceOptions are what the configuration does not say.
type instanceOptions struct {
	untilEnd bool
	log      io.Writer
}

// newInstance makes all parts, in the order of the data backwards, so that each finds what it writes to. What
// was made is unmade when a later part fails.
func newInstance(ctx context.Context, cfg *config.Config, o instanceOptions) (_ *instance, err error) {
	i := &instance{cfg: cfg, logger: newLogger(cfg, o.log), started: time.Now()}
	defer func() {
		if err != nil {
			err = errors.Join(err, i.close())
		}
	}()
	naming, err := cfg.LoadNaming()
	if err != nil {
		return nil, err
	}
	redaction, err := i.loadRedaction()
	if err != nil {
		return nil, err
	}
	if err := i.openStore(ctx, o.untilEnd); err != nil {
		return nil, err
	}
	if err := i.openLetters(); err != nil {
		return nil, err
	}
	i.exporter, err = prom.New(prom.Options{
		Version: versionText(), Partitions: i.partitionMetrics, DeadLetterErrors: i.letters.Failed, Logger: i.logger,
		Policy:     i.policy.metric,
		MaxSeries:  cfg.Limits.Series + 20*cfg.Limits.Services, // the collective keys are beyond the budget
		KafkaBytes: func() (uint64, uint64) { return i.kafkaRead.Load(), i.kafkaWritten.Load() },
	})
	if err != nil {
		return nil, err
	}
	i.exporter.Known(knownKeys(naming, redact.NewRedactor(redaction.Policy, redaction.Keys, redact.Options{})))
	i.overflow = newOffenders(i.exporter)
	calls, err := cfg.LoadCalls()
	if err != nil {
		return nil, err
	}
	if err := i.openCorrelation(o.untilEnd); err != nil {
		return nil, err
	}
	publisher, err := i.openTopic(ctx)
	if err != nil {
		return nil, err
	}
	k := &cfg.Kafka
	if i.source, err = i.kafkaSource(o.untilEnd, kafka.Config{Topics: k.Topics, TopicPattern: k.TopicPattern, Group: k.Group, Start: startOf(k.Start)}); err != nil {
		return nil, err
	}
	i.pipeline, err = pipeline.New(pipeline.Config{
		Source: i.source, Store: i.store, Parse: cfg.ParseOptions(), Naming: naming, Limits: limits(cfg), Metrics: i.overflow,
		Redaction: redaction, Publisher: publisher, UntilEnd: o.untilEnd, Correlation: i.correlation.source(), Calls: calls,
		Horizon:     rollup.Horizon{Retention: cfg.Retention, Skew: cfg.MaxSkew},
		DeadLetters: i.letters, CommitInterval: cfg.CommitInterval, DrainTimeout: cfg.DrainTimeout, Logger: i.logger,
	})
	if err != nil {
		return nil, err
	}
	if err := i.openMailing(o.untilEnd); err != nil {
		return nil, err
	}
	return i, i.serve()
}

// storePatience is how long a store that cannot be reached is tried with --until-end, as brokers are.
const storePatience = time.Minute

// openStore opens the store, waiting for a server that is away: it may be restarting just when we are.
func (i *instance) openStore(ctx context.Context, untilEnd bool) (err error) {
	pause := backoff.Backoff{Rand: rand.Float64}
	for {
		i.store, err = stores.OpenURL(ctx, i.cfg.StoreURL(), stores.Options{Strict: i.cfg.StoreStrict, Logger: i.logger})
		switch {
		case err == nil:
			i.cleanUps = append(i.cleanUps, i.store.Close)
			return nil
		case !errors.Is(err, rollup.ErrAway) || untilEnd && time.Since(i.started) > storePatience:
			return err
		case pause.Tries == 0:
			i.logger.Warn("the store cannot be opened for now, trying again", "error", err)
		}
		if !pause.Wait(ctx) {
			return err
		}
	}
}

// run works until ctx ends or the source does, with the HTTP server and the checks beside it.
func (i *instance) run(ctx context.Context) (err error) {
	defer func() { err = errors.Join(err, i.close()) }()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	serverDone := make(chan error, 1)
	// The server outlives the pipeline: while that drains, readiness tells that the program is on its way out.
	serverCtx, stopServer := context.WithCancel(context.WithoutCancel(ctx))
	go func() {
		err := i.server.Run(serverCtx)
		if err != nil {
			cancel(err) // without its port the program is blind and must not look well
		}
		serverDone <- err
	}()
	go i.health.Run(serverCtx)
	go i.followPolicy(serverCtx)
	go i.expireOld(serverCtx)
	defer i.mailing.start(serverCtx)() // ends with it, before the store is closed
	go i.refreshHistory(serverCtx)
	defer context.AfterFunc(ctx, func() { i.draining.Store(true) })()
	err = i.correlation.around(ctx, i.cfg.DrainTimeout, i.pipeline.Run)
	if i.exporter.AwaitScrape(serverCtx, i.cfg.FinalScrape) {
		i.logger.Debug("the last counts were scraped")
	}
	stopServer()
	return errors.Join(err, <-serverDone)
}

// Old days are looked for once in expireInterval, with pauses in which commits get their turn.
const (
	expireInterval = 10 * time.Minute
	expirePause    = 200 * time.Millisecond
)

// expireOld deletes what is older than the retention until ctx ends. Several replicas may do so at once.
func (i *instance) expireOld(ctx context.Context) {
	for wait := time.Minute; backoff.Sleep(ctx, wait); wait = expireInterval {
		deleted, err := rollup.ExpireOld(ctx, i.store, i.cfg.Retention, time.Now(), func() error {
			if !backoff.Sleep(ctx, expirePause) {
				return ctx.Err()
			}
			return nil
		})
		switch {
		case err != nil && ctx.Err() == nil:
			i.logger.Warn("old days are not deleted, trying again later", "error", err)
		case deleted > 0:
			i.logger.Info("old days deleted", "keys", deleted)
		}
		if _, err := i.store.ExpireDocuments(ctx, time.Now(), rollup.ExpireLimit); err != nil && ctx.Err() == nil {
			i.logger.Warn("expired documents are not deleted, trying again later", "error", err)
		}
	}
}

// historyInterval is how often the sums of past days are brought up to date, for reports to be quick.
const historyInterval = 10 * time.Minute

// refreshHistory does so until ctx ends. Several replicas may do it at once.
func (i *instance) refreshHistory(ctx context.Context) {
	refresher := history.NewRefresher(i.store)
	zones := i.cfg.AllZones()
	for wait := 30 * time.Second; backoff.Sleep(ctx, wait); wait = historyInterval {
		if _, err := refresher.Refresh(ctx, zones, time.Now()); err != nil && ctx.Err() == nil {
			i.logger.Warn("the sums of past days are not kept, trying again later; until then reports take longer", "error", err)
		}
	}
}

// close unmakes the parts in reverse.
func (i *instance) close() error {
	var errs []error
	for n := len(i.cleanUps) - 1; n >= 0; n-- {
		errs = append(errs, i.cleanUps[n]())
	}
	i.cleanUps = nil
	return errors.Join(errs...)
}

func (i *instance) openLetters() error {
	var writers []deadletter.Writer
	if path := i.cfg.DeadLetterFile(); path != "" {
		file, err := deadletter.OpenFile(path, int64(i.cfg.DeadLetters.MaxBytes))
		if err != nil {
			return err
		}
		writers = append(writers, file)
		i.cleanUps = append(i.cleanUps, file.Close)
	}
	if i.cfg.DeadLetters.Topic != "" {
		transport, err := i.kafkaTransport()
		if err != nil {
			return err
		}
		writers = append(writers, deadletter.NewTopic(deadletter.TopicOptions{
			Brokers: i.cfg.Kafka.Brokers, Topic: i.cfg.DeadLetters.Topic, Transport: transport,
		}))
	}
	i.letters = deadletter.New(deadletter.Options{Writers: writers})
	i.cleanUps = append(i.cleanUps, i.letters.Close)
	return nil
}

// kafkaTransport is what kafka-go's own clients connect with.
func (i *instance) kafkaTransport() (*kafkago.Transport, error) {
	tls, err := i.cfg.KafkaTLS()
	if err != nil {
		return nil, err
	}
	mechanism, err := i.cfg.KafkaSASL(os.Getenv)
	if err != nil {
		return nil, err
	}
	return &kafkago.Transport{TLS: tls, SASL: mechanism, ClientID: i.cfg.Kafka.ClientID}, nil
}

// kafkaSource makes a source of what the given configuration names, with everything else as it is configured.
func (i *instance) kafkaSource(untilEnd bool, of kafka.Config) (*kafka.Source, error) {
	k := &i.cfg.Kafka
	transport, err := i.kafkaTransport()
	if err != nil {
		return nil, err
	}
	source, err := kafka.New(kafka.Config{
		Brokers: k.Brokers, Topics: of.Topics, TopicPattern: of.TopicPattern, Group: of.Group, ClientID: k.ClientID, Start: of.Start,
		TLS: transport.TLS, SASL: transport.SASL, UntilEnd: untilEnd, ReadUncommitted: k.ReadUncommitted, Plain: k.PlainFetch,
		FetchBytes: int(k.FetchBytes), MaxBuffered: int64(k.MaxBuffered), SessionTimeout: k.SessionTimeout,
		HeartbeatInterval: k.HeartbeatInterval, MetadataInterval: k.MetadataInterval,
		DrainTimeout: i.cfg.DrainTimeout + 5*time.Second, CommitInterval: i.cfg.CommitInterval, Logger: i.logger,
		OnBytes: func(read, written int) {
			i.kafkaRead.Add(uint64(read))
			i.kafkaWritten.Add(uint64(written))
		},
	})
	if err != nil {
		return nil, fmt.Errorf("kafka: %w", err)
	}
	return source, nil
}

// startOf gives where a partition begins of which nothing is stored.
func startOf(s config.Start) kafka.Start {
	switch {
	case s.Latest:
		return kafka.StartLatest()
	case !s.At.IsZero():
		return kafka.StartAt(s.At)
	}
	return kafka.StartEarliest()
}

// readsTopic tells whether the topic pattern takes in a topic.
func (i *instance) readsTopic(name string) bool {
	if i.cfg.Kafka.TopicPattern == "" {
		return false
	}
	matched, err := regexp.MatchString("^(?:"+i.cfg.Kafka.TopicPattern+")$", name)
	return err == nil && matched
}

// serve makes the health checks and the HTTP server.
func (i *instance) serve() (err error) {
	checks := []health.Check{
		{Name: "partitions", Kind: health.Internal, Readiness: true, Interval: time.Second, Run: i.checkPartitions},
		{Name: "dead-letters", Kind: health.Internal, Interval: 5 * time.Second, Run: func(context.Context) error { return i.letters.Err() }},
		{Name: "redaction-policy", Kind: health.Internal, Interval: 5 * time.Second, Run: func(context.Context) error { return i.policy.err() }},
		{Name: "kafka", Kind: health.External, Run: i.checkKafka},
		{Name: "store", Kind: health.External, Readiness: true, Run: i.checkStore},
	}
	if i.topic != nil {
		checks = append(checks, health.Check{
			Name: "redacted-topic", Kind: health.External, Interval: time.Second, Run: func(context.Context) error { return i.topic.Err() },
		})
	}
	if i.health, err = health.New(checks...); err != nil {
		return err
	}
	i.server, err = web.New(web.Options{
		Listen: i.cfg.Listen, ConfigFile: i.cfg.Path(i.cfg.Web.Config), AllowPlain: i.cfg.Web.AllowPlain,
		Metrics: i.exporter.Handler(), Health: i.health, Status: func() any { return i.status() }, Summary: i.writeSummary, Request: i.writeRequest, Logger: i.logger,
	})
	return err
}

func (i *instance) checkPartitions(context.Context) error {
	if i.draining.Load() {
		return errors.New("shutting down")
	}
	member := i.source.Membership()
	switch away := time.Since(member.Since); {
	case member.Joined: // with or without partitions: others may have them all
	case member.Err != nil && away > i.cfg.StallAfter:
		return fmt.Errorf("not a member of group %s for %s: %w", i.cfg.Kafka.Group, away.Round(time.Second), member.Err)
	case !member.Ever:
		return fmt.Errorf("not yet a member of group %s", i.cfg.Kafka.Group)
	}
	return i.pipeline.Stalled(i.cfg.StallAfter)
}

// checkKafka reaches for any of the brokers, without a request: a broker that listens is up as far as
// one can tell without rights on it.
func (i *instance) checkKafka(ctx context.Context) error {
	var errs []error
	for _, address := range i.cfg.Kafka.Brokers {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
		if err == nil {
			return conn.Close()
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func (i *instance) checkStore(ctx context.Context) error {
	_, err := i.store.Ledgers(ctx)
	return err
}

func (i *instance) writeSummary(ctx context.Context, q web.SummaryQuery, w io.Writer) error {
	req := rollup.Request{Zone: q.Zone, Service: q.Service, Env: q.Env, AllLevels: q.AllLevels}
	if req.Zone == nil {
		req.Zone, req.ZoneOf = i.cfg.Zones()
	}
	now := time.Now()
	req.Day = rollup.DateOf(rollup.BucketOf(now.UnixNano()), req.Zone).AddDays(-1)
	if q.Day != nil {
		req.Day = *q.Day
	}
	opts := summary.Options{Generated: now, Day: req.Day, First: req.Day.AddDays(1 - q.Days)}
	list, err := summariesOf(ctx, i.store, req, q.Days)
	if err != nil {
		return err
	}
	if q.Previous != nil {
		if opts.Previous, err = previousDay(ctx, i.store, req, *q.Previous); err != nil {
			return err
		}
	}
	if opts.Ledgers, err = i.store.Ledgers(ctx); err != nil {
		return fmt.Errorf("read the ledger: %w", err)
	}
	return renderSummaries(w, q.Format, list, opts)
}

func (i *instance) partitionMetrics() []prom.Partition {
	if i.pipeline == nil {
		return nil
	}
	var list []prom.Partition
	for _, s := range i.pipeline.Status() {
		list = append(list, prom.Partition{
			TopicPartition: s.TopicPartition, Assigned: s.Assigned, LagKnown: s.End >= 0, Lag: s.Lag, Fetched: s.Fetched, Outcomes: s.Outcomes,
			Discarded: s.Discarded, Pending: s.Pending, Lost: s.Lost, LagTime: s.LagTime, IdleTime: s.IdleTime,
		})
	}
	return list
}

// knownKeys are the series that exist at zero from the start.
func knownKeys(naming *rules.Naming, r *redact.Redactor) (keys []rollup.Key) {
	for _, k := range naming.Known() {
		if !k.Exact() {
			continue
		}
		for _, env := range k.Envs {
			keys = append(keys, rollup.Key{
				Service: r.Label([]byte(k.Service), "service"), Env: r.Label([]byte(env), "env"), Level: k.Level, Msg: r.Label([]byte(k.Key), "msg"),
			})
		}
	}
	return keys
}

func newLogger(cfg *config.Config, w io.Writer) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(cfg.Log.Level)) // checked by config
	o := &slog.HandlerOptions{Level: level}
	if cfg.Log.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}
