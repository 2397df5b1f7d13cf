package kafka

import (
	"encoding/binary"

	"github.com/klauspost/compress/s2"
)

// xerialMagic begins the framing of snappy data that Java clients write; others write a bare block.
const (
	xerialMagic  = "\x82SNAPPY\x00"
	xerialHeader = 16 // the magic and two versions
)

// appendSnappy unpacks snappy data of either form.
func appendSnappy(dst, src []byte, max int) ([]byte, error) {
	if len(src) < xerialHeader || string(src[:len(xerialMagic)]) != xerialMagic {
		return appendSnappyBlock(dst, src, max)
	}
	var err error
	for src = src[xerialHeader:]; len(src) > 0; {
		if len(src) < 4 {
			return dst, errPacked
		}
		size := int64(binary.BigEndian.Uint32(src))
		if size > int64(len(src)-4) {
			return dst, errPacked
		}
		if dst, err = appendSnappyBlock(dst, src[4:4+size], max); err != nil {
			return dst, err
		}
		src = src[4+size:]
	}
	return dst, nil
}

func appendSnappyBlock(dst, block []byte, max int) ([]byte, error) {
	n, err := s2.DecodedLen(block)
	if err != nil {
		return dst, errPacked
	}
	if n > max-len(dst) {
		return dst, errTooLarge
	}
	if n > cap(dst)-len(dst) {
		dst = grow(dst, n, max)
	}
	out := dst[len(dst) : len(dst)+n]
	if _, err := s2.Decode(out, block); err != nil {
		return dst, errPacked
	}
	return dst[:len(dst)+n], nil
}
