package correlate

import (
	"math"
	"slices"

	"github.com/logproc/logproc/correlate/id"
)

// owner finds the open request of an observation, or opens one. A RequestID decides; a trace id joins a record that
// has no RequestID, and a request that was known by its trace only.
func (e *Engine) owner(o *Observation) uint32 {
	byTrace := e.traced(o.Trace)
	if o.Request.IsZero() {
		if byTrace == none {
			byTrace = e.open(o)
		}
		return byTrace
	}
	slot, known := e.byRequest[o.Request]
	switch {
	case !known && byTrace != none && e.requests.at(byTrace).request.IsZero():
		r := e.requests.at(byTrace)
		r.request, r.requestText = o.Request, o.RequestText
		e.byRequest[o.Request] = byTrace
		e.addTrace(byTrace, Name{o.Trace, o.TraceText})
		return byTrace
	case !known:
		slot = e.open(o)
	}
	if byTrace != none && byTrace != slot {
		e.meet(slot, byTrace)
	}
	e.addTrace(slot, Name{o.Trace, o.TraceText})
	return slot
}

// open opens a request for an observation.
func (e *Engine) open(o *Observation) uint32 {
	slot, r := e.requests.take()
	r.first, r.last = math.MaxInt64, math.MinInt64
	if !o.Request.IsZero() {
		r.request, r.requestText = o.Request, o.RequestText
		e.byRequest[o.Request] = slot
	}
	e.addTrace(slot, Name{o.Trace, o.TraceText})
	e.stats.Bytes += requestBytes
	return slot
}

// traced finds the open request that has a trace.
func (e *Engine) traced(trace id.ID) uint32 {
	if trace.IsZero() {
		return none
	}
	slot, ok := e.byTrace[trace.Lo]
	if !ok || !e.requests.at(slot).hasTrace(trace) {
		return none
	}
	return slot
}

// sameTrace reports whether two ids are of one trace: equal, or one the short form of the other.
func sameTrace(a, b id.ID) bool {
	return a == b || a.Lo == b.Lo && (a.Form == id.Short && b.Form == id.Full || a.Form == id.Full && b.Form == id.Short)
}

func (r *request) hasTrace(trace id.ID) bool {
	if sameTrace(r.trace, trace) {
		return true
	}
	return r.extra != nil && slices.ContainsFunc(r.extra.traces, func(n Name) bool { return sameTrace(n.ID, trace) })
}

// maxTraces is how many traces of one request are noted.
const maxTraces = 16

func (e *Engine) addTrace(slot uint32, n Name) {
	r := e.requests.at(slot)
	if n.ID.IsZero() {
		return
	}
	if r.hasTrace(n.ID) {
		if r.trace.Form == id.Short && n.ID.Form == id.Full && r.trace.Lo == n.ID.Lo {
			r.trace, r.traceText = n.ID, n.Text // it says more
		}
		return
	}
	switch {
	case r.trace.IsZero():
		r.trace, r.traceText = n.ID, n.Text
	case r.extra == nil:
		r.extra = &extra{traces: []Name{n}}
	case len(r.extra.traces) < maxTraces:
		r.extra.traces = append(r.extra.traces, n)
	default:
		return // nor is it found by it: what is in the map must be taken out again
	}
	if _, taken := e.byTrace[n.ID.Lo]; !taken {
		e.byTrace[n.ID.Lo] = slot
	}
}

// meet is when a trace of one request turns out to be in another. One that has no RequestID becomes part of the other;
// two RequestIDs stay apart and are marked.
func (e *Engine) meet(slot, other uint32) {
	r, o := e.requests.at(slot), e.requests.at(other)
	if !o.request.IsZero() {
		r.shared, o.shared = true, true
		return
	}
	for _, n := range o.traces() {
		if e.byTrace[n.ID.Lo] == other {
			delete(e.byTrace, n.ID.Lo)
		}
		e.addTrace(slot, n)
	}
	e.stats.Bytes -= requestBytes + int64(cap(o.events))*storedBytes
	for i := range o.events {
		if len(r.events) < e.cfg.Limits.Events {
			e.keep(r, o.events[i])
		} else {
			e.stats.Beyond++
			e.names.unpack(&o.events[i])
		}
	}
	r.records += o.records
	r.first, r.last, r.worst = min(r.first, o.first), max(r.last, o.last), max(r.worst, o.worst)
	r.late, r.torn = r.late && o.late, r.torn || o.torn
	r.given = min(r.given, o.given)
	if r.extra == nil {
		r.extra = new(extra)
	}
	if o.extra != nil {
		r.extra.merged = append(r.extra.merged, o.extra.merged...)
		o.extra = nil
	}
	r.extra.merged = append(r.extra.merged, other)
	o.events, o.forward = nil, slot
	e.requests.open--
}

// traces gives the names of the request's traces.
func (r *request) traces() []Name {
	if r.trace.IsZero() {
		return nil
	}
	list := []Name{{r.trace, r.traceText}}
	if r.extra != nil {
		list = append(list, r.extra.traces...)
	}
	return list
}
