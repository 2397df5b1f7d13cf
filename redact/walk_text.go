package redact

import "bytes"

// mixed handles text from a position on that may hold JSON, wherever in it: behind the prefix of a
// shipper, cut off, or followed by something else. The JSON is walked, the rest is prose.
func (r *Redactor) mixed(src []byte, from int, n int32, depth, level int) {
	d := document{src: src, level: level, plain: bytes.IndexByte(src, '\\') < 0, equals: bytes.IndexByte(src, '=') >= 0}
	for first := true; skipSpace(src, from) < len(src); first = false { // many lines come with their line feed
		at := nextJSON(src, from, first)
		if at >= 0 && level > r.limits.DecodeLevels {
			r.withhold(src, from, BeyondLevels)
			return
		}
		if at < 0 {
			r.prose(src, from, len(src), n, depth, level)
			return
		}
		if at > from {
			r.prose(src, from, at, n, depth, level)
		}
		if !r.charge(len(src) - at) {
			r.withhold(src, at, BeyondWork)
			return
		}
		d.pos = at
		switch o := r.walk(&d, n, depth); o {
		case whole:
			from = d.pos
			if level == 0 {
				r.read++
			}
		case removed: // only of a member or item, which this is not
			r.push(at, d.pos, r.quoted(withheldMarker))
			from = d.pos
		case cutOff:
			return
		case malformed:
			from = d.restart
		}
		r.charge(from - len(src)) // what was not walked is given back
	}
}

// nextJSON gives the position from which on the text may be JSON, -1 when there is none. At its very
// beginning any bracket will do, and a string if there is nothing else; later the bracket has to be
// followed by what makes it likely.
func nextJSON(src []byte, from int, first bool) int {
	if first {
		i := skipSpace(src, from)
		if i < len(src) && (src[i] == '{' || src[i] == '[' && !isIndex(src, i) || src[i] == '"' && isOneString(src[i:])) {
			return i
		}
	}
	for i := from; i < len(src); i++ {
		next := bytes.IndexAny(src[i:], "{[")
		if next < 0 {
			return -1
		}
		i += next
		j := skipSpace(src, i+1)
		if j >= len(src) {
			return -1
		}
		if src[j] == '"' && !isIndex(src, i) || src[i] == '{' && src[j] == '}' || src[i] == '[' && (src[j] == '{' || src[j] == '[') {
			return i
		}
	}
	return -1
}

// isIndex reports whether the bracket at i is that of an assignment, ["key"] = "value", and begins no array.
func isIndex(src []byte, i int) bool {
	if src[i] != '[' || i+1 >= len(src) || src[i+1] != '"' {
		return false
	}
	key := src[i+2 : min(len(src), i+2+maxPairKey)]
	end := bytes.IndexByte(key, '"')
	if end < 0 {
		return false
	}
	j := i + 2 + end + 1
	if j >= len(src) || src[j] != ']' {
		return false
	}
	j = skipSpace(src, j+1)
	return j < len(src) && src[j] == '='
}

func skipSpace(src []byte, i int) int {
	for i < len(src) && isSpace(src[i]) {
		i++
	}
	return i
}

// isOneString reports whether text is one JSON string and nothing else.
func isOneString(text []byte) bool {
	d := document{src: text}
	_, complete := d.skipString()
	return complete && skipSpace(text, d.pos) == len(text)
}

// withhold replaces the rest of a text.
func (r *Redactor) withhold(src []byte, from int, why Limit) {
	if string(src[from:]) == string(withheldMarker) {
		return
	}
	r.hits.Withheld[why]++
	r.push(from, len(src), withheldMarker)
}

// charge takes the work of looking at n bytes from the record's budget and reports whether there was enough.
func (r *Redactor) charge(n int) bool {
	r.budget -= n
	return r.budget >= 0
}

// prose handles the bytes [from, to) of src, which are no JSON. What is beyond the limit is withheld.
func (r *Redactor) prose(src []byte, from, to int, n int32, depth, level int) {
	end := to
	if to-from > r.limits.ValueBytes {
		end = r.cut(src, from, to, n)
	}
	if from < end {
		r.scan(src, from, end, n, depth, level)
	}
	if end < to {
		r.hits.Withheld[BeyondValue]++
		r.push(end, to, withheldMarker)
	}
}

// scan looks for what the detectors find in the bytes [from, to) of src, for pairs of a key and a value, and
// for the same behind backslashes.
func (r *Redactor) scan(src []byte, from, to int, n int32, depth, level int) {
	if !r.charge(to - from) {
		r.withhold(src[:to], from, BeyondWork)
		return
	}
	base := len(r.edits)
	text := src[from:to]
	f := &r.tree.at(n).field
	r.pushFindings(text, from, f, n)
	if !f.Keep && (bytes.IndexByte(text, '=') >= 0 || bytes.IndexByte(text, ':') >= 0 || bytes.Contains(text, closingTag)) {
		mid := len(r.edits)
		r.pairs(src, from, to, n, depth)
		r.mergeEdits(base, mid)
	}
	if len(r.echoes) > 0 {
		r.pushEchoes(text, from)
		r.sortEdits(base)
	}
	if bytes.IndexByte(text, '\\') < 0 {
		return
	}
	mid, start := len(r.edits), len(r.arena)
	r.arena = unescape(r.arena, text)
	view := r.arena[start:len(r.arena):len(r.arena)]
	if len(view) == len(text) {
		return
	}
	r.mixed(view, 0, n, depth, level+1)
	r.mapEdits(r.edits[mid:], text, from)
	r.mergeEdits(base, mid)
}

// closingTag begins the end of an XML element.
var closingTag = []byte("</")

// cutMargin is how far behind the limit of a long value the detectors look for what begins before it.
const cutMargin = 512

// cut withholds what of a long text is beyond the limit, and gives where the rest ends: at white space
// when there is some, and not inside of a finding. A text that ends in the marker was cut before.
func (r *Redactor) cut(src []byte, from, to int, n int32) int {
	if bytes.HasSuffix(src[from:to], withheldMarker) {
		return to
	}
	at := from + r.limits.ValueBytes
	if i := bytes.LastIndexAny(src[at-min(cutMargin, r.limits.ValueBytes):at], " \t\n"); i >= 0 {
		at += i - min(cutMargin, r.limits.ValueBytes)
	}
	window := max(from, at-cutMargin)
	for _, s := range r.find(src[window:min(to, at+cutMargin)], &r.tree.at(n).field) {
		if window+s.Start < at && window+s.End > at {
			at = window + s.Start
			break
		}
	}
	return at
}
