package rollup_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/logproc/logproc/parse"
	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/rollup"
	"github.com/logproc/logproc/rollup/memstore"
)

func storeOf(t testing.TB, counts []rollup.Count, forms []rollup.Form) rollup.Store {
	t.Helper()
	s := memstore.New(time.Now)
	c := rollup.Commit{Fence: 1, Next: 1000, Counts: counts, Forms: forms}
	if _, err := s.Commit(t.Context(), &c); err != nil {
		t.Fatal(err)
	}
	return s
}

func at(t testing.TB, rfc3339 string) rollup.Bucket {
	t.Helper()
	when, err := time.Parse(time.RFC3339, rfc3339)
	if err != nil {
		t.Fatal(err)
	}
	return rollup.BucketOf(when.UnixNano())
}

func TestSummaries(t *testing.T) {
	noon := at(t, "2026-03-20T12:00:00Z")
	add := func(service, env string, l parse.Level, msg string, n uint64) rollup.Count {
		return rollup.Count{Key: rollup.Key{Service: redact.Stored(service), Env: redact.Stored(env), Level: l, Msg: redact.Stored(msg)}, Bucket: noon, N: n}
	}
	counts := []rollup.Count{
		add("ctrl", "bob", parse.LevelError, "b-late", 1), add("ctrl", "anna", parse.LevelFatal, "b-late", 2),
		add("ctrl", "anna", parse.LevelWarning, "b-late", 3), add("ctrl", "anna", parse.LevelError, "Zebra", 4),
		add("ctrl", "anna", parse.LevelInfo, "b-late", 10), add("ctrl", "anna", parse.LevelDebug, "quiet", 20),
		add("ctrl", "anna", parse.LevelWarning, rollup.MsgInvalid, 40), add("ctrl", "anna", parse.LevelInfo, rollup.MsgInvalid, 5),
		add("ctrl", "anna", parse.LevelUnknown, rollup.MsgUnparsed, 6), add("ctrl", "anna", parse.LevelUnknown, rollup.MsgMissing, 7),
		add("ctrl", "anna", parse.LevelError, rollup.MsgMissing, 1), add("ctrl", "anna", parse.LevelInfo, rollup.Overflow, 8),
		add("brkr", "", parse.LevelInfo, "started", 1),
	}
	var forms []rollup.Form
	for i := range 13 {
		forms = append(forms, rollup.Form{Service: redact.Const("ctrl"), Env: redact.Const("anna"), Text: redact.Stored(fmt.Sprintf("Failed %02d", i)), Bucket: noon, N: 2})
	}
	forms = append(forms, rollup.Form{Service: redact.Const("ctrl"), Env: redact.Const("anna"), Text: redact.Const("Failed 09"), Bucket: noon + 1, N: 1})
	s := storeOf(t, counts, forms)
	req := rollup.Request{Day: date(t, "2026-03-20")}
	list, err := rollup.Summaries(t.Context(), s, req)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range list {
		names = append(names, s.Service.String()+"/"+s.Env.String())
	}
	if want := []string{"brkr/", "ctrl/anna", "ctrl/bob"}; !reflect.DeepEqual(names, want) {
		t.Fatalf("got %v, want %v", names, want)
	}
	want := rollup.Summary{
		Service: redact.Const("ctrl"), Env: redact.Const("anna"), Day: req.Day, Zone: "UTC", DayLength: 24 * time.Hour, Total: 50, Events: 106,
		Lines: []rollup.Line{{Msg: redact.Const("Zebra"), Level: parse.LevelError, N: 4}, {Msg: redact.Const(rollup.MsgInvalid), Level: parse.LevelWarning, N: 40},
			{Msg: redact.Const(rollup.MsgMissing), Level: parse.LevelError, N: 1}, {Msg: redact.Const("b-late"), Level: parse.LevelFatal, N: 5}},
		Levels: []rollup.LevelCount{{Level: parse.LevelUnknown, N: 13}, {Level: parse.LevelDebug, N: 20}, {Level: parse.LevelInfo, N: 23},
			{Level: parse.LevelWarning, N: 43}, {Level: parse.LevelError, N: 5}, {Level: parse.LevelFatal, N: 2}},
		Invalid: 45, MoreForms: 3, Missing: 8, Unparsed: 6, Overflow: 8,
		InvalidForms: []rollup.FormCount{{Text: redact.Const("Failed 09"), N: 3}, {Text: redact.Const("Failed 00"), N: 2}, {Text: redact.Const("Failed 01"), N: 2}, {Text: redact.Const("Failed 02"), N: 2},
			{Text: redact.Const("Failed 03"), N: 2}, {Text: redact.Const("Failed 04"), N: 2}, {Text: redact.Const("Failed 05"), N: 2}, {Text: redact.Const("Failed 06"), N: 2}, {Text: redact.Const("Failed 07"), N: 2}, {Text: redact.Const("Failed 08"), N: 2}},
	}
	if !reflect.DeepEqual(list[1], want) {
		t.Errorf("got  %+v\nwant %+v", list[1], want)
	}
	if list[1].Line("b-late") != 5 || list[1].Line("quiet") != 0 {
		t.Error("Line finds the wrong numbers")
	}
	req.AllLevels, req.Service, req.Env = true, new("ctrl"), new("anna")
	all, err := rollup.Summaries(t.Context(), s, req)
	if err != nil || len(all) != 1 || all[0].Total != 106 || all[0].Events != 106 || all[0].Line("b-late") != 15 || !all[0].AllLevels {
		t.Errorf("got %+v, %v", all, err)
	}
}

