package rules

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/logproc/logproc/internal/conf"
	"github.com/logproc/logproc/internal/glob"
	"github.com/logproc/logproc/parse"
)

// Violation says how a key or record breaks the convention, in words that hold nothing of the input
// which may identify somebody.
type Violation struct {
	Rule       Rule
	Field      string // the field's name in the rule file, for rules about fields
	Why        string // "it has upper-case letters"
	Suggestion string // the registered key nearest to it, or the key in a spelling that is in order; empty for none
}

// Explain says in words what Check found. It is meant for people and is far slower than Check.
func (n *Naming) Explain(service string, key []byte) Violation {
	v := Violation{Rule: n.Check([]byte(service), key)}
	if v.Rule == RuleNone {
		return v
	}
	v.Why = n.why(v.Rule, []byte(service), key)
	if v.Rule != RuleMissingKey {
		v.Suggestion = n.suggest(service, key)
	}
	return v
}

// ExplainFields says in words what CheckFields found, a violation for each field.
func (n *Naming) ExplainFields(r *parse.Record) []Violation {
	var list []Violation
	on := n.enabled(r.Service)
	for i := range n.fields {
		f := &n.fields[i]
		rule := f.broken(r)
		if rule == RuleNone || !on.Has(rule) {
			continue
		}
		v := Violation{Rule: rule, Field: f.name}
		switch rule {
		case RuleMissingKey:
			v.Why = "the record has no key"
		case RuleRequiredField:
			v.Why = fmt.Sprintf("the field %q is missing", f.name)
		default:
			v.Why = fmt.Sprintf("the field %q is not %s", f.name, f.wantWords())
		}
		list = append(list, v)
	}
	return list
}

func (f *fieldCheck) wantWords() string {
	if f.known == fieldLevel {
		return "a level"
	}
	return typeWords[f.typ]
}

func (n *Naming) why(rule Rule, service, key []byte) string {
	s := n.scan(key)
	switch rule {
	case RuleMissingKey:
		return "the key is empty"
	case RuleIdentifier:
		return "it holds " + s.identifier.String() + "; that belongs in a field of its own"
	case RuleFreeText:
		return "it is a sentence; a key has hyphens instead of spaces, and what varies in fields"
	case RuleCharacters:
		return charactersWhy(key, s)
	case RuleLength:
		return fmt.Sprintf("it has %d bytes, at most %d are allowed", len(key), n.maxLength)
	case RuleSegments:
		if s.empty {
			return "it has an empty segment: a hyphen at an end, or two in a row"
		}
		return fmt.Sprintf("it has %d %s, %d to %d are allowed", s.segments, plural(s.segments, "segment"), n.minSegments, n.maxSegments)
	case RuleFirstSegment:
		return fmt.Sprintf("service %s may begin its keys with %s only", Form(nil, service), n.firstsOf(service))
	default:
		return "it is not in the registry of keys"
	}
}

func plural(n int, word string) string {
	if n == 1 {
		return word
	}
	return word + "s"
}

func charactersWhy(key []byte, s shape) string {
	var has []string
	if s.all&kindUpper != 0 {
		has = append(has, "upper-case letters")
	}
	if s.all&kindSpace != 0 {
		has = append(has, "spaces")
	}
	if s.all&kindOther != 0 {
		has = append(has, others(key)...)
	}
	switch {
	case len(has) > 0:
		return "it has " + strings.Join(has, " and ")
	case key[0] == '_':
		return "it begins with an underscore, as only logproc's own keys do"
	default:
		return "it has an underscore at an end of a segment"
	}
}

// maxOthers bounds the list of odd characters in a message.
const maxOthers = 4

// others names the characters of a key that are never allowed. Punctuation is shown, nothing else is.
func others(key []byte) []string {
	var list []string
	for i := 0; i < min(len(key), maxScan) && len(list) < maxOthers; {
		r, size := utf8.DecodeRune(key[i:])
		name := ""
		switch {
		case r == utf8.RuneError && size == 1:
			name = "bytes that are no UTF-8"
		case r < ' ' && kinds[byte(r)] != kindSpace || r == 0x7f:
			name = "control characters"
		case r >= utf8.RuneSelf:
			name = "characters beyond ASCII"
		case kinds[byte(r)]&kindOther != 0:
			name = fmt.Sprintf("%q", r)
		}
		if name != "" && !slices.Contains(list, name) {
			list = append(list, name)
		}
		i += size
	}
	return list
}

func (n *Naming) firstsOf(service []byte) string {
	var list []string
	for i := range n.firsts {
		if glob.Any(n.firsts[i].services, service) {
			for segment := range n.firsts[i].segments {
				list = append(list, segment)
			}
		}
	}
	slices.Sort(list)
	const most = 12
	if len(list) > most {
		list = append(list[:most], "…")
	}
	return strings.Join(list, ", ")
}

// suggest gives a key that the writer may have meant. A key that holds what may identify somebody gets
// none, because the repaired spelling would hold it too.
func (n *Naming) suggest(service string, key []byte) string {
	if len(key) > maxScan || n.scan(key).identifier != noIdentifier || !safe(key) {
		return ""
	}
	fixed := repair(key)
	if near, ok := conf.Suggest(string(fixed), n.keysOf(service)); ok {
		return near
	}
	if n.Check([]byte(service), fixed) == RuleNone {
		return string(fixed)
	}
	return ""
}

// keysOf lists the registered keys that a service may use.
func (n *Naming) keysOf(service string) []string {
	var keys []string
	for i := range n.known {
		if g := glob.Glob(n.known[i].Service); g == "" || g.Match([]byte(service)) {
			keys = append(keys, n.known[i].Key)
		}
	}
	return keys
}

// safe reports whether Form shows the key as it is, but for white space.
func safe(key []byte) bool {
	form := Form(nil, key)
	return bytes.Equal(bytes.Join(bytes.Fields(key), []byte(" ")), form)
}

// repair spells a key in lower case with single hyphens: "Order Failed", "order.failed" and
// "orderFailed" become "order-failed".
func repair(key []byte) []byte {
	fixed := make([]byte, 0, len(key)+8)
	last := kindHyphen
	for _, c := range key {
		k := kinds[c]
		switch {
		case k&kindUpper != 0:
			if last&(kindLetter|kindDigit) != 0 {
				fixed = append(fixed, '-')
			}
			fixed = append(fixed, c+'a'-'A')
		case k&kindAlnum != 0 || k == kindUnderscore && last&kindAlnum != 0:
			fixed = append(fixed, c)
		case len(fixed) > 0 && last != kindHyphen:
			fixed = append(bytes.TrimRight(fixed, "_"), '-')
			k = kindHyphen
		default:
			k = kindHyphen
		}
		last = k
	}
	return bytes.TrimRight(fixed, "-_")
}
