package kafka

import (
	"encoding/binary"

	"github.com/pierrec/lz4/v4"
)

// Parts of the LZ4 frame format.
const (
	lz4Magic         = 0x184D2204
	lz4SkippableMask = 0xFFFFFFF0
	lz4Skippable     = 0x184D2A50
	lz4Stored        = 1 << 31 // a block's size: it is not compressed
	lz4Window        = 64 << 10
)

// appendLZ4 unpacks LZ4 frames. It is a reader of its own, as the library's checks xxHash sums that
// the batch's checksum makes needless, and those took as long as the unpacking.
func appendLZ4(dst, src []byte, max int) ([]byte, error) {
	for len(src) > 0 {
		if len(src) < 7 {
			return dst, errPacked
		}
		magic := binary.LittleEndian.Uint32(src)
		if magic&lz4SkippableMask == lz4Skippable {
			size := int64(binary.LittleEndian.Uint32(src[4:])) + 8
			if size > int64(len(src)) {
				return dst, errPacked
			}
			src = src[size:]
			continue
		}
		if magic != lz4Magic {
			return dst, errPacked
		}
		var err error
		if dst, src, err = appendLZ4Frame(dst, src[4:], max); err != nil {
			return dst, err
		}
	}
	return dst, nil
}

// lz4Frame is what a frame's descriptor says.
type lz4Frame struct {
	linked, blockSum, contentSum bool
	blockMax                     int
}

// parseLZ4Frame reads the descriptor and gives what follows it.
func parseLZ4Frame(src []byte) (f lz4Frame, rest []byte, ok bool) {
	if len(src) < 3 {
		return f, nil, false
	}
	flags, size := src[0], src[1]>>4&7
	if flags>>6 != 1 || size < 4 {
		return f, nil, false
	}
	f = lz4Frame{linked: flags&0x20 == 0, blockSum: flags&0x10 != 0, contentSum: flags&0x04 != 0, blockMax: 1 << (8 + 2*size)}
	n := 3
	if flags&0x08 != 0 {
		n += 8 // the content's size, which is only a claim
	}
	if flags&0x01 != 0 || len(src) < n { // a dictionary that nobody has given us
		return f, nil, false
	}
	return f, src[n:], true
}

func appendLZ4Frame(dst, src []byte, max int) (out, rest []byte, err error) {
	f, src, ok := parseLZ4Frame(src)
	if !ok {
		return dst, nil, errPacked
	}
	begin := len(dst)
	for {
		if len(src) < 4 {
			return dst, nil, errPacked
		}
		size := binary.LittleEndian.Uint32(src)
		src = src[4:]
		if size == 0 {
			break
		}
		stored := size&lz4Stored != 0
		n := int(size &^ lz4Stored)
		if n > len(src) || n > f.blockMax {
			return dst, nil, errPacked
		}
		if stored {
			dst, err = appendStored(dst, src[:n], max)
		} else {
			dst, err = f.appendBlock(dst, src[:n], begin, max)
		}
		if err != nil {
			return dst, nil, err
		}
		src = src[n:]
		if f.blockSum {
			if len(src) < 4 {
				return dst, nil, errPacked
			}
			src = src[4:]
		}
	}
	if f.contentSum {
		if len(src) < 4 {
			return dst, nil, errPacked
		}
		src = src[4:]
	}
	return dst, src, nil
}

func appendStored(dst, block []byte, max int) ([]byte, error) {
	if len(block) > max-len(dst) {
		return dst, errTooLarge
	}
	if len(block) > cap(dst)-len(dst) {
		dst = grow(dst, len(block), max)
	}
	return append(dst, block...), nil
}

// appendBlock unpacks a block; linked ones look back at what the frame, which began at begin, held
// before. A block's size is not told: it is tried with the room there is, which the guess of the whole
// batch has made wide enough as a rule, and then with twice as much. (Making room for the largest block
// that the frame allows, mostly 4 MiB, would cost many times the memory.)
func (f lz4Frame) appendBlock(dst, block []byte, begin, max int) ([]byte, error) {
	for {
		room := min(min(cap(dst), max)-len(dst), f.blockMax)
		if room >= len(block) {
			if n, err := f.block(dst, block, begin, room); err == nil {
				return dst[:len(dst)+n], nil
			}
		}
		switch {
		case room >= f.blockMax:
			return dst, errPacked
		case len(dst)+room >= max:
			return dst, errTooLarge // or malformed, which cannot be told apart
		}
		dst = grow(dst, min(2*room+len(block), f.blockMax), max)
	}
}

// block unpacks a block into the room bytes after dst and gives its size.
func (f lz4Frame) block(dst, block []byte, begin, room int) (int, error) {
	target := dst[len(dst) : len(dst)+room]
	if !f.linked {
		return lz4.UncompressBlock(block, target)
	}
	history := dst[begin:]
	return lz4.UncompressBlockWithDict(block, target, history[len(history)-min(len(history), lz4Window):])
}
