package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"time"

	"github.com/logproc/logproc/internal/conf"
	"github.com/logproc/logproc/pipeline/files"
	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/redact/audit"
	"github.com/logproc/logproc/redact/keyring"
)

// policySample is what the commands that look at a sample have in common.
type policySample struct {
	Keys      string        `short:"k" placeholder:"FILE" help:"Pseudonym keys; without it LOGPROC_KEYS or LOGPROC_KEYS_FILE, else pseudonyms are shown as markers."`
	Service   string        `placeholder:"NAME" help:"Service that the records are of, for rules of some services."`
	Input     string        `default:"lines" enum:"lines,kcat" help:"Form of the records: ${enum}; kcat is that of kcat -J."`
	LineBytes conf.ByteSize `default:"1MiB" help:"Longest line; longer ones are passed over."`
}

func (s *policySample) keyring() (*keyring.Keyring, error) {
	if s.Keys != "" {
		return keyring.Load(s.Keys)
	}
	k, err := keyring.FromEnv(os.Getenv)
	if errors.Is(err, keyring.ErrNone) {
		return nil, nil
	}
	return k, err
}

// record gives the record of a line: with --input kcat, its payload.
func (s *policySample) record(line []byte) []byte {
	if s.Input == "kcat" {
		return audit.Payload(line)
	}
	return line
}

// each calls f for every line of the files, standard input when there are none.
func (s *policySample) each(ctx context.Context, std streams, names []string, f func(line []byte) error) error {
	if len(names) == 0 {
		names = []string{files.Stdin}
	}
	for _, name := range names {
		in, err := files.Open(name, std.in)
		if err != nil {
			return err
		}
		err = s.lines(ctx, std, files.NewLines(in, int(s.LineBytes)), f)
		if err := errors.Join(err, in.Close()); err != nil {
			return err
		}
	}
	return nil
}

func (s *policySample) lines(ctx context.Context, std streams, lines *files.Lines, f func(line []byte) error) error {
	long := 0
	for ctx.Err() == nil {
		line, _, oversize, err := lines.Next()
		switch {
		case err == io.EOF:
			if long > 0 {
				_, _ = fmt.Fprintf(std.err, "logproc: %d %s longer than --line-bytes and passed over\n", long, plural(long, "line is", "lines are"))
			}
			return nil
		case err != nil:
			return err
		case oversize:
			long++
		case len(bytes.TrimSpace(line)) > 0:
			if err := f(line); err != nil {
				return err
			}
		}
	}
	return fmt.Errorf("interrupted before the end of the input: %w", ctx.Err())
}

type policyExplainCommand struct {
	policySample
	Policy string `short:"p" placeholder:"FILE" help:"Policy file; without it the built-in policy."`
	Field  string `placeholder:"PATH" help:"Explain this field only: a path with dots, or its end."`
	Format string `default:"text" enum:"text,json" help:"Output format: ${enum}."`
	Sample string `arg:"" optional:"" placeholder:"LINE|FILE" help:"A record, or a file of them; - or none is standard input."`
}

func (policyExplainCommand) Help() string {
	return `Prints for each value what became of it and which rules had a say, with file:line. What is hidden is shown in its
redacted form only.

Example:
  logproc policy explain '{"msg":"login","RequestID":"9a0f39","clientHost":"192.0.2.18"}'
  logproc policy explain -p policy.yaml --field user.email app.jsonl`
}

func (c *policyExplainCommand) Run(ctx context.Context, std streams) error {
	policy, err := loadPolicy(c.Policy)
	if err != nil {
		return err
	}
	keys, err := c.keyring()
	if err != nil {
		return err
	}
	out := bufio.NewWriter(std.out)
	explainer := audit.NewExplainer(policy, keys)
	first := true
	explain := func(line []byte) error {
		verdicts := explainer.Explain(c.record(line), []byte(c.Service), c.Field)
		if c.Format == "json" {
			return json.NewEncoder(out).Encode(verdicts)
		}
		if !first && len(verdicts) > 0 {
			_ = out.WriteByte('\n') // the error comes back with Flush
		}
		first = first && len(verdicts) == 0
		return audit.WriteText(out, verdicts)
	}
	if c.isLine() {
		err = explain([]byte(c.Sample))
	} else {
		err = c.each(ctx, std, slices.DeleteFunc([]string{c.Sample}, func(s string) bool { return s == "" }), explain)
	}
	return errors.Join(err, out.Flush())
}

