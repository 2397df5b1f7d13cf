package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/logproc/logproc/correlate/id"
	"github.com/logproc/logproc/correlate/workflow"
	"github.com/logproc/logproc/internal/conf"
	"github.com/logproc/logproc/internal/config"
	"github.com/logproc/logproc/parse"
	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/rules"
	"github.com/logproc/logproc/sinks/web/trace"
)

type workCommand struct {
	List workflowListCommand `cmd:"" help:"List what goes through the states of a workflow, and what is wrong with it."`
	Show workflowShowCommand `cmd:"" help:"Show the states that one entity went through."`
}

// workflowOptions are what the workflow commands have in common.
type workflowOptions struct {
	Rules     string        `short:"r" required:"" xor:"rules" placeholder:"FILE" help:"Rule file that declares the workflows."`
	Config    string        `short:"c" required:"" xor:"rules" placeholder:"FILE" help:"Configuration file, for its correlate.workflows."`
	Policy    string        `short:"p" placeholder:"FILE" help:"Redaction policy; without it the built-in policy."`
	At        time.Time     `placeholder:"TIME" help:"Judge as of this time (RFC 3339); without it, of the last record."`
	LineBytes conf.ByteSize `default:"1MiB" help:"Longest line; a longer one is left out."`
}

type workflowListCommand struct {
	workflowOptions
	Problems bool     `help:"Only what is stuck, looping, took a way that there is not, or never started."`
	Format   string   `default:"text" enum:"text,json" help:"Output format: ${enum}."`
	Files    []string `arg:"" optional:"" placeholder:"FILE" help:"Log files, plain, gzip or zstd; - or none is standard input."`
}

func (workflowListCommand) Help() string {
	return `Prints one line for each entity: workflow, entity, state, since when, for how long, and what is wrong with it. Exits with 1
when something is.

Example:
  logproc workflow list -r workflows.yaml app.jsonl
  logproc workflow list -r workflows.yaml --problems --at 2026-01-02T12:00:00Z *.jsonl.gz`
}

func (c *workflowListCommand) Run(ctx context.Context, std streams) error {
	w, err := c.follow(ctx, c.Files, std.in)
	if err != nil {
		return err
	}
	if w.records == 0 {
		return errors.New("no record belongs to a workflow; compare what stands under `when` in the rule file with the logs")
	}
	var list []*workflow.Entity
	wrong := len(w.announcements) > 0
	w.engine.Each(func(n *workflow.Entity) {
		bad := len(n.Problems()) > 0
		wrong = wrong || bad
		if bad || !c.Problems {
			list = append(list, n)
		}
	})
	if c.Format == "json" {
		err = trace.EntitiesJSON(std.out, list)
	} else {
		err = errors.Join(trace.Entities(std.out, list, w.now), trace.Announcements(std.out, w.announcements))
	}
	if err == nil && wrong {
		return errFindings
	}
	return err
}

type workflowShowCommand struct {
	workflowOptions
	Format string   `default:"text" enum:"text,json,html" help:"Output format: ${enum}."`
	ID     string   `arg:"" help:"The entity."`
	Files  []string `arg:"" optional:"" placeholder:"FILE" help:"Log files, plain, gzip or zstd; - or none is standard input."`
}

func (workflowShowCommand) Help() string {
	return `Prints the states that an entity went through: since when, the state, for how long, and the trace. Exits with 1 when the
files know no such entity.

Example:
  logproc workflow show -r workflows.yaml host-17 app.jsonl`
}

func (c *workflowShowCommand) Run(ctx context.Context, std streams) error {
	w, err := c.follow(ctx, c.Files, std.in)
	if err != nil {
		return err
	}
	found := w.engine.Find(id.Request([]byte(c.ID)))
	if len(found) == 0 {
		_, _ = fmt.Fprintln(std.err, "logproc: no record of a workflow has this entity; logproc workflow list names them")
		return errFindings
	}
	if c.Format == "json" {
		return trace.EntitiesJSON(std.out, found)
	}
	for i, n := range found {
		if c.Format == "html" {
			err = errors.Join(err, trace.EntityHTML(std.out, n, w.now))
			continue
		}
		if i > 0 {
			_, _ = fmt.Fprintln(std.out)
		}
		err = errors.Join(err, trace.Entity(std.out, n, w.now))
	}
	return err
}

// followed is what the files say about workflows.
type followed struct {
	engine        *workflow.Engine
	announcements []workflow.Finding // of several entities, that have not begun
	now           int64
	records       int
}

// maxEntities bounds what a command holds; older entities make room.
const maxEntities = 1_000_000

// load reads the rules.
func (o *workflowOptions) load() (*rules.Workflows, error) {
	cfg := config.Default()
	cfg.Correlate.Workflows = o.Rules
	if o.Config != "" {
		var err error
		if cfg, err = config.Load(o.Config, nil); err != nil {
			return nil, err
		}
	}
	w, err := cfg.LoadWorkflows()
	if err == nil && w == nil {
		err = fmt.Errorf("%s: it names no workflows, expected correlate.workflows with a rule file", o.Config)
	}
	return w, err
}

// follow reads files as of the time asked for, or of the last record.
func (o *workflowOptions) follow(ctx context.Context, names []string, stdin io.Reader) (*followed, error) {
	w, err := o.load()
	if err != nil {
		return nil, err
	}
	policy, err := loadPolicy(o.Policy)
	if err != nil {
		return nil, err
	}
	parser, err := parse.New(parse.Options{MaxLine: int(o.LineBytes)})
	if err != nil {
		return nil, err
	}
	text, ids := redact.NewRedactor(policy, nil, redact.Options{Output: redact.Summary}), redact.NewRedactor(policy, nil, redact.Options{Output: redact.Topic})
	observer := workflow.NewObserver(w, text.Label, ids.FieldText)
	f := &followed{engine: workflow.NewEngine(w, workflow.Config{Keep: math.MaxInt64 / 4, Entities: maxEntities}), now: math.MinInt64}
	if !o.At.IsZero() {
		f.now = o.At.UnixNano()
	}
	err = newRereader(names, stdin, int(o.LineBytes)).records(ctx, parser, func(r *parse.Record) {
		if o.At.IsZero() {
			f.now = max(f.now, r.Time)
		}
		if obs, ok := observer.Observe(r); ok && (o.At.IsZero() || r.Time <= f.now) {
			f.records++
			f.engine.Add(&obs)
		}
	})
	if err != nil {
		return nil, err
	}
	f.engine.Flush(f.now, func(finding workflow.Finding) {
		if finding.Kind == workflow.NeverStarted && finding.Entity.String() == "" {
			f.announcements = append(f.announcements, finding)
		}
	})
	return f, nil
}
