package rules

import "strconv"

// Rule names what a key or record breaks. It is a closed set: the value of metric labels, of the rule
// file and of findings, and never holds any of the input.
type Rule uint8

// The rules, those of keys first. When a key breaks several, the first in this order is named, because
// the later ones follow from it.
const (
	RuleNone          Rule = iota // in order
	RuleMissingKey                // no key, or an empty one
	RuleIdentifier                // it holds what may identify somebody or something: e-mail, address, number, hex digits, date
	RuleFreeText                  // a sentence: it has white space
	RuleCharacters                // others than a-z, 0-9, hyphens between segments and underscores inside them
	RuleLength                    // too long
	RuleSegments                  // too few, too many or empty ones
	RuleFirstSegment              // a first segment that its service must not use
	RuleUnregistered              // not in the registry of keys
	RuleRequiredField             // a field is missing
	RuleFieldType                 // a field has another type than the convention says
	ruleCount
)

// RuleCount is the number of rules with RuleNone, for tables indexed by Rule.
const RuleCount = int(ruleCount)

var ruleNames = [ruleCount]string{"none", "missing_key", "identifier", "free_text", "characters", "length", "segments",
	"first_segment", "unregistered", "required_field", "field_type"}

var ruleHelp = [ruleCount]string{
	"The record is in order.",
	"Every record has a key that says what happened.",
	"A key names a kind of event. What identifies one user, request, host or moment belongs in a field of its own: it would make a new series for each value and carry personal data into metrics.",
	"A key is no sentence. Put the words into hyphenated lower case and what varies into fields.",
	"A key has lower-case letters and digits, hyphens between its segments and underscores inside them.",
	"A key stays short enough to be read in a table.",
	"A key has several segments joined by single hyphens: first the part of the system, then what happened.",
	"The first segment is one that the service has been given.",
	"The key is in the registry, with its service and meaning.",
	"The record has the fields that the convention asks for.",
	"A field has the same type in every record.",
}

// String gives the rule as used in labels, rule files and findings.
func (r Rule) String() string {
	if r < ruleCount {
		return ruleNames[r]
	}
	return "rule(" + strconv.Itoa(int(r)) + ")"
}

// Help explains the rule in a sentence or two.
func (r Rule) Help() string {
	if r < ruleCount {
		return ruleHelp[r]
	}
	return ""
}

// RuleSet is a set of rules, one bit for each.
type RuleSet uint16

// With gives the set with r added.
func (s RuleSet) With(r Rule) RuleSet { return s | 1<<r }

// Has reports whether r is in the set.
func (s RuleSet) Has(r Rule) bool { return s>>r&1 != 0 }
