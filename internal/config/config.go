// Package config is the one description of what can be configured: the YAML file, the flags of `run`, the
// manual's table and `logproc check` all derive from the struct here.
package config

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/logproc/logproc/internal/conf"
	"github.com/logproc/logproc/parse"
	"github.com/logproc/logproc/rules"
)

// Config is the whole file. The zero value is of no use: start from Default.
type Config struct {
	Kafka          Kafka               `yaml:"kafka"`
	Store          string              `yaml:"store" help:"where counts and offsets are kept: redis://HOST:PORT/DB (or rediss, redis+unix, redis+sentinel, redis+cluster; several instances), file:PATH (one instance), or memory (gone at exit)"`
	StoreStrict    string              `yaml:"store_strict" help:"what a commit to Redis waits for: off (its answer), local (its disk) or replica (a replica's disk, too); the latter need Redis 7.2 and make commits slower"`
	CommitInterval time.Duration       `yaml:"commit_interval" help:"how long counts may stay uncommitted; what is uncommitted at a crash is read again"`
	DrainTimeout   time.Duration       `yaml:"drain_timeout" help:"how long the last commit may take on SIGTERM or when a partition is taken away"`
	Listen         string              `yaml:"listen" help:"address of /metrics, health and API; anything but loopback needs web.config or web.allow_plain"`
	Web            Web                 `yaml:"web"`
	Naming         string              `yaml:"naming" help:"naming rule file; without it the built-in convention"`
	Fields         map[string][]string `yaml:"fields" help:"aliases tried before the built-in ones, by canonical field: level, time, key, request_id, trace_id, duration, status, service, env"`
	Redact         Redact              `yaml:"redact"`
	Summary        Summary             `yaml:"summary"`
	Correlate      Correlate           `yaml:"correlate"`
	Retention      time.Duration       `yaml:"retention" help:"how far behind the newest event of its partition an event may be and still correct its day; older days are deleted, older events count as late (0s: keep all)"`
	MaxSkew        time.Duration       `yaml:"max_skew" help:"how far ahead of its Kafka record, or of the clock, an event may be; one further ahead counts as future (0s: any)"`
	FinalScrape    time.Duration       `yaml:"final_scrape" help:"on SIGTERM, how long to wait at most for one more scrape after the last commit, when somebody scrapes at shorter intervals (0s: not at all)"`
	Limits         Limits              `yaml:"limits"`
	DeadLetters    DeadLetters         `yaml:"dead_letters"`
	OTLP           OTLP                `yaml:"otlp"`
	StallAfter     time.Duration       `yaml:"stall_after" help:"readiness turns red when a partition has not moved for so long although records wait"`
	Log            Log                 `yaml:"log"`

	dir string // of the file: relative paths in it are relative to it
	doc *conf.Document
}

// Kafka says where the logs come from.
type Kafka struct {
	Brokers           []string      `yaml:"brokers" help:"addresses of some brokers, host:port"`
	Topics            []string      `yaml:"topics" help:"topics to read"`
	TopicPattern      string        `yaml:"topic_pattern" help:"regular expression (RE2) that whole topic names must match; instead of topics"`
	Group             string        `yaml:"group" help:"consumer group"`
	ClientID          string        `yaml:"client_id" help:"name shown to the brokers"`
	Start             Start         `yaml:"start" help:"where nothing is stored yet: earliest (which is the default), latest or an RFC 3339 time"`
	TLS               TLS           `yaml:"tls"`
	SASL              SASL          `yaml:"sasl"`
	ReadUncommitted   bool          `yaml:"read_uncommitted" help:"read records of open and aborted transactions too"`
	FetchBytes        conf.ByteSize `yaml:"fetch_bytes" help:"most bytes that one fetch asks for per partition; larger batches still arrive"`
	MaxBuffered       conf.ByteSize `yaml:"max_buffered" help:"bytes that all partitions together may hold read and not yet counted; beyond it fetching waits"`
	SessionTimeout    time.Duration `yaml:"session_timeout" help:"after so long without a heartbeat the group gives our partitions to others"`
	HeartbeatInterval time.Duration `yaml:"heartbeat_interval" help:"how often to tell the group that we live; also how soon a rebalance is noticed"`
	MetadataInterval  time.Duration `yaml:"metadata_interval" help:"how often to look for new topics and partitions"`
	PlainFetch        bool          `yaml:"plain_fetch" help:"read with kafka-go's own batch reader: slower, without checksums; a fallback should the fast one meet a broker it does not understand"`
}

