package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/logproc/logproc/internal/conf"
	"github.com/logproc/logproc/internal/config"
	"github.com/logproc/logproc/rollup/stores"
	"github.com/logproc/logproc/sinks/web"
	"github.com/logproc/logproc/sinks/web/trace"
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
	found = append(found, cfg.CheckFiles(os.Getenv)...)
	for _, name := range slices.Sorted(maps.Keys(cfg.Correlate.Links)) {
		if err := trace.CheckTemplate(cfg.Correlate.Links[name]); err != nil {
			path := "correlate.links." + name
			found = append(found, cfg.Diagnose(path, fmt.Errorf("%s: %w", path, err))...)
		}
	}
	if len(found) == 0 {
		if err := stores.Check(cfg.StoreURL(), stores.Options{}); err != nil {
			found = append(found, cfg.Diagnose("store", err)...)
		}
		if err := web.Check(web.Options{Listen: cfg.Listen, ConfigFile: cfg.Path(cfg.Web.Config), AllowPlain: cfg.Web.AllowPlain}); err != nil {
			found = append(found, cfg.Diagnose("listen", err)...)
		}
	}
	for _, d := range found {
		if _, err := fmt.Fprintln(std.out, d.Error()); err != nil {
			return err
		}
	}
	if len(found) > 0 {
		return fmt.Errorf("%s: %d %s", c.Config, len(found), plural(len(found), "error", "errors"))
	}
	_, err = fmt.Fprintf(std.out, "%s: ok\n", c.Config)
	if len(cfg.Kafka.Brokers) == 0 || len(cfg.Kafka.Topics) == 0 && cfg.Kafka.TopicPattern == "" {
		_, _ = fmt.Fprintln(std.err, "logproc: it names no brokers or no topics; run will need them as flags (--brokers, --topic)")
	}
	return err
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}
