package redact

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/logproc/logproc/internal/glob"
	"github.com/logproc/logproc/redact/detect"
)

// Bounds of a policy file.
const (
	maxRules     = 512
	maxSelectors = 4096
	maxNameBytes = 64
	maxSegments  = 16
	maxWildcards = 4
	maxAnyKeys   = 2 // of them **: matching tries each at every depth
)

// rules compiles the rules of the file.
func (c *compiler) rules() {
	if len(c.f.Rules) > maxRules {
		c.add("rules", fmt.Sprintf("rules has %d entries", len(c.f.Rules)), fmt.Sprintf("at most %d", maxRules))
		return
	}
	for i := range c.f.Rules {
		c.rule(at("rules", i), &c.f.Rules[i])
	}
}

func (c *compiler) rule(path string, e *ruleEntry) {
	c.ruleName(path+".rule", path, e.Rule)
	index := c.newRule(e.Rule, path, e.Services, c.outputs(path+".outputs", e.Outputs))
	r := &c.p.rules[index]
	switch {
	case len(e.Detectors) > 0:
		c.findingRule(path, e, index)
		return
	case e.none():
		c.add(path, "the rule is for no field and no detector", "names, suffixes, paths or detectors")
		return
	}
	r.evidence = c.kinds(path+".evidence_of", e.Evidence)
	r.without = c.kinds(path+".without", e.Without)
	switch {
	case len(e.Evidence) > 0 && e.Operator != "":
		c.add(path+".operator", "the rule has evidence_of and an operator", "one of them: findings are treated as the rules of their detectors say")
	case len(e.Evidence) > 0 || e.Operator == scanOperator:
	case e.Operator == "":
		c.add(path, "the rule has no operator", "operator or evidence_of")
	default:
		action := c.action(path, &e.treatment, index)
		if r.keep = action.Op == OpKeep; !r.keep {
			r.act = action
		}
	}
	if len(e.Without) > 0 && !r.keep {
		c.add(path+".without", "without is given, but the rule does not keep", "operator: keep beside it")
	}
	if r.scanText = e.Text == scanOperator; e.Text != "" && (!r.scanText || !r.keep) {
		c.add(path+".text", "text is "+quoted(e.Text)+", or the rule does not keep", "text: scan with operator: keep beside it")
	}
	for _, s := range c.selectors(path, &e.selectors, int32(index), len(e.Services) > 0 || r.outputs != AllOutputs) {
		c.p.fields.add(&s)
		c.selected = append(c.selected, placedSelector{fieldSelector: s, at: path + "." + s.what, builtIn: c.builtIn && c.layered})
	}
}

// findingRule compiles a rule for what detectors find.
func (c *compiler) findingRule(path string, e *ruleEntry, index int) {
	if !e.none() || len(e.Evidence)+len(e.Without) > 0 {
		c.add(path+".detectors", "the rule is for detectors and for fields", "one of them, or an exception for the fields")
	}
	if len(e.Services) > 0 {
		c.add(path+".services", "a rule for detectors is for some services", "a rule for all of them, and an exception with services")
	}
	if e.Operator == "" || e.Operator == scanOperator {
		c.add(path, "the rule says not what is done", "an operator other than scan")
		return
	}
	c.p.rules[index].findings = true
	for i, name := range e.Detectors {
		where := at(path+".detectors", i)
		k, ok := c.kind(where, name)
		if !ok {
			continue
		}
		t := e.treatment
		if t.As == "" {
			t.As = name
		}
		action := c.action(path, &t, index)
		took := false
		for out := range outputCount {
			if c.p.rules[index].outputs.Has(out) && c.p.findings[out][k] == nil {
				c.p.findings[out][k], took = action, true
			}
		}
		if !took && !c.layered {
			c.add(where, fmt.Sprintf("%s is never reached: earlier rules have the detector for all outputs of this one", where), "the narrower rule first")
		}
	}
}

// selectors compiles the selectors of an entry.
func (c *compiler) selectors(path string, s *selectors, entry int32, scoped bool) []fieldSelector {
	var list []fieldSelector
	add := func(what string, selector, length int, f fieldSelector) {
		c.order++
		f.what, f.binding = what, binding{rankOf(c.layered, selector, length, scoped, c.order), entry}
		list = append(list, f)
	}
	for i, name := range s.Names {
		bare, fuzzy := strings.CutPrefix(name, "*")
		if compact := c.keyName(at(path+".names", i), bare, 1); compact != "" && fuzzy {
			add(at("names", i), byEnding, len(compact), fieldSelector{text: compact, fuzzy: true})
		} else if compact != "" {
			add(at("names", i), byName, 0, fieldSelector{text: compact, words: wordsOf(bare)})
		}
	}
	for i, name := range s.Suffixes {
		if compact := c.keyName(at(path+".suffixes", i), name, 1); compact != "" {
			add(at("suffixes", i), byEnding, len(compact), fieldSelector{text: compact, words: wordsOf(name)})
		}
	}
	for i, text := range s.Paths {
		if p := c.path(at(path+".paths", i), text); p != nil {
			selector, length := byPath, 0
			if p.wildcard() {
				selector, length = byWildcardPath, p.literals()
			}
			add(at("paths", i), selector, length, fieldSelector{path: p})
		}
	}
	if c.order > maxSelectors {
		c.add(path, fmt.Sprintf("the file has more than %d selectors", maxSelectors), "fewer names, suffixes and paths")
	}
	return list
}

