package parse

import (
	"bytes"
	"math/bits"

	"github.com/valyala/fastjson"
)

// resolve fills rec from the fields that were found. Of each field's candidates the first wins whose
// value can be used; null, empty strings and values of a wrong type are passed over.
func (p *Parser) resolve(rec *Record) {
	seen := &p.found.seen
	if seen[fieldKey] != 0 {
		rec.Key, rec.KeyState = p.textField(fieldKey)
	}
	if seen[fieldLevel] != 0 {
		rec.Level, rec.LevelState = p.level()
	}
	if seen[fieldTime] != 0 {
		rec.Time, rec.TimeState = p.time()
	}
	if seen[fieldService] != 0 {
		rec.Service, _ = p.textField(fieldService)
	}
	if seen[fieldEnv] != 0 {
		rec.Env, _ = p.textField(fieldEnv)
	}
	if seen[fieldRequestID] != 0 {
		rec.RequestID, _ = p.textField(fieldRequestID)
	}
	if seen[fieldTraceID] != 0 {
		rec.TraceID, _ = p.textField(fieldTraceID)
	}
	if seen[fieldDuration] != 0 {
		rec.Duration, rec.DurationState = p.duration()
	}
	if seen[fieldStatus] != 0 {
		rec.Status, rec.StatusState = p.status()
	}
	if rec.LevelState == Absent && seen[fieldMark] != 0 && p.isSerilogCompact() {
		rec.Level, rec.LevelState = LevelInfo, Present // this format leaves out the level when it is Information
	}
}

func (p *Parser) isSerilogCompact() bool {
	f := &p.found
	return f.has(fieldMark, markCompactTime) &&
		(f.has(fieldMark, markCompactTemplate) || f.has(fieldMark, markCompactMessage))
}

// candidate gives the value of a field's rank-th candidate and how to read it; nil when a nested path
// leads nowhere.
func (p *Parser) candidate(f field, rank int) (*candidate, *fastjson.Value) {
	c := &p.fields.candidates[f][rank]
	v := p.found.values[f][rank]
	if c.kind == kindNested {
		v = c.rest.in(v)
	}
	return c, v
}

// firstString gives the value of a field's first candidate if that is a plain string, as it mostly is;
// nil for all that needs a closer look.
func (p *Parser) firstString(f field) []byte {
	rank := bits.TrailingZeros64(p.found.seen[f]) & (maxRanks - 1)
	if p.fields.candidates[f][rank].kind != kindPlain {
		return nil
	}
	v := p.found.values[f][rank]
	if v.Type() != fastjson.TypeString {
		return nil
	}
	text, _ := v.StringBytes()
	return text
}

// firstNumber does the same for a plain number.
func (p *Parser) firstNumber(f field) (c *candidate, v *fastjson.Value) {
	rank := bits.TrailingZeros64(p.found.seen[f]) & (maxRanks - 1)
	c, v = &p.fields.candidates[f][rank], p.found.values[f][rank]
	if c.kind != kindPlain || v.Type() != fastjson.TypeNumber {
		return c, nil
	}
	return c, v
}

// textField gives the first usable value of a field of text.
func (p *Parser) textField(f field) ([]byte, State) {
	if text := p.firstString(f); len(text) > 0 {
		return text, Present
	}
	return p.textFieldSlow(f)
}

func (p *Parser) textFieldSlow(f field) ([]byte, State) {
	state := Absent
	for m := p.found.seen[f]; m != 0; m &= m - 1 {
		c, v := p.candidate(f, bits.TrailingZeros64(m))
		text, s := p.textOf(f, c, v)
		if s == Present {
			return text, Present
		}
		state = max(state, s)
	}
	return nil, state
}

func (p *Parser) textOf(f field, c *candidate, v *fastjson.Value) ([]byte, State) {
	switch c.kind {
	case kindMetadata:
		return p.metadata(f, v)
	case kindProcess:
		if !p.found.has(fieldMark, markHostname) || !p.found.has(fieldMark, markPid) {
			return nil, Absent
		}
	}
	text, s := p.scalar(v)
	switch c.kind {
	case kindMesos:
		text = upToMark(text)
	case kindContainer:
		text = bytes.TrimPrefix(text, []byte("/"))
	}
	if len(text) == 0 && s == Present {
		return nil, Absent
	}
	return text, s
}

// upToMark cuts a Mesos task id down to the service: up to the first '-' or '.'.
func upToMark(id []byte) []byte {
	for i, c := range id {
		if c == '-' || c == '.' {
			return id[:i]
		}
	}
	return id
}

// scalar gives a value as text: a string unescaped, a number as written, true or false. An empty
// string is as good as none.
func (p *Parser) scalar(v *fastjson.Value) ([]byte, State) {
	if v == nil {
		return nil, Absent
	}
	switch v.Type() {
	case fastjson.TypeString:
		text := v.GetStringBytes()
		if len(text) == 0 {
			return nil, Absent
		}
		return text, Present
	case fastjson.TypeNumber, fastjson.TypeTrue, fastjson.TypeFalse:
		return p.literal(v), Present
	case fastjson.TypeNull:
		return nil, Absent
	}
	return nil, Mistyped
}

