// Package files reads log lines from files and standard input: it decompresses what needs it, cuts the
// bytes into lines of bounded length, and offers every file as a partition of a pipeline.Source.
package files

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// Stdin is the name that stands for standard input.
const Stdin = "-"

// maxWindow is the largest zstd window that is accepted; it is also the limit of the zstd command
// (without --long=28 and above), and bounds what a hostile file can make the decoder allocate.
const maxWindow = 128 << 20

// readSize is the size of one read from the operating system.
const readSize = 64 << 10

var (
	gzipMagic = []byte{0x1f, 0x8b}
	zstdMagic = []byte{0x28, 0xb5, 0x2f, 0xfd}
)

// Error is a failure to read a file, with the number of the line that it came in (from 1) where one was
// being read. It never holds any of the file's content.
type Error struct {
	Name string // the file's name, or "stdin"
	Line int64  // 0 when no line was being read
	Err  error
}

// Error gives the file, the line and what happened, in the form that compilers use.
func (e *Error) Error() string {
	if e.Line > 0 {
		return fmt.Sprintf("%s: line %d: %v", e.Name, e.Line, e.Err)
	}
	return fmt.Sprintf("%s: %v", e.Name, e.Err)
}

// Unwrap gives what happened.
func (e *Error) Unwrap() error { return e.Err }

// Open opens a file for reading; "-" is stdin, which Close leaves open. What begins with the magic
// bytes of gzip (of one or several members) or zstd is decompressed, whatever the name says. All errors, those of
// Read too, are of type *Error and name the file.
func Open(name string, stdin io.Reader) (io.ReadCloser, error) {
	if name == Stdin {
		return decompress(displayName(name), stdin, nil)
	}
	if name == "" {
		return nil, &Error{Name: `""`, Err: errors.New("an empty file name")}
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, &Error{Name: name, Err: cause(err)}
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = errors.New("it is a directory; name the files in it")
	}
	if err != nil {
		_ = f.Close()
		return nil, &Error{Name: name, Err: cause(err)}
	}
	return decompress(name, f, f.Close)
}

// displayName gives the name of a file as shown to people.
func displayName(name string) string {
	if name == Stdin {
		return "stdin"
	}
	return name
}

// cause takes the file's name and the system call's off an error that will be named anyway.
func cause(err error) error {
	var p *os.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// reader is an open file, decompressed, whose errors name it.
type reader struct {
	io.Reader
	name   string
	format string // of the compression, empty for none
	close  []func() error
}

// decompress looks at the first bytes of r and gives a reader of what they stand for. It owns what
// closeFile closes (which may be nil), also when it fails.
// foreignFormat tells of compressed files that are not read.
func foreignFormat(magic []byte) error {
	for prefix, name := range map[string]string{"\xfd7zX": "xz", "BZh": "bzip2", "PK\x03\x04": "zip", "\x04\x22\x4d\x18": "lz4"} {
		if bytes.HasPrefix(magic, []byte(prefix)) {
			return fmt.Errorf("it is %s data; plain, gzip and zstd are read", name)
		}
	}
	return nil
}

func decompress(name string, r io.Reader, closeFile func() error) (*reader, error) {
	out := &reader{name: name}
	if closeFile != nil {
		out.close = append(out.close, closeFile)
	}
	buffered := bufio.NewReaderSize(r, readSize)
	magic, err := buffered.Peek(len(zstdMagic))
	if err != nil && err != io.EOF {
		_ = out.Close()
		return nil, &Error{Name: name, Err: cause(err)}
	}
	switch {
	case bytes.HasPrefix(magic, gzipMagic):
		err = out.gzip(buffered)
	case bytes.HasPrefix(magic, zstdMagic):
		err = out.zstd(buffered)
	default:
		out.Reader, err = buffered, foreignFormat(magic)
	}
	if err != nil {
		_ = out.Close()
		return nil, out.wrap(err)
	}
	return out, nil
}

func (r *reader) gzip(from io.Reader) error {
	r.format = "gzip"
	d, err := gzip.NewReader(from)
	if err != nil {
		return err
	}
	r.Reader = d
	r.close = append(r.close, d.Close)
	return nil
}

func (r *reader) zstd(from io.Reader) error {
	r.format = "zstd"
	// One thread: the source already reads ahead in a goroutine of its own.
	d, err := zstd.NewReader(from, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
	if err != nil {
		return err
	}
	r.Reader = d
	r.close = append(r.close, func() error { d.Close(); return nil })
	return nil
}

// Read reads decompressed bytes.
func (r *reader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if err != nil && err != io.EOF {
		err = r.wrap(err)
	}
	return n, err
}

func (r *reader) wrap(err error) error {
	err = cause(err)
	if r.format != "" {
		err = fmt.Errorf("its %s data is damaged or cut off: %w", r.format, err)
	}
	return &Error{Name: r.name, Err: err}
}

// Close ends the decoders first, the file last.
func (r *reader) Close() error {
	var errs []error
	for i := len(r.close) - 1; i >= 0; i-- {
		if err := r.close[i](); err != nil {
			errs = append(errs, &Error{Name: r.name, Err: cause(err)})
		}
	}
	r.close = nil
	return errors.Join(errs...)
}
