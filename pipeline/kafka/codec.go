package kafka

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// Numbers of codecs in a batch's attributes.
const (
	codecNone = iota
	codecGzip
	codecSnappy
	codecLZ4
	codecZstd
)

// Errors of unpacking.
var (
	errTooLarge = errors.New("the batch unpacks to more than the limit")
	errPacked   = errors.New("the batch's compressed data is malformed")
)

// unpacker turns packed batches into their records. It keeps its decoders, so it is used by one
// goroutine at a time. max bounds the unpacked size in bytes.
type unpacker struct {
	max   int
	gzip  *gzip.Reader
	zstd  *zstd.Decoder
	input bytes.Reader
	// ratio is by how much the last batch grew, in sixteenths: what the next one's buffer is made for.
	ratio int
}

func newUnpacker(max int) *unpacker { return &unpacker{max: max, ratio: 6 * 16} }

// guess gives the size to expect of a packed batch.
func (u *unpacker) guess(src []byte) int {
	return min(len(src)/16*u.ratio+4<<10, u.max)
}

// unpack appends the content of src to dst[:0] and gives the result, which may be another slice than
// dst when that was too small.
func (u *unpacker) unpack(dst, src []byte, codec int16) ([]byte, error) {
	dst = dst[:0]
	var err error
	switch codec {
	case codecGzip:
		dst, err = u.unpackGzip(dst, src)
	case codecSnappy:
		dst, err = appendSnappy(dst, src, u.max)
	case codecLZ4:
		dst, err = appendLZ4(dst, src, u.max)
	case codecZstd:
		dst, err = u.unpackZstd(dst, src)
	default:
		return dst, fmt.Errorf("the batch is compressed with the unknown codec %d", codec)
	}
	if err == nil && len(src) > 0 {
		u.ratio = min(max(len(dst)*16/len(src)+2, 16), 100*16)
	}
	return dst, err
}

func (u *unpacker) unpackGzip(dst, src []byte) ([]byte, error) {
	u.input.Reset(src)
	if u.gzip == nil {
		u.gzip = new(gzip.Reader)
	}
	if err := u.gzip.Reset(&u.input); err != nil {
		return dst, errPacked
	}
	for {
		if len(dst) == cap(dst) {
			if len(dst) >= u.max {
				return u.endGzip(dst)
			}
			dst = grow(dst, 1, u.max)
		}
		n, err := u.gzip.Read(dst[len(dst):min(cap(dst), u.max)])
		dst = dst[:len(dst)+n]
		switch {
		case err == io.EOF:
			return dst, nil
		case err != nil:
			return dst, errPacked
		}
	}
}

// endGzip accepts a full buffer only when the data ends exactly there.
func (u *unpacker) endGzip(dst []byte) ([]byte, error) {
	var one [1]byte
	if n, err := io.ReadFull(u.gzip, one[:]); n > 0 || err != io.EOF {
		return dst, errTooLarge
	}
	return dst, nil
}

func (u *unpacker) unpackZstd(dst, src []byte) ([]byte, error) {
	if u.zstd == nil {
		d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(uint64(u.max)),
			zstd.IgnoreChecksum(true)) // the batch's own checksum covers these bytes
		if err != nil {
			return dst, err
		}
		u.zstd = d
	}
	out, err := u.zstd.DecodeAll(src, dst)
	switch {
	case errors.Is(err, zstd.ErrDecoderSizeExceeded), errors.Is(err, zstd.ErrWindowSizeExceeded):
		return dst, errTooLarge
	case err != nil:
		return dst, errPacked
	case len(out) > u.max:
		return dst, errTooLarge
	}
	return out, nil
}

// grow makes room for n more bytes, at least doubling, but not beyond max in all.
func grow(dst []byte, n, max int) []byte {
	size := 2 * cap(dst)
	if size < len(dst)+n {
		size = len(dst) + n
	}
	if size > max {
		size = max
	}
	if size <= cap(dst) {
		return dst
	}
	out := make([]byte, len(dst), size)
	copy(out, dst)
	return out
}
