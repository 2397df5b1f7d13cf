package redact

import (
	"bytes"

	"github.com/logproc/logproc/redact/detect"
)

// quickMembers goes through the members of an object that are as usual: a key that is expected, and a value that
// takes no more than a look: known to be clean, seen to be so, or for an action on the whole of it. It stops at
// the first that is not, or at the object's end, and leaves d where the next member begins; ended tells that
// the object is through. Most members of most records are such, and the general way costs several times as much.
func (r *Redactor) quickMembers(d *document, n int32, s *objectState) (ended bool) {
	if len(r.echoes) > 0 || r.patterns || n <= 0 {
		return false
	}
	src, nodes, order := d.src, r.tree.nodes, r.tree.nodes[n].order
	pos, place, comma, word := d.pos, s.place, s.comma, r.word
	for place < len(order) {
		node := &nodes[order[place]]
		if !node.begin.of(src[pos:]) {
			break
		}
		at, end, left := pos+node.begin.length, 0, 0
		if src[at] == '"' {
			end, left = r.quickString(d, at+1, order[place], node)
		} else if node.field.Act == nil {
			end = quickBare(src, at, &node.field)
			left = end - at
		}
		if end == 0 {
			break
		}
		place++
		pos, word = end+1, max(word, left)
		if src[end] == '}' {
			ended = true
			break
		}
		comma = end
	}
	if d.level == 0 {
		r.passed += pos - d.pos
	}
	d.pos, s.place, s.comma, r.word = pos, place, comma, word
	return ended
}

// endsMember reports whether a member ends at i.
func endsMember(src []byte, i int) bool { return i < len(src) && (src[i] == ',' || src[i] == '}') }

// quickString handles the string of node c that begins at pos, and gives where the member ends, 0 when it is not as
// simple as that, and the length of the longest word with a digit that may be left of it.
func (r *Redactor) quickString(d *document, pos int, c int32, n *node) (end, left int) {
	src, f := d.src, &n.field
	look := f.Act == nil && f.Hint&^evident == 0
	if look && !n.formed {
		if end, word, ok := detect.Harmless(src, pos, f.On|f.Hint, f.Weak); ok {
			if !endsMember(src, end+1) {
				return 0, 0
			}
			return end + 1, word
		}
	}
	if !d.plain {
		return 0, 0 // the next quote may be an escaped one
	}
	length := bytes.IndexByte(src[pos:], '"')
	if end = pos + length + 1; length < 0 || !endsMember(src, end) {
		return 0, 0
	}
	text := src[pos : pos+length]
	switch {
	case f.Act != nil:
		edits := len(r.edits)
		if r.wholeString(d, text, pos, f.Act, c, whole); len(r.edits) > edits {
			return end, 0
		}
		return end, length
	case look && isTimestamp(text):
		n.formed = true
		return end, shortWord
	case look && f.On.Has(detect.IP) && r.policy.exceptions.values == nil && detect.IsIPv4(text):
		n.formed = true
		r.pushFound(text, 0, length, pos, detect.IP, c)
		return end, shortWord
	case r.tree.isClean(c, text):
		return end, length
	}
	n.formed = false
	return 0, 0
}

// quickBare handles a short number, or a word, that begins at pos, and gives where the member ends, or 0.
func quickBare(src []byte, pos int, f *Field) int {
	if f.Hint&^evident != 0 {
		return 0
	}
	end := digitsEnd(src, pos)
	switch {
	case end == pos:
		end = wordEnd(src, pos)
	case end-pos >= 8 || src[pos] == '0' && end > pos+1:
		return 0
	case end < len(src) && src[end] == '.':
		end = digitsEnd(src, end+1)
	}
	if end == pos || !endsMember(src, end) {
		return 0
	}
	return end
}

// wordEnd gives where the word true, false or null ends that begins at pos; pos when there is none.
func wordEnd(src []byte, pos int) int {
	for _, word := range [...]string{"true", "false", "null"} {
		if end := pos + len(word); end <= len(src) && string(src[pos:end]) == word {
			return end
		}
	}
	return pos
}

// cleanText is a value in which nothing was found.
type cleanText struct {
	length uint8
	text   [maxClean]byte
}

const (
	maxClean   = 31 // longer values are not remembered
	cleanSlots = 4  // values that are remembered of a field
)

func cleanSlot(n int32, text []byte) int {
	return int(n)*cleanSlots + int(text[0]^text[len(text)-1]^byte(len(text)))%cleanSlots
}

// isClean reports whether the value of a field was looked at before, and nothing was found.
func (t *tree) isClean(n int32, text []byte) bool {
	if len(text) == 0 || len(text) > maxClean || n < 0 {
		return false
	}
	at := cleanSlot(n, text)
	if at >= len(t.clean) {
		return false
	}
	c := &t.clean[at]
	return int(c.length) == len(text) && string(c.text[:c.length]) == string(text)
}

// noteClean remembers that nothing was found in a value.
func (t *tree) noteClean(n int32, text []byte) {
	if len(text) == 0 || len(text) > maxClean || n < 0 {
		return
	}
	at := cleanSlot(n, text)
	for at >= len(t.clean) {
		t.clean = append(t.clean, make([]cleanText, 64*cleanSlots)...)
	}
	c := &t.clean[at]
	c.length = uint8(copy(c.text[:], text))
}
