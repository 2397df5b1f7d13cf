package redact

import (
	"bytes"
	"slices"
)

// KcatLine redacts a record in the form of kcat -J, {"topic":…,"headers":[…],"key":…,"payload":…}: key,
// headers and payload as Apply does, the fields of the envelope as those of any record. A line of another
// form is redacted as a record. Only the value of the result is set.
func (r *Redactor) KcatLine(line, service []byte) (out Redacted) {
	e, ok := r.envelope(line)
	if !ok {
		return r.Apply(Source{Value: line, Service: service})
	}
	r.hits.Records++
	r.hits.Bytes += uint64(len(line))
	defer func() {
		if recover() != nil {
			r.hits.Withheld[Defect]++
			out = Redacted{value: placeholder(line)}
		}
	}()
	if len(line) > r.limits.RecordBytes {
		r.hits.Withheld[BeyondRecord]++
		return Redacted{value: placeholder(line)}
	}
	r.start(len(line))
	r.redactEnvelope(line, e, r.root(service))
	if len(r.edits) == 0 {
		return Redacted{value: line}
	}
	r.hits.Changed++
	r.value = build(r.value[:0], line, r.edits)
	return Redacted{value: r.value}
}

// part is where a member of an envelope has its value. The last of a line may be cut off.
type part struct {
	start, end int
	cut        bool
}

// envelope is where the parts of a kcat line are. A name that comes twice is in it twice.
type envelope struct {
	payloads, keys, headers, others []part
	names                           int // of those that every record has
}

// envelope reads a line of kcat, whole or cut off, and reports whether it is one.
func (r *Redactor) envelope(line []byte) (e envelope, ok bool) {
	d := document{src: line}
	d.space()
	if d.pos >= len(line) || line[d.pos] != '{' {
		return e, false
	}
	d.pos++
	for {
		switch e.member(&d) {
		case cutOff:
			return e, e.names == 3
		case malformed:
			return e, false
		}
		d.space()
		if d.pos >= len(line) {
			return e, e.names == 3
		}
		d.pos++
		switch line[d.pos-1] {
		case ',':
		case '}':
			d.space()
			return e, d.pos == len(line) && e.names == 3
		default:
			return e, false
		}
	}
}

// member reads a name and where its value is.
func (e *envelope) member(d *document) outcome {
	d.space()
	name := d.pos
	if name >= len(d.src) {
		return cutOff
	}
	if d.src[name] != '"' {
		return malformed
	}
	raw, complete := d.skipString()
	d.space()
	if !complete || d.pos >= len(d.src) {
		e.others = append(e.others, part{name, len(d.src), true})
		return cutOff
	}
	if d.src[d.pos] != ':' {
		return malformed
	}
	d.pos++
	d.space()
	p := part{start: d.pos}
	if p.start >= len(d.src) {
		return cutOff
	}
	p.cut = !d.skipValue()
	if p.end = d.pos; p.cut && p.end < len(d.src) {
		return malformed
	}
	e.note(string(unescape(nil, raw)), p, name)
	if p.cut {
		return cutOff
	}
	return whole
}

// note files a part by its name, which begins at start.
func (e *envelope) note(name string, p part, start int) {
	switch name {
	case "payload":
		e.payloads = append(e.payloads, p)
		return
	case "key":
		e.keys = append(e.keys, p)
		return
	case "headers":
		e.headers = append(e.headers, p)
		return
	case "topic", "partition", "offset":
		e.names++
	}
	e.others = append(e.others, part{start, p.end, p.cut})
}

// skipValue moves behind the value at d.pos and reports whether there is one.
func (d *document) skipValue() bool {
	if d.pos >= len(d.src) {
		return false
	}
	switch d.src[d.pos] {
	case '{', '[':
		return d.skipContainer()
	case '"':
		_, complete := d.skipString()
		return complete
	}
	start := d.pos
	for d.pos < len(d.src) && !endsBare[d.src[d.pos]] {
		d.pos++
	}
	raw := d.src[start:d.pos]
	return isNumber(raw) || string(raw) == "true" || string(raw) == "false" || string(raw) == "null"
}

