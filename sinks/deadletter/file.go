package deadletter

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
)

// DefaultMaxBytes is the size at which a file is rotated.
const DefaultMaxBytes = 64 << 20

// File writes letters as lines of JSON. When the file would grow beyond its bound it becomes NAME.1, in
// place of an older one, so that at most twice the bound is used.
type File struct {
	path     string
	maxBytes int64
	file     *os.File // nil after a failure to open it again
	size     int64
}

var _ Writer = (*File)(nil)

// OpenFile opens or makes a file that only its owner can read. A line that a crash has left unfinished is
// ended. maxBytes of 0 means the default of 64 MiB.
func OpenFile(path string, maxBytes int64) (*File, error) {
	if maxBytes <= 0 {
		maxBytes = DefaultMaxBytes
	}
	f := &File{path: path, maxBytes: maxBytes}
	if err := f.open(); err != nil {
		return nil, err
	}
	return f, nil
}

func (f *File) open() error {
	file, err := os.OpenFile(f.path, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("open the dead-letter file: %w", err)
	}
	size, err := endLine(file)
	if err == nil {
		err = file.Chmod(0o600) // it may be from somebody with another umask
	}
	if err != nil {
		_ = file.Close()
		return fmt.Errorf("open the dead-letter file: %w", err)
	}
	f.file, f.size = file, size
	return nil
}

// endLine makes sure that a file is empty or ends in a newline, and gives its size.
func endLine(file *os.File) (int64, error) {
	size, err := file.Seek(0, io.SeekEnd)
	if err != nil || size == 0 {
		return size, err
	}
	var last [1]byte
	if _, err := file.ReadAt(last[:], size-1); err != nil || last[0] == '\n' {
		return size, err
	}
	_, err = file.Write([]byte{'\n'})
	return size + 1, err
}

// Write appends the entries and brings them to the disk. After an error nothing of them is left in the
// file as far as that can be undone.
func (f *File) Write(_ context.Context, entries []Entry) error {
	var out bytes.Buffer
	for i := range entries {
		line := entries[i].line()
		if f.size+int64(out.Len()+len(line)) > f.maxBytes && f.size+int64(out.Len()) > 0 {
			if err := f.flush(&out); err != nil {
				return err
			}
			if err := f.rotate(); err != nil {
				return err
			}
		}
		out.Write(line)
	}
	return f.flush(&out)
}

func (f *File) flush(out *bytes.Buffer) error {
	if f.file == nil {
		if err := f.open(); err != nil {
			return err
		}
	}
	if out.Len() == 0 {
		return nil
	}
	n, err := f.file.Write(out.Bytes())
	if err == nil {
		err = f.file.Sync()
	}
	if err != nil {
		if truncated := f.file.Truncate(f.size); truncated != nil {
			f.size += int64(n)
		}
		return fmt.Errorf("write the dead-letter file: %w", err)
	}
	f.size += int64(n)
	out.Reset()
	return nil
}

// rotate starts a new file; the old one becomes NAME.1.
func (f *File) rotate() error {
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Rename(f.path, f.path+".1"); err != nil {
		return fmt.Errorf("rotate the dead-letter file: %w", err)
	}
	return f.open()
}

// Close closes the file.
func (f *File) Close() error {
	if f.file == nil {
		return nil
	}
	err := f.file.Close()
	f.file, f.size = nil, 0
	if err != nil {
		return fmt.Errorf("close the dead-letter file: %w", err)
	}
	return nil
}
