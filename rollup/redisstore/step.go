package redisstore

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
	"strconv"

	"github.com/logproc/logproc/rollup"
)

// content is what a commit adds, as the function takes it.
type content struct {
	keys []string
	args []any
	size int // fields
}

// cell is a number to add to a key's quarter-hour.
type cell struct {
	day     int32
	quarter uint8
	key     []byte // rollup.AppendKey
	n       uint64
}

// contentOf gives the counts and forms of c. Nothing of c is kept.
func (n names) contentOf(c *rollup.Commit) content {
	var out content
	n.add(&out, c.TopicPartition, kindCounts, countCells(c.Counts), fieldsOfKeys)
	n.add(&out, c.TopicPartition, kindForms, formCells(c.Forms), fieldsOfOwners)
	return out
}

func countCells(counts []rollup.Count) []cell {
	cells, arena := make([]cell, 0, len(counts)), make([]byte, 0, 48*len(counts))
	for i := range counts {
		if counts[i].N > 0 {
			cells, arena = appendCell(cells, arena, counts[i].Key.Bounded(), counts[i].Bucket, counts[i].N)
		}
	}
	return cells
}

func formCells(forms []rollup.Form) []cell {
	var cells []cell
	var arena []byte
	for i := range forms {
		if f := forms[i].Bounded(); f.N > 0 {
			key := rollup.Key{Service: f.Service, Env: f.Env, Msg: f.Text}
			cells, arena = appendCell(cells, arena, key, f.Bucket, f.N)
		}
	}
	return cells
}

func appendCell(cells []cell, arena []byte, k rollup.Key, b rollup.Bucket, n uint64) ([]cell, []byte) {
	start := len(arena)
	arena = rollup.AppendKey(arena, k)
	return append(cells, cell{day: b.UTCDay(), quarter: b.Quarter(), key: arena[start:len(arena):len(arena)], n: n}), arena
}

// add appends one section per day. It orders cells.
func (n names) add(out *content, tp rollup.TopicPartition, k kind, cells []cell, fields func([]any, []cell) []any) {
	slices.SortFunc(cells, func(a, b cell) int {
		return cmp.Or(cmp.Compare(a.day, b.day), bytes.Compare(a.key, b.key), cmp.Compare(a.quarter, b.quarter))
	})
	for len(cells) > 0 {
		day := runOf(cells, func(a, b cell) bool { return a.day == b.day })
		number := strconv.Itoa(int(cells[0].day))
		at := len(out.args)
		out.args = fields(append(out.args, string(k), number, 0), cells[:day])
		added := (len(out.args) - at - 3) / 2
		out.args[at+2] = added
		out.size += added
		out.keys = append(out.keys, n.day(tp, k, cells[0].day))
		cells = cells[day:]
	}
}

// fieldsOfKeys appends each key of a day with its pairs.
func fieldsOfKeys(args []any, cells []cell) []any {
	for len(cells) > 0 {
		same := runOf(cells, sameKey)
		args = append(args, string(cells[0].key), string(appendPairs(nil, cells[:same])))
		cells = cells[same:]
	}
	return args
}

// fieldsOfOwners appends each service and env of a day with the list of its forms.
func fieldsOfOwners(args []any, cells []cell) []any {
	for len(cells) > 0 {
		owner := ownerOf(cells[0].key)
		run := runOf(cells, func(a, b cell) bool { return bytes.HasPrefix(b.key, owner) })
		var list []byte
		for rest := cells[:run]; len(rest) > 0; {
			same := runOf(rest, sameKey)
			list = appendForm(list, textOf(rest[0].key[len(owner):]), appendPairs(nil, rest[:same]))
			rest = rest[same:]
		}
		args = append(args, string(owner), string(list))
		cells = cells[run:]
	}
	return args
}

func sameKey(a, b cell) bool { return bytes.Equal(a.key, b.key) }

// runOf gives how many cells at the start go with the first one.
func runOf(cells []cell, same func(first, other cell) bool) int {
	n := 1
	for n < len(cells) && same(cells[0], cells[n]) {
		n++
	}
	return n
}

// appendPairs appends the counts of one key, ordered by quarter, each quarter once.
func appendPairs(dst []byte, cells []cell) []byte {
	for len(cells) > 0 {
		same := runOf(cells, func(a, b cell) bool { return a.quarter == b.quarter })
		sum := uint64(0)
		for _, c := range cells[:same] {
			sum = rollup.Sum(sum, c.n)
		}
		dst = rollup.AppendPair(dst, cells[0].quarter, sum)
		cells = cells[same:]
	}
	return dst
}

// ownerOf gives the part of a key that names its service and env. The key is one that we made.
func ownerOf(key []byte) []byte {
	owner, _ := rollup.KeyOwner(key)
	return owner
}

// textOf gives the form's text of what follows the owner in a key: its length, the text, and the level.
func textOf(rest []byte) []byte {
	n, size := binary.Uvarint(rest)
	return rest[size : size+int(n)]
}

// appendForm appends a form to a list of them: its text and its pairs, each with its length before it.
func appendForm(dst, text, pairs []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(text)))
	dst = append(dst, text...)
	dst = binary.AppendUvarint(dst, uint64(len(pairs)))
	return append(dst, pairs...)
}

// cutForm reads the form at the start of a list.
func cutForm(b []byte) (text, pairs, rest []byte, ok bool) {
	if text, b, ok = cutPart(b); !ok {
		return nil, nil, nil, false
	}
	pairs, rest, ok = cutPart(b)
	return text, pairs, rest, ok
}

func cutPart(b []byte) (part, rest []byte, ok bool) {
	n, size := binary.Uvarint(b)
	if size <= 0 || n > uint64(len(b)-size) {
		return nil, nil, false
	}
	end := size + int(n)
	return b[size:end], b[end:], true
}
