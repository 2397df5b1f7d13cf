package boltstore

import (
	"encoding/binary"
	"fmt"

	"github.com/logproc/logproc/rollup"
)

var errCounts = fmt.Errorf("%w: counts that cannot be read", rollup.ErrCorrupt)

// appendMerged appends the sum of a day's stored counts and of cells, which are ordered by quarter.
func appendMerged(dst, stored []byte, cells []cell) ([]byte, error) {
	for len(stored) > 0 {
		quarter, n, rest, err := rollup.CutPair(stored)
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
			dst = rollup.AppendPair(dst, quarter, n)
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
	return rollup.AppendPair(dst, quarter, n), cells
}

// dayKey gives the name of a UTC day's bucket; names are in the order of the days.
func dayKey(day int32) []byte { return binary.BigEndian.AppendUint32(nil, uint32(day)^1<<31) }

func dayOf(key []byte) (day int32, ok bool) {
	if len(key) != 4 {
		return 0, false
	}
	return int32(binary.BigEndian.Uint32(key) ^ 1<<31), true
}
