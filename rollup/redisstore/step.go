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

// builder makes a content. Its texts lie in one string, and are handed over by reference: an argument then
// costs no memory of its own.
type builder struct {
	content
	arena []byte
	ends  []int // of the texts in arena
}

// text appends what was added to the arena since the last text as an argument.
func (b *builder) text() {
	b.ends = append(b.ends, len(b.arena))
	b.args = append(b.args, nil) // until finish
}

func (b *builder) finish() content {
	all := string(b.arena)
	texts, start := make([]string, len(b.ends)), 0
	for i := range b.args {
		if b.args[i] == nil {
			at := len(b.ends) - len(texts)
			texts[0] = all[start:b.ends[at]]
			start = b.ends[at]
			b.args[i], texts = &texts[0], texts[1:]
		}
	}
	return b.content
}

// cell is a number to add to a key's quarter-hour.
type cell struct {
	day     int32
	quarter uint8
	key     []byte // rollup.AppendKey
	n       uint64
}

// contentOf gives the counts, forms and facts of c. Nothing of c is kept.
func (n names) contentOf(c *rollup.Commit) content {
	size := len(c.Counts)
	b := builder{arena: make([]byte, 0, 64*size), ends: make([]int, 0, 2*size)}
	b.args = make([]any, 0, 2*size+6)
	b.add(n, c.TopicPartition, kindCounts, countCells(c.Counts), (*builder).keyFields)
	b.add(n, c.TopicPartition, kindForms, formCells(c.Forms), (*builder).ownerFields)
	facts, spans := factCells(c)
	b.add(n, c.TopicPartition, kindFacts, facts, (*builder).keyFields)
	b.add(n, c.TopicPartition, kindSpans, spans, (*builder).keyFields)
	return b.finish()
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
func (b *builder) add(n names, tp rollup.TopicPartition, k kind, cells []cell, fields func(*builder, []cell)) {
	slices.SortFunc(cells, func(a, b cell) int {
		return cmp.Or(cmp.Compare(a.day, b.day), bytes.Compare(a.key, b.key), cmp.Compare(a.quarter, b.quarter))
	})
	for len(cells) > 0 {
		day := runOf(cells, func(a, b cell) bool { return a.day == b.day })
		b.args = append(b.args, string(k), strconv.Itoa(int(cells[0].day)), 0)
		number := len(b.args) - 1
		fields(b, cells[:day])
		added := (len(b.args) - 1 - number) / 2
		b.args[number] = added
		b.size += added
		b.keys = append(b.keys, n.day(tp, k, cells[0].day))
		cells = cells[day:]
	}
}

// keyFields appends each key of a day with its pairs.
func (b *builder) keyFields(cells []cell) {
	for len(cells) > 0 {
		same := runOf(cells, sameKey)
		b.arena = append(b.arena, cells[0].key...)
		b.text()
		b.arena = appendPairs(b.arena, cells[:same])
		b.text()
		cells = cells[same:]
	}
}

// ownerFields appends each service and env of a day with the list of its forms.
func (b *builder) ownerFields(cells []cell) {
	for len(cells) > 0 {
		owner := ownerOf(cells[0].key)
		run := runOf(cells, func(_, other cell) bool { return bytes.HasPrefix(other.key, owner) })
		b.arena = append(b.arena, owner...)
		b.text()
		for rest := cells[:run]; len(rest) > 0; {
			same := runOf(rest, sameKey)
			b.arena = appendForm(b.arena, textOf(rest[0].key[len(owner):]), appendPairs(nil, rest[:same]))
			rest = rest[same:]
		}
		b.text()
		cells = cells[run:]
	}
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
