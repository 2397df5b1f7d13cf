package redact

import (
	"fmt"
	"slices"
	"strings"

	"github.com/logproc/logproc/redact/detect"
)

// placedSelector is a selector of a rule with its place in the file.
type placedSelector struct {
	fieldSelector
	at      string
	builtIn bool
}

// lint looks at all rules together: for selectors that are never reached, and for rules that keep what
// a rule behind them hides.
func (c *compiler) lint() {
	for i := range c.selected {
		s := &c.selected[i]
		if s.builtIn {
			continue
		}
		if by := c.shadow(s); by != nil {
			r := &c.p.rules[by.entry]
			c.add(s.at, fmt.Sprintf("%s of rule %s is never reached: rule %s (%s) comes first", s.what, quoted(c.p.rules[s.entry].name), quoted(r.name), r.place),
				"a field that no earlier rule has")
		}
		if c.p.rules[s.entry].keep {
			c.tooWide(s)
		}
	}
}

// shadow gives the stronger selector that covers s and is for everything s is for.
func (c *compiler) shadow(s *placedSelector) *placedSelector {
	r := &c.p.rules[s.entry]
	for i := range c.selected {
		by := &c.selected[i]
		b := &c.p.rules[by.entry]
		wider := b.outputs&r.outputs == r.outputs && (len(b.services) == 0 || slices.Equal(b.services, r.services))
		if by.entry != s.entry && by.rank < s.rank && wider && by.covers(&s.fieldSelector) {
			return by
		}
	}
	return nil
}

// tooWide refuses a keeping selector that is wider than one of a hiding rule that it overrules.
func (c *compiler) tooWide(s *placedSelector) {
	for i := range c.selected {
		d := &c.selected[i]
		r := &c.p.rules[d.entry]
		if r.act == nil || d.rank < s.rank || !s.covers(&d.fieldSelector) {
			continue
		}
		if !d.covers(&s.fieldSelector) {
			c.add(s.at, fmt.Sprintf("%s keeps more than rule %s (%s) hides, and overrules it", s.what, quoted(r.name), r.place), "narrower names, or each name that is to be kept")
			return
		}
		c.warn(s.at, fmt.Sprintf("%s keeps what rule %s (%s) hides", s.what, quoted(r.name), r.place), "it only if that is meant")
	}
}

// covers reports whether f is for every field that g is for.
func (f *fieldSelector) covers(g *fieldSelector) bool {
	switch {
	case f.path != nil && g.path != nil:
		return f.path.covers(g.path)
	case f.path != nil:
		return f.path.everything()
	case g.path != nil:
		return false
	case f.fuzzy:
		return strings.HasSuffix(g.text, f.text)
	case f.rank.selector() == byEnding:
		return !g.fuzzy && endsWithWords(g.words, f.text)
	}
	return g.rank.selector() == byName && f.text == g.text
}

// everything reports whether the pattern is for all fields.
func (p pathPattern) everything() bool {
	for _, s := range p {
		if s != anyKeys {
			return false
		}
	}
	return true
}

// endsWithWords reports whether the last words of a name are the suffix.
func endsWithWords(words []string, suffix string) bool {
	for i := range words {
		if strings.Join(words[i:], "") == suffix {
			return true
		}
	}
	return false
}

// namedKinds are the kinds that only the name of a field tells.
var namedKinds = detect.Of(detect.Name, detect.Address, detect.BirthDate, detect.Account, detect.OTP)

// finish works out what each rule gives a field, once all rules for findings are known.
func (c *compiler) finish() {
	p := c.p
	for out := range outputCount {
		for k, a := range p.findings[out] {
			if a != nil && a.Op != OpKeep && (detect.Kind(k) != detect.Digits || out == Label || out == Summary) {
				p.on[out] |= detect.Of(detect.Kind(k))
			}
		}
	}
	// What fields of a name hide is looked for under that name in encoded JSON and in pairs too.
	for i := range p.rules {
		if a := p.rules[i].act; a != nil && a.Op != OpKeep && namedKinds.Has(a.Kind) {
			for out := range outputCount {
				p.on[out] |= detect.Of(a.Kind)
			}
		}
	}
	for i := range p.rules {
		r := &p.rules[i]
		for out := range outputCount {
			f := Field{Act: r.act, On: p.on[out], Weak: true}
			switch {
			case r.keep:
				f.On, f.Weak, f.Keep = f.On&^r.without, false, true
				if r.scanText {
					f.Text = p.on[out]
				}
			case r.evidence != 0:
				f.Hint = r.evidence
				f.On |= r.evidence
			}
			r.field[out] = f
		}
	}
}
