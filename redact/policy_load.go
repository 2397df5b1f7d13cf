package redact

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/logproc/logproc/internal/conf"
	"github.com/logproc/logproc/redact/detect"
)

//go:embed default.yaml
var defaultPolicy []byte

const defaultName = "default.yaml (built-in)"

// LoadOptions are what a policy file cannot say.
type LoadOptions struct {
	Now      time.Time // decides which exceptions have expired; the zero time: none has
	Previous *Policy   // observe mode: what stays in force; nil: the built-in policy
	SkipTest bool      // leave the tests of the file out, and with them the check that every rule has one
}

// DefaultPolicy gives the built-in policy, see DefaultPolicyFile.
func DefaultPolicy() *Policy {
	p, err := load(defaultName, defaultPolicy, LoadOptions{SkipTest: true}, true)
	if err != nil {
		panic(err) // the embedded file is wrong: a defect that every test meets
	}
	return p
}

// DefaultPolicyFile gives the commented file of the built-in policy.
func DefaultPolicyFile() []byte { return slices.Clone(defaultPolicy) }

// LoadPolicy compiles a policy file and runs its tests. name is the file's name in messages. The error is
// conf.Diagnostics with everything that is wrong; then there is no policy, and the old one should stay.
// A file that only draws warnings is loaded, see Policy.Warnings.
func LoadPolicy(name string, data []byte, o LoadOptions) (*Policy, error) {
	return load(name, data, o, false)
}

func load(name string, data []byte, o LoadOptions, builtIn bool) (*Policy, error) {
	f := defaultFile()
	doc, _ := conf.Decode(name, data, &f)
	c := compiler{doc: doc, file: name, f: &f, now: o.Now, builtIn: builtIn, p: newPolicy(), ruleAt: make(map[string]string)}
	c.compile()
	if !builtIn && f.Extends != "none" {
		c.base()
	}
	c.exceptions()
	c.lint()
	c.finish()
	c.p.remember(c.selected)
	if err := doc.Diagnostics().Err(); err != nil {
		return nil, err
	}
	c.p.hash = hashOf(data, !builtIn && f.Extends != "none")
	if !o.SkipTest {
		c.runTests()
		if err := doc.Diagnostics().Err(); err != nil {
			return nil, err
		}
	}
	if f.Mode == modeNames[Observe] {
		return c.observe(o.Previous), nil
	}
	return c.p, nil
}

func newPolicy() *Policy {
	p := &Policy{fields: newSelectorSet(), exceptions: exceptions{fields: newSelectorSet()}, words: make(map[detect.Kind]Words)}
	for out := range p.findings {
		p.findings[out] = make([]*Action, detect.Custom+1)
	}
	return p
}

// base puts the built-in rules behind those of the file.
func (c *compiler) base() {
	f := defaultFile()
	doc, diags := conf.Decode(defaultName, defaultPolicy, &f)
	below := compiler{doc: doc, file: defaultName, f: &f, builtIn: true, layered: true, p: c.p, ruleAt: make(map[string]string), order: c.order}
	below.rules()
	if err := errors.Join(diags.Err(), doc.Diagnostics().Err()); err != nil {
		panic(err) // the embedded file is wrong: a defect that every test meets
	}
	c.selected = append(c.selected, below.selected...)
	if !c.doc.Has("kafka.headers.allow") {
		c.p.headers = headersOf(f.Kafka.Headers.Allow)
	}
}

// observe gives a policy that answers as the previous one and remembers the new one.
func (c *compiler) observe(previous *Policy) *Policy {
	if previous == nil {
		previous = DefaultPolicy()
	}
	p := *previous
	p.mode, p.id, p.hash, p.observed, p.warnings = Observe, c.p.id, c.p.hash, c.p, c.p.warnings
	return &p
}

func hashOf(data []byte, onDefault bool) string {
	h := sha256.New()
	if onDefault {
		own := sha256.Sum256(defaultPolicy)
		h.Write(own[:])
	}
	h.Write(data)
	return hex.EncodeToString(h.Sum(nil))
}

// compiler turns a file into a Policy and reports what does not fit together.
type compiler struct {
	doc      *conf.Document
	file     string
	f        *policyFile
	now      time.Time
	builtIn  bool
	p        *Policy
	layered  bool // these are the built-in rules behind those of a file
	order    int
	ruleAt   map[string]string // where in the document the rule or pattern of that name is
	selected []placedSelector
}

