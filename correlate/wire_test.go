package correlate_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/logproc/logproc/correlate"
	"github.com/logproc/logproc/correlate/correlatetest"
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

func TestClosedDocuments(t *testing.T) {
	list := generated(t, correlatetest.RequestOptions{Seed: 1, Requests: 300, Timeouts: 20, Lost: 20, Span: time.Minute})
	e := correlate.NewEngine(correlate.Config{Sample: 10, Limits: correlate.Limits{Requests: 250}})
	in, kept, seen := e.AddInput(), 0, 0
	emit := func(c *correlate.Closed) {
		data := correlate.AppendClosed(nil, c)
		got, err := correlate.ReadClosed(data)
		if err != nil {
			t.Fatal(err)
		}
		if seen++; c.Reasons == 0 {
			c.Events, c.Calls = nil, nil
		} else {
			kept++
		}
		if closedText(got) != closedText(c) || got.Reasons != c.Reasons || !slices.Equal(got.Events, c.Events) {
			t.Fatalf("%s\n%s", closedText(got), closedText(c))
		}
		for n := range data {
			if _, err := correlate.ReadClosed(data[:n]); err == nil {
				t.Fatalf("%d of %d bytes are read", n, len(data))
			}
		}
	}
	for i := range list {
		e.Add(in, int64(i), &list[i], emit)
	}
	if e.Flush(emit); seen != 300 || kept < 40 || kept == seen {
		t.Errorf("%d requests, %d kept", seen, kept)
	}
}

func FuzzReadClosed(f *testing.F) {
	e, o := correlate.NewEngine(correlate.Config{}), wireExample(f)
	e.Add(e.AddInput(), 0, &o, nil)
	e.Flush(func(c *correlate.Closed) { f.Add(correlate.AppendClosed(nil, c)) })
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := correlate.ReadClosed(data)
		if err != nil {
			return
		}
		again, err := correlate.ReadClosed(correlate.AppendClosed(nil, c))
		if err != nil || closedText(again) != closedText(c) {
			t.Errorf("%v", err)
		}
	})
}
