package config

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/redact/keyring"
)

// offPolicy hides nothing: redaction that somebody has turned off.
const offPolicy = "version: 1\nid: off\nextends: none\nmode: deny-list\n"

// LoadPolicy gives the redaction policy: the file's, the built-in one, or one that hides nothing. previous
// stays in force while the file only observes; nil is the built-in policy. The error is a conf.Diagnostics
// when the file can be read.
func (c *Config) LoadPolicy(now time.Time, previous *redact.Policy) (*redact.Policy, error) {
	switch c.Redact.Policy {
	case "":
		return redact.DefaultPolicy(), nil
	case RedactOff:
		return redact.LoadPolicy(RedactOff, []byte(offPolicy), redact.LoadOptions{SkipTest: true})
	}
	path := c.Path(c.Redact.Policy)
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the redaction policy: %w", err)
	}
	return redact.LoadPolicy(path, data, redact.LoadOptions{Now: now, Previous: previous})
}

// LoadKeys gives the keys of pseudonyms; nil when none are configured.
func (c *Config) LoadKeys(getenv func(string) string) (*keyring.Keyring, error) {
	if c.Redact.Keys != "" {
		return keyring.Load(c.Path(c.Redact.Keys))
	}
	k, err := keyring.FromEnv(getenv)
	if errors.Is(err, keyring.ErrNone) {
		return nil, nil
	}
	return k, err
}