// TLS of the connections to Kafka.
type TLS struct {
	Enabled    bool   `yaml:"enabled" help:"connect with TLS"`
	CA         string `yaml:"ca" help:"file with the certificate authorities to trust (PEM); without it the system's"`
	Cert       string `yaml:"cert" help:"file with our certificate (PEM), where brokers ask for one"`
	Key        string `yaml:"key" help:"file with our private key (PEM)"`
	ServerName string `yaml:"server_name" help:"name to expect in the brokers' certificates, where it is not their address"`
}

// SASL authentication to Kafka.
type SASL struct {
	Mechanism    string `yaml:"mechanism" help:"plain, scram-sha-256 or scram-sha-512; empty for none"`
	User         string `yaml:"user" help:"user name"`
	Password     string `yaml:"password" conf:"secret" help:"password; better kept in password_file or the environment variable LOGPROC_KAFKA_PASSWORD"`
	PasswordFile string `yaml:"password_file" help:"file that holds the password"`
}

// Web is about the HTTP listener.
type Web struct {
	Config     string `yaml:"config" help:"web configuration file of the Prometheus exporter-toolkit: TLS, basic auth, client certificates"`
	AllowPlain bool   `yaml:"allow_plain" help:"listen on other addresses than loopback without TLS"`
}

// Redact says what leaves the program, and in which form.
type Redact struct {
	Policy       string `yaml:"policy" help:"redaction policy file; without it the built-in policy; off for none, which must be said"`
	Keys         string `yaml:"keys" help:"file with the keys of pseudonyms; without it the environment (LOGPROC_KEYS, LOGPROC_KEYS_FILE), and without that values become markers"`
	Topic        string `yaml:"topic" help:"topic that every record is written to in redacted form"`
	Compression  string `yaml:"compression" help:"of the redacted topic: zstd, lz4, snappy, gzip or none"`
	Partitioning string `yaml:"partitioning" help:"of the redacted topic: keep, key or round-robin"`
}

// RedactOff is the value of redact.policy that turns redaction off.
const RedactOff = "off"

// Limits bound what logs can make us hold.
type Limits struct {
	LineBytes        conf.ByteSize `yaml:"line_bytes" help:"longest line; a longer one becomes a dead letter"`
	Services         int           `yaml:"services" help:"services in all; a further one counts as _overflow"`
	EnvsPerService   int           `yaml:"envs_per_service" help:"environments of one service; a further one counts as _overflow"`
	SeriesPerService int           `yaml:"series_per_service" help:"combinations of env, level and msg of one service; a further one counts under msg _overflow"`
	Series           int           `yaml:"series" help:"combinations in all"`
}

// DeadLetters says where the coordinates of lines that cannot be read go.
type DeadLetters struct {
	File     string        `yaml:"file" help:"JSON lines file; off for none; without it <store path>.dead.jsonl"`
	MaxBytes conf.ByteSize `yaml:"max_bytes" help:"size at which the file is renamed to .1 and begun anew"`
	Topic    string        `yaml:"topic" help:"Kafka topic, beside the file"`
}

// Log is the program's own log, on standard error.
type Log struct {
	Level  string `yaml:"level" help:"debug, info, warn or error"`
	Format string `yaml:"format" help:"text or json"`
}

// Start is the place to begin at in a partition of which nothing is stored.
type Start struct {
	Latest bool      `yaml:"-"`
	At     time.Time `yaml:"-"` // zero: earliest, unless Latest
}

// UnmarshalText reads earliest, latest or a time.
func (s *Start) UnmarshalText(text []byte) error {
	switch word := string(text); word {
	case "earliest":
		*s = Start{}
	case "latest":
		*s = Start{Latest: true}
	default:
		at, err := time.Parse(time.RFC3339Nano, word)
		if err != nil {
			return fmt.Errorf("%q is neither earliest, latest nor a time", word)
		}
		*s = Start{At: at}
	}
	return nil
}

// MarshalText gives what UnmarshalText reads.
func (s Start) MarshalText() ([]byte, error) {
	switch {
	case s.Latest:
		return []byte("latest"), nil
	case !s.At.IsZero():
		return []byte(s.At.Format(time.RFC3339Nano)), nil
	}
	return []byte("earliest"), nil
}

// Expects says what UnmarshalText reads.
func (Start) Expects() string { return "earliest, latest or an RFC 3339 time" }

