package rules

import "errors"

// file is a rule file as it is written.
type file struct {
	Grammar struct {
		MinSegments int `yaml:"min_segments" help:"fewest segments of a key"`
		MaxSegments int `yaml:"max_segments" help:"most segments of a key"`
		MaxLength   int `yaml:"max_length" help:"most bytes of a key"`
	} `yaml:"grammar"`
	Identifiers struct {
		Digits int `yaml:"digits" help:"digits in a row that are an identifier"`
		Hex    int `yaml:"hex" help:"hexadecimal digits, one of them decimal, that are an identifier"`
	} `yaml:"identifiers"`
	Rules struct {
		MissingKey    toggle `yaml:"missing_key"`
		Identifier    toggle `yaml:"identifier"`
		FreeText      toggle `yaml:"free_text"`
		Characters    toggle `yaml:"characters"`
		Length        toggle `yaml:"length"`
		Segments      toggle `yaml:"segments"`
		FirstSegment  toggle `yaml:"first_segment"`
		Unregistered  toggle `yaml:"unregistered"`
		RequiredField toggle `yaml:"required_field"`
		FieldType     toggle `yaml:"field_type"`
	} `yaml:"rules"`
	FirstSegments []firstSegments `yaml:"first_segments" help:"first segments that services may use"`
	Fields        []fieldEntry    `yaml:"fields" help:"fields that records must have, and their types"`
	Keys          []keyEntry      `yaml:"keys" help:"registry of known keys"`
}

// toggles pairs every rule with its setting.
func (f *file) toggles() [ruleCount]*toggle {
	r := &f.Rules
	return [ruleCount]*toggle{
		RuleMissingKey: &r.MissingKey, RuleIdentifier: &r.Identifier, RuleFreeText: &r.FreeText, RuleCharacters: &r.Characters,
		RuleLength: &r.Length, RuleSegments: &r.Segments, RuleFirstSegment: &r.FirstSegment, RuleUnregistered: &r.Unregistered,
		RuleRequiredField: &r.RequiredField, RuleFieldType: &r.FieldType,
	}
}

// toggle switches a rule: "on", "off", or a mapping that limits it to services.
type toggle struct {
	off      bool
	Services []string `yaml:"services" help:"services that the rule is for, as globs"`
	Except   []string `yaml:"except" help:"services that the rule is not for, as globs"`
}

// UnmarshalText reads "on" and "off".
func (t *toggle) UnmarshalText(text []byte) error {
	switch string(text) {
	case "on", "true":
		*t = toggle{}
	case "off", "false":
		*t = toggle{off: true}
	default:
		return errors.New("it is neither on nor off")
	}
	return nil
}

// Expects says what a toggle looks like.
func (toggle) Expects() string { return "on, off, or a mapping with services or except" }

type firstSegments struct {
	Services []string `yaml:"services" help:"services, as globs"`
	Segments []string `yaml:"segments" help:"first segments that they may use"`
}

type fieldEntry struct {
	Name     string   `yaml:"name" help:"name of the field"`
	Type     string   `yaml:"type" help:"string, number, integer, boolean, time, object or array"`
	Required bool     `yaml:"required" help:"whether records must have it"`
	Services []string `yaml:"services" help:"services that this is for, as globs; all when empty"`
}

type keyEntry struct {
	Key         string   `yaml:"key" help:"the key"`
	Service     string   `yaml:"service" help:"service that writes it, may be a glob; any when empty"`
	Env         []string `yaml:"env" help:"environments in which it exists at 0 from the start"`
	Level       string   `yaml:"level" help:"level at which it exists at 0 from the start"`
	Description string   `yaml:"description" help:"what it means"`
}
