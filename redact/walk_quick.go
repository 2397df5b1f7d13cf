package redact

import "bytes"

// quickMembers passes over the members of an object that are as the last time: the key that is expected,
// and a value that is known, or seen at a glance, to be clean. It stops at the first that is not, or at the
// object's end, and leaves d where the next member begins; ended tells that the object is through. Most
// members of most records are such, and a look of their own at each would cost several times as much.
func (r *Redactor) quickMembers(d *document, n int32, s *objectState) (ended bool) {
	if !d.plain || len(r.echoes) > 0 || r.patterns || n < 0 {
		return false
	}
	src := d.src
	for {
		c := r.tree.expected(n, s.before)
		if c == noNode {
			return false
		}
		node := &r.tree.nodes[c]
		pos := d.pos
		if !node.quick || len(src)-pos <= len(node.written) || string(src[pos:pos+len(node.written)]) != string(node.written) {
			return false
		}
		pos += len(node.written)
		switch first := src[pos]; {
		case first == '"':
			length := bytes.IndexByte(src[pos+1:], '"')
			if length < 0 {
				return false
			}
			text := src[pos+1 : pos+1+length]
			if !r.tree.isClean(c, text) && (node.field.Hint&^evident != 0 || !isHexID(text) && !isTimestamp(text) && !isPlainID(text)) {
				return false
			}
			pos += length + 2
		case isDigit(first):
			end := digitsEnd(src, pos)
			if end-pos >= 8 || node.field.Hint&^evident != 0 {
				return false
			}
			if end < len(src) && src[end] == '.' {
				end = digitsEnd(src, end+1)
			}
			pos = end
		default:
			return false
		}
		if pos >= len(src) || src[pos] != ',' && src[pos] != '}' {
			return false
		}
		s.before = c
		d.pos = pos + 1
		if src[pos] == '}' {
			return true
		}
		s.comma = pos
	}
}

// isPlainID reports whether a text is a name of a machine, task or event, made of lower-case letters, digits,
// dots, hyphens and underscores, with so few digits that no number of a person or account has room in it:
// fewer than the nine of a social security number, and no six in a row, whatever stands between them, as a
// national insurance number has; too few dots and hyphens for an address of a network or its hardware, and
// no stretch of letters and digits that could be base64.
func isPlainID(text []byte) bool {
	if len(text) > 64 {
		return false
	}
	digits, row, stretch, dots, hyphens := 0, 0, 0, 0, 0
	for _, c := range text {
		switch {
		case isDigit(c):
			digits++
			row++
			stretch++
		case c >= 'a' && c <= 'z':
			row = 0
			stretch++
		case c == '.':
			dots++
			stretch = 0
		case c == '-' || c == '_':
			hyphens++
			stretch = 0
		default:
			return false
		}
		if row >= 6 || stretch >= 16 {
			return false
		}
	}
	return digits < 9 && dots < 2 && (hyphens < 5 || digits == 0)
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