// redactEnvelope pushes the edits of a kcat line. The payload comes first, as the key may be one of the
// values that became pseudonyms in it.
func (r *Redactor) redactEnvelope(line []byte, e envelope, root int32) {
	for _, p := range e.payloads {
		if raw, at, ok := r.stringPart(line, p, root); ok {
			base := len(r.edits)
			r.recordEdits(unescape(nil, raw), root)
			r.mapEdits(r.edits[base:], raw, at)
		}
	}
	for _, p := range e.keys {
		switch raw := line[p.start:p.end]; {
		case p.cut: // what is left of it is no key, and may be half of a name
			r.push(p.start, p.end, r.quoted(withheldMarker))
		case raw[0] == '"':
			key := unescape(nil, raw[1:len(raw)-1])
			r.replacePart(p, key, r.recordKey(key, root))
		case string(raw) != "null": // a number or an object is a key like any other
			r.replacePart(p, raw, r.recordKey(raw, root))
		}
	}
	for _, p := range e.headers {
		r.kcatHeaders(line, p, root)
	}
	for _, p := range e.others {
		d := document{src: line[:p.end], pos: p.start}
		s := objectState{comma: -1}
		if r.member(&d, root, 0, &s) == removed {
			r.push(p.start, p.end, []byte(`"redacted":null`))
		}
	}
	r.sortEdits(0)
}

// stringPart gives the content of a part that is a string, as it is written, and its position. Other
// values are redacted as they are.
func (r *Redactor) stringPart(line []byte, p part, root int32) (raw []byte, at int, ok bool) {
	switch {
	case line[p.start] == '"' && p.cut:
		return line[p.start+1:], p.start + 1, true
	case line[p.start] == '"':
		return line[p.start+1 : p.end-1], p.start + 1, true
	}
	d := document{src: line[:p.end], pos: p.start}
	if r.walk(&d, root, 0) == removed {
		r.push(p.start, p.end, null)
	}
	return nil, 0, false
}

// replacePart pushes the edit of a string that was redacted; nil is null.
func (r *Redactor) replacePart(p part, was, is []byte) {
	switch {
	case is == nil:
		r.push(p.start, p.end, null)
	case !bytes.Equal(was, is):
		r.push(p.start, p.end, r.quoted(is))
	}
}

// kcatHeaders redacts ["name", "value", …]. Where it is anything else, it goes.
func (r *Redactor) kcatHeaders(line []byte, p part, root int32) {
	if string(line[p.start:p.end]) == "null" {
		return
	}
	headers, ok := headersOfKcat(line[p.start:p.end], p.cut)
	if !ok {
		r.push(p.start, p.end, []byte("[]"))
		return
	}
	kept := r.recordHeaders(headers, root)
	if same(headers, kept) {
		return
	}
	out := []byte{'['}
	for i, h := range kept {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(quote(append(out, '"'), h.Name), '"', ',')
		if h.Value == nil {
			out = append(out, null...)
		} else {
			out = append(quote(append(out, '"'), h.Value), '"')
		}
	}
	r.push(p.start, p.end, append(out, ']'))
}

// same reports whether all headers were kept as they are.
func same(a, b []Header) bool {
	return slices.EqualFunc(a, b, func(x, y Header) bool {
		return bytes.Equal(x.Name, y.Name) && bytes.Equal(x.Value, y.Value)
	})
}

// headersOfKcat reads an array of names and values, the latter may be null.
func headersOfKcat(text []byte, cut bool) (headers []Header, ok bool) {
	d := document{src: text, pos: 1}
	if cut || text[0] != '[' {
		return nil, false
	}
	if d.space(); d.pos < len(text) && text[d.pos] == ']' {
		return nil, true
	}
	for i := 0; ; i++ {
		d.space()
		start := d.pos
		if !d.skipValue() {
			return nil, false
		}
		var value []byte
		if text[start] == '"' {
			value = unescape([]byte{}, text[start+1:d.pos-1])
		} else if i%2 == 0 || string(text[start:d.pos]) != "null" {
			return nil, false
		}
		if i%2 == 0 {
			headers = append(headers, Header{Name: value})
		} else {
			headers[len(headers)-1].Value = value
		}
		d.space()
		d.pos++
		if text[d.pos-1] == ']' {
			return headers, i%2 == 1
		}
		if text[d.pos-1] != ',' {
			return nil, false
		}
	}
}
