package rules

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/logproc/logproc/internal/conf"
	"github.com/logproc/logproc/internal/glob"
	"github.com/logproc/logproc/parse"
)

// Bounds of a rule file: with these a convention stays small in memory and quick to match.
const (
	maxGlobs     = 256
	maxFields    = 128
	maxFirsts    = 1024
	maxSegments  = 64
	maxKnown     = 100_000
	maxNameBytes = 256
)

// LoadNaming compiles a rule file on top of the built-in convention: what the file does not say stays
// as it is there, and a list of the file replaces the built-in one. name is the file's name in messages.
// The error is conf.Diagnostics with everything that is wrong.
func LoadNaming(name string, data []byte) (*Naming, error) {
	var f file
	if _, diags := conf.Decode("naming.yaml (built-in)", defaultNaming, &f); diags != nil {
		return nil, diags
	}
	doc, _ := conf.Decode(name, data, &f)
	c := compiler{doc: doc, n: new(Naming)}
	c.grammar(&f)
	c.rules(&f)
	c.firsts(f.FirstSegments)
	c.fields(f.Fields)
	c.n.summarise()
	c.keys(f.Keys)
	if err := doc.Diagnostics().Err(); err != nil {
		return nil, err
	}
	return c.n, nil
}

// compiler turns a file into a Naming and reports what does not fit together.
type compiler struct {
	doc       *conf.Document
	n         *Naming
	grammarOK bool // keys can be checked
}

func (c *compiler) grammar(f *file) {
	g, id := &f.Grammar, &f.Identifiers
	before := len(c.doc.Diagnostics())
	c.between("grammar.min_segments", g.MinSegments, 1, maxSegments)
	c.between("grammar.max_segments", g.MaxSegments, 1, maxSegments)
	c.between("grammar.max_length", g.MaxLength, 1, maxScan)
	c.between("identifiers.digits", id.Digits, 3, maxSegments)
	c.between("identifiers.hex", id.Hex, 4, maxSegments)
	if g.MinSegments > g.MaxSegments {
		at := "grammar.max_segments"
		if !c.doc.Has(at) {
			at = "grammar.min_segments"
		}
		c.doc.Add(at, fmt.Sprintf("grammar.max_segments is %d", g.MaxSegments), fmt.Sprintf("at least min_segments, which is %d", g.MinSegments))
	}
	c.grammarOK = len(c.doc.Diagnostics()) == before
	c.n.minSegments, c.n.maxSegments, c.n.maxLength = g.MinSegments, g.MaxSegments, g.MaxLength
	c.n.minDigits, c.n.minHex = id.Digits, id.Hex
}

func (c *compiler) between(path string, n, low, high int) {
	if n < low || n > high {
		c.doc.Add(path, fmt.Sprintf("%s is %d", path, n), fmt.Sprintf("%d to %d", low, high))
	}
}

func (c *compiler) rules(f *file) {
	for i, t := range f.toggles() {
		rule := Rule(i)
		if t == nil || t.off {
			continue
		}
		path := "rules." + rule.String()
		s := scopedRule{rule: rule, include: c.globs(path+".services", t.Services), exclude: c.globs(path+".except", t.Except)}
		if len(s.include) == 0 && len(s.exclude) == 0 {
			c.n.always = c.n.always.With(rule)
		} else {
			c.n.scoped = append(c.n.scoped, s)
		}
	}
}

func (c *compiler) globs(path string, names []string) []glob.Glob {
	c.atMost(path, len(names), maxGlobs)
	var globs []glob.Glob
	for i, name := range names {
		c.named(index(path, i), name)
		globs = append(globs, glob.Glob(name))
	}
	return globs
}

func (c *compiler) atMost(path string, n, most int) {
	if n > most {
		c.doc.Add(path, fmt.Sprintf("%s has %d entries", path, n), fmt.Sprintf("at most %d", most))
	}
}

// named checks the length of a name that must not be empty.
func (c *compiler) named(path, name string) bool {
	if name != "" && len(name) <= maxNameBytes {
		return true
	}
	c.doc.Add(path, fmt.Sprintf("%s has %d bytes", path, len(name)), fmt.Sprintf("1 to %d", maxNameBytes))
	return false
}

func index(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }

