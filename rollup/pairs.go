package rollup

import (
	"encoding/binary"
	"fmt"
)

// A key's counts of one UTC day are stored as pairs of a quarter (1 byte, see Bucket.Quarter) and a count
// (uvarint), in the order of the quarters, each at most once.

var errPairs = fmt.Errorf("%w: counts that cannot be read", ErrCorrupt)

// AppendPair appends the stored form of a quarter's count.
func AppendPair(dst []byte, quarter uint8, n uint64) []byte {
	return binary.AppendUvarint(append(dst, quarter), n)
}

// CutPair reads the pair at the start of a day's stored counts. The error wraps ErrCorrupt.
func CutPair(b []byte) (quarter uint8, n uint64, rest []byte, err error) {
	if len(b) < 2 || int32(b[0]) >= bucketsPerDay {
		return 0, 0, nil, errPairs
	}
	n, size := binary.Uvarint(b[1:])
	if size <= 0 {
		return 0, 0, nil, errPairs
	}
	return b[0], n, b[1+size:], nil
}

// PairsTotal gives the sum of a day's stored counts.
func PairsTotal(stored []byte) (uint64, error) {
	sum := uint64(0)
	for len(stored) > 0 {
		_, n, rest, err := CutPair(stored)
		if err != nil {
			return 0, err
		}
		sum, stored = Sum(sum, n), rest
	}
	return sum, nil
}
