package correlate

import (
	"encoding/binary"
	"errors"
	"math"

	"github.com/logproc/logproc/correlate/id"
	"github.com/logproc/logproc/parse"
	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/rules"
)

// wireVersion is the first byte of an observation as it goes from a worker to the owner of its request.
const wireVersion = 1

// errWire is what is wrong with a written observation, without anything of it.
var errWire = errors.New("the correlation record cannot be read, expected one as this version of the program writes it")

// AppendObservation writes an observation for a topic that is keyed by request: some 150 bytes, redacted texts only.
func AppendObservation(dst []byte, o *Observation) []byte {
	dst = appendID(appendID(append(dst, wireVersion), o.Request), o.Trace)
	return appendEvent(appendText(appendText(dst, o.RequestText), o.TraceText), &o.Event)
}

func appendEvent(dst []byte, e *Event) []byte {
	flags := byte(0)
	for i, set := range [...]bool{e.HasDuration, e.HasStatus, e.ShowFrame} {
		if set {
			flags |= 1 << i
		}
	}
	dst = append(dst, flags, byte(e.Level), byte(e.Frame))
	dst = binary.AppendVarint(binary.AppendVarint(dst, e.Time), int64(e.Status))
	dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(float64(e.Duration)))
	for _, t := range e.texts() {
		dst = appendText(dst, *t)
	}
	return dst
}

// texts are all texts of an event, in the order in which they are written.
func (e *Event) texts() [7]*redact.Text {
	return [...]*redact.Text{&e.Service, &e.Key, &e.Host, &e.Zone, &e.From, &e.To, &e.Error}
}

func appendText(dst []byte, t redact.Text) []byte {
	s := t.String()
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

func appendID(dst []byte, i id.ID) []byte {
	dst = append(dst, byte(i.Form))
	if i.IsZero() {
		return dst
	}
	return binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(dst, i.Hi), i.Lo)
}

// ReadObservation reads what AppendObservation wrote. The error names nothing of the data.
func ReadObservation(data []byte) (o Observation, err error) {
	r := wireReader{data: data}
	version := r.bytes(1)
	if r.bad || version[0] != wireVersion {
		return Observation{}, errWire
	}
	o.Request, o.Trace = r.id(), r.id()
	o.RequestText, o.TraceText = redact.Stored(string(r.text())), redact.Stored(string(r.text()))
	if r.bad || o.Request.IsZero() && o.Trace.IsZero() {
		return Observation{}, errWire
	}
	o.Event, err = readEvent(r.data)
	if err != nil {
		return Observation{}, err
	}
	return o, nil
}

// readEvent reads an event, behind which there must be nothing.
func readEvent(data []byte) (e Event, err error) {
	r := wireReader{data: data}
	head := r.bytes(3)
	if r.bad || head[1] >= byte(parse.LevelCount) || head[2] > byte(rules.FrameTimeout) {
		return Event{}, errWire
	}
	e.HasDuration, e.HasStatus, e.ShowFrame = head[0]&1 != 0, head[0]&2 != 0, head[0]&4 != 0
	e.Level, e.Frame = parse.Level(head[1]), rules.Frame(head[2])
	e.Time = r.varint()
	status := r.varint()
	e.Status = int32(status)
	e.Duration = parse.Millis(math.Float64frombits(r.uint64()))
	for _, t := range e.texts() {
		*t = redact.Stored(string(r.text()))
	}
	if r.bad || len(r.data) > 0 || int64(e.Status) != status || math.IsNaN(float64(e.Duration)) {
		return Event{}, errWire
	}
	return e, nil
}

// wireReader reads from the front of data; bad says that something was not there.
type wireReader struct {
	data []byte
	bad  bool
}

// bytes gives the next n bytes; nil when there are fewer.
func (r *wireReader) bytes(n int) []byte {
	if r.bad || n > len(r.data) {
		r.bad = true
		return nil
	}
	b := r.data[:n]
	r.data = r.data[n:]
	return b
}

func (r *wireReader) uint64() uint64 {
	if b := r.bytes(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

func (r *wireReader) varint() int64 {
	v, n := binary.Varint(r.data)
	r.bytes(max(n, 0))
	r.bad = r.bad || n <= 0
	return v
}

func (r *wireReader) uvarint() uint64 {
	v, n := binary.Uvarint(r.data)
	r.bytes(max(n, 0))
	r.bad = r.bad || n <= 0
	return v
}

func (r *wireReader) text() []byte {
	n := r.uvarint()
	if r.bad = r.bad || n > uint64(len(r.data)); r.bad {
		return nil
	}
	return r.bytes(int(n))
}

func (r *wireReader) id() id.ID {
	b := r.bytes(1)
	if r.bad || id.Form(b[0]) == id.None {
		return id.ID{}
	}
	r.bad = id.Form(b[0]) > id.Free
	return id.ID{Form: id.Form(b[0]), Hi: r.uint64(), Lo: r.uint64()}
}
