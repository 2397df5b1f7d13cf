package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/logproc/logproc/internal/conf"
	"github.com/logproc/logproc/parse"
	"github.com/logproc/logproc/pipeline/files"
	"github.com/logproc/logproc/rules"
	"github.com/logproc/logproc/rules/lint"
)

type lintCommand struct {
	Rules     string        `short:"r" placeholder:"FILE" help:"Naming rule file; without it the built-in convention."`
	Format    string        `default:"text" enum:"text,json,sarif,github" help:"Output format: ${enum}."`
	All       bool          `help:"Print every occurrence, not each finding once per file with its count."`
	Defaults  bool          `help:"Print the built-in rule file, to begin one of your own, and exit."`
	LineBytes conf.ByteSize `default:"1MiB" help:"Longest line; a longer one is a finding (too_long)."`
	Files     []string      `arg:"" optional:"" placeholder:"FILE" help:"Log files, plain, gzip or zstd; - or none is standard input."`
}

func (lintCommand) Help() string {
	return `Checks keys and fields against the naming convention, one line per finding: file:line: rule: key: why.
What may identify somebody is not shown: keys are printed as their form, with <number>, <email> and the like.
Exits with 1 when there are findings, with 2 when a file cannot be read.

Example:
  echo '{"msg":"Order Failed","lvl":"error","t":"2019-09-24T09:29:07Z"}' | logproc lint -
  logproc lint -r naming.yaml --format sarif app.jsonl.gz > findings.sarif`
}

func (c *lintCommand) Run(ctx context.Context, std streams) error {
	if c.Defaults {
		_, err := std.out.Write(rules.DefaultNamingFile())
		return err
	}
	naming, err := c.naming()
	if err != nil {
		return err
	}
	out := bufio.NewWriter(std.out)
	renderer, err := lint.NewRenderer(c.Format, out, versionText())
	if err != nil {
		return err
	}
	linter, err := lint.New(naming, renderer, lint.Options{Parse: parse.Options{MaxLine: int(c.LineBytes)}, All: c.All})
	if err != nil {
		return err
	}
	// What was found before a file failed is still printed, so that the output is complete in its format.
	err = errors.Join(c.files(ctx, std, linter), renderer.Close(), out.Flush())
	total := linter.Totals()
	_, _ = fmt.Fprintln(std.err, total)
	if err == nil && total.Occurrences > 0 {
		return errFindings
	}
	return err
}

func (c *lintCommand) naming() (*rules.Naming, error) {
	if c.Rules == "" {
		return rules.DefaultNaming(), nil
	}
	data, err := os.ReadFile(c.Rules)
	if err != nil {
		return nil, fmt.Errorf("read the naming rules: %w", err)
	}
	return rules.LoadNaming(c.Rules, data)
}

// files checks all files; one that cannot be read stops no other.
func (c *lintCommand) files(ctx context.Context, std streams, linter *lint.Linter) error {
	names := c.Files
	if len(names) == 0 {
		names = []string{files.Stdin}
	}
	var errs []error
	for _, name := range names {
		in, err := files.Open(name, std.in)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		shown := name
		if name == files.Stdin {
			shown = "stdin"
		}
		errs = append(errs, linter.File(ctx, shown, files.NewLines(in, int(c.LineBytes))), in.Close())
		if ctx.Err() != nil {
			break
		}
	}
	return errors.Join(errs...)
}
