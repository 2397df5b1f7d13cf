package rules

import (
	"bytes"
	"strings"

	"github.com/valyala/fastjson"

	"github.com/logproc/logproc/internal/glob"
	"github.com/logproc/logproc/parse"
)

// Call is what a record says about a call. Its slices are valid until the matcher's next call, and no longer
// than the record.
type Call struct {
	Frame       Frame
	From, To    []byte // client and server as logged; nil when unknown
	Operation   []byte // of the server; nil when To says it all
	Host, Zone  []byte
	Error       []byte
	Duration    parse.Millis // what the side measured itself; valid with HasDuration
	HasDuration bool
	ShowFrame   bool // a timeline shows the frame, not the record's key
}

// CallMatcher finds the frames among records. It belongs to one goroutine and allocates nothing once its
// buffers have grown.
type CallMatcher struct {
	calls  *Calls
	values []fieldValue // by index into calls.paths
	text   []byte       // numbers as text
	found  Call
}

// fieldValue is a field of the record at hand, looked up when it is first asked for.
type fieldValue struct {
	known bool
	text  []byte
}

// NewMatcher gives a matcher of the rules.
func (c *Calls) NewMatcher() *CallMatcher {
	return &CallMatcher{calls: c, values: make([]fieldValue, len(c.paths))}
}

// Match gives what a record says about a call; nil when it is no frame.
func (m *CallMatcher) Match(r *parse.Record) *Call {
	if r.Object == nil {
		return nil
	}
	clear(m.values)
	m.text = m.text[:0]
	for i := range m.calls.rules {
		rule := &m.calls.rules[i]
		for j := range rule.frames {
			if f := &rule.frames[j]; m.fits(r, f) {
				m.fill(r, rule, f)
				return &m.found
			}
		}
	}
	return nil
}

func (m *CallMatcher) fits(r *parse.Record, f *callFrame) bool {
	for i := range f.conditions {
		c := &f.conditions[i]
		value := m.value(r, c.path)
		if value == nil || !glob.Any(c.globs, value) {
			return false
		}
	}
	return true
}

// value gives the text of a field that frames ask for; nil when the record has none.
func (m *CallMatcher) value(r *parse.Record, path int) []byte {
	v := &m.values[path]
	if !v.known {
		v.known = true
		if p := m.calls.paths[path]; p.String() == keyPath {
			v.text = r.Key
		} else {
			v.text = m.textOf(r.Get(p))
		}
	}
	return v.text
}

// textOf gives a string or a number as text; nil for anything else.
func (m *CallMatcher) textOf(v *fastjson.Value) []byte {
	if v == nil {
		return nil
	}
	switch v.Type() {
	case fastjson.TypeString:
		return v.GetStringBytes()
	case fastjson.TypeNumber:
		start := len(m.text)
		m.text = v.MarshalTo(m.text)
		return m.text[start:len(m.text):len(m.text)]
	default:
		return nil
	}
}

func (m *CallMatcher) fill(r *parse.Record, rule *callRule, f *callFrame) {
	m.found = Call{
		Frame: f.frame, ShowFrame: rule.showFrames,
		From: m.first(r, rule.from, f, !f.frame.Server()), To: m.first(r, rule.to, f, f.frame.Server()),
		Operation: m.first(r, rule.operation, f, false),
		Host:      m.first(r, rule.host, f, false), Zone: m.first(r, rule.zone, f, false), Error: m.first(r, rule.failure, f, false),
		Duration: r.Duration, HasDuration: r.DurationState == parse.Present,
	}
	for _, p := range rule.duration {
		if v := r.Get(p); v != nil && !m.found.HasDuration {
			ms, err := v.Float64()
			m.found.Duration, m.found.HasDuration = parse.Millis(ms), err == nil && ms >= 0
		}
	}
}

// first gives the first source that has a text. own tells whether the record's service is the side asked for.
func (m *CallMatcher) first(r *parse.Record, sources []source, f *callFrame, own bool) []byte {
	for i := range sources {
		var text []byte
		switch s := &sources[i]; {
		case s.kind == sourceField:
			text = m.textOf(r.Get(s.path))
		case s.kind == sourceService && own:
			text = r.Service
		case s.kind == sourceKey:
			text = m.stem(r, f)
		}
		if len(text) > 0 {
			return text
		}
	}
	return nil
}

// stem gives what the stars of the key's glob stand for, of a glob with a star at one of its ends; the
// whole key of any other.
func (m *CallMatcher) stem(r *parse.Record, f *callFrame) []byte {
	for i := range f.conditions {
		c := &f.conditions[i]
		if m.calls.paths[c.path].String() != keyPath {
			continue
		}
		for _, g := range c.globs {
			if !g.Match(r.Key) {
				continue
			}
			switch tail, head := strings.TrimPrefix(string(g), "*"), strings.TrimSuffix(string(g), "*"); {
			case len(tail) < len(g) && glob.Glob(tail).Literal():
				return bytes.TrimSuffix(r.Key, []byte(tail))
			case len(head) < len(g) && glob.Glob(head).Literal():
				return bytes.TrimPrefix(r.Key, []byte(head))
			}
		}
	}
	return r.Key
}
