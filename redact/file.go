package redact

import (
	"time"

	"github.com/logproc/logproc/internal/conf"
)

// policyFile is a policy as it is written. The help tags become the JSON Schema's descriptions, the enum
// and required tags its constraints.
type policyFile struct {
	Version    int                     `yaml:"version" help:"version of the format" enum:"1" required:"true"`
	ID         string                  `yaml:"id" help:"name and edition of the policy, shown in reports: team-2026-03" required:"true"`
	Extends    string                  `yaml:"extends" help:"what the policy stands on: default (the built-in policy, behind the rules here) or none" enum:"default,none"`
	Mode       string                  `yaml:"mode" help:"deny-list keeps fields without a rule, allow-list hides them, observe only counts what would be hidden" enum:"deny-list,allow-list,observe"`
	Observes   string                  `yaml:"observes" help:"observe mode: the mode whose effect is counted" enum:"deny-list,allow-list"`
	Unknown    treatment               `yaml:"unknown" help:"allow-list mode: what happens to fields without a rule (withhold)"`
	Rules      []ruleEntry             `yaml:"rules" help:"rules for fields or for what detectors find; the first of equals wins"`
	Detectors  map[string]detectorWord `yaml:"detectors" help:"words near a finding, by detector"`
	Patterns   []patternEntry          `yaml:"patterns" help:"detectors of your own"`
	Exceptions []exceptionEntry        `yaml:"exceptions" help:"where rules or detectors do not apply, for a time"`
	Limits     limitsEntry             `yaml:"limits" help:"bounds of the work on one record"`
	NonJSON    string                  `yaml:"non_json" help:"records that are no JSON objects" enum:"scan,withhold,drop"`
	Kafka      kafkaEntry              `yaml:"kafka" help:"keys and headers of Kafka records"`
	Tests      []testEntry             `yaml:"tests" help:"run whenever the file is loaded; one that fails refuses the file"`

	// Pseudonym keys have no place here; these are declared so that they can be refused with the reason.
	Key     any `yaml:"key" conf:"secret" schema:"-"`
	Keys    any `yaml:"keys" conf:"secret" schema:"-"`
	Keyring any `yaml:"keyring" conf:"secret" schema:"-"`
	Secret  any `yaml:"secret" conf:"secret" schema:"-"`
	Salt    any `yaml:"salt" conf:"secret" schema:"-"`
}

// selectors say which fields an entry is about.
type selectors struct {
	Names    []string `yaml:"names" help:"whole names in any spelling: firstName is first_name is FIRST-NAME; with * in front: names that end so, also inside a word"`
	Suffixes []string `yaml:"suffixes" help:"last words of names: password is for dbPassword and db.password"`
	Paths    []string `yaml:"paths" help:"paths from the root: user.email; * is any key, ** any number of keys"`
}

func (s *selectors) none() bool { return len(s.Names)+len(s.Suffixes)+len(s.Paths) == 0 }

// scope limits an entry.
type scope struct {
	Services []string `yaml:"services" help:"services as globs; all when empty"`
	Outputs  []string `yaml:"outputs" help:"outputs; all when empty" enum:"topic,label,summary,deadletter,log"`
}

// treatment is an operator with its parameters.
type treatment struct {
	Operator string        `yaml:"operator" help:"what is done; scan (rules for fields): the value is searched like one without a rule" enum:"scan,keep,replace,drop,mask,generalise,pseudonym,withhold"`
	As       string        `yaml:"as" help:"the kind that the marker names: replace as card leaves <card>" enum:"kinds"`
	KeepLast int           `yaml:"keep_last" help:"mask: characters that stay at the end, at most 4"`
	IPv4Bits int           `yaml:"ipv4_bits" help:"generalise: bits of an IPv4 address that stay (24)"`
	IPv6Bits int           `yaml:"ipv6_bits" help:"generalise: bits of an IPv6 address that stay (48)"`
	Decimals int           `yaml:"decimals" help:"generalise: decimals of a coordinate that stay (2)"`
	Step     time.Duration `yaml:"step" help:"generalise: what times are rounded down to (1h)"`
	Domain   string        `yaml:"domain" help:"pseudonym: tokens of different domains cannot be joined; the prefix when empty"`
	Prefix   string        `yaml:"prefix" help:"pseudonym: what tokens begin with, as in acc_k3_…"`
}

