package correlate_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/logproc/logproc/correlate"
)

func wireExample(t testing.TB) correlate.Observation {
	o, ok := newReader(t).observe([]byte(`{"t":"2014-09-07T02:20:19.867Z","lvl":"error","service":"a","msg":"platform-trace-out","RequestID":"r-1","TraceID":"33eda743-f124-435c-71fc-3c872bbc98e6",` +
		`"event":"OUT","from":"a","to":"b.list","az":"eu","host":"h","duration":5.59,"status":-3,"err":"no config"}`))
	if !ok {
		t.Fatal("no observation")
	}
	return o
}

func TestWire(t *testing.T) {
	o := wireExample(t)
	data := correlate.AppendObservation(nil, &o)
	got, err := correlate.ReadObservation(data)
	if err != nil || got != o {
		t.Errorf("%v\n%+v\n%+v", err, got, o)
	}
	for n := range data {
		if _, err := correlate.ReadObservation(data[:n]); err == nil || strings.Contains(err.Error(), "config") {
			t.Errorf("%d bytes of it: %v", n, err)
		}
	}
	if _, err := correlate.ReadObservation(append(data, 0)); err == nil {
		t.Error("something behind it is read over")
	}
}

func FuzzReadObservation(f *testing.F) {
	o := wireExample(f)
	f.Add(correlate.AppendObservation(nil, &o))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		o, err := correlate.ReadObservation(data)
		if err != nil {
			return
		}
		again, err := correlate.ReadObservation(correlate.AppendObservation(nil, &o))
		if err != nil || again != o {
			t.Errorf("%v: %+v\n%+v", err, again, o)
		}
		if !bytes.Equal(correlate.AppendObservation(nil, &o), correlate.AppendObservation(nil, &again)) {
			t.Error("two forms")
		}
	})
}
