package correlate_test

import (
	"testing"

	"github.com/logproc/logproc/correlate"
	"github.com/logproc/logproc/correlate/id"
	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/rules"
)

// FuzzEngine takes three bytes as a record of a few requests and traces: whatever comes, every record ends in
// exactly one closed request, and nothing is left over.
func FuzzEngine(f *testing.F) {
	f.Add([]byte{0x10, 0x01, 5, 0x11, 0x02, 6, 0x01, 0x02, 200})
	f.Add([]byte{0x01, 0x21, 0, 0x02, 0x21, 0, 0x12, 0x42, 0, 0x10, 0x63, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		e := correlate.NewEngine(correlate.Config{Limits: correlate.Limits{Requests: 4, Events: 5, Names: 6}})
		inputs := []correlate.Input{e.AddInput(), e.AddInput()}
		var got, added uint64
		emit := func(c *correlate.Closed) {
			got += uint64(c.Records)
			if len(c.Events) > c.Records {
				t.Fatalf("%d events of %d records", len(c.Events), c.Records)
			}
		}
		names := [...]redact.Text{{}, redact.Const("a"), redact.Const("b"), redact.Const("c")}
		for i := 0; i+2 < len(data); i += 3 {
			a, b, c := data[i], data[i+1], data[i+2]
			o := correlate.Observation{Event: correlate.Event{
				Time: dayStart.UnixNano() + int64(int8(c))*1e9, Frame: rules.Frame(c % 7), Service: names[c%4], From: names[a%4], To: names[b%4]}}
			if a>>4&3 > 0 {
				o.Request = id.ID{Hi: uint64(a >> 4 & 3), Form: id.Free}
			}
			if n := b & 31; n > 0 {
				o.Trace = id.ID{Hi: uint64(n & 1), Lo: uint64(n >> 1), Form: id.Full}
				if o.Trace.Hi == 0 {
					o.Trace.Form = id.Short
				}
			}
			if !o.Request.IsZero() || !o.Trace.IsZero() {
				added++
			}
			e.Add(inputs[a&1], int64(i), &o, emit)
			if c&15 == 15 {
				e.Advance(emit)
				e.Checkpoint()
			}
		}
		e.Flush(emit)
		if s := e.Stats(); got != added || s.Added != added || s.Open != 0 || s.Bytes != 0 {
			t.Errorf("%d records in, %d out: %+v", added, got, s)
		}
	})
}