type ruleEntry struct {
	Rule      string `yaml:"rule" help:"name of the rule, shown in reports and metrics" required:"true"`
	selectors `yaml:",inline"`
	Detectors []string `yaml:"detectors" help:"instead of fields: findings of these detectors, wherever they are" enum:"kinds"`
	Evidence  []string `yaml:"evidence_of" help:"instead of an operator: in these fields the detectors need no word beside the value" enum:"kinds"`
	Without   []string `yaml:"without" help:"with keep: detectors that do not run in these fields" enum:"kinds"`
	Text      string   `yaml:"text" help:"with keep: scan, and only ids, numbers and times are kept; values of several words or with an assignment in them are searched like those of fields without a rule" enum:"scan"`
	treatment `yaml:",inline"`
	scope     `yaml:",inline"`
}

type detectorWord struct {
	Context  []string `yaml:"context" help:"words nearby that are evidence, beside the built-in ones"`
	Excluded []string `yaml:"excluded" help:"words nearby that speak against a finding"`
}

type patternEntry struct {
	Pattern   string `yaml:"pattern" help:"name of the pattern; findings are marked <name>" required:"true"`
	Literal   string `yaml:"literal" help:"text of at least 3 characters that must stand at the beginning of a match" `
	Keyword   string `yaml:"keyword" help:"instead: a word of at least 3 characters that must stand in the same text"`
	Regexp    string `yaml:"regexp" help:"regular expression in RE2 syntax, tried only where the literal or keyword is" required:"true"`
	treatment `yaml:",inline"`
	Outputs   []string `yaml:"outputs" help:"outputs; all when empty" enum:"topic,label,summary,deadletter,log"`
}

type exceptionEntry struct {
	selectors `yaml:",inline"`
	Services  []string `yaml:"services" help:"services as globs; all when empty"`
	Values    []string `yaml:"values" help:"instead of fields: findings of the detectors that are exactly one of these texts stay, wherever they are"`
	Detectors []string `yaml:"detectors" help:"detectors that do not run there" enum:"kinds"`
	Rules     []string `yaml:"rules" help:"rules for fields that do not apply there"`
	Reason    string   `yaml:"reason" help:"why" required:"true"`
	Owner     string   `yaml:"owner" help:"who answers for it" required:"true"`
	Expires   date     `yaml:"expires" help:"last day, 2026-12-31; from the next day on the exception does not apply" required:"true"`
}

type limitsEntry struct {
	Depth        int           `yaml:"depth" help:"nested objects and arrays"`
	ValueBytes   conf.ByteSize `yaml:"value_bytes" help:"longest text that is searched; the rest of a longer one goes"`
	DecodeLevels int           `yaml:"decode_levels" help:"encodings inside each other that are undone"`
	RecordBytes  conf.ByteSize `yaml:"record_bytes" help:"longest record"`
	Beyond       string        `yaml:"beyond" help:"what happens to what is beyond a limit" enum:"withhold,drop"`
}

type kafkaEntry struct {
	Key     treatment    `yaml:"key" help:"the whole key; keep means: searched like a value"`
	Headers headersEntry `yaml:"headers" help:"headers are left out unless allowed"`
}

type headersEntry struct {
	Allow []string `yaml:"allow" help:"names in any spelling, * at the end for any rest; values are treated as fields of that name"`
}

type testEntry struct {
	Name    string            `yaml:"name" help:"what the test shows" required:"true"`
	In      string            `yaml:"in" help:"the record, or the label's text"`
	Key     string            `yaml:"key" help:"the Kafka key"`
	Headers map[string]string `yaml:"headers" help:"the Kafka headers"`
	Service string            `yaml:"service" help:"the service that wrote the record"`
	Field   string            `yaml:"field" help:"test a metric label: in is the text of this field"`
	Hide    []string          `yaml:"hide" help:"texts that must not be left, also after decoding"`
	Keep    []string          `yaml:"keep" help:"texts that must be left"`
	Out     string            `yaml:"out" help:"the exact result"`
}

// date is a day, written 2026-12-31.
type date struct{ time.Time }

// UnmarshalText reads a day.
func (d *date) UnmarshalText(text []byte) (err error) {
	d.Time, err = time.Parse(time.DateOnly, string(text))
	return err
}

// Expects says what a date looks like.
func (date) Expects() string { return "a date such as 2026-12-31" }

// defaultFile is a file without a word in it.
func defaultFile() policyFile {
	return policyFile{
		Extends: "default", Mode: "deny-list", Observes: "deny-list", NonJSON: "scan",
		Unknown: treatment{Operator: "withhold"},
		Limits:  limitsEntry{Depth: 64, ValueBytes: 1 << 20, DecodeLevels: 4, RecordBytes: 16 << 20, Beyond: "withhold"},
		Kafka:   kafkaEntry{Key: treatment{Operator: "pseudonym", Domain: "account", Prefix: "acc"}},
	}
}
