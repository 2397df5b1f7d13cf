package id

import "bytes"

// MinPrefix is the shortest prefix that finds anything: a shorter one would find nearly everything.
const MinPrefix = 4

// Query is what somebody looks for: a RequestID, a trace id in any form, or the beginning of one.
type Query struct {
	request, trace ID
	prefix         []byte // in lower case, without hyphens
}

// NewQuery makes a query; ok is false for text that can be no id and is too short for a prefix.
func NewQuery(text string) (q Query, ok bool) {
	raw := bytes.TrimSpace([]byte(text))
	q = Query{request: Request(raw), trace: Trace(raw)}
	if p := folded(raw); len(p) >= MinPrefix && len(p) <= MaxBytes {
		q.prefix = p
	}
	return q, !q.request.IsZero()
}

// Request reports how a RequestID as logged fits: whole, or by its beginning only.
func (q *Query) Request(raw []byte) (exact, prefix bool) {
	found := Request(raw)
	return q.fits(found, raw, q.request)
}

// Trace reports how a trace id as logged fits.
func (q *Query) Trace(raw []byte) (exact, prefix bool) {
	found := Trace(raw)
	exact, prefix = q.fits(found, raw, q.trace)
	if !exact && (found.Form == Short || q.trace.Form == Short) && !found.IsZero() {
		exact = found.Low() == q.trace.Low() && !q.trace.Low().IsZero()
	}
	return exact, prefix || exact
}

func (q *Query) fits(found ID, raw []byte, want ID) (exact, prefix bool) {
	if found.IsZero() {
		return false, false
	}
	if found == want {
		return true, true
	}
	if q.prefix == nil {
		return false, false
	}
	if found.Form == Full && bytes.HasPrefix([]byte(found.String()), q.prefix) {
		return false, true
	}
	return false, len(raw) <= 2*MaxBytes && bytes.HasPrefix(folded(bytes.TrimSpace(raw)), q.prefix)
}

func folded(raw []byte) []byte {
	return bytes.ToLower(bytes.ReplaceAll(raw[:min(len(raw), 2*MaxBytes)], []byte("-"), nil))
}
