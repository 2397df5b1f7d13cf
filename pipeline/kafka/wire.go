package kafka

import (
	"encoding/binary"
	"errors"
)

// errWire is a response that does not have the form it should have.
var errWire = errors.New("the broker's answer is malformed")

// encoder appends values in Kafka's wire format. In flexible versions of a request lengths are varints
// and every structure ends with tagged fields.
type encoder struct {
	b    []byte
	flex bool
}

func (e *encoder) bool(v bool) {
	if v {
		e.int8(1)
	} else {
		e.int8(0)
	}
}
func (e *encoder) int8(v int8)      { e.b = append(e.b, byte(v)) }
func (e *encoder) int16(v int16)    { e.b = binary.BigEndian.AppendUint16(e.b, uint16(v)) }
func (e *encoder) int32(v int32)    { e.b = binary.BigEndian.AppendUint32(e.b, uint32(v)) }
func (e *encoder) int64(v int64)    { e.b = binary.BigEndian.AppendUint64(e.b, uint64(v)) }
func (e *encoder) uuid(id topicID)  { e.b = append(e.b, id[:]...) }
func (e *encoder) uvarint(v uint64) { e.b = binary.AppendUvarint(e.b, v) }

func (e *encoder) string(s string) {
	if e.flex {
		e.uvarint(uint64(len(s)) + 1)
	} else {
		e.int16(int16(len(s)))
	}
	e.b = append(e.b, s...)
}

func (e *encoder) bytes(p []byte) {
	if e.flex {
		e.uvarint(uint64(len(p)) + 1)
	} else {
		e.int32(int32(len(p)))
	}
	e.b = append(e.b, p...)
}

// array writes the number of elements; -1 is null.
func (e *encoder) array(n int) {
	if e.flex {
		e.uvarint(uint64(n + 1))
	} else {
		e.int32(int32(n))
	}
}

// tags ends a structure; there are never tagged fields in what we send.
func (e *encoder) tags() {
	if e.flex {
		e.uvarint(0)
	}
}

// decoder reads values in Kafka's wire format. After the first value that does not fit, bad is set and
// everything reads as zero, so callers check once, at the end.
type decoder struct {
	b    []byte
	flex bool
	bad  bool
}

func (d *decoder) take(n int) []byte {
	if n < 0 || n > len(d.b) {
		d.bad, d.b = true, nil
		return nil
	}
	p := d.b[:n:n]
	d.b = d.b[n:]
	return p
}

func (d *decoder) bool() bool { return d.int8() != 0 }

func (d *decoder) int8() int8 {
	if p := d.take(1); p != nil {
		return int8(p[0])
	}
	return 0
}

func (d *decoder) int16() int16 {
	if p := d.take(2); p != nil {
		return int16(binary.BigEndian.Uint16(p))
	}
	return 0
}

func (d *decoder) int32() int32 {
	if p := d.take(4); p != nil {
		return int32(binary.BigEndian.Uint32(p))
	}
	return 0
}

func (d *decoder) int64() int64 {
	if p := d.take(8); p != nil {
		return int64(binary.BigEndian.Uint64(p))
	}
	return 0
}

func (d *decoder) uuid() (id topicID) {
	copy(id[:], d.take(len(id)))
	return id
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.b)
	if n <= 0 {
		d.bad, d.b = true, nil
		return 0
	}
	d.b = d.b[n:]
	return v
}

// length reads a length or count, -1 for null; wide is how many bytes it takes in versions that are not flexible.
func (d *decoder) length(wide int) int {
	switch {
	case d.flex:
		v := d.uvarint()
		if v > 1<<31 {
			d.bad, d.b = true, nil
			return -1
		}
		return int(v) - 1
	case wide == 2:
		return int(d.int16())
	default:
		return int(d.int32())
	}
}

func (d *decoder) string() string {
	n := d.length(2)
	if n <= 0 {
		return ""
	}
	return string(d.take(n))
}

// bytes gives a slice of the response.
func (d *decoder) bytes() []byte {
	n := d.length(4)
	if n <= 0 {
		return nil
	}
	return d.take(n)
}

// array gives a number of elements that the rest of the response can hold, if each takes at least size bytes.
func (d *decoder) array(size int) int {
	n := d.length(4)
	if n <= 0 {
		return 0
	}
	if n > len(d.b)/size {
		d.bad, d.b = true, nil
		return 0
	}
	return n
}

// tags skips the tagged fields at the end of a structure.
func (d *decoder) tags() { d.eachTag(func(uint64, *decoder) {}) }

// eachTag calls f for every tagged field with a decoder of its content.
func (d *decoder) eachTag(f func(tag uint64, field *decoder)) {
	if !d.flex {
		return
	}
	for n := d.uvarint(); n > 0 && !d.bad; n-- {
		tag := d.uvarint()
		size := d.uvarint()
		if size > uint64(len(d.b)) {
			d.bad, d.b = true, nil
			return
		}
		field := decoder{b: d.take(int(size)), flex: true}
		f(tag, &field)
		d.bad = d.bad || field.bad
	}
}
