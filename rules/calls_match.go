package rules

import (
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
	fields fieldReader
	found  Call
}

// NewMatcher gives a matcher of the rules.
func (c *Calls) NewMatcher() *CallMatcher {
	return &CallMatcher{calls: c, fields: newFieldReader(c.paths)}
}

// Match gives what a record says about a call; nil when it is no frame.
func (m *CallMatcher) Match(r *parse.Record) *Call {
	if r.Object == nil {
		return nil
	}
	m.fields.begin()
	for i := range m.calls.rules {
		rule := &m.calls.rules[i]
		for j := range rule.frames {
			if f := &rule.frames[j]; m.fields.fit(r, f.conditions) {
				m.fill(r, rule, f)
				return &m.found
			}
		}
	}
	return nil
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
		if s := &sources[i]; s.kind != sourceService || own {
			if text := m.fields.source(r, s, f.conditions); len(text) > 0 {
				return text
			}
		}
	}
	return nil
}
