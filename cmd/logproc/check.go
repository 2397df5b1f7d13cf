package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/logproc/logproc/internal/conf"
	"github.com/logproc/logproc/internal/config"
)

type checkCommand struct {
	Config string `short:"c" required:"" placeholder:"FILE" help:"Configuration file."`
}

func (checkCommand) Help() string {
	return `Reads the configuration and every rule file it names, and reports all that is wrong, one line each:
file:line:column: what, expected what. Connects to nothing.

Example:
  logproc check -c logproc.yaml`
}

func (c *checkCommand) Run(std streams) error {
	cfg, err := config.Load(c.Config, nil)
	if cfg == nil {
		return err
	}
	var found conf.Diagnostics
	errors.As(err, &found)
	inFiles, err := cfg.CheckFiles(os.Getenv)
	found = append(found, inFiles...)
	for _, d := range found {
		if _, err := fmt.Fprintln(std.out, d.Error()); err != nil {
			return err
		}
	}
	if len(found) > 0 {
		err = errors.Join(fmt.Errorf("%s: %d %s", c.Config, len(found), plural(len(found), "error", "errors")), err)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(std.out, "%s: ok\n", c.Config)
	return err
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}
