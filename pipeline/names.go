package pipeline

import (
	"strings"

	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/rollup"
)

// maxLabel bounds the names of services and envs.
const maxLabel = 64

// label makes a label value of a service's or env's name. A name that is none (too long, or with
// characters that names do not have) is not shown, since it may hold anything: it becomes _invalid.
func (t *tally) label(name []byte, field string, missing redact.Text) redact.Text {
	if len(name) == 0 {
		return missing
	}
	if l, known := t.labels[string(name)]; known {
		return l
	}
	if !isName(name) {
		return redact.Const(rollup.MsgInvalid)
	}
	l := t.redactor.Label(name, field)
	if l.String() != string(name) { // it names something that must not be shown, or nothing at all
		l = redact.Const(rollup.MsgInvalid)
	}
	if len(t.labels) < maxLabels {
		t.labels[string(name)] = l
	}
	return l
}

// maxLabels bounds the table of names; further ones are copied for each record that is not known.
const maxLabels = 10_000

func isName(name []byte) bool {
	if len(name) > maxLabel || len(name) > 0 && name[0] == '_' { // names of our own begin like that
		return false
	}
	digits, letters := 0, false
	for _, c := range name {
		switch {
		case c <= ' ' || c >= 0x7f || strings.IndexByte(`"'\@<>{}%+&=`, c) >= 0:
			return false
		case '0' <= c && c <= '9':
			if digits++; digits >= maxNameDigits {
				return false // an account, a phone number, a date
			}
		default:
			digits = 0
			letters = letters || c|0x20 >= 'a' && c|0x20 <= 'z'
		}
	}
	return letters || len(name) == 0 // without a letter it may be an address
}

// maxNameDigits is how many digits in a row make a number of a name.
const maxNameDigits = 6
