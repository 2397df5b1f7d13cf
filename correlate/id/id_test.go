package id_test

import (
	"strings"
	"testing"

	"github.com/logproc/logproc/correlate/id"
)

func TestTrace(t *testing.T) {
	const hex = "4bf92f3577b34da6a3ce929d0e0e4736"
	for raw, want := range map[string]string{
		hex:                                          hex,
		strings.ToUpper(hex):                         hex,
		" " + hex + "\n":                             hex,
		"4bf92f35-77b3-4da6-a3ce-929d0e0e4736":       hex,
		"{4bf92f35-77b3-4da6-a3ce-929d0e0e4736}":     hex,
		"00-" + hex + "-00f067aa0ba902b7-01":         hex,
		"cc-" + hex + "-00f067aa0ba902b7-01-more":    hex,
		hex + "-00f067aa0ba902b7":                    hex,
		hex + "-00f067aa0ba902b7-1-05e3ac9a4f6e3b90": hex,
		"a3ce929d0e0e4736-00f067aa0ba902b7-d":        "a3ce929d0e0e4736",
		"a3ce929d0e0e4736":                           "a3ce929d0e0e4736",
		"0000000000000000a3ce929d0e0e4736":           "a3ce929d0e0e4736",
		"11803532876627986230":                       "a3ce929d0e0e4736",
		"":                                           "",
		"-":                                          "",
		"0":                                          "",
		"00000000000000000000000000000000":           "",
		"00000000-0000-0000-0000-000000000000":       "",
		"Unknown":                                    "",
		"null":                                       "",
		"n/a":                                        "",
		"00-00000000000000000000000000000000-0000000000000000-00": "",
		"00-00000000000000000000000000000000-00f067aa0ba902b7-01": "",
		"0000000000000000-000000aa00000000":                       "",
		"ff-" + hex + "-00f067aa0ba902b7-01":                      "free",
		"00-" + hex + "-00f067aa0ba902b7-01-more":                 "free",
		"order-17":             "free",
		"18446744073709551616": "free",
		"123456":               "free",
	} {
		got := id.Trace([]byte(raw))
		if text := got.String(); want == "free" && got.Form != id.Free || want != "free" && (got.Form == id.Free || text != want) {
			t.Errorf("%q is %q (form %d), want %q", raw, text, got.Form, want)
		}
	}
}

func TestRequest(t *testing.T) {
	same := func(a, b string, want bool) {
		t.Helper()
		if (id.Request([]byte(a)) == id.Request([]byte(b))) != want {
			t.Errorf("%q and %q: equal is not %v", a, b, want)
		}
	}
	same("33eda743-f124-435c-71fc-3c872bbc98e6", "33EDA743F124435C71FC3C872BBC98E6", true)
	same("abc", "ABC", false)
	same("573975", "573976", false)
	same("11803532876627986230", "a3ce929d0e0e4736", false)
	same("unknown", "-", true) // both none
	for _, none := range []string{"", " ", "-", "0", "unknown", "NULL", "<nil>", "0000"} {
		if got := id.Request([]byte(none)); !got.IsZero() {
			t.Errorf("%q is an id: %v", none, got)
		}
	}
}

func TestLongIDsAreBounded(t *testing.T) {
	long := []byte(strings.Repeat("x", 1<<20))
	if a, b := id.Request(long), id.Request(long[1:]); a == b || a.Form != id.Free {
		t.Errorf("ids of different length: %v, %v", a, b)
	}
	if n := testing.AllocsPerRun(10, func() { id.Trace(long) }); n > 2 {
		t.Errorf("%v allocations", n)
	}
}

func TestLow(t *testing.T) {
	full, short := id.Trace([]byte("4bf92f3577b34da6a3ce929d0e0e4736")), id.Trace([]byte("11803532876627986230"))
	if full == short || full.Low() != short || short.Low() != short {
		t.Errorf("%v, %v", full, short)
	}
	if free := id.Trace([]byte("a b c")); !free.Low().IsZero() {
		t.Errorf("a free form has low bits: %v", free)
	}
}

func TestQuery(t *testing.T) {
	const uuid = "33eda743-f124-435c-71fc-3c872bbc98e6"
	for _, test := range []struct {
		query, raw    string
		trace         bool
		exact, prefix bool
	}{
		{uuid, uuid, true, true, true},
		{uuid, "33EDA743F124435C71FC3C872BBC98E6", true, true, true},
		{"33eda7", uuid, true, false, true},
		{"33eda743f124-4", uuid, false, false, true},
		{"71fc3c872bbc98e6", uuid, true, true, true}, // the low half, marked short
		{"71fc3c872bbc98e6", uuid, false, false, false},
		{"33e", uuid, true, false, false},
		{"order-1", "order-17", false, false, true},
		{"order-1", "order-1", false, true, true},
		{"order-1", "-", false, false, false},
	} {
		q, ok := id.NewQuery(test.query)
		match := q.Request
		if test.trace {
			match = q.Trace
		}
		if exact, prefix := match([]byte(test.raw)); !ok || exact != test.exact || prefix != test.prefix {
			t.Errorf("%q in %q (trace %v): %v %v", test.query, test.raw, test.trace, exact, prefix)
		}
	}
	if _, ok := id.NewQuery(" - "); ok {
		t.Error("a dash is a query")
	}
}

func FuzzTrace(f *testing.F) {
	for _, s := range []string{"", "-", "0", "4bf92f3577b34da6a3ce929d0e0e4736", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
		"a3ce929d0e0e4736-00f067aa0ba902b7-1", "11803532876627986230", "33eda743-f124-435c-71fc-3c872bbc98e6"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		got := id.Trace(raw)
		if got.Form != id.Full && got.Form != id.Short {
			return
		}
		if again := id.Trace([]byte(got.String())); again != got {
			t.Errorf("%q is %v, whose normal form is %v", raw, got, again)
		}
		if q, ok := id.NewQuery(string(raw)); ok {
			if exact, _ := q.Trace(raw); !exact {
				t.Errorf("%q does not find itself", raw)
			}
		}
	})
}

func TestSet(t *testing.T) {
	full, short := id.Trace([]byte("4bf92f3577b34da6a3ce929d0e0e4736")), id.Trace([]byte("11803532876627986230"))
	other := id.Trace([]byte("5bf92f3577b34da6a3ce929d0e0e4736"))
	for _, test := range []struct {
		in, of id.ID
		want   bool
	}{{full, full, true}, {full, short, true}, {short, full, true}, {full, other, false}, {id.ID{}, id.ID{}, false}} {
		var s id.Set
		if s.Add(test.in); s.Has(test.of) != test.want {
			t.Errorf("%v has %v: not %v", test.in, test.of, test.want)
		}
	}
}
