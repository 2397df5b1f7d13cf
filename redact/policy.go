// Package redact hides personal data and secrets in log records before anything leaves the program.
//
// A Policy says what is hidden and how; it is compiled from a YAML file (LoadPolicy) or built in
// (DefaultPolicy). A Redactor applies one policy to records and gives Redacted values and Texts, the only
// types that outputs accept.
package redact

import (
	"time"

	"github.com/logproc/logproc/redact/detect"
)

// Output is one way out of the program; rules can be limited to some.
type Output uint8

// The outputs.
const (
	Topic      Output = iota // value, key and headers of the redacted topic, and `logproc redact`
	Label                    // metric labels, the stored keys of counts
	Summary                  // daily summaries and e-mails
	DeadLetter               // dead letters
	Log                      // the program's own log and error texts
	outputCount
)

// String gives the output's name as policy files write it.
func (o Output) String() string { return nameOf(outputNames[:], int(o)) }

// Outputs is a set of outputs.
type Outputs uint8

// Has reports whether the set holds o.
func (s Outputs) Has(o Output) bool { return s&(1<<o) != 0 }

// AllOutputs holds every output.
const AllOutputs Outputs = 1<<outputCount - 1

// Mode is what a policy does with fields that no rule names.
type Mode uint8

// The modes.
const (
	DenyList  Mode = iota // they are kept, but for what the detectors find
	AllowList             // they are hidden
	Observe               // nothing of this policy applies: it is counted what it would hide, see Policy.Observed
)

// String gives the mode's name as policy files write it.
func (m Mode) String() string { return nameOf(modeNames[:], int(m)) }

// Operator is what is done with a value or a finding.
type Operator uint8

// The operators.
const (
	OpKeep       Operator = iota // nothing
	OpReplace                    // the marker <kind>
	OpDrop                       // the field goes, key and all; in an array and in text nothing is left
	OpMask                       // stars, but for the last Keep characters; a value of up to twice as many is masked whole
	OpGeneralise                 // less exact: addresses to a network, coordinates and times rounded
	OpPseudonym                  // a keyed pseudonym: equal values, equal tokens
	OpWithhold                   // <withheld>, for the whole value
)

// String gives the operator's name as policy files write it.
func (o Operator) String() string { return nameOf(operatorNames[:], int(o)) }

// Action is an operator with its parameters. Actions belong to their policy and never change.
type Action struct {
	Rule     int // for Policy.RuleName
	Op       Operator
	Kind     detect.Kind   // what the value is taken for; detect.Custom for a pattern of the file
	Marker   string        // what OpReplace leaves, "<email>"
	Keep     int           // OpMask: characters that stay at the end
	Bits     int           // OpGeneralise: bits of an IPv4 address that stay (24)
	Bits6    int           // of an IPv6 address (48)
	Decimals int           // OpGeneralise: decimals of a coordinate that stay (2)
	Step     time.Duration // OpGeneralise: what times are rounded down to (1h)
	Domain   string        // OpPseudonym: values of different domains have unrelated tokens
	Prefix   string        // OpPseudonym: what the token begins with, "acc"
}

// Field is what applies to the value of one field.
type Field struct {
	// Act, when not nil, applies to the whole value without a look at it, objects and arrays included, so
	// ask for these too. With Leaves it applies to what is no object or array; these are walked into.
	Act    *Action
	Leaves bool
	// On are the detectors that run on the text of the value and Hint those for which the field's name is evidence.
	On, Hint detect.Kinds
	Weak     bool // whether detectors that need evidence run
	// Text, with Keep, are the detectors that run on values which are prose, with all evidence; 0 when these are kept too.
	Text detect.Kinds
	Keep bool // a rule says that the field is kept: numbers stay unless a self-evident detector finds something
}

// NonJSON is what happens to a record that is no JSON object.
type NonJSON uint8

// The treatments of records that are not JSON.
const (
	NonJSONScan     NonJSON = iota // the detectors run over the text
	NonJSONWithhold                // the text is replaced by <withheld>
	NonJSONDrop                    // the record is left out where an output can leave one out, else withheld
)

