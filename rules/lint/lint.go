package lint

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/logproc/logproc/parse"
	"github.com/logproc/logproc/rules"
)

// Names shown where a record has none.
const (
	noKey     = "_missing"
	noRecord  = "_unparsed"
	noService = "_unknown"
)

// Lines gives the lines of a file one by one, as files.Lines does: a line is valid until the next call,
// the error after the last one is io.EOF, and oversize says that line holds only the beginning.
type Lines interface {
	Next() (line []byte, size int, oversize bool, err error)
}

// Sink takes findings. A Renderer is one.
type Sink interface {
	Finding(f *Finding) error
}

// Options are a Linter's settings.
type Options struct {
	Parse parse.Options
	// All hands out every occurrence as it is found. Otherwise findings that differ only in their line
	// are handed out once, at the end of their file, with their number.
	All bool
}

// Linter checks files. It belongs to one goroutine.
type Linter struct {
	naming *rules.Naming
	parser *parse.Parser
	sink   Sink
	all    bool
	totals Totals

	file      string
	line      int64
	found     map[identity]*Finding // of this file; nil with Options.All
	explained map[string]explained  // by service and key
	lookup    []byte
	err       error // of the sink
}

// identity tells findings apart that are not the same but for their line.
type identity struct{ service, rule, key, field string }

// explained is what is known of a key that breaks a rule.
type explained struct {
	violation    rules.Violation
	service, key string // as shown
}

// Bounds of what is kept: different findings of a file, and keys that have been explained.
const (
	maxFound     = 10_000
	maxExplained = 10_000
)

// New makes a Linter that hands its findings to sink.
func New(naming *rules.Naming, sink Sink, opt Options) (*Linter, error) {
	parser, err := parse.New(opt.Parse)
	if err != nil {
		return nil, err
	}
	return &Linter{naming: naming, parser: parser, sink: sink, all: opt.All, explained: make(map[string]explained)}, nil
}

// Totals sums up all files so far.
func (l *Linter) Totals() Totals { return l.totals }

// File checks all lines of a file. The error is that of lines, of the sink or of the context; what was
// found before it has been handed out.
func (l *Linter) File(ctx context.Context, name string, lines Lines) error {
	l.file, l.line, l.found = name, 0, make(map[identity]*Finding)
	l.totals.Files++
	err := l.lines(ctx, lines)
	l.parser.Flush(l.incomplete)
	l.flush()
	return errors.Join(err, l.err)
}

func (l *Linter) lines(ctx context.Context, lines Lines) error {
	for l.err == nil {
		line, _, oversize, err := lines.Next()
		if err == io.EOF {
			return nil
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		l.line++
		l.totals.Lines++
		l.check(line, oversize)
	}
	return nil
}

func (l *Linter) check(line []byte, oversize bool) {
	if oversize {
		l.unreadable(parse.TooLong, nil)
		return
	}
	reason := l.parser.Parse(parse.Input{Line: line, Stream: []byte(l.file), Offset: l.line})
	l.parser.Evicted(l.incomplete)
	switch reason {
	case parse.OK:
		for r, ok := l.parser.Next(); ok; r, ok = l.parser.Next() {
			l.record(r)
		}
	case parse.Held: // the record follows on a later line
	default:
		l.unreadable(reason, l.parser.Failed())
	}
}

// incomplete reports a fragment that stayed alone; its line has gone by.
func (l *Linter) incomplete(line int64) {
	now := l.line
	l.line = line
	l.unreadable(parse.Incomplete, nil)
	l.line = now
}

func (l *Linter) unreadable(reason parse.Reason, r *parse.Record) {
	service := noService
	if r != nil {
		service = shownService(r.Service)
	}
	l.report(service, noRecord, rules.Violation{Why: unreadable(reason)}, reason.String())
}

func (l *Linter) record(r *parse.Record) {
	if l.naming.CheckFields(r) != 0 {
		service, key := shownService(r.Service), shownKey(r.Key)
		for _, v := range l.naming.ExplainFields(r) {
			l.report(service, key, v, v.Rule.String())
		}
	}
	if r.KeyState == parse.Present && l.naming.Check(r.Service, r.Key) != rules.RuleNone {
		e := l.explain(r.Service, r.Key)
		l.report(e.service, e.key, e.violation, e.violation.Rule.String())
	}
}

// explain gives what is wrong with a key, from memory where it came before: the nearest of many
// registered keys takes its time.
func (l *Linter) explain(service, key []byte) explained {
	l.lookup = append(append(append(l.lookup[:0], service...), 0), key...)
	if e, ok := l.explained[string(l.lookup)]; ok {
		return e
	}
	e := explained{l.naming.Explain(string(service), key), shownService(service), shownKey(key)}
	if len(l.explained) >= maxExplained {
		clear(l.explained)
	}
	if len(l.lookup) <= maxLookup {
		l.explained[string(l.lookup)] = e
	}
	return e
}

// maxLookup is the longest service and key that are remembered.
const maxLookup = 1024

// report hands a finding out, or counts it.
func (l *Linter) report(service, key string, v rules.Violation, rule string) {
	l.totals.Occurrences++
	if l.all {
		l.give(l.finding(service, key, v, rule))
		return
	}
	id := identity{service, rule, key, v.Field}
	if f := l.found[id]; f != nil {
		f.Count++
		f.Line = min(f.Line, l.line)
		return
	}
	if len(l.found) >= maxFound {
		l.totals.Beyond++
		return
	}
	l.found[id] = l.finding(service, key, v, rule)
}

func (l *Linter) finding(service, key string, v rules.Violation, rule string) *Finding {
	return &Finding{File: l.file, Line: l.line, Service: service, Rule: rule, Key: key, Field: v.Field, Why: v.Why, Suggestion: v.Suggestion, Count: 1}
}

// flush hands out the findings of a file in the order of their lines.
func (l *Linter) flush() {
	list := make([]*Finding, 0, len(l.found))
	for _, f := range l.found {
		list = append(list, f)
	}
	slices.SortFunc(list, func(a, b *Finding) int {
		if a.Line != b.Line {
			return int(a.Line - b.Line)
		}
		return strings.Compare(a.Rule+"\x00"+a.Field+"\x00"+a.Key, b.Rule+"\x00"+b.Field+"\x00"+b.Key)
	})
	for _, f := range list {
		l.give(f)
	}
}

func (l *Linter) give(f *Finding) {
	if l.err == nil {
		l.totals.Findings++
		l.err = l.sink.Finding(f)
	}
}

func shownKey(key []byte) string {
	if len(key) == 0 {
		return noKey
	}
	return string(rules.Form(nil, key))
}

// maxService is the longest name of a service that is shown as it is.
const maxService = 64

// shownService gives a service's name as it is when it looks like one; digits are usual in them.
func shownService(service []byte) string {
	if len(service) == 0 {
		return noService
	}
	for _, c := range service {
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (c < '0' || c > '9') && c != '-' && c != '_' && c != '.' || len(service) > maxService {
			return string(rules.Form(nil, service))
		}
	}
	return string(service)
}
