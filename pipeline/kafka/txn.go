package kafka

import (
	"encoding/binary"
	"slices"
)

// abortedTxn is a transaction that was aborted: the records of its producer from an offset on, up to
// the marker that ends it, must not be read.
type abortedTxn struct{ producerID, first int64 }

// txnFilter tells which batches of an answer belong to aborted transactions. Batches are shown to it in
// the order of offsets.
type txnFilter struct {
	waiting []abortedTxn // by first offset
	open    []int64      // producers inside of an aborted transaction; there are never many
}

// load begins a new answer.
func (f *txnFilter) load(aborted []abortedTxn) {
	slices.SortFunc(aborted, func(a, b abortedTxn) int {
		switch {
		case a.first < b.first:
			return -1
		case a.first > b.first:
			return 1
		}
		return 0
	})
	f.waiting, f.open = aborted, nil
}

// aborted tells whether a batch that is no control batch has to be left out.
func (f *txnFilter) aborted(h *header) bool {
	for len(f.waiting) > 0 && f.waiting[0].first <= h.last {
		if !slices.Contains(f.open, f.waiting[0].producerID) {
			f.open = append(f.open, f.waiting[0].producerID)
		}
		f.waiting = f.waiting[1:]
	}
	return h.transactional() && slices.Contains(f.open, h.producerID)
}

// control takes note of a control batch: an abort marker ends its producer's transaction.
func (f *txnFilter) control(h *header, payload []byte) {
	f.aborted(h) // moves on transactions that begin below the marker
	if !isAbortMarker(payload) {
		return
	}
	if i := slices.Index(f.open, h.producerID); i >= 0 {
		f.open = slices.Delete(f.open, i, i+1)
	}
}

// isAbortMarker reads the one record of a control batch.
func isAbortMarker(payload []byte) bool {
	size, n := varint(payload)
	if n <= 0 || size < minRecord-1 || size > int64(len(payload)-n) {
		return false
	}
	b := payload[n : n+int(size)]
	at := 1
	for range 2 { // time and offset
		_, n := varint(b[at:])
		if n <= 0 {
			return false
		}
		at += n
	}
	key, at := field(b, at)
	return at >= 0 && len(key) >= 4 && binary.BigEndian.Uint16(key[2:]) == 0
}