// isLine reports whether the argument is a record and no file.
func (c *policyExplainCommand) isLine() bool {
	if c.Sample == "" || c.Sample == files.Stdin {
		return false
	}
	if c.Sample[0] == '{' {
		return true
	}
	_, err := os.Stat(c.Sample)
	return errors.Is(err, fs.ErrNotExist) && bytes.ContainsAny([]byte(c.Sample), " {\"=")
}

type policyDiffCommand struct {
	policySample
	Format string   `default:"text" enum:"text,json" help:"Output format: ${enum}."`
	Old    string   `arg:"" placeholder:"OLD" help:"Policy file that is in force; default is the built-in policy."`
	New    string   `arg:"" placeholder:"NEW" help:"Policy file that may follow it; default is the built-in policy."`
	Files  []string `arg:"" optional:"" placeholder:"FILE" help:"Log files, plain, gzip or zstd; - or none is standard input."`
}

func (policyDiffCommand) Help() string {
	return `Prints what the new policy does otherwise, by field and rule, with an example in redacted form: what either of the two
policies hides is not shown. Exits with 1 when there are differences.

Example:
  logproc policy diff default policy.yaml app.jsonl`
}

func (c *policyDiffCommand) Run(ctx context.Context, std streams) error {
	var policies [2]*redact.Policy
	for i, name := range []string{c.Old, c.New} {
		if name == "default" {
			name = ""
		}
		var err error
		if policies[i], err = loadPolicy(name); err != nil {
			return err
		}
	}
	keys, err := c.keyring()
	if err != nil {
		return err
	}
	differ := audit.NewDiffer(policies[0], policies[1], keys)
	err = c.each(ctx, std, c.Files, func(line []byte) error {
		differ.Add(c.record(line), []byte(c.Service))
		return nil
	})
	if err != nil {
		return err
	}
	if c.Format == "json" {
		err = writeIndented(std.out, map[string]any{"records": differ.Records, "changed": differ.Changed, "changes": differ.Changes()})
	} else {
		err = differ.WriteText(std.out)
	}
	if err == nil && differ.Changed > 0 {
		return errFindings
	}
	return err
}

type policyReportCommand struct {
	policySample
	Policy string   `short:"p" placeholder:"FILE" help:"Policy file; without it the built-in policy."`
	Format string   `default:"text" enum:"text,json" help:"Output format: ${enum}."`
	Files  []string `arg:"" optional:"" placeholder:"FILE" help:"Log files, plain, gzip or zstd; - or none is standard input."`
}

func (policyReportCommand) Help() string {
	return `Prints the policy's id and hash, the ids and ages of the keys, hits by rule, field and operator, fields that no rule is
for, rules that never applied, and what was withheld. There is no personal data in it.

With --input kcat, each line is a record as kcat -J prints it: its key, headers and payload are redacted, and the fields are those
of the payload.

Example:
  logproc policy report -p policy.yaml --keys keys.yaml app.jsonl.gz
  kcat -C -b 127.0.0.1:9092 -t logs -e -J | logproc policy report --input kcat`
}

func (c *policyReportCommand) Run(ctx context.Context, std streams) error {
	name, data := "default.yaml", redact.DefaultPolicyFile()
	if c.Policy != "" {
		var err error
		if data, err = os.ReadFile(c.Policy); err != nil {
			return fmt.Errorf("read the redaction policy: %w", err)
		}
		name = c.Policy
	}
	policy, err := redact.LoadPolicy(name, data, redact.LoadOptions{Now: time.Now()})
	if err != nil {
		return err
	}
	keys, err := c.keyring()
	if err != nil {
		return err
	}
	reporter := audit.NewReporter(policy, keys)
	err = c.each(ctx, std, c.Files, func(line []byte) error {
		if c.Input == "kcat" {
			reporter.AddKcat(line, []byte(c.Service))
		} else {
			reporter.Add(line, []byte(c.Service))
		}
		return nil
	})
	if err != nil {
		return err
	}
	report := reporter.Report(time.Now())
	if c.Format == "json" {
		return writeIndented(std.out, report)
	}
	return report.WriteText(std.out)
}

func writeIndented(w io.Writer, v any) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(v)
}
