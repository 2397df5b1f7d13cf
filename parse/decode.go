package parse

import (
	"bytes"

	"github.com/valyala/fastjson"
)

// text reads a line, or what an envelope held, by the form it begins with.
func (p *Parser) text(text []byte) Reason {
	line := text
	text = trim(text)
	if len(text) == 0 {
		return Empty
	}
	if text[0] == '{' {
		return p.object(text)
	}
	if rest, ok := cutCookie(text); ok {
		return p.cookie(rest)
	}
	if cri, ok := parseCRI(trimLine(line)); ok { // white space at the end of a fragment belongs to the record
		return p.cri(cri)
	}
	if msg, ok := parseSyslog(text); ok {
		return p.syslog(msg)
	}
	return scan(text, p.opt.MaxDepth).reason()
}

// cookie reads what follows an @cee: cookie. The empty layer counts it against the bound of nesting.
func (p *Parser) cookie(rest []byte) Reason {
	if p.push() == nil {
		return TooDeep
	}
	return p.text(rest)
}

// cutCookie takes the cookie off a text in which rsyslog marks JSON.
func cutCookie(text []byte) ([]byte, bool) { return bytes.CutPrefix(text, []byte("@cee:")) }

// longLine is the length from which a line is scanned before fastjson reads it, see scanner.
const longLine = 4 << 10

// object reads a text that begins with '{'.
func (p *Parser) object(text []byte) Reason {
	if len(text) > longLine {
		if v := scan(text, p.opt.MaxDepth); v != isObject {
			return v.reason()
		}
	} else if p.opt.MaxDepth < fastjson.MaxDepth && p.tooDeep(text) {
		return TooDeep
	}
	l := p.push()
	if l == nil {
		return TooDeep
	}
	if l.parsed > keepBytes && len(text) <= keepBytes {
		l.json = fastjson.Parser{}
	}
	l.parsed = len(text)
	v, err := l.json.ParseBytes(text)
	if err != nil {
		p.n--
		return scan(text, p.opt.MaxDepth).reason()
	}
	return p.value(l, v, bytes.IndexByte(text, '\\') < 0)
}

// tooDeep checks a depth below fastjson's own; most lines have too few brackets to need a scan.
func (p *Parser) tooDeep(text []byte) bool {
	brackets := bytes.Count(text, []byte("{")) + bytes.Count(text, []byte("["))
	return brackets > p.opt.MaxDepth && scan(text, p.opt.MaxDepth) == isDeep
}

// nested reads an object that an envelope holds decoded.
func (p *Parser) nested(v *fastjson.Value) Reason {
	l := p.push()
	if l == nil {
		return TooDeep
	}
	return p.value(l, v, false)
}

// value reads an object: its fields, then what it carries if it is an envelope. bare is as for collect.
func (p *Parser) value(l *layer, v *fastjson.Value, bare bool) Reason {
	l.rec.Object = v
	p.collect(v, bare)
	if p.found.seen[fieldCarrier] != 0 {
		if list := p.found.get(fieldCarrier, carrierResourceLogs); list != nil && list.Type() == fastjson.TypeArray {
			return p.startOTLP(list)
		}
	}
	p.resolve(&l.rec)
	in, ok := p.envelope(l)
	if !ok {
		return OK
	}
	return p.unwrap(l, in)
}