func (c *compiler) keyName(where, name string, least int) string {
	compact := compactOf(name)
	if len(compact) < least || len(name) > maxNameBytes || strings.ContainsAny(name, "*") {
		c.add(where, where+" is not valid", "a name with letters or digits, without *, and at most 64 bytes")
		return ""
	}
	return compact
}

func (c *compiler) path(where, text string) pathPattern {
	var p pathPattern
	wild, deep := 0, 0
	for segment := range strings.SplitSeq(text, ".") {
		switch {
		case isWildcard(segment):
			wild++
			if segment == anyKeys {
				deep++
			}
			p = append(p, segment)
		case compactOf(segment) == "" || strings.Contains(segment, "*") || len(segment) > maxNameBytes:
			c.add(where, where+" is not valid", "names, * and ** with dots between them: user.*.email, **.phone")
			return nil
		default:
			p = append(p, compactOf(segment))
		}
	}
	if len(p) > maxSegments || wild > maxWildcards || deep > maxAnyKeys {
		c.add(where, where+" is too long", fmt.Sprintf("at most %d names and %d wildcards, %d of them **", maxSegments, maxWildcards, maxAnyKeys))
		return nil
	}
	return p
}

// literals counts the segments that are names.
func (p pathPattern) literals() int {
	n := 0
	for _, s := range p {
		if !isWildcard(s) {
			n++
		}
	}
	return n
}

// newRule adds a rule and gives its index.
func (c *compiler) newRule(name, path string, services []string, outputs Outputs) int {
	line, _ := c.doc.At(path)
	c.p.rules = append(c.p.rules, rule{
		index: len(c.p.rules), name: name, place: c.file + ":" + strconv.Itoa(line), builtIn: c.builtIn, services: globsOf(services), outputs: outputs,
	})
	return len(c.p.rules) - 1
}

// ruleName checks a rule's name. In reports and metrics rules are told apart by it.
func (c *compiler) ruleName(where, path, name string) {
	if !isPlainName(name) || name == "none" {
		c.add(where, "the name of the rule is not valid", "letters, digits, - _ . and at most 64 of them")
		return
	}
	if _, taken := c.ruleAt[name]; taken {
		c.add(where, fmt.Sprintf("a second rule %s", quoted(name)), "another name")
	}
	c.ruleAt[name] = path
}

// action compiles an operator.
func (c *compiler) action(path string, t *treatment, rule int) *Action {
	a := &Action{Rule: rule, Kind: detect.None, Keep: t.KeepLast, Bits: orDefault(t.IPv4Bits, 24), Bits6: orDefault(t.IPv6Bits, 48),
		Decimals: orDefault(t.Decimals, 2), Step: orDefault(t.Step, time.Hour), Domain: t.Domain, Prefix: t.Prefix, Marker: "<redacted>"}
	a.Op = c.operator(path+".operator", t.Operator)
	if t.As != "" {
		if k, ok := c.kind(path+".as", t.As); ok {
			a.Kind, a.Marker = k, "<"+k.String()+">"
		}
	}
	c.parameters(path, t, a)
	return a
}

func (c *compiler) kinds(path string, names []string) (set detect.Kinds) {
	for i, name := range names {
		if k, ok := c.kind(at(path, i), name); ok {
			set |= detect.Of(k)
		}
	}
	return set
}

func (c *compiler) kind(path, name string) (detect.Kind, bool) {
	k, ok := detect.ParseKind(name)
	if !ok {
		c.add(path, "unknown detector "+quoted(name), orSuggest(name, kindNames(), "one of "+strings.Join(kindNames(), ", ")))
	}
	return k, ok
}

func (c *compiler) outputs(path string, names []string) Outputs {
	if len(names) == 0 {
		return AllOutputs
	}
	var set Outputs
	for i, name := range names {
		out := c.choice(at(path, i), name, outputNames[:])
		set |= 1 << out
	}
	return set
}

func globsOf(names []string) (list []glob.Glob) {
	for _, n := range names {
		list = append(list, glob.Glob(n))
	}
	return list
}

func orDefault[T comparable](v, fallback T) T {
	var zero T
	if v == zero {
		return fallback
	}
	return v
}

func kindNames() (names []string) {
	for k := range detect.Kind(64) {
		if detect.AllKinds.Has(k) {
			names = append(names, k.String())
		}
	}
	return names
}