// Default gives the configuration without any file.
func Default() *Config {
	return &Config{
		Kafka: Kafka{
			Group: "logproc", ClientID: "logproc", FetchBytes: 1 << 20, MaxBuffered: 48 << 20,
			SessionTimeout: 10 * time.Second, HeartbeatInterval: time.Second, MetadataInterval: 30 * time.Second,
		},
		Store:          "file:logproc.db",
		StoreStrict:    "off",
		CommitInterval: time.Second,
		DrainTimeout:   5 * time.Second,
		Summary:        defaultSummary(),
		Correlate:      defaultCorrelate(),
		Retention:      35 * 24 * time.Hour,
		MaxSkew:        10 * time.Minute,
		FinalScrape:    10 * time.Second,
		Listen:         "127.0.0.1:9188",
		Limits:         Limits{LineBytes: 1 << 20, Services: 1000, EnvsPerService: 50, SeriesPerService: 10_000, Series: 150_000},
		DeadLetters:    DeadLetters{MaxBytes: 64 << 20},
		OTLP:           defaultOTLP(),
		Redact:         Redact{Compression: "zstd", Partitioning: "keep"},
		StallAfter:     30 * time.Second,
		Log:            Log{Level: "info", Format: "text"},
	}
}

// Load reads and checks a file (none when its name is empty). All that is wrong with it is in the error, a
// conf.Diagnostics; what is right is in the Config, which is nil only when the file cannot be read. Flags
// are set on top of the file by override, before the checks; it may be nil.
func Load(file string, override func(*Config) error) (*Config, error) {
	c := Default()
	doc := &conf.Document{}
	var found conf.Diagnostics
	if file != "" {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("read the configuration: %w", err)
		}
		doc, found = conf.Decode(file, data, c)
		c.dir = filepath.Dir(file)
	}
	if len(found) == 0 && override != nil {
		if err := override(c); err != nil {
			return nil, err
		}
	}
	c.doc = doc
	c.check(report{doc})
	if all := doc.Diagnostics(); len(all) > 0 {
		return c, all
	}
	return c, nil
}

// report adds diagnostics that begin with the key, since without a file there is no other place to name.
type report struct{ *conf.Document }

func (r report) Add(path, what, want string) { r.Document.Add(path, path+": "+what, want) }

// topicName is what Kafka takes for one.
var topicName = regexp.MustCompile(`^[a-zA-Z0-9._-]{1,249}$`)

// address checks host:port.
func (r report) address(path, text string) {
	_, port, err := net.SplitHostPort(text)
	if n, e := strconv.ParseUint(port, 10, 16); err != nil || e != nil || n == 0 && path != "listen" {
		r.Add(path, fmt.Sprintf("%q is no address", text), "host:port, with a port up to 65535")
	}
}

