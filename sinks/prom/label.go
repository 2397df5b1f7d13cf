package prom

import (
	"strings"
	"unicode"
	"unicode/utf8"

	dto "github.com/prometheus/client_model/go"

	"github.com/logproc/logproc/parse"
	"github.com/logproc/logproc/rollup"
)

// maxLabel is the longest label value in bytes. Keys that keep to the naming convention are far shorter;
// the bound is for names of services and environments, which no rule checks.
const maxLabel = 256

// ellipsis ends a value that was cut.
const ellipsis = "…"

// clean gives a value that every exposition format can carry: valid UTF-8 without control characters,
// of bounded length. Values that need no change are given back as they are.
func clean(v string) string {
	if isClean(v) {
		return v
	}
	v = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return utf8.RuneError
		}
		return r
	}, strings.ToValidUTF8(v, string(utf8.RuneError)))
	if len(v) <= maxLabel {
		return v
	}
	end := maxLabel - len(ellipsis)
	for !utf8.RuneStart(v[end]) {
		end--
	}
	return v[:end] + ellipsis
}

func isClean(v string) bool {
	if len(v) > maxLabel || !utf8.ValidString(v) {
		return false
	}
	return !strings.ContainsFunc(v, unicode.IsControl)
}

// eventKey is a rollup.Key as labels.
type eventKey struct {
	service, env, msg string
	level             parse.Level
}

func eventKeyOf(k rollup.Key) eventKey {
	return eventKey{service: k.Service.String(), env: k.Env.String(), msg: k.Msg.String(), level: k.Level}
}

// clean cleans all parts of a key. Keys that only differ in what cannot be shown share a series.
func (k eventKey) clean() eventKey {
	return eventKey{service: clean(k.service), env: clean(k.env), msg: clean(k.msg), level: k.level}
}

// labels makes label pairs; the frequent ones (service, env, level) are made once and shared.
type labels struct {
	shared map[[2]string]*dto.LabelPair
}

func newLabels() *labels { return &labels{shared: make(map[[2]string]*dto.LabelPair)} }

func (l *labels) share(name, value string) *dto.LabelPair {
	at := [2]string{name, value}
	p := l.shared[at]
	if p == nil {
		p = pair(name, strings.Clone(value))
		l.shared[[2]string{name, *p.Value}] = p
	}
	return p
}

// pair makes one label pair of a clean value.
func pair(name, value string) *dto.LabelPair { return &dto.LabelPair{Name: &name, Value: &value} }
