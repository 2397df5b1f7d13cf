package main

import (
	"context"
	"maps"
	"slices"

	"github.com/logproc/logproc/correlate"
	"github.com/logproc/logproc/correlate/id"
	"github.com/logproc/logproc/parse"
)

// requestSearch finds the records of one request in files: those that have the id asked for, and those with an id
// that such a record names beside it.
type requestSearch struct {
	query    id.Query
	parser   *parse.Parser
	observer *correlate.Observer

	requests, traces id.Set // what belongs to the request
	byTrace          bool   // a trace was asked for, so all of its RequestIDs belong to it
	shared           bool   // a trace of it is of another RequestID too
}

// run reads the input twice: for the ids, then for the records. The timeline is nil when there are none.
func (s *requestSearch) run(ctx context.Context, in *rereader) (*correlate.Timeline, error) {
	if err := s.identify(ctx, in); err != nil {
		return nil, err
	}
	if s.requests.Len()+s.traces.Len() == 0 {
		return nil, nil
	}
	var c correlate.Collector
	err := in.records(ctx, s.parser, func(r *parse.Record) {
		if s.belongs(correlate.Names(r)) {
			if o, ok := s.observer.Observe(r); ok {
				c.Add(&o)
			}
		}
	})
	if err != nil {
		return nil, err
	}
	t := c.Timeline(correlate.Options{})
	t.SharedTrace = s.shared
	return t, nil
}

// identify finds the ids of the request asked for. An id given in full goes before one that only begins like it.
func (s *requestSearch) identify(ctx context.Context, in *rereader) error {
	var exact, prefix candidates
	err := in.records(ctx, s.parser, func(r *parse.Record) {
		requestExact, requestPrefix := s.query.Request(r.RequestID)
		traceExact, tracePrefix := s.query.Trace(r.TraceID)
		if requestPrefix || tracePrefix {
			o, _ := s.observer.Observe(r)
			exact.note(requestExact, traceExact, &o)
			prefix.note(requestPrefix, tracePrefix, &o)
		}
	})
	if err != nil {
		return err
	}
	chosen := exact
	if chosen.requests.Len()+chosen.traces.Len() == 0 {
		if chosen = prefix; len(chosen.texts) > 1 {
			return ambiguous(slices.Sorted(maps.Keys(chosen.texts)))
		}
	}
	s.requests, s.traces, s.byTrace = chosen.requests, chosen.traces, chosen.traces.Len() > 0
	chosen.besideTraces.Each(s.requests.Add)
	chosen.besideRequests.Each(s.traces.Add)
	return nil
}

// belongs reports whether a record is of the request: by its RequestID, or where it has none by its trace. When a
// trace was asked for, all records of it are.
func (s *requestSearch) belongs(request, trace id.ID) bool {
	if s.requests.Has(request) {
		return true
	}
	if !s.traces.Has(trace) {
		return false
	}
	if request.IsZero() || s.byTrace {
		return true
	}
	s.shared = true
	return false
}

// candidates are the ids that fit a query, and those that stand beside them in a record.
type candidates struct {
	requests, traces             id.Set
	besideRequests, besideTraces id.Set          // traces beside the requests, and the other way round
	texts                        map[string]bool // of those that fit, as they are shown
}

// maxCandidates bounds the ids of one kind.
const maxCandidates = 10_000

func (c *candidates) note(requestFits, traceFits bool, o *correlate.Observation) {
	if c.texts == nil {
		c.texts = make(map[string]bool)
	}
	if requestFits && c.requests.Len() < maxCandidates {
		c.requests.Add(o.Request)
		c.texts[o.RequestText.String()] = true
		addBounded(&c.besideRequests, o.Trace)
	}
	if traceFits && c.traces.Len() < maxCandidates {
		c.traces.Add(o.Trace)
		c.texts[o.TraceText.String()] = true
		addBounded(&c.besideTraces, o.Request)
	}
}

func addBounded(s *id.Set, i id.ID) {
	if s.Len() < maxCandidates {
		s.Add(i)
	}
}
