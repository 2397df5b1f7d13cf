package boltstore

import (
	"encoding/binary"
	"fmt"

	"github.com/logproc/logproc/rollup"
)

// quartersPerDay is the number of buckets in a UTC day.
const quartersPerDay = 96

var errCounts = fmt.Errorf("%w: counts that cannot be read", rollup.ErrCorrupt)

// cutPair reads the pair at the start of a day's counts.
func cutPair(b []byte) (quarter uint8, n uint64, rest []byte, err error) {
	if len(b) < 2 || b[0] >= quartersPerDay {
		return 0, 0, nil, errCounts
	}
	n, size := binary.Uvarint(b[1:])
	if size <= 0 {
		return 0, 0, nil, errCounts
	}
	return b[0], n, b[1+size:], nil
}

func appendPair(dst []byte, quarter uint8, n uint64) []byte {
	return binary.AppendUvarint(append(dst, quarter), n)
}

// appendMerged appends the sum of a day's stored counts and of cells, which are ordered by quarter.
func appendMerged(dst, stored []byte, cells []cell) ([]byte, error) {
	for len(stored) > 0 {
		quarter, n, rest, err := cutPair(stored)
		if err != nil {
			return nil, err
		}
		stored = rest
		for len(cells) > 0 && cells[0].quarter < quarter {
			dst, cells = appendCells(dst, 0, cells)
		}
		if len(cells) > 0 && cells[0].quarter == quarter {
			dst, cells = appendCells(dst, n, cells)
		} else {
			dst = appendPair(dst, quarter, n)
		}
	}
	for len(cells) > 0 {
		dst, cells = appendCells(dst, 0, cells)
	}
	return dst, nil
}

// appendCells appends n and all cells of the first one's quarter as one pair.
func appendCells(dst []byte, n uint64, cells []cell) ([]byte, []cell) {
	quarter := cells[0].quarter
	for len(cells) > 0 && cells[0].quarter == quarter {
		n = rollup.Sum(n, cells[0].n)
		cells = cells[1:]
	}
	return appendPair(dst, quarter, n), cells
}

// total gives the sum of a day's counts.
func total(stored []byte) (uint64, error) {
	sum := uint64(0)
	for len(stored) > 0 {
		_, n, rest, err := cutPair(stored)
		if err != nil {
			return 0, err
		}
		sum, stored = rollup.Sum(sum, n), rest
	}
	return sum, nil
}

// dayKey gives the name of a UTC day's bucket; names are in the order of the days.
func dayKey(day int32) []byte { return binary.BigEndian.AppendUint32(nil, uint32(day)^1<<31) }

func dayOf(key []byte) (day int32, ok bool) {
	if len(key) != 4 {
		return 0, false
	}
	return int32(binary.BigEndian.Uint32(key) ^ 1<<31), true
}
