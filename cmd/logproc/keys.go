package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/logproc/logproc/redact/detect"
	"github.com/logproc/logproc/redact/keyring"
)

type keysCommand struct {
	New     keysNewCommand     `cmd:"" help:"Make a key file with one random key."`
	Rotate  keysRotateCommand  `cmd:"" help:"Add a new active key; the old one still answers look-ups."`
	Destroy keysDestroyCommand `cmd:"" help:"Overwrite a retired key, so that nobody can tell any more whose its pseudonyms are."`
	List    keysListCommand    `cmd:"" help:"Print the keys with their age and state, without their secrets."`
	Token   keysTokenCommand   `cmd:"" help:"Print the pseudonyms of a value under every key that is still there."`
}

// keyFileFlag is the flag that all of them share.
type keyFileFlag struct {
	Keys string `short:"k" default:"keys.yaml" placeholder:"FILE" help:"Key file (default ${default})."`
}

// file gives the key file, whose changes are told on the standard error.
func (f keyFileFlag) file(std streams) keyring.File {
	return keyring.File{Path: f.Keys, Log: slog.New(slog.NewTextHandler(std.err, nil))}
}

// keyTime is a time that a flag gives, in days too.
type keyTime time.Duration

// UnmarshalText reads "90d" or a duration of Go.
func (t *keyTime) UnmarshalText(text []byte) error {
	d, err := keyring.ParsePeriod(string(text))
	*t = keyTime(d)
	return err
}

type keysNewCommand struct {
	keyFileFlag
	Period    keyTime `default:"90d" placeholder:"TIME" help:"How long a key should be active (default ${default}); 0 for no end."`
	Retention keyTime `default:"0" placeholder:"TIME" help:"How long a retired key answers look-ups before a rotation destroys it; 0 for until it is destroyed by hand."`
}

func (keysNewCommand) Help() string {
	return `The file gets the mode 0600. Name it in redact.keys of the configuration or in LOGPROC_KEYS_FILE.

Example:
  logproc keys new -k keys.yaml --period 90d --retention 400d`
}

func (c *keysNewCommand) Run(std streams) error {
	info, err := c.file(std).Create(time.Duration(c.Period), time.Duration(c.Retention))
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(std.out, "%s: key %d is active\n", c.Keys, info.ID)
	return err
}

type keysRotateCommand struct{ keyFileFlag }

func (keysRotateCommand) Help() string {
	return `Pseudonyms change with the key: what was joined across a rotation has to be joined by look-up.
Running instances take the new key up when they start again. Retired keys past the file's retention are destroyed.

Example:
  logproc keys rotate -k keys.yaml`
}

func (c *keysRotateCommand) Run(std streams) error {
	active, gone, err := c.file(std).Rotate()
	if active.ID != 0 {
		_, _ = fmt.Fprintf(std.out, "%s: key %d is active\n", c.Keys, active.ID)
	}
	for _, info := range gone {
		_, _ = fmt.Fprintf(std.out, "%s: key %d is destroyed\n", c.Keys, info.ID)
	}
	return err
}

type keysDestroyCommand struct {
	keyFileFlag
	ID  int  `required:"" placeholder:"N" help:"The key, as in the pseudonyms: 3 for acc_k3_…"`
	Yes bool `help:"Do it: there is no way back."`
}

func (keysDestroyCommand) Help() string {
	return `The secret is overwritten and the entry stays, with the time. Destroy the file's backups and snapshots too:
whoever has an old copy can still link. The audit log is beside the file, with .log added to its name.

Example:
  logproc keys destroy -k keys.yaml --id 3 --yes`
}

func (c *keysDestroyCommand) Run(std streams) error {
	if !c.Yes {
		return fmt.Errorf("destroy key %d of %s: there is no way back; say it with --yes", c.ID, c.Keys)
	}
	info, err := c.file(std).Destroy(c.ID)
	if info.ID != 0 {
		_, _ = fmt.Fprintf(std.out, "%s: key %d is destroyed\n", c.Keys, info.ID)
	}
	return err
}

type keysListCommand struct{ keyFileFlag }

func (keysListCommand) Help() string {
	return `Exits with 1 when the active key is older than the file's period: time for "logproc keys rotate".

Example:
  logproc keys list -k keys.yaml`
}

