package parse

import (
	"bytes"
	"time"
)

// syslogLine is a line with the header of RFC 5424 or RFC 3164, with or without its priority.
type syslogLine struct {
	severity int64 // -1 when there is no priority
	stamp    []byte
	legacy   bool // stamp is RFC 3164's, without a year
	app      []byte
	text     []byte
}

// parseSyslog reads such a line. Without a priority only a message that is marked as JSON, or begins like
// it, makes a line one of syslog's.
func parseSyslog(b []byte) (line syslogLine, ok bool) {
	line.severity = -1
	rest := b
	if b[0] == '<' {
		if line.severity, rest, ok = cutPriority(b); !ok {
			return line, false
		}
		if after, ok := bytes.CutPrefix(rest, []byte("1 ")); ok {
			return line.rfc5424(after)
		}
	}
	if line, ok = line.rfc3164(rest); !ok {
		return line, false
	}
	if line.severity < 0 && !bytes.HasPrefix(line.text, []byte("{")) && !bytes.HasPrefix(line.text, []byte("@cee:")) {
		return line, false
	}
	return line, true
}

// cutPriority reads <PRI>, whose last three bits are the severity.
func cutPriority(b []byte) (severity int64, rest []byte, ok bool) {
	end := bytes.IndexByte(b, '>')
	if end < 2 || end > 4 {
		return 0, nil, false
	}
	pri := int64(0)
	for _, c := range b[1:end] {
		if c < '0' || c > '9' {
			return 0, nil, false
		}
		pri = pri*10 + int64(c-'0')
	}
	return pri & 7, b[end+1:], pri <= 191
}

// rfc5424 reads TIMESTAMP HOSTNAME APP-NAME PROCID MSGID STRUCTURED-DATA MSG.
func (line syslogLine) rfc5424(b []byte) (syslogLine, bool) {
	var fields [5][]byte
	for i := range fields {
		var ok bool
		if fields[i], b, ok = bytes.Cut(b, []byte(" ")); !ok {
			return line, false
		}
	}
	line.stamp = fields[0]
	if string(fields[2]) != "-" {
		line.app = fields[2]
	}
	b, ok := skipStructuredData(b)
	line.text = trimBOM(trim(b))
	return line, ok
}

// skipStructuredData steps over "-" or [id name="value" ...] elements, whose values escape '"' and ']'.
func skipStructuredData(b []byte) ([]byte, bool) {
	if rest, ok := bytes.CutPrefix(b, []byte("-")); ok {
		return rest, true
	}
	quoted := false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case !quoted && c == ']' && (i+1 == len(b) || b[i+1] != '['):
			return b[i+1:], true
		case i == 0 && c != '[':
			return nil, false
		}
	}
	return nil, false
}

const legacyLayout = "Jan _2 15:04:05"

// rfc3164 reads TIMESTAMP HOSTNAME TAG: MSG; rsyslog's own files have an RFC 3339 time there.
func (line syslogLine) rfc3164(b []byte) (syslogLine, bool) {
	switch {
	case len(b) > len(legacyLayout) && b[3] == ' ' && b[9] == ':' && b[12] == ':' && b[15] == ' ':
		line.stamp, b, line.legacy = b[:len(legacyLayout)], b[len(legacyLayout)+1:], true
	case len(b) > layoutLength && b[4] == '-' && b[10] == 'T':
		line.stamp, b, _ = bytes.Cut(b, []byte(" "))
	default:
		return line, false
	}
	_, b, ok := bytes.Cut(b, []byte(" ")) // the host
	if !ok {
		return line, false
	}
	tag, text, ok := bytes.Cut(b, []byte(": "))
	if !ok {
		if tag, text, ok = bytes.Cut(b, []byte(":")); !ok {
			return line, false
		}
	}
	if len(tag) > 128 || bytes.IndexByte(tag, ' ') >= 0 {
		return line, false
	}
	if i := bytes.IndexByte(tag, '['); i >= 0 {
		tag = tag[:i]
	}
	line.app, line.text = tag, trimBOM(trim(text))
	return line, true
}

// syslog reads the message of a syslog line; time, application and severity stand in for what it
// does not name.
func (p *Parser) syslog(line syslogLine) Reason {
	l := p.push()
	if l == nil {
		return TooDeep
	}
	if line.severity >= 0 {
		l.rec.Level, l.rec.LevelState = levelOfNumber(line.severity), Present
	}
	if len(line.app) > 0 {
		l.rec.Service = p.keep(line.app)
	}
	if ns, ok := line.time(p.in.Time); ok {
		l.rec.Time, l.rec.TimeState = ns, Present
	}
	return p.text(line.text)
}

// keep copies bytes of the line itself, which is the caller's, into memory that lives as long as the record.
func (p *Parser) keep(b []byte) []byte {
	start := len(p.scratch)
	p.scratch = append(p.scratch, b...)
	return p.scratch[start:len(p.scratch):len(p.scratch)]
}

// time gives the header's time. RFC 3164 names no year: the one is taken that brings it nearest to the
// carrier's time, and without a carrier's time there is none.
func (line syslogLine) time(carrier int64) (ns int64, ok bool) {
	if !line.legacy {
		return ParseTime(line.stamp)
	}
	month, ok := monthOf(line.stamp[:3])
	tens := line.stamp[4]
	if tens == ' ' {
		tens = '0'
	}
	dom, ok2 := twoDigits(tens, line.stamp[5])
	clock, ok3 := parseClock(line.stamp[6:])
	if !ok || !ok2 || !ok3 || carrier == 0 {
		return 0, false
	}
	near := time.Unix(0, carrier).UTC().Year()
	best := int64(1<<63 - 1)
	for year := max(near-1, minYear); year <= min(near+1, maxYear); year++ {
		if dom < 1 || dom > daysIn(year, month) {
			continue
		}
		t := daysSince1970(year, month, dom)*day + clock
		if distance := max(t-carrier, carrier-t); distance < best {
			ns, best = t, distance
		}
	}
	return ns, best != 1<<63-1
}

func monthOf(name []byte) (month int, ok bool) {
	for m := time.January; m <= time.December; m++ {
		if m.String()[:3] == string(name) {
			return int(m), true
		}
	}
	return 0, false
}