// literal gives the text of a number, true or false, in memory that lives as long as the record.
func (p *Parser) literal(v *fastjson.Value) []byte {
	start := len(p.scratch)
	p.scratch = v.MarshalTo(p.scratch)
	return p.scratch[start:len(p.scratch):len(p.scratch)]
}

// numeric gives the text of a number or of a string, which may hold one.
func (p *Parser) numeric(v *fastjson.Value) ([]byte, State) {
	text, s := p.scalar(v)
	if s == Present && (v.Type() == fastjson.TypeTrue || v.Type() == fastjson.TypeFalse) {
		return nil, Mistyped
	}
	return text, s
}

// level gives the first level that is known; a record whose level has no known name is Present and
// LevelUnknown.
func (p *Parser) level() (Level, State) {
	if text := p.firstString(fieldLevel); len(text) > 0 {
		if l := ParseLevel(text); l != LevelUnknown {
			return l, Present
		}
	}
	return p.levelSlow()
}

func (p *Parser) levelSlow() (Level, State) {
	state := Absent
	for m := p.found.seen[fieldLevel]; m != 0; m &= m - 1 {
		c, v := p.candidate(fieldLevel, bits.TrailingZeros64(m))
		text, s := p.numeric(v)
		if s != Present {
			if state == Absent {
				state = s
			}
			continue
		}
		if l := levelOf(c, text); l != LevelUnknown {
			return l, Present
		}
		state = Present
	}
	return LevelUnknown, state
}

func levelOf(c *candidate, text []byte) Level {
	if c.kind == kindSeverity {
		if n, ok := parseInteger(text); ok {
			return severityOfNumber(n)
		}
	}
	return ParseLevel(text)
}

func (p *Parser) time() (int64, State) {
	if text := p.firstString(fieldTime); len(text) > 0 {
		if ns, ok := p.dates.parse(text); ok {
			return ns, Present
		}
	}
	return p.timeSlow()
}

func (p *Parser) timeSlow() (int64, State) {
	state := Absent
	for m := p.found.seen[fieldTime]; m != 0; m &= m - 1 {
		c, v := p.candidate(fieldTime, bits.TrailingZeros64(m))
		ns, s := p.timeOf(c, v)
		if s == Present {
			return ns, Present
		}
		state = max(state, s)
	}
	return 0, state
}

func (p *Parser) timeOf(c *candidate, v *fastjson.Value) (int64, State) {
	if o := v.GetObject(); o != nil {
		return p.instant(o)
	}
	text, s := p.numeric(v)
	if s != Present {
		return 0, s
	}
	if c.kind == kindNonZeroTime && string(text) == "0" {
		return 0, Absent
	}
	if ns, ok := p.dates.parse(trim(text)); ok {
		return ns, Present
	}
	return 0, Mistyped
}

// instant reads a time in two parts, as log4j2 and Google's libraries write it.
func (p *Parser) instant(o *fastjson.Object) (int64, State) {
	for _, names := range [...][2]string{{"epochSecond", "nanoOfSecond"}, {"seconds", "nanos"}} {
		v := o.Get(names[0])
		if v == nil {
			continue
		}
		sec, ok := p.integerOf(v)
		nano := int64(0)
		if w := o.Get(names[1]); w != nil && ok {
			nano, ok = p.integerOf(w)
		}
		if !ok || nano < 0 || nano >= second || sec < firstNano/second || sec > lastNano/second {
			return 0, Mistyped
		}
		return sec*second + nano, Present
	}
	return 0, Mistyped
}

func (p *Parser) integerOf(v *fastjson.Value) (int64, bool) {
	text, s := p.numeric(v)
	if s != Present {
		return 0, false
	}
	return parseInteger(text)
}

func (p *Parser) duration() (Millis, State) {
	if c, v := p.firstNumber(fieldDuration); v != nil {
		// fastjson gives 0 for what is no number; the slow path then looks again.
		if d, ok := asMillis(v.GetFloat64() * c.unit); ok && d != 0 {
			return d, Present
		}
	}
	return p.durationSlow()
}

func (p *Parser) durationSlow() (Millis, State) {
	state := Absent
	for m := p.found.seen[fieldDuration]; m != 0; m &= m - 1 {
		c, v := p.candidate(fieldDuration, bits.TrailingZeros64(m))
		text, s := p.numeric(v)
		if s == Present {
			if d, ok := parseDuration(text, c.unit); ok {
				return d, Present
			}
			s = Mistyped
		}
		state = max(state, s)
	}
	return 0, state
}

func (p *Parser) status() (int64, State) {
	if _, v := p.firstNumber(fieldStatus); v != nil {
		if n := v.GetInt64(); n != 0 {
			return n, Present
		}
	}
	return p.statusSlow()
}

func (p *Parser) statusSlow() (int64, State) {
	state := Absent
	for m := p.found.seen[fieldStatus]; m != 0; m &= m - 1 {
		_, v := p.candidate(fieldStatus, bits.TrailingZeros64(m))
		text, s := p.numeric(v)
		if s == Present {
			if n, ok := parseInteger(trim(text)); ok {
				return n, Present
			}
			s = Mistyped
		}
		state = max(state, s)
	}
	return 0, state
}
