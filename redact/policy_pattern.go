package redact

import (
	"bytes"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"

	"github.com/logproc/logproc/redact/detect"
)

// Pattern is a detector of a policy file.
type Pattern struct {
	Name   string
	Action *Action

	outputs Outputs
	literal []byte // must stand in the text before the expression is tried; lower case when it is a keyword
	keyword bool
	re      *regexp.Regexp
}

// Match is a finding of a pattern.
type Match struct {
	Start, End int
	Action     *Action
}

// minLiteral keeps the expressions from being tried on every text.
const minLiteral = 3

// HasPatterns reports whether the policy has patterns of its own, so that the fast path must ask PatternCandidate too.
func (p *Policy) HasPatterns() bool { return len(p.patterns) > 0 }

// PatternCandidate reports whether a pattern may match in text: its literal or keyword is there.
func (p *Policy) PatternCandidate(text []byte) bool {
	for i := range p.patterns {
		if p.patterns[i].candidate(text) {
			return true
		}
	}
	return false
}

// FindPatterns appends the matches of the policy's patterns for an output, pattern by pattern; they may overlap.
func (p *Policy) FindPatterns(dst []Match, out Output, text []byte) []Match {
	for i := range p.patterns {
		x := &p.patterns[i]
		if !x.outputs.Has(out) || !x.candidate(text) {
			continue
		}
		for _, m := range x.re.FindAllIndex(text, -1) {
			if m[0] < m[1] {
				dst = append(dst, Match{m[0], m[1], x.Action})
			}
		}
	}
	return dst
}

func (x *Pattern) candidate(text []byte) bool {
	if x.keyword {
		return containsFold(text, x.literal)
	}
	return bytes.Contains(text, x.literal)
}

// containsFold is bytes.Contains for a lower-case ASCII word in any case.
func containsFold(text, lower []byte) bool {
	for len(text) >= len(lower) {
		if text[0]|0x20 == lower[0]|0x20 && bytes.EqualFold(text[:len(lower)], lower) {
			return true
		}
		text = text[1:]
	}
	return false
}

// patterns compiles the patterns of the file.
func (c *compiler) patterns() {
	for i := range c.f.Patterns {
		e, path := &c.f.Patterns[i], at("patterns", i)
		c.ruleName(path+".pattern", path, e.Pattern)
		rule := c.newRule(e.Pattern, path, nil, c.outputs(path+".outputs", e.Outputs))
		if e.Operator == "" {
			e.Operator = operatorNames[OpReplace]
		}
		action := c.action(path, &e.treatment, rule)
		if action.Op == OpKeep {
			c.add(path+".operator", path+".operator is keep", "an operator that hides what the pattern finds")
		}
		if action.Kind == detect.None {
			action.Kind, action.Marker = detect.Custom, "<"+e.Pattern+">"
		}
		x := Pattern{Name: e.Pattern, Action: action, outputs: c.p.rules[rule].outputs}
		if c.expression(path, e, &x) {
			c.p.patterns = append(c.p.patterns, x)
		}
	}
}

func (c *compiler) expression(path string, e *patternEntry, x *Pattern) bool {
	parsed, err := syntax.Parse(e.Regexp, syntax.Perl)
	if err != nil || e.Regexp == "" || len(e.Regexp) > 1024 {
		reason := "empty or longer than 1024 bytes"
		if bad := (*syntax.Error)(nil); asSyntax(err, &bad) {
			reason = bad.Code.String()
		}
		c.add(path+".regexp", path+".regexp is not valid: "+reason, "a regular expression in RE2 syntax")
		return false
	}
	x.re = regexp.MustCompile(e.Regexp)
	prefix := fixedPrefix(parsed)
	switch {
	case e.Literal != "" && !strings.HasPrefix(prefix, e.Literal):
		c.add(path+".literal", "the expression can match without the literal", "a literal that every match begins with, or keyword")
		return false
	case e.Literal != "" && len(e.Literal) >= minLiteral:
		x.literal = []byte(e.Literal)
	case len(e.Keyword) >= minLiteral && isASCII([]byte(e.Keyword)):
		x.literal, x.keyword = []byte(strings.ToLower(e.Keyword)), true
	case e.Literal == "" && e.Keyword == "" && len(prefix) >= minLiteral:
		x.literal = []byte(prefix)
	default:
		c.add(path+".regexp", fmt.Sprintf("pattern %s has no literal", quoted(e.Pattern)),
			fmt.Sprintf("an expression that begins with at least %d fixed characters, or a keyword of as many: it would be tried on every text", minLiteral))
		return false
	}
	if x.re.MatchString("") || x.re.MatchString(x.Action.Marker) {
		c.add(path+".regexp", "the expression matches nothing at all, or its own marker", "one that matches what is to be hidden only")
		return false
	}
	return true
}

func asSyntax(err error, into **syntax.Error) bool {
	e, ok := err.(*syntax.Error)
	*into = e
	return ok
}

// fixedPrefix gives the text that every match begins with, behind any word boundary.
func fixedPrefix(re *syntax.Regexp) string {
	switch re.Op {
	case syntax.OpLiteral:
		if re.Flags&syntax.FoldCase == 0 {
			return string(re.Rune)
		}
	case syntax.OpCapture:
		return fixedPrefix(re.Sub[0])
	case syntax.OpPlus:
		return fixedPrefix(re.Sub[0])
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			switch sub.Op {
			case syntax.OpEmptyMatch, syntax.OpBeginLine, syntax.OpBeginText, syntax.OpWordBoundary, syntax.OpNoWordBoundary:
				continue
			}
			return fixedPrefix(sub)
		}
	}
	return ""
}
