package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/logproc/logproc/internal/conf"
	"github.com/logproc/logproc/pipeline/files"
	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/redact/keyring"
)

type redactCommand struct {
	Policy    string        `short:"p" placeholder:"FILE" help:"Policy file; without it the built-in policy."`
	Keys      string        `short:"k" placeholder:"FILE" help:"Pseudonym keys; without it LOGPROC_KEYS or LOGPROC_KEYS_FILE, else a random key for this run."`
	Service   string        `placeholder:"NAME" help:"Service that the lines are of, for rules of some services."`
	Format    string        `default:"lines" enum:"lines,kcat" help:"Input format: ${enum}."`
	LineBytes conf.ByteSize `default:"1MiB" help:"Longest line; a longer one is withheld."`
	Files     []string      `arg:"" optional:"" placeholder:"FILE" help:"Log files, plain, gzip or zstd; - or none is standard input."`
}

func (redactCommand) Help() string {
	return `Writes one redacted line for each line that it reads, in order. What needs no redaction leaves byte for byte as it came, but
for the end of the line, which is always a single newline. Lines that cannot be handled become <withheld>.

With --format kcat, each line is a record as kcat -J prints it; key, headers and payload are redacted.

Example:
  logproc redact app.jsonl.gz
  kcat -C -b 127.0.0.1:9092 -t logs -e -J | logproc redact --format kcat --keys keys.yaml`
}

func (c *redactCommand) Run(ctx context.Context, std streams) error {
	policy, err := loadPolicy(c.Policy)
	if err != nil {
		return err
	}
	keys, err := c.keyring(std)
	if err != nil {
		return err
	}
	filter := redactFilter{redactor: redact.NewRedactor(policy, keys, redact.Options{}), service: []byte(c.Service), kcat: c.Format == "kcat",
		lineBytes: int(c.LineBytes), out: bufio.NewWriterSize(std.out, 64<<10)}
	names := c.Files
	if len(names) == 0 {
		names = []string{files.Stdin}
	}
	for _, name := range names {
		if err := filter.file(ctx, name, std.in); err != nil {
			return errors.Join(err, filter.out.Flush())
		}
	}
	return filter.out.Flush()
}

// loadPolicy reads a policy file; without a name it gives the built-in policy.
func loadPolicy(name string) (*redact.Policy, error) {
	if name == "" {
		return redact.DefaultPolicy(), nil
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("read the redaction policy: %w", err)
	}
	return redact.LoadPolicy(name, data, redact.LoadOptions{Now: time.Now()})
}

// keyring gives the keys of the file or the environment, or one that ends with this run.
func (c *redactCommand) keyring(std streams) (*keyring.Keyring, error) {
	if c.Keys != "" {
		return keyring.Load(c.Keys)
	}
	if k, err := keyring.FromEnv(os.Getenv); !errors.Is(err, keyring.ErrNone) {
		return k, err
	}
	_, _ = fmt.Fprintln(std.err, "logproc: no --keys: pseudonyms are made with a random key and fit those of no other run")
	return keyring.Ephemeral(rand.Reader)
}

// redactFilter writes one redacted line for each line that it reads.
type redactFilter struct {
	redactor  *redact.Redactor
	service   []byte
	kcat      bool
	lineBytes int
	out       *bufio.Writer
}

// file filters one file. The output so far is written before each read, as the next may have to wait.
func (f *redactFilter) file(ctx context.Context, name string, stdin io.Reader) error {
	in, err := files.Open(name, flushingReader{stdin, f.out})
	if err != nil {
		return err
	}
	err = f.lines(ctx, files.NewLines(in, f.lineBytes))
	return errors.Join(err, in.Close())
}

func (f *redactFilter) lines(ctx context.Context, lines *files.Lines) error {
	for ctx.Err() == nil {
		line, _, oversize, err := lines.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := f.write(line, oversize); err != nil {
			return fmt.Errorf("write the redacted lines: %w", err)
		}
	}
	return fmt.Errorf("interrupted before the end of the input: %w", ctx.Err())
}

func (f *redactFilter) write(line []byte, oversize bool) error {
	switch {
	case oversize:
		line = []byte("<withheld>")
	case f.kcat:
		line = f.redactor.KcatLine(line, f.service).Value()
	default:
		line = f.redactor.Apply(redact.Source{Value: line, Service: f.service}).Value()
	}
	_, _ = f.out.Write(line) // the error stays and comes back with the next write
	return f.out.WriteByte('\n')
}

// flushingReader writes what is buffered before it reads, so that a filter in a pipe holds nothing back
// while it waits.
type flushingReader struct {
	io.Reader
	out *bufio.Writer
}

func (r flushingReader) Read(p []byte) (int, error) {
	if err := r.out.Flush(); err != nil {
		return 0, fmt.Errorf("write the redacted lines: %w", err)
	}
	return r.Reader.Read(p)
}