// String gives the treatment's name as policy files write it.
func (n NonJSON) String() string { return nameOf(nonJSONNames[:], int(n)) }

// Limits bound the work on one record; what is beyond them is withheld, or dropped when DropBeyond says so.
type Limits struct {
	Depth        int // of nested objects and arrays, those inside strings included
	ValueBytes   int // the longest text that is searched; what follows is withheld
	DecodeLevels int // how many encodings inside each other are undone (JSON in a string, %40, base64)
	RecordBytes  int // the longest record
	DropBeyond   bool
}

// Policy is a compiled policy. It is immutable and safe for concurrent use.
type Policy struct {
	id, hash string
	mode     Mode
	limits   Limits
	nonJSON  NonJSON
	key      *Action // nil: the key is scanned
	headers  headerRules

	rules      []rule
	fields     selectorSet                    // of rules
	known      map[string]*[outputCount]Field // by names as they are written, of which nothing else matters
	findings   [outputCount][]*Action         // by kind
	on         [outputCount]detect.Kinds
	unknown    *Action // allow-list mode
	patterns   []Pattern
	exceptions exceptions
	words      map[detect.Kind]Words
	warnings   []error
	tests      int

	observed *Policy // Observe: the policy whose effect is counted
	trace    func(rule int)
}

// Version gives the id of the policy.
func (p *Policy) Version() string { return p.id }

// Hash gives the SHA-256 of what the policy was made of, in hex: the file, and the built-in one when it stands on it.
func (p *Policy) Hash() string { return p.hash }

// Mode gives the policy's mode. A policy in Observe mode answers everything else as the policy does
// that stays in force.
func (p *Policy) Mode() Mode { return p.mode }

// Observed gives, in Observe mode, the policy whose effect should be counted: apply it with a Redactor
// of its own, throw the result away and keep the hits. Nil in the other modes.
func (p *Policy) Observed() *Policy { return p.observed }

// Limits gives the bounds.
func (p *Policy) Limits() Limits { return p.limits }

// NonJSON gives the treatment of records that are no JSON objects.
func (p *Policy) NonJSON() NonJSON { return p.nonJSON }

// Rules gives the number of rules; actions refer to them by 0 … Rules()-1.
func (p *Policy) Rules() int { return len(p.rules) }

// RuleName gives the name of a rule as the file has it.
func (p *Policy) RuleName(i int) string {
	if i < 0 || i >= len(p.rules) {
		return "none"
	}
	return p.rules[i].name
}

// RuleLabel gives the name of a rule as a label. It is the operator's own text, so there is nothing to hide in it.
func (p *Policy) RuleLabel(i int) Text { return Text{p.RuleName(i)} }

// RulePlace gives where a rule is defined, "policy.yaml:12".
func (p *Policy) RulePlace(i int) string {
	if i < 0 || i >= len(p.rules) {
		return ""
	}
	return p.rules[i].place
}

// Warnings gives what lint found that does not refuse the file.
func (p *Policy) Warnings() []error { return p.warnings }

// Tests gives how many tests of the file passed when it was loaded.
func (p *Policy) Tests() int { return p.tests }

// Words gives the context and excluded words that the policy adds to a detector's own.
func (p *Policy) Words(k detect.Kind) Words { return p.words[k] }

// Words make a detector more or less ready to take something for its kind.
type Words struct {
	Context  []string // nearby, they are evidence
	Excluded []string // nearby, they speak against it
}

// KafkaKey gives what applies to the whole key of a Kafka record; nil: scan it like a value.
func (p *Policy) KafkaKey() *Action { return p.key }

// Header says whether a Kafka header may stay; its value is then treated as the field of that name. A
// header that may not stay is left out.
func (p *Policy) Header(name []byte) bool { return p.headers.allows(name) }

// Detector gives what to do with a finding of kind k on an output; nil when the policy has it off.
func (p *Policy) Detector(out Output, k detect.Kind) *Action {
	if int(k) >= len(p.findings[out]) {
		return nil
	}
	return p.findings[out][k]
}
