package history

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"slices"

	"github.com/logproc/logproc/rollup"
)

// sums are the counts of all keys on one day of a zone, in the order of the keys.
type sums []sum

// sum is the count of a key as in rollup.AppendKey.
type sum struct {
	key []byte
	n   uint64
}

// stretch is a day as buckets: zones whose days are the same share their sums.
type stretch struct{ from, to rollup.Bucket }

// utcDays gives the days of UTC [from, to) that the stretch touches.
func (d stretch) utcDays() (from, to int32) { return d.from.UTCDay(), (d.to - 1).UTCDay() + 1 }

// fold reads a day's counts and sums them.
func fold(ctx context.Context, r rollup.Reader, d stretch, service, env *string) (sums, error) {
	var list sums
	var arena []byte
	var last rollup.Key
	query := rollup.Query{From: d.from, To: d.to, Service: service, Env: env}
	err := r.Counts(ctx, query, func(c rollup.Count) error {
		if len(list) > 0 && c.Key == last { // stores give a key's quarters one after the other
			list[len(list)-1].n = rollup.Sum(list[len(list)-1].n, c.N)
			return nil
		}
		last = c.Key
		start := len(arena)
		arena = rollup.AppendKey(arena, c.Key)
		list = append(list, sum{key: arena[start:len(arena):len(arena)], n: c.N})
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(list, func(a, b sum) int { return bytes.Compare(a.key, b.key) })
	unique := list[:0]
	for _, s := range list {
		if n := len(unique); n > 0 && bytes.Equal(unique[n-1].key, s.key) {
			unique[n-1].n = rollup.Sum(unique[n-1].n, s.n)
			continue
		}
		unique = append(unique, s)
	}
	return unique, nil
}

// revision is the revision of a day of UTC.
type revision struct {
	day    int32
	number uint64
}

// revisionsOf gives the revisions of the days of UTC that a stretch touches; nil when one has none: such sums
// cannot be kept, and most often there is little to sum.
func revisionsOf(d stretch, all map[int32]uint64) []revision {
	var list []revision
	from, to := d.utcDays()
	for day := from; day < to; day++ {
		number, known := all[day]
		if !known {
			return nil
		}
		list = append(list, revision{day, number})
	}
	return list
}

// A part of a day's sums as stored: the format, the number of parts, the revisions, a checksum of the rest, and
// each key with what it has in common with the one before it left out.
const sumsFormat = 1

const checksumSize = 4

var errSums = errors.New("kept sums of a day that cannot be read")

// partSize is the size in bytes at which a part is full.
const partSize = rollup.MaxDocumentValue / 2

// encode gives the parts of sums.
func encode(list sums, of []revision) [][]byte {
	var bodies [][]byte
	for first := true; first || len(list) > 0; first = false {
		var body, before []byte
		n := 0
		for n < len(list) && len(body) < partSize {
			body = appendSum(body, before, list[n])
			before = list[n].key
			n++
		}
		bodies, list = append(bodies, body), list[n:]
	}
	parts := make([][]byte, len(bodies))
	for i, body := range bodies {
		head := appendHead(nil, len(bodies), of)
		parts[i] = append(binary.BigEndian.AppendUint32(head, crc32.ChecksumIEEE(body)), body...)
	}
	return parts
}

func appendHead(dst []byte, parts int, of []revision) []byte {
	dst = binary.AppendUvarint(append(dst, sumsFormat), uint64(parts))
	dst = binary.AppendUvarint(dst, uint64(len(of)))
	for _, r := range of {
		dst = binary.AppendUvarint(binary.AppendVarint(dst, int64(r.day)), r.number)
	}
	return dst
}

func appendSum(dst, before []byte, s sum) []byte {
	common := 0
	for common < min(len(before), len(s.key)) && before[common] == s.key[common] {
		common++
	}
	dst = binary.AppendUvarint(dst, uint64(common))
	dst = binary.AppendUvarint(dst, uint64(len(s.key)-common))
	dst = append(dst, s.key[common:]...)
	return binary.AppendUvarint(dst, s.n)
}

// partsOf gives the number of parts, and what follows the head. ok is false when the part was not made of these
// revisions, or is damaged.
func partsOf(part []byte, of []revision) (parts int, body []byte, ok bool) {
	if len(part) == 0 || part[0] != sumsFormat {
		return 0, nil, false
	}
	n, size := binary.Uvarint(part[1:])
	if size <= 0 || n < 1 || n > maxParts {
		return 0, nil, false
	}
	head := appendHead(nil, int(n), of)
	body, ok = bytes.CutPrefix(part, head)
	if !ok || len(body) < checksumSize {
		return 0, nil, false
	}
	checksum, body := binary.BigEndian.Uint32(body), body[checksumSize:]
	return int(n), body, checksum == crc32.ChecksumIEEE(body)
}

// maxParts bounds the parts of a day.
const maxParts = 1000

// decode calls f for each sum of a part. The key is good until the next call.
func decode(body []byte, f func(key []byte, n uint64) error) error {
	var key []byte
	for len(body) > 0 {
		common, size := binary.Uvarint(body)
		if size <= 0 || common > uint64(len(key)) {
			return errSums
		}
		body = body[size:]
		rest, size := binary.Uvarint(body)
		if size <= 0 || rest > uint64(len(body)-size) {
			return errSums
		}
		key = append(key[:common], body[size:size+int(rest)]...)
		body = body[size+int(rest):]
		n, size := binary.Uvarint(body)
		if size <= 0 {
			return errSums
		}
		body = body[size:]
		if err := f(key, n); err != nil {
			return err
		}
	}
	return nil
}

func compareStretches(a, b stretch) int {
	return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to))
}