func (c *keysListCommand) Run(std streams) error {
	k, err := keyring.Load(c.Keys)
	if err != nil {
		return err
	}
	defer k.Wipe()
	now := time.Now()
	w := tabwriter.NewWriter(std.out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "ID\tSTATE\tCREATED\tAGE\tENDED")
	for _, info := range k.List() {
		ended := "-"
		if t := info.Destroyed; !t.IsZero() {
			ended = t.UTC().Format(time.RFC3339)
		} else if t := info.Retired; !t.IsZero() {
			ended = t.UTC().Format(time.RFC3339)
		}
		_, _ = fmt.Fprintf(w, "%d\t%s\t%s\t%dd\t%s\n", info.ID, info.State, info.Created.UTC().Format(time.RFC3339), int(info.Age(now).Hours()/24), ended)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if k.Due(now) {
		_, _ = fmt.Fprintf(std.err, "key %d is older than %s: logproc keys rotate -k %s\n", k.Active().ID, keyring.FormatPeriod(k.Period()), c.Keys)
		return errFindings
	}
	return nil
}

type keysTokenCommand struct {
	Keys   string `short:"k" placeholder:"FILE" help:"Key file; without it LOGPROC_KEYS_FILE or LOGPROC_KEYS."`
	Kind   string `default:"account" placeholder:"KIND" help:"What the value is: account, email, phone, ip … (default ${default}). It is brought to its canonical form."`
	Prefix string `placeholder:"WORD" help:"The policy's prefix; by default acc for accounts, else the kind."`
	Domain string `placeholder:"WORD" help:"The policy's domain; by default account for accounts, else the prefix."`
	Value  string `arg:"" help:"The value; - reads it from standard input, so that it is in no shell history."`
}

func (keysTokenCommand) Help() string {
	return `Answers which pseudonyms a person has: one line for each key that is still there, the newest first.
A destroyed key gives none: its pseudonyms cannot be linked any more.

Example:
  logproc keys token -k keys.yaml --kind account - < account.txt`
}

func (c *keysTokenCommand) Run(std streams) error {
	kind, ok := detect.ParseKind(c.Kind)
	if !ok {
		return fmt.Errorf("--kind is %s, expected a kind of the policy such as account, email, phone, ip, iban", strconv.Quote(c.Kind))
	}
	prefix, domain, err := c.names(kind)
	if err != nil {
		return err
	}
	value, err := c.value(std.in)
	if err != nil {
		return err
	}
	k, err := c.keyring()
	if err != nil {
		return err
	}
	defer k.Wipe()
	canonical := detect.Canonical(nil, kind, []byte(value))
	for _, token := range k.Tokens(prefix, domain, canonical) {
		if _, err := fmt.Fprintf(std.out, "%s\t%s\n", token.Text, token.Key.State); err != nil {
			return err
		}
	}
	return nil
}

// names gives the prefix and the domain, as the policy has them by default.
func (c *keysTokenCommand) names(kind detect.Kind) (prefix, domain string, err error) {
	prefix, domain = c.Prefix, c.Domain
	if prefix == "" {
		prefix = strings.ReplaceAll(kind.String(), "_", "")
		if kind == detect.Account {
			prefix = "acc"
		}
	}
	if domain == "" {
		domain = prefix
		if kind == detect.Account {
			domain = "account"
		}
	}
	if !keyring.ValidPrefix(prefix) {
		return "", "", fmt.Errorf("--prefix is %s, expected up to 16 small letters and digits, a letter first", strconv.Quote(prefix))
	}
	if !keyring.ValidDomain(domain) {
		return "", "", errors.New("--domain is not valid, expected the domain of the policy's rule")
	}
	return prefix, domain, nil
}

// maxValue is the longest value in bytes that is read from the standard input.
const maxValue = 64 << 10

func (c *keysTokenCommand) value(in io.Reader) (string, error) {
	value := c.Value
	if value == "-" {
		line, err := bufio.NewReader(io.LimitReader(in, maxValue)).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return "", fmt.Errorf("read the value: %w", err)
		}
		value = strings.TrimRight(line, "\r\n")
	}
	if value == "" {
		return "", errors.New("no value, expected one as the argument, or - and a line on standard input")
	}
	return value, nil
}

func (c *keysTokenCommand) keyring() (*keyring.Keyring, error) {
	if c.Keys != "" {
		return keyring.Load(c.Keys)
	}
	k, err := keyring.FromEnv(os.Getenv)
	if errors.Is(err, keyring.ErrNone) {
		return nil, fmt.Errorf("%w; name a key file with -k", err)
	}
	return k, err
}