// check adds what is wrong with values that are of the right type.
func (c *Config) check(doc report) {
	k := &c.Kafka
	for i, b := range k.Brokers {
		doc.address(fmt.Sprintf("kafka.brokers[%d]", i), b)
	}
	if len(k.Topics) > 0 && k.TopicPattern != "" {
		doc.Add("kafka.topic_pattern", "topics and topic_pattern are both given", "one of them")
	}
	if _, err := regexp.Compile(k.TopicPattern); err != nil {
		doc.Add("kafka.topic_pattern", strings.ReplaceAll(err.Error(), "\n", " "), "a regular expression in RE2 syntax")
	}
	switch k.SASL.Mechanism {
	case "", "plain", "scram-sha-256", "scram-sha-512":
	default:
		doc.Add("kafka.sasl.mechanism", fmt.Sprintf("%q is no mechanism", k.SASL.Mechanism), "plain, scram-sha-256 or scram-sha-512")
	}
	if k.SASL.Mechanism != "" && k.SASL.User == "" {
		doc.Add("kafka.sasl.user", "it is missing", "the user name that goes with kafka.sasl.mechanism")
	}
	if (k.TLS.Cert == "") != (k.TLS.Key == "") {
		doc.Add("kafka.tls", "only one of cert and key is given", "both or none")
	}
	for _, p := range []struct {
		path  string
		value time.Duration
	}{
		{"commit_interval", c.CommitInterval}, {"drain_timeout", c.DrainTimeout}, {"stall_after", c.StallAfter},
		{"kafka.session_timeout", k.SessionTimeout}, {"kafka.heartbeat_interval", k.HeartbeatInterval}, {"kafka.metadata_interval", k.MetadataInterval},
	} {
		if p.value <= 0 {
			doc.Add(p.path, fmt.Sprintf("%s is no span of time to wait", p.value), "more than 0s")
		}
	}
	for _, p := range []struct {
		path  string
		value time.Duration
	}{{"retention", c.Retention}, {"max_skew", c.MaxSkew}, {"final_scrape", c.FinalScrape}} {
		if p.value < 0 {
			doc.Add(p.path, fmt.Sprintf("%s is less than nothing", p.value), "0s or more")
		}
	}
	if c.Retention > 0 && c.Retention < 2*24*time.Hour {
		doc.Add("retention", fmt.Sprintf("%s is too short for the summary of a day that is over", c.Retention), "at least 2d, or 0s to keep all")
	}
	c.checkZones(doc)
	c.checkMail(doc)
	c.checkCorrelate(doc)
	if k.HeartbeatInterval > 0 && k.SessionTimeout < 3*k.HeartbeatInterval {
		doc.Add("kafka.session_timeout", fmt.Sprintf("%s is too short for a heartbeat every %s", k.SessionTimeout, k.HeartbeatInterval), "at least three times kafka.heartbeat_interval")
	}
	for _, p := range []struct {
		path       string
		value, min int64
	}{
		{"kafka.fetch_bytes", int64(k.FetchBytes), 1 << 10}, {"kafka.max_buffered", int64(k.MaxBuffered), 1 << 20}, {"limits.line_bytes", int64(c.Limits.LineBytes), 1 << 8},
		{"limits.services", int64(c.Limits.Services), 1}, {"limits.envs_per_service", int64(c.Limits.EnvsPerService), 1},
		{"limits.series_per_service", int64(c.Limits.SeriesPerService), 1}, {"limits.series", int64(c.Limits.Series), 1},
		{"dead_letters.max_bytes", int64(c.DeadLetters.MaxBytes), 1 << 10},
	} {
		if p.value < p.min {
			doc.Add(p.path, fmt.Sprintf("%d is too small", p.value), fmt.Sprintf("at least %d", p.min))
		}
	}
	if c.DrainTimeout >= k.SessionTimeout {
		doc.Add("drain_timeout", fmt.Sprintf("%s is too long: the group gives the partitions to others after kafka.session_timeout, %s", c.DrainTimeout, k.SessionTimeout), "less")
	}
	for i, topic := range k.Topics {
		if !topicName.MatchString(topic) {
			doc.Add(fmt.Sprintf("kafka.topics[%d]", i), fmt.Sprintf("%q is no name of a topic", topic), "1 to 249 letters, digits, dots, underscores and hyphens")
		}
		if topic == c.Redact.Topic {
			doc.Add(fmt.Sprintf("kafka.topics[%d]", i), "it is redact.topic, whose records would be read as logs", "another topic")
		}
		if topic == c.Correlate.Topic {
			doc.Add(fmt.Sprintf("kafka.topics[%d]", i), "it is correlate.topic, whose records would be read as logs", "another topic")
		}
		if topic == c.DeadLetters.Topic {
			doc.Add(fmt.Sprintf("kafka.topics[%d]", i), "it is dead_letters.topic, whose letters would be read as logs", "another topic")
		}
	}
	for path, t := range map[string]string{"dead_letters.topic": c.DeadLetters.Topic, "redact.topic": c.Redact.Topic, "correlate.topic": c.Correlate.Topic} {
		if t != "" && !topicName.MatchString(t) {
			doc.Add(path, fmt.Sprintf("%q is no name of a topic", t), "1 to 249 letters, digits, dots, underscores and hyphens")
		}
	}
	doc.address("listen", c.Listen)
	if _, err := parse.New(parse.Options{Aliases: c.Fields}); err != nil {
		for line := range strings.Lines(err.Error()) {
			doc.Errorf("fields", "fields: %s", strings.TrimPrefix(strings.TrimSpace(line), "parse: "))
		}
	}
	c.checkWords(doc)
	c.OTLP.check(doc)
	if c.OTLP.Endpoint != "" && c.Correlate.Mode == CorrelateOff {
		doc.Add("otlp.endpoint", "requests are not joined, so that there are none to export", "correlate.mode: process beside it")
	}
}

