package rules

import (
	"github.com/valyala/fastjson"

	"github.com/logproc/logproc/internal/glob"
	"github.com/logproc/logproc/parse"
)

// canonical is a field that parse finds under all its names and in all envelopes.
type canonical uint8

const (
	fieldKey canonical = iota
	fieldLevel
	fieldTime
	fieldDuration
	fieldStatus
	fieldService
	fieldEnv
	fieldRequestID
	fieldTraceID
	canonicalCount
	notCanonical // any other field of the application's own object
)

var canonicalNames = [canonicalCount]string{"key", "level", "time", "duration", "status", "service", "env", "request_id", "trace_id"}

// canonicalTypes are the only types that those fields can have; level and service have no JSON type of
// their own, since loggers write levels as names and as numbers.
var canonicalTypes = [canonicalCount]fieldType{fieldKey: typeString, fieldTime: typeTime, fieldDuration: typeNumber, fieldStatus: typeInteger}

// state says in what form a record has the field.
func (c canonical) state(r *parse.Record) parse.State {
	switch c {
	case fieldKey:
		return r.KeyState
	case fieldLevel:
		return r.LevelState
	case fieldTime:
		return r.TimeState
	case fieldDuration:
		return r.DurationState
	case fieldStatus:
		return r.StatusState
	case fieldService:
		return presence(r.Service)
	case fieldEnv:
		return presence(r.Env)
	case fieldRequestID:
		return presence(r.RequestID)
	default:
		return presence(r.TraceID)
	}
}

func presence(value []byte) parse.State {
	if len(value) > 0 {
		return parse.Present
	}
	return parse.Absent
}

// fieldType is the type that a field must have.
type fieldType uint8

const (
	typeAny fieldType = iota
	typeString
	typeNumber
	typeInteger
	typeBoolean
	typeTime
	typeObject
	typeArray
	typeCount
)

var typeNames = [typeCount]string{"", "string", "number", "integer", "boolean", "time", "object", "array"}

// typeWords name the types in messages.
var typeWords = [typeCount]string{"a value", "a string", "a number", "an integer", "true or false", "a time", "an object", "an array"}

// fits reports whether a value, which is not null, has the type.
func (t fieldType) fits(v *fastjson.Value) bool {
	switch t {
	case typeString:
		return v.Type() == fastjson.TypeString
	case typeNumber:
		return v.Type() == fastjson.TypeNumber
	case typeInteger:
		return v.Type() == fastjson.TypeNumber && isInteger(v)
	case typeBoolean:
		return v.Type() == fastjson.TypeTrue || v.Type() == fastjson.TypeFalse
	case typeTime:
		return isTime(v)
	case typeObject:
		return v.Type() == fastjson.TypeObject
	case typeArray:
		return v.Type() == fastjson.TypeArray
	}
	return true
}

// isInteger takes any number without a fraction, so also 2.0 and 1e3, which say the same.
func isInteger(v *fastjson.Value) bool {
	if _, err := v.Int64(); err == nil {
		return true
	}
	f, err := v.Float64()
	return err == nil && f == float64(int64(f))
}

// isTime takes what begins like an RFC 3339 date and time, and numbers, which are epochs in some unit.
func isTime(v *fastjson.Value) bool {
	if v.Type() == fastjson.TypeNumber {
		return true
	}
	const form = "0000-00-00T00:00:00"
	s := v.GetStringBytes()
	if len(s) < len(form) {
		return false
	}
	for i := range len(form) {
		switch c := s[i]; form[i] {
		case '0':
			if c < '0' || c > '9' {
				return false
			}
		case 'T':
			if c != 'T' && c != 't' && c != ' ' {
				return false
			}
		default:
			if c != form[i] {
				return false
			}
		}
	}
	return true
}

// fieldCheck is what the convention says about one field.
type fieldCheck struct {
	name     string     // as written in the rule file
	known    canonical  // or notCanonical
	path     parse.Path // where known is notCanonical
	typ      fieldType
	typed    bool
	required bool
	services []glob.Glob // all when empty
}

// broken gives the rule that the record breaks, or RuleNone.
func (f *fieldCheck) broken(r *parse.Record) Rule {
	switch f.state(r) {
	case parse.Present:
		return RuleNone
	case parse.Mistyped:
		if !f.typed {
			return RuleNone
		}
		return f.limited(r, RuleFieldType)
	}
	switch {
	case !f.required:
		return RuleNone
	case f.known == fieldKey:
		return f.limited(r, RuleMissingKey)
	default:
		return f.limited(r, RuleRequiredField)
	}
}

func (f *fieldCheck) limited(r *parse.Record, rule Rule) Rule {
	if len(f.services) > 0 && !glob.Any(f.services, r.Service) {
		return RuleNone
	}
	return rule
}

func (f *fieldCheck) state(r *parse.Record) parse.State {
	if f.known != notCanonical {
		return f.known.state(r)
	}
	v := r.Get(f.path)
	switch {
	case v == nil || v.Type() == fastjson.TypeNull:
		return parse.Absent
	case f.typ.fits(v):
		return parse.Present
	default:
		return parse.Mistyped
	}
}

// CheckFields gives the rules about fields that a record breaks: RuleMissingKey, RuleRequiredField and
// RuleFieldType. It allocates nothing; a record that breaks none of the built-in convention's costs a few
// nanoseconds.
func (n *Naming) CheckFields(r *parse.Record) RuleSet {
	if n.customFields == 0 && n.wanting&n.form(r) == 0 {
		return 0
	}
	var broken RuleSet
	for i := range n.fields {
		if rule := n.fields[i].broken(r); rule != RuleNone {
			broken = broken.With(rule)
		}
	}
	if broken == 0 {
		return 0
	}
	return broken & n.enabled(r.Service)
}

// stateBits is the width of a field's state as one of several bits.
const stateBits = 3

// bit gives the bit that stands for a field in a state.
func (c canonical) bit(s parse.State) uint32 { return 1 << s << (stateBits * c) }

// firstPresence is the first of the fields that parse keeps no State of.
const firstPresence = fieldService

// form gives one bit for each canonical field's state; those that parse keeps no State of are left out
// when no check asks for them.
func (n *Naming) form(r *parse.Record) uint32 {
	bits := fieldKey.bit(r.KeyState) | fieldLevel.bit(r.LevelState) | fieldTime.bit(r.TimeState) |
		fieldDuration.bit(r.DurationState) | fieldStatus.bit(r.StatusState)
	if n.wanting >= 1<<(stateBits*firstPresence) {
		for c := firstPresence; c < canonicalCount; c++ {
			bits |= c.bit(c.state(r))
		}
	}
	return bits
}

// summarise prepares what CheckFields looks at first: the states of canonical fields that may break a
// rule, whatever the service is.
func (n *Naming) summarise() {
	for i := range n.fields {
		f := &n.fields[i]
		if f.known == notCanonical {
			n.customFields++
			continue
		}
		if f.required {
			n.wanting |= f.known.bit(parse.Absent)
		}
		if f.typed {
			n.wanting |= f.known.bit(parse.Mistyped)
		}
	}
}
