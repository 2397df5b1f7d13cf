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
	flags := byte(0)
	for i, set := range [...]bool{o.HasDuration, o.HasStatus, o.ShowFrame} {
		if set {
			flags |= 1 << i
		}
	}
	dst = append(dst, wireVersion, flags, byte(o.Level), byte(o.Frame))
	dst = appendID(appendID(dst, o.Request), o.Trace)
	dst = binary.AppendVarint(dst, o.Time)
	dst = binary.AppendVarint(dst, int64(o.Status))
	dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(float64(o.Duration)))
	for _, t := range o.texts() {
		s := t.String()
		dst = append(binary.AppendUvarint(dst, uint64(len(s))), s...)
	}
	return dst
}

// texts are all texts of an observation, in the order in which they are written.
func (o *Observation) texts() [9]*redact.Text {
	return [...]*redact.Text{&o.RequestText, &o.TraceText, &o.Service, &o.Key, &o.Host, &o.Zone, &o.From, &o.To, &o.Error}
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
	head := r.bytes(4)
	if r.bad || head[0] != wireVersion || head[2] >= byte(parse.LevelCount) || head[3] > byte(rules.FrameTimeout) {
		return Observation{}, errWire
	}
	o.HasDuration, o.HasStatus, o.ShowFrame = head[1]&1 != 0, head[1]&2 != 0, head[1]&4 != 0
	o.Level, o.Frame = parse.Level(head[2]), rules.Frame(head[3])
	o.Request, o.Trace = r.id(), r.id()
	o.Time = r.varint()
	status := r.varint()
	o.Status = int32(status)
	o.Duration = parse.Millis(math.Float64frombits(r.uint64()))
	for _, t := range o.texts() {
		*t = redact.Stored(string(r.text()))
	}
	if r.bad || len(r.data) > 0 || int64(o.Status) != status || math.IsNaN(float64(o.Duration)) || o.Request.IsZero() && o.Trace.IsZero() {
		return Observation{}, errWire
	}
	return o, nil
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

func (r *wireReader) text() []byte {
	v, n := binary.Uvarint(r.data)
	r.bytes(max(n, 0))
	if r.bad = r.bad || n <= 0 || v > uint64(len(r.data)); r.bad {
		return nil
	}
	return r.bytes(int(v))
}

func (r *wireReader) id() id.ID {
	b := r.bytes(1)
	if r.bad || id.Form(b[0]) == id.None {
		return id.ID{}
	}
	r.bad = id.Form(b[0]) > id.Free
	return id.ID{Form: id.Form(b[0]), Hi: r.uint64(), Lo: r.uint64()}
}
