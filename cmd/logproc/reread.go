package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/logproc/logproc/parse"
	"github.com/logproc/logproc/pipeline/files"
)

// maxSpool bounds what is held of standard input, which cannot be read twice.
const maxSpool = 256 << 20

// rereader reads the lines of files, as often as they are asked for.
type rereader struct {
	names     []string
	stdin     io.Reader
	lineBytes int
	spool     []byte // of standard input, each line with its newline
	spooled   bool
}

func newRereader(names []string, stdin io.Reader, lineBytes int) *rereader {
	if len(names) == 0 {
		names = []string{files.Stdin}
	}
	return &rereader{names: names, stdin: stdin, lineBytes: lineBytes}
}

// records calls f for every record of the files; it may keep nothing of it. What cannot be parsed is left out.
func (r *rereader) records(ctx context.Context, parser *parse.Parser, f func(*parse.Record)) error {
	for _, name := range r.names {
		if err := r.file(ctx, name, parser, f); err != nil {
			return err
		}
	}
	return nil
}

func (r *rereader) file(ctx context.Context, name string, parser *parse.Parser, f func(*parse.Record)) error {
	in, err := r.open(name)
	if err != nil {
		return err
	}
	lines := files.NewLines(in, r.lineBytes)
	for number := int64(0); ctx.Err() == nil; number++ {
		line, _, oversize, err := lines.Next()
		if err == io.EOF {
			parser.Flush(func(int64) {})
			return in.Close()
		}
		if err != nil {
			return errors.Join(err, in.Close())
		}
		if parser.Parse(parse.Input{Line: line, Stream: []byte(name), Offset: number, Oversize: oversize}) != parse.OK {
			continue
		}
		for record, ok := parser.Next(); ok; record, ok = parser.Next() {
			f(record)
		}
	}
	return errors.Join(fmt.Errorf("interrupted before the end of the input: %w", ctx.Err()), in.Close())
}

func (r *rereader) open(name string) (io.ReadCloser, error) {
	if name != files.Stdin {
		return files.Open(name, nil)
	}
	if !r.spooled {
		in, err := files.Open(name, r.stdin)
		if err != nil {
			return nil, err
		}
		if r.spool, err = io.ReadAll(io.LimitReader(in, maxSpool+1)); err != nil {
			return nil, err
		}
		if len(r.spool) > maxSpool {
			return nil, fmt.Errorf("standard input is larger than %d MiB, which have to be read twice; give a file", maxSpool>>20)
		}
		r.spooled = true
	}
	return io.NopCloser(bytes.NewReader(r.spool)), nil
}