func (c *Config) checkWords(doc report) {
	switch scheme, rest, _ := strings.Cut(c.Store, ":"); {
	case scheme == "file" && rest != "", c.Store == "memory", c.Store == "memory:", isRedis(c.Store):
	default:
		// Not quoted: the URL of a store may hold a password.
		doc.Add("store", "it is no store that is supported", "redis://HOST:PORT/DB, file:PATH or memory")
	}
	if c.StoreStrict != "off" && !isRedis(c.Store) {
		doc.Add("store_strict", "the store is not on a server that could confirm anything", "off, or a store on Redis")
	}
	for _, w := range []struct {
		path, value string
		allowed     []string
	}{
		{"log.level", c.Log.Level, []string{"debug", "info", "warn", "error"}},
		{"log.format", c.Log.Format, []string{"text", "json"}},
		{"correlate.mode", c.Correlate.Mode, []string{CorrelateOff, CorrelateProcess, CorrelateTopic}},
		{"store_strict", c.StoreStrict, []string{"off", "local", "replica"}},
		{"summary.on_unknown", c.Summary.OnUnknown, []string{"resend", "hold"}},
		{"summary.smtp.security", c.Summary.SMTP.Security, []string{"starttls", "implicit", "none"}},
		{"redact.compression", c.Redact.Compression, []string{"zstd", "lz4", "snappy", "gzip", "none"}},
		{"redact.partitioning", c.Redact.Partitioning, []string{"keep", "key", "round-robin"}},
	} {
		if !slices.Contains(w.allowed, w.value) {
			last := len(w.allowed) - 1
			doc.Add(w.path, fmt.Sprintf("%q is none", w.value), strings.Join(w.allowed[:last], ", ")+" or "+w.allowed[last])
		}
	}
}

// Path makes a path of the file absolute or relative to where the program runs.
func (c *Config) Path(p string) string {
	if p == "" || filepath.IsAbs(p) || c.dir == "" {
		return p
	}
	return filepath.Join(c.dir, p)
}

// DeadLetterFile gives the path of the dead-letter file; empty for none.
func (c *Config) DeadLetterFile() string {
	switch path, isFile := strings.CutPrefix(c.StoreURL(), "file:"); {
	case c.DeadLetters.File == "off":
		return ""
	case c.DeadLetters.File != "":
		return c.Path(c.DeadLetters.File)
	case isFile:
		return path + ".dead.jsonl"
	}
	return ""
}

// LoadNaming gives the naming convention: the file's, or the built-in one. The error is a
// conf.Diagnostics when the file can be read.
func (c *Config) LoadNaming() (*rules.Naming, error) {
	if c.Naming == "" {
		return rules.DefaultNaming(), nil
	}
	path := c.Path(c.Naming)
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the naming rules: %w", err)
	}
	return rules.LoadNaming(path, data)
}

// ParseOptions gives the options of the parser.
func (c *Config) ParseOptions() parse.Options {
	return parse.Options{MaxLine: int(c.Limits.LineBytes), Aliases: c.Fields}
}

// CheckFiles reads every file that the configuration names, and gives all that is wrong with them, ordered
// by file.
func (c *Config) CheckFiles(getenv func(string) string) conf.Diagnostics {
	files := c.doc.Beside()
	var inside conf.Diagnostics
	_, naming := c.LoadNaming()
	_, policy := c.LoadPolicy(time.Now(), nil)
	_, keys := c.LoadKeys(getenv)
	_, calls := c.LoadCalls()
	_, workflows := c.LoadWorkflows()
	_, tls := c.KafkaTLS()
	_, sasl := c.KafkaSASL(getenv)
	_, lists := c.Lists()
	_, smtpTLS := c.SMTPTLS()
	_, otlpTLS := c.OTLPTLS()
	_, otlpHeaders := c.OTLPHeaders()
	for _, check := range []struct {
		path string
		err  error
	}{{"naming", naming}, {"kafka.tls", tls}, {"kafka.sasl", sasl}, {"redact.policy", policy}, {"redact.keys", keys}, {"store", c.checkStoreFolder()},
		{"correlate.calls", calls}, {"correlate.workflows", workflows},
		{"summary.recipients", lists}, {"summary.smtp.ca", smtpTLS},
		{"otlp.ca", otlpTLS}, {"otlp.headers_file", otlpHeaders}} {
		var d conf.Diagnostics
		switch {
		case errors.As(check.err, &d):
			inside = append(inside, d...)
		case check.err != nil:
			files.Errorf(check.path, "%v", check.err)
		}
	}
	return append(files.Diagnostics(), inside...)
}

// Diagnose gives an error that was found elsewhere the place of a key of the file.
func (c *Config) Diagnose(path string, err error) conf.Diagnostics {
	doc := c.doc.Beside()
	doc.Errorf(path, "%v", err)
	return doc.Diagnostics()
}
