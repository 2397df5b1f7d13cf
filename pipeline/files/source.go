package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/logproc/logproc/pipeline"
)

// Defaults of Options.
const (
	DefaultConcurrency = 2
	DefaultMaxLine     = 1 << 20
)

// Options says what a Source reads and how.
type Options struct {
	// Names are the files, each named once; "-" is standard input.
	Names []string
	// Stdin is what "-" reads.
	Stdin io.Reader
	// Concurrency is how many files are worked on at a time (default 2). Each takes up to about 1 MiB
	// of buffers, more where lines are longer.
	Concurrency int
	// MaxLine is how many bytes of a line are kept (default 1 MiB); see pipeline.Message.Oversize.
	MaxLine int
	// Now is the clock that gives lines of standard input their time (default time.Now).
	Now func() time.Time
}

// Source gives every file as a partition, whose offsets are line numbers from 0.
type Source struct {
	options Options
}

var _ pipeline.Source = (*Source)(nil)

// NewSource makes a source of files. Nothing is opened before Run.
func NewSource(options Options) *Source {
	if options.Concurrency <= 0 {
		options.Concurrency = DefaultConcurrency
	}
	if options.MaxLine <= 0 {
		options.MaxLine = DefaultMaxLine
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	return &Source{options: options}
}

// Run works on all files, in their order, as many at a time as Options say. It first makes sure that
// all can be opened: if not, no work starts and the error names every file that cannot. When ctx ends
// no further file is begun, and Run returns nil after the work under way has returned.
func (s *Source) Run(ctx context.Context, work func(ctx context.Context, p pipeline.Partition)) error {
	if err := s.check(); err != nil {
		return err
	}
	var running sync.WaitGroup
	defer running.Wait()
	slots := make(chan struct{}, s.options.Concurrency)
	for _, name := range s.options.Names {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return nil
		}
		running.Go(func() {
			defer func() { <-slots }()
			p := newPartition(name, &s.options)
			defer p.close()
			work(ctx, p)
		})
	}
	return nil
}

// check tells of every file that cannot be read.
func (s *Source) check() error {
	var errs []error
	seen := make(map[string]bool, len(s.options.Names))
	infos := make(map[string]os.FileInfo, len(s.options.Names))
	for _, name := range s.options.Names {
		if seen[name] {
			errs = append(errs, &Error{Name: displayName(name), Err: errors.New("it is named twice; its lines would count twice")})
			continue
		}
		seen[name] = true
		if err := checkFile(name); err != nil {
			errs = append(errs, err)
			continue
		}
		if other := sameFile(name, infos); other != "" {
			errs = append(errs, &Error{Name: displayName(name), Err: fmt.Errorf("it is the same file as %s; its lines would count twice", other)})
		}
	}
	return errors.Join(errs...)
}

// sameFile gives the name under which a file was met before, by another path or a link; it notes the file.
func sameFile(name string, infos map[string]os.FileInfo) string {
	info, err := os.Stat(name)
	if name == Stdin || err != nil {
		return ""
	}
	for other, before := range infos {
		if os.SameFile(info, before) {
			return other
		}
	}
	infos[name] = info
	return ""
}

// checkFile opens a regular file and looks at its first bytes. Pipes are left alone: opening and
// closing one would end its writer.
func checkFile(name string) error {
	if name == Stdin {
		return nil
	}
	if name == "" {
		_, err := Open(name, nil)
		return err
	}
	info, err := os.Stat(name)
	if err != nil {
		return &Error{Name: name, Err: cause(err)}
	}
	if !info.Mode().IsRegular() && !info.IsDir() {
		return nil
	}
	f, err := Open(name, nil)
	if err != nil {
		return err
	}
	return f.Close()
}

// modified gives the time that a file's lines carry, in Unix nanoseconds; whether it can be read again
// from its start, too.
func modified(name string) (ns int64, regular bool, err error) {
	info, err := os.Stat(name)
	if err != nil {
		return 0, false, &Error{Name: name, Err: fmt.Errorf("get its modification time: %w", cause(err))}
	}
	return info.ModTime().UnixNano(), info.Mode().IsRegular(), nil
}
