package rules

import (
	"strings"

	"github.com/valyala/fastjson"

	"github.com/logproc/logproc/internal/glob"
	"github.com/logproc/logproc/parse"
)

// keyPath is the field name that stands for a record's key.
const keyPath = "msg"

// condition holds when the value of a field fits one of the globs.
type condition struct {
	path  int // index into the paths of a fieldReader
	globs []pattern
}

// pattern is a glob; what it comes to is worked out beforehand, as most records fit none.
type pattern struct {
	glob glob.Glob
	kind patternKind
	text string // of the glob without its star
}

type patternKind uint8

const (
	patternAny    patternKind = iota // a glob of several stars, or one in the middle
	patternWhole                     // no star
	patternSuffix                    // a star in front
	patternPrefix                    // a star at the end
)

func newPattern(text string) pattern {
	tail, head := strings.TrimPrefix(text, "*"), strings.TrimSuffix(text, "*")
	switch {
	case glob.Glob(text).Literal():
		return pattern{glob.Glob(text), patternWhole, text}
	case len(tail) < len(text) && glob.Glob(tail).Literal():
		return pattern{glob.Glob(text), patternSuffix, tail}
	case len(head) < len(text) && glob.Glob(head).Literal():
		return pattern{glob.Glob(text), patternPrefix, head}
	}
	return pattern{glob: glob.Glob(text)}
}

func (p *pattern) match(value []byte) bool {
	n := len(p.text)
	switch p.kind {
	case patternWhole:
		return string(value) == p.text
	case patternSuffix:
		return len(value) >= n && string(value[len(value)-n:]) == p.text
	case patternPrefix:
		return len(value) >= n && string(value[:n]) == p.text
	}
	return p.glob.Match(value)
}

func (c *condition) match(value []byte) bool {
	for i := range c.globs {
		if c.globs[i].match(value) {
			return true
		}
	}
	return false
}

// fieldReader holds records against conditions, looking each field up at most once.
type fieldReader struct {
	paths  []parse.Path
	values []fieldValue
	text   []byte // numbers as text
}

// fieldValue is a field of the record at hand, looked up when it is first asked for.
type fieldValue struct {
	known bool
	text  []byte
}

func newFieldReader(paths []parse.Path) fieldReader {
	return fieldReader{paths: paths, values: make([]fieldValue, len(paths))}
}

// begin forgets the record before.
func (m *fieldReader) begin() {
	clear(m.values)
	m.text = m.text[:0]
}

// fit reports whether a record fulfils all conditions.
func (m *fieldReader) fit(r *parse.Record, conditions []condition) bool {
	for i := range conditions {
		c := &conditions[i]
		value := m.value(r, c.path)
		if value == nil || !c.match(value) {
			return false
		}
	}
	return true
}

// keyFits reports whether a key fulfils the conditions on it.
func (m *fieldReader) keyFits(key []byte, conditions []condition) bool {
	for i := range conditions {
		if c := &conditions[i]; m.paths[c.path].String() == keyPath && (key == nil || !c.match(key)) {
			return false
		}
	}
	return true
}

// value gives the text of a field that frames ask for; nil when the record has none.
func (m *fieldReader) value(r *parse.Record, path int) []byte {
	v := &m.values[path]
	if !v.known {
		v.known = true
		if p := m.paths[path]; p.String() == keyPath {
			v.text = r.Key
		} else {
			v.text = m.textOf(r.Get(p))
		}
	}
	return v.text
}

// textOf gives a string or a number as text; nil for anything else.
func (m *fieldReader) textOf(v *fastjson.Value) []byte {
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