func (c *compiler) firsts(entries []firstSegments) {
	c.atMost("first_segments", len(entries), maxFirsts)
	for i, e := range entries {
		path := index("first_segments", i)
		if len(e.Services) == 0 {
			c.doc.Add(path, path+" names no services", `services, ["*"] for all`)
		}
		if len(e.Segments) == 0 {
			c.doc.Add(path, path+" names no segments", "segments that the services may use")
		}
		c.atMost(path+".segments", len(e.Segments), maxFirsts)
		f := firstOf{services: c.globs(path+".services", e.Services), segments: make(map[string]struct{}, len(e.Segments))}
		for j, segment := range e.Segments {
			at := index(path+".segments", j)
			if c.named(at, segment) && !c.isSegment(segment) {
				c.doc.Add(at, fmt.Sprintf("%s is %q", at, segment), "one segment: a-z, 0-9 and underscores inside it")
			}
			f.segments[segment] = struct{}{}
		}
		c.n.firsts = append(c.n.firsts, f)
	}
}

func (c *compiler) isSegment(segment string) bool {
	s := c.n.scan([]byte(segment))
	return s.segments == 1 && !s.empty && !s.edge && s.all&(kindOther|kindUpper|kindSpace) == 0
}

func (c *compiler) fields(entries []fieldEntry) {
	c.atMost("fields", len(entries), maxFields)
	for i, e := range entries {
		path := index("fields", i)
		if !c.named(path+".name", e.Name) {
			continue
		}
		f := fieldCheck{name: e.Name, known: canonicalOf(e.Name), typ: typeOf(e.Type), required: e.Required, services: c.globs(path+".services", e.Services)}
		f.typed = f.typ != typeAny || f.known == fieldLevel
		switch {
		case f.typ == typeCount:
			c.doc.Add(path+".type", fmt.Sprintf("%s.type is %q", path, e.Type), strings.Join(typeNames[1:typeCount-1], ", ")+" or "+typeNames[typeCount-1])
		case f.known == notCanonical:
			f.path = parse.NewPath(e.Name)
		case f.typ != typeAny && f.typ != canonicalTypes[f.known]:
			c.doc.Add(path+".type", fmt.Sprintf("%s.type is %s, but %s is a field with a meaning of its own", path, e.Type, e.Name), canonicalWant(f.known))
		}
		if !f.typed && !f.required {
			c.doc.Add(path, path+" says nothing about "+strconv.Quote(e.Name), "required: true, or a type")
		}
		c.n.fields = append(c.n.fields, f)
	}
}

func canonicalOf(name string) canonical {
	for i, n := range canonicalNames {
		if n == name {
			return canonical(i)
		}
	}
	return notCanonical
}

// typeOf gives typeCount for what is no type.
func typeOf(name string) fieldType {
	for i, n := range typeNames {
		if n == name {
			return fieldType(i)
		}
	}
	return typeCount
}

func canonicalWant(c canonical) string {
	if t := canonicalTypes[c]; t != typeAny {
		return typeNames[t]
	}
	return "no type"
}

func (c *compiler) keys(entries []keyEntry) {
	c.atMost("keys", len(entries), maxKnown)
	c.n.byKey = make(map[string][]int32, len(entries))
	for i, e := range entries {
		path := index("keys", i)
		if !c.named(path+".key", e.Key) {
			continue
		}
		level, ok := levelOf(e.Level)
		if !ok {
			c.doc.Add(path+".level", fmt.Sprintf("%s.level is %q", path, e.Level), "trace, debug, info, warning, error or fatal")
		}
		c.atMost(path+".env", len(e.Env), maxGlobs)
		for _, other := range c.n.byKey[e.Key] {
			if c.n.known[other].Service == e.Service {
				c.doc.Errorf(path, "%s: the key %q is registered twice for service %q", path, e.Key, e.Service)
			}
		}
		c.n.byKey[e.Key] = append(c.n.byKey[e.Key], int32(len(c.n.known)))
		c.n.known = append(c.n.known, Known{Key: e.Key, Service: e.Service, Envs: e.Env, Level: level, Description: e.Description})
	}
	if c.grammarOK {
		c.followed()
	}
}

// followed checks that the registered keys follow the convention themselves. A glob stands for no
// service, so it is only subject to what holds for all.
func (c *compiler) followed() {
	for i, k := range c.n.known {
		if rule := c.n.Check([]byte(k.Service), []byte(k.Key)); rule != RuleNone {
			path := index("keys", i)
			v := c.n.Explain(k.Service, []byte(k.Key))
			c.doc.Errorf(path+".key", "%s.key breaks the rule %s: %s", path, rule, v.Why)
		}
	}
}

func levelOf(name string) (parse.Level, bool) {
	if name == "" {
		return parse.LevelUnknown, true
	}
	for l := parse.LevelTrace; int(l) < parse.LevelCount; l++ {
		if l.String() == name {
			return l, true
		}
	}
	return parse.LevelUnknown, false
}
