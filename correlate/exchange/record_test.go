package exchange

import (
	"testing"

	"github.com/logproc/logproc/correlate"
	"github.com/logproc/logproc/correlate/id"
	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/rollup"
)

func sample() (place, correlate.Observation) {
	trace := id.Trace([]byte("4bf92f3577b34da6a3ce929d0e0e4736"))
	return place{rollup.TopicPartition{Topic: "logs", Partition: 3}, 1 << 40, 2},
		correlate.Observation{Trace: trace, TraceText: redact.Const("4bf9"), Event: correlate.Event{Time: 17, Service: redact.Const("a")}}
}

func TestRecordRoundTrip(t *testing.T) {
	p, o := sample()
	gotPlace, got, err := readRecord(appendRecord(nil, p, &o))
	if err != nil || gotPlace != p || got != o {
		t.Errorf("%+v %+v, %v", gotPlace, got, err)
	}
}

// TestKey: a short trace id goes where the full one goes, and a RequestID decides before a trace.
func TestKey(t *testing.T) {
	_, full := sample()
	short := correlate.Observation{Trace: id.Trace([]byte("a3ce929d0e0e4736"))}
	if a, b := appendKey(nil, &full), appendKey(nil, &short); string(a) != string(b) {
		t.Errorf("keys %x and %x", a, b)
	}
	named := full
	named.Request = id.Request([]byte("r-1"))
	request := correlate.Observation{Request: named.Request}
	if a, b := appendKey(nil, &named), appendKey(nil, &request); string(a) != string(b) {
		t.Errorf("keys %x and %x", a, b)
	}
}

func TestPlaceOrder(t *testing.T) {
	p, _ := sample()
	next, part := p, p
	next.offset, next.index = p.offset+1, 0
	part.index++
	if !next.after(p) || !part.after(p) || p.after(p) || p.after(next) {
		t.Error("places are not in the order of offset and index")
	}
}

func FuzzReadRecord(f *testing.F) {
	p, o := sample()
	f.Add(appendRecord(nil, p, &o))
	f.Add([]byte{0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		p, o, err := readRecord(data)
		if err != nil {
			return
		}
		if again, obs, err := readRecord(appendRecord(nil, p, &o)); err != nil || again != p || obs != o {
			t.Errorf("%+v, %v", again, err)
		}
	})
}