// TestSummariesFoldDays puts an event into every quarter-hour of three days: each local day has exactly
// as many as it has quarter-hours, and nothing is counted twice or left out.
func TestSummariesFoldDays(t *testing.T) {
	for _, test := range []struct {
		zone, day string
		quarters  uint64
	}{
		{"Europe/Stockholm", "2026-03-29", 92}, {"Europe/Stockholm", "2026-10-25", 100}, {"Asia/Kathmandu", "2026-03-29", 96},
		{"Australia/Lord_Howe", "2026-04-05", 98}, {"Australia/Lord_Howe", "2026-10-04", 94},
	} {
		z, day := zone(t, test.zone), date(t, test.day)
		first, _ := day.AddDays(-1).Buckets(z)
		_, end := day.AddDays(1).Buckets(z)
		var counts []rollup.Count
		for b := first; b < end; b++ {
			counts = append(counts, rollup.Count{Key: rollup.Key{Service: redact.Const("ctrl"), Level: parse.LevelError, Msg: redact.Const("order-failed")}, Bucket: b, N: 1})
		}
		s := storeOf(t, counts, nil)
		dates, err := rollup.Dates(t.Context(), s, rollup.Request{Zone: z})
		if want := []rollup.Date{day.AddDays(-1), day, day.AddDays(1)}; err != nil || !reflect.DeepEqual(dates, want) {
			t.Errorf("%s: dates %v, %v; want %v", test.zone, dates, err, want)
		}
		sum := uint64(0)
		for _, d := range dates {
			list, err := rollup.Summaries(t.Context(), s, rollup.Request{Day: d, Zone: z})
			if err != nil || len(list) != 1 {
				t.Fatal(list, err)
			}
			if d == day && (list[0].Total != test.quarters || list[0].DayLength != time.Duration(test.quarters)*15*time.Minute) {
				t.Errorf("%s %s: %d quarters in %s, want %d", test.zone, d, list[0].Total, list[0].DayLength, test.quarters)
			}
			sum += list[0].Total
		}
		if sum != uint64(end-first) {
			t.Errorf("%s: %d events in all, want %d", test.zone, sum, end-first)
		}
	}
}

func TestDatesFilters(t *testing.T) {
	of := func(service, when string) rollup.Count {
		return rollup.Count{Key: rollup.Key{Service: redact.Stored(service)}, Bucket: at(t, when), N: 1}
	}
	s := storeOf(t, []rollup.Count{of("b", "2026-03-21T23:59:00Z"), of("a", "2026-03-20T23:00:00Z"), of("b", "2026-03-21T00:00:00Z")}, nil)
	dates, err := rollup.Dates(t.Context(), s, rollup.Request{Service: new("b")})
	if want := []rollup.Date{date(t, "2026-03-21")}; err != nil || !reflect.DeepEqual(dates, want) {
		t.Errorf("got %v, %v; want %v", dates, err, want)
	}
	if dates, err := rollup.Dates(t.Context(), s, rollup.Request{Service: new("c")}); err != nil || len(dates) != 0 {
		t.Errorf("got %v, %v", dates, err)
	}
}

func TestSummariesPassErrorsOn(t *testing.T) {
	over, cancel := context.WithCancel(t.Context())
	cancel()
	s := storeOf(t, nil, nil)
	if _, err := rollup.Summaries(over, s, rollup.Request{Day: date(t, "2026-03-20")}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if _, err := rollup.Dates(over, s, rollup.Request{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
