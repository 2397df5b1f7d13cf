package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/logproc/logproc/redact"
)

type policyCommand struct {
	Test    policyTestCommand    `cmd:"" help:"Check policy files and run the tests in them."`
	Explain policyExplainCommand `cmd:"" help:"Say why each value of a record is hidden or kept."`
	Diff    policyDiffCommand    `cmd:"" help:"Show what a new policy changes on a sample."`
	Report  policyReportCommand  `cmd:"" help:"Show what a policy is and does to a sample, without personal data."`
	Schema  policySchemaCommand  `cmd:"" help:"Print the JSON Schema of policy files, or the built-in policy."`
}

type policyTestCommand struct {
	Files []string `arg:"" optional:"" placeholder:"FILE" help:"Policy files; none is the built-in policy."`
}

func (policyTestCommand) Help() string {
	return `Prints a line for each file that is in order. Exits with 2 when one is not, with file:line:column for everything
that is wrong with it; a test that fails names the test, never a value.

Example:
  logproc policy schema --default > policy.yaml
  logproc policy test policy.yaml`
}

func (c *policyTestCommand) Run(std streams) error {
	if len(c.Files) == 0 {
		return testPolicy(std, "default.yaml", redact.DefaultPolicyFile())
	}
	var errs []error
	for _, name := range c.Files {
		data, err := os.ReadFile(name)
		if err != nil {
			err = fmt.Errorf("read the redaction policy: %w", err)
		} else {
			err = testPolicy(std, name, data)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func testPolicy(std streams, name string, data []byte) error {
	p, err := redact.LoadPolicy(name, data, redact.LoadOptions{Now: time.Now()})
	if err != nil {
		return err
	}
	for _, w := range p.Warnings() {
		_, _ = fmt.Fprintf(std.err, "%s (warning)\n", w)
	}
	of := p
	if p.Observed() != nil {
		of = p.Observed()
	}
	_, err = fmt.Fprintf(std.out, "%s: policy %s is in order: %d rules, %d tests passed, sha256 %s\n", name, p.Version(), of.Rules(), of.Tests(), p.Hash())
	return err
}

type policySchemaCommand struct {
	Default bool `help:"Print the built-in policy instead, to begin one of your own."`
}

func (policySchemaCommand) Help() string {
	return `Prints the JSON Schema of policy files. An editor that knows YAML schemas then completes and checks them, for example with
this first line in the policy:  # yaml-language-server: $schema=policy.schema.json

Example:
  logproc policy schema > policy.schema.json`
}

func (c *policySchemaCommand) Run(std streams) error {
	text := redact.Schema()
	if c.Default {
		text = redact.DefaultPolicyFile()
	}
	_, err := std.out.Write(text)
	return err
}
