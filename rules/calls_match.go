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
	byKey  map[string][]candidate // keys come again and again, and most fit few frames
}

// candidate is a frame that records of a key may be.
type candidate struct {
	rule  *callRule
	frame *callFrame
}

// NewMatcher gives a matcher of the rules.
func (c *Calls) NewMatcher() *CallMatcher {
	return &CallMatcher{calls: c, fields: newFieldReader(c.paths), byKey: make(map[string][]candidate)}
}

// Match gives what a record says about a call; nil when it is no frame.
func (m *CallMatcher) Match(r *parse.Record) *Call {
	if r.Object == nil {
		return nil
	}
	m.fields.begin()
	for _, c := range m.candidates(r.Key) {
		if m.fields.fit(r, c.frame.conditions) {
			m.fill(r, c.rule, c.frame)
			return &m.found
		}
	}
	return nil
}

const (
	// maxKeys bounds the keys that are remembered; longer ones than longestKey never are.
	maxKeys    = 10_000
	longestKey = 256
)

// candidates gives the frames whose conditions on the key hold, in the order of the rules.
func (m *CallMatcher) candidates(key []byte) []candidate {
	if list, ok := m.byKey[string(key)]; ok {
		return list
	}
	var list []candidate
	for i := range m.calls.rules {
		rule := &m.calls.rules[i]
		for j := range rule.frames {
			if f := &rule.frames[j]; m.fields.keyFits(key, f.conditions) {
				list = append(list, candidate{rule, f})
			}
		}
	}
	if len(key) <= longestKey {
		if len(m.byKey) >= maxKeys {
			clear(m.byKey)
		}
		m.byKey[string(key)] = list
	}
	return list
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
