package history

import "github.com/logproc/logproc/rollup"

// DecodePart reads a part of a day's sums, for the fuzz test.
func DecodePart(part []byte, days map[int32]uint64, from, to rollup.Bucket, f func(key []byte, n uint64) error) (ok bool, err error) {
	_, body, ok := partsOf(part, revisionsOf(stretch{from, to}, days))
	if !ok {
		return false, nil
	}
	return true, decode(body, f)
}

// DecodeBody reads what follows a part's head.
func DecodeBody(body []byte, f func(key []byte, n uint64) error) error { return decode(body, f) }
