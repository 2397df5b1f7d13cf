package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/logproc/logproc/correlate"
	"github.com/logproc/logproc/correlate/id"
	"github.com/logproc/logproc/correlate/live"
	"github.com/logproc/logproc/internal/conf"
	"github.com/logproc/logproc/parse"
	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/rules"
	"github.com/logproc/logproc/sinks/web/trace"
)

type traceCommand struct {
	Calls     bool              `help:"List the calls between services, with the gap between what client and server measured, instead of the events."`
	Format    string            `default:"text" enum:"text,json,html" help:"Output format: ${enum}."`
	Rules     string            `short:"r" placeholder:"FILE" help:"Rule file that says what calls look like; without it the built-in rules."`
	Policy    string            `short:"p" placeholder:"FILE" help:"Redaction policy; without it the built-in policy."`
	Link      map[string]string `placeholder:"NAME=URL" help:"Link to another tool, with {trace_id}, {request_id}, {from_ms} or {to_ms} in its URL."`
	Config    string            `short:"c" placeholder:"FILE" help:"Configuration file: looks in its store." xor:"from"`
	Store     string            `placeholder:"URL" help:"Looks in this store." xor:"from"`
	LineBytes conf.ByteSize     `default:"1MiB" help:"Longest line; a longer one is left out."`
	ID        string            `arg:"" help:"RequestID or trace id, or the beginning of one."`
	Files     []string          `arg:"" optional:"" placeholder:"FILE" help:"Log files, plain, gzip or zstd; - or none is standard input."`
}

func (traceCommand) Help() string {
	return `Prints all that the files hold of one request, in the order in which it happened: the records with its RequestID, and
those with a trace id that such a record names. Personal data is hidden. Exits with 1 when there is no such request.
With -c or --store it prints what a running instance has kept; a store in a file can be asked while no logproc has it open.

Example:
  logproc trace 33eda743-f124-435c-71fc-3c872bbc98e6 app.jsonl
  logproc trace --calls 33eda743 *.jsonl.gz
  logproc trace --store redis://127.0.0.1:6379/0 33eda743
  logproc trace --format html --link 'jaeger=https://jaeger.example/trace/{trace_id}' 33eda743 app.jsonl > request.html`
}

func (c *traceCommand) Run(ctx context.Context, std streams) error {
	for name, template := range c.Link {
		if err := trace.CheckTemplate(template); err != nil {
			return fmt.Errorf("--link %s: %w", name, err)
		}
	}
	query, ok := id.NewQuery(c.ID)
	if !ok {
		return errors.New("the id is one that stands for a missing id, expected a RequestID, a trace id or at least 4 characters of one")
	}
	if c.Config != "" || c.Store != "" {
		return c.stored(ctx, std)
	}
	search, err := c.search(query)
	if err != nil {
		return err
	}
	input := newRereader(c.Files, std.in, int(c.LineBytes))
	timeline, err := search.run(ctx, input)
	if err != nil {
		return err
	}
	if timeline == nil {
		_, _ = fmt.Fprintln(std.err, "logproc: no record has this RequestID or trace id; expected one as it is in the logs, or at least its first 4 characters")
		return errFindings
	}
	if more := timeline.Records - len(timeline.Events); more > 0 {
		_, _ = fmt.Fprintf(std.err, "logproc: %d more records have this id and are not shown; is it an id of one request?\n", more)
	}
	return c.write(std.out, timeline)
}

// stored looks in a store for what a running instance has kept.
func (c *traceCommand) stored(ctx context.Context, std streams) error {
	if len(c.Files) > 0 {
		return errors.New("both files and a store are given, expected one of them")
	}
	store, err := (&storeOptions{Config: c.Config, Store: c.Store}).open(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }()
	kept, err := live.Find(ctx, store, c.ID)
	if errors.Is(err, live.ErrNotFound) {
		_, _ = fmt.Fprintln(std.err, "logproc:", err)
		return errFindings
	}
	if err != nil {
		return err
	}
	return c.write(std.out, kept.Timeline)
}

func (c *traceCommand) search(query id.Query) (*requestSearch, error) {
	calls, err := loadCalls(c.Rules)
	if err != nil {
		return nil, err
	}
	policy, err := loadPolicy(c.Policy)
	if err != nil {
		return nil, err
	}
	parser, err := parse.New(parse.Options{MaxLine: int(c.LineBytes)})
	if err != nil {
		return nil, err
	}
	// Ids are shown as the redacted topic has them, or nobody could look for one in the other.
	names, ids := redact.NewRedactor(policy, nil, redact.Options{Output: redact.Summary}), redact.NewRedactor(policy, nil, redact.Options{Output: redact.Topic})
	return &requestSearch{query: query, parser: parser, observer: correlate.NewObserver(calls, names.Label, ids.FieldText)}, nil
}

// loadCalls reads a file of call rules; without a name it gives the built-in ones.
func loadCalls(name string) (*rules.Calls, error) {
	if name == "" {
		return rules.DefaultCalls(), nil
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("read the call rules: %w", err)
	}
	return rules.LoadCalls(name, data)
}

func (c *traceCommand) write(out io.Writer, t *correlate.Timeline) error {
	switch {
	case c.Format == "json":
		return trace.JSON(out, t, c.Link)
	case c.Format == "html":
		return trace.HTML(out, t, c.Link)
	case c.Calls:
		return trace.Calls(out, t)
	default:
		return trace.Text(out, t)
	}
}

// ambiguous is the error for a beginning that several ids have.
func ambiguous(texts []string) error {
	const shown = 5
	more := ""
	if len(texts) > shown {
		more = fmt.Sprintf(" and %d more", len(texts)-shown)
		texts = texts[:shown]
	}
	return fmt.Errorf("several requests begin like that, expected more of the id: %s%s", strings.Join(texts, ", "), more)
}
