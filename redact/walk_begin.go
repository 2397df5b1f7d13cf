package redact

import "encoding/binary"

// beginning is how a member begins that is written as a rule: its key with quotes and colon. Most are of 16
// bytes or fewer, which two comparisons tell, without a call and a look at other memory.
type beginning struct {
	length int    // 0 when the key is not looked for
	head   uint64 // the first eight bytes, or fewer
	tail   uint64 // the last eight bytes; of a shorter one, which bytes of head count
	middle string // what is between them in one of more than 16
}

func newBeginning(key []byte) beginning {
	text := append(append(append(make([]byte, 0, len(key)+len(`"":`)), '"'), key...), '"', ':')
	b := beginning{length: len(text)}
	if len(text) < 8 {
		b.head, b.tail = firstEight(text), 1<<(8*len(text))-1
		return b
	}
	b.head, b.tail = binary.LittleEndian.Uint64(text), binary.LittleEndian.Uint64(text[len(text)-8:])
	if len(text) > 16 {
		b.middle = string(text[8 : len(text)-8])
	}
	return b
}

// of reports whether text begins so, with something behind it.
func (b *beginning) of(text []byte) bool {
	switch {
	case b.length == 0 || len(text) <= b.length:
		return false
	case b.length >= 8:
		return binary.LittleEndian.Uint64(text) == b.head && binary.LittleEndian.Uint64(text[b.length-8:]) == b.tail &&
			(b.length <= 16 || string(text[8:b.length-8]) == b.middle)
	case len(text) >= 8:
		return (binary.LittleEndian.Uint64(text)^b.head)&b.tail == 0
	}
	return firstEight(text)&b.tail == b.head
}

// firstEight gives the first eight bytes of text, or fewer.
func firstEight(text []byte) uint64 {
	var head [8]byte
	copy(head[:], text)
	return binary.LittleEndian.Uint64(head[:])
}