func (c *compiler) compile() {
	f, p := c.f, c.p
	c.noKeys()
	if f.Version != 1 {
		c.add("version", fmt.Sprintf("version is %d", f.Version), "1, the version of the format")
	}
	p.id = f.ID
	if f.ID == "" || len(f.ID) > maxNameBytes || !isPlainName(f.ID) {
		c.add("id", "id is not valid", "a name and edition for the policy such as team-2026-03: letters, digits, - _ . and at most 64 of them")
	}
	c.oneOf("extends", f.Extends, "default", "none")
	p.mode = Mode(c.choice("mode", f.Mode, modeNames[:]))
	mode := p.mode
	if mode == Observe {
		mode = Mode(c.choice("observes", f.Observes, modeNames[:2]))
		p.mode = mode
	} else if c.doc.Has("observes") {
		c.add("observes", "observes is given, mode is "+f.Mode, "mode: observe beside it")
	}
	p.nonJSON = NonJSON(c.choice("non_json", f.NonJSON, nonJSONNames[:]))
	c.limits()
	if mode == AllowList {
		p.unknown = c.unknown()
	} else if c.doc.Has("unknown") {
		c.add("unknown", "unknown is given, but the mode hides no unknown fields", "it in allow-list mode only")
	}
	c.rules()
	c.kafka()
	c.detectorWords()
	c.patterns()
}

func (c *compiler) unknown() *Action {
	a := c.action("unknown", &c.f.Unknown, c.newRule("unknown-fields", "unknown", nil, AllOutputs))
	if a.Op == OpKeep {
		c.add("unknown.operator", "unknown fields are kept", "an operator that hides them, or mode: deny-list")
	}
	return a
}

func (c *compiler) limits() {
	l := &c.f.Limits
	c.between("limits.depth", l.Depth, 1, 256)
	c.between("limits.value_bytes", int(l.ValueBytes), 256, 64<<20)
	c.between("limits.decode_levels", l.DecodeLevels, 2, 8)
	c.between("limits.record_bytes", int(l.RecordBytes), 1024, 256<<20)
	c.oneOf("limits.beyond", l.Beyond, "withhold", "drop")
	c.p.limits = Limits{Depth: l.Depth, ValueBytes: int(l.ValueBytes), DecodeLevels: l.DecodeLevels, RecordBytes: int(l.RecordBytes), DropBeyond: l.Beyond == "drop"}
}

func (c *compiler) kafka() {
	if a := c.action("kafka.key", &c.f.Kafka.Key, c.newRule("kafka-key", "kafka.key", nil, AllOutputs)); a.Op != OpKeep {
		c.p.key = a
	}
	if op := c.f.Kafka.Key.Operator; op == "mask" || op == "generalise" {
		c.add("kafka.key.operator", "kafka.key.operator is "+op, "keep, replace, drop, pseudonym or withhold")
	}
	for i, name := range c.f.Kafka.Headers.Allow {
		if compactOf(name) == "" {
			c.add(at("kafka.headers.allow", i), "a header that allows everything", "a name, or the beginning of one and *")
		}
	}
	c.p.headers = headersOf(c.f.Kafka.Headers.Allow)
}

func (c *compiler) detectorWords() {
	for name, w := range c.f.Detectors {
		path := "detectors." + name
		k, ok := c.kind(path, name)
		if !ok {
			continue
		}
		for i, word := range slices.Concat(w.Context, w.Excluded) {
			if len(compactOf(word)) < 2 || len(word) > maxNameBytes {
				c.add(path, fmt.Sprintf("word %d of %s is not valid", i+1, path), "2 to 64 letters")
			}
		}
		c.p.words[k] = Words(w)
	}
}

// noKeys refuses key material in the file: whoever may read a policy must not be able to undo it.
func (c *compiler) noKeys() {
	for path, v := range map[string]any{"key": c.f.Key, "keys": c.f.Keys, "keyring": c.f.Keyring, "secret": c.f.Secret, "salt": c.f.Salt} {
		if v != nil || c.doc.Has(path) {
			c.add(path, path+" is given in a policy", "pseudonym keys in a file of their own with mode 0600, or in the environment")
		}
	}
}
