package files

import (
	"bytes"
	"errors"
	"io"
)

// maxEmptyReads is how often a reader may give nothing and no error before it is called broken.
const maxEmptyReads = 100

// Lines cuts a stream of bytes into lines of bounded length. It holds one buffer, which grows with the
// longest line up to about the limit; there is no allocation per line.
type Lines struct {
	r          io.Reader
	max        int
	buf        []byte
	start, end int   // the bytes read and not yet given out
	err        error // of the reader, kept until the bytes before it are given out
	number     int64 // lines given out
}

// NewLines reads lines from r of which at most limit bytes (at least 1) are kept.
func NewLines(r io.Reader, limit int) *Lines {
	limit = max(limit, 1)
	return &Lines{r: r, max: limit, buf: make([]byte, min(readSize, limit+readSize/2))}
}

// Next gives the next line without its \n or \r\n, valid until the next call; size is its length in
// bytes. A line longer than the limit is read to its end: line then holds its first bytes and oversize
// is true. The last line needs no newline. After the last line the error is io.EOF; any other error is
// the reader's, as an *Error with the line's number, and the unfinished line before it is dropped.
func (l *Lines) Next() (line []byte, size int, oversize bool, err error) {
	scanned := l.start
	for {
		if i := bytes.IndexByte(l.buf[scanned:l.end], '\n'); i >= 0 {
			return l.give(scanned+i, scanned+i+1)
		}
		scanned = l.end
		if l.err != nil {
			return l.last()
		}
		if l.end == len(l.buf) {
			// One byte more than the limit may be the \r of \r\n; skip needs room to read into.
			if l.end-l.start > l.max+1 && len(l.buf)-l.max >= readSize/4 {
				return l.skip()
			}
			l.makeRoom()
			scanned = l.end
		}
		l.fill(l.end)
	}
}

// ready reports whether Next has a whole line without reading.
func (l *Lines) ready() bool {
	return l.err != nil || bytes.IndexByte(l.buf[l.start:l.end], '\n') >= 0
}

// give gives the line that ends before the newline and goes on at next.
func (l *Lines) give(newline, next int) ([]byte, int, bool, error) {
	line := l.buf[l.start:newline]
	if n := len(line); next > newline && n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	l.start = next
	l.number++
	size := len(line)
	if size > l.max {
		return line[:l.max:l.max], size, true, nil
	}
	return line[:size:size], size, false, nil
}

// last gives what is left when the reader has come to its end, or its error.
func (l *Lines) last() ([]byte, int, bool, error) {
	if l.err == io.EOF && l.end > l.start {
		return l.give(l.end, l.end)
	}
	l.start = l.end
	return nil, 0, false, l.failure()
}

// skip reads an oversize line to its end. The buffer's first part keeps its beginning, the rest is read
// over and over.
func (l *Lines) skip() ([]byte, int, bool, error) {
	copy(l.buf, l.buf[l.start:l.start+l.max])
	size := l.end - l.start
	before := l.buf[l.end-1] // the byte before what is scanned next: a \r may be the last of its read
	l.start = 0
	for {
		l.fill(l.max)
		part := l.buf[l.max:l.end]
		i := bytes.IndexByte(part, '\n')
		if i < 0 && l.err == nil {
			size += len(part)
			before = lastByte(part, before)
			continue
		}
		if i < 0 && l.err != io.EOF {
			l.start = l.end
			return nil, 0, false, l.failure()
		}
		l.number++
		if i < 0 {
			l.start = l.end
			return l.buf[:l.max:l.max], size + len(part), true, nil
		}
		if lastByte(part[:i], before) == '\r' {
			size--
		}
		l.start = l.max + i + 1
		return l.buf[:l.max:l.max], size + i, true, nil
	}
}

func lastByte(b []byte, otherwise byte) byte {
	if len(b) > 0 {
		return b[len(b)-1]
	}
	return otherwise
}

// makeRoom moves the unfinished line to the front of the buffer, or makes the buffer larger.
func (l *Lines) makeRoom() {
	to := l.buf
	if l.start == 0 {
		// Beyond the limit there is room for a whole read, which skip uses.
		to = make([]byte, min(2*len(l.buf), l.max+readSize/2))
	}
	copy(to, l.buf[l.start:l.end])
	l.buf, l.start, l.end = to, 0, l.end-l.start
}

// fill reads once into the buffer from position at on.
func (l *Lines) fill(at int) {
	l.end = at
	for range maxEmptyReads {
		n, err := l.r.Read(l.buf[at:])
		l.end += n
		l.err = err
		if n > 0 || err != nil {
			return
		}
	}
	l.err = io.ErrNoProgress
}

// failure gives the reader's error with the number of the line that it came in.
func (l *Lines) failure() error {
	if l.err == io.EOF {
		return io.EOF
	}
	var named *Error
	if errors.As(l.err, &named) {
		return &Error{Name: named.Name, Line: l.number + 1, Err: named.Err}
	}
	return &Error{Name: "input", Line: l.number + 1, Err: l.err}
}
