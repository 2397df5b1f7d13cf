package parse_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/logproc/logproc/parse"
)

func TestParseLevel(t *testing.T) {
	for want, names := range map[parse.Level]string{
		parse.LevelTrace:   "trace TRC Trace verbose silly finest t 10 19 DEBUG-4",
		parse.LevelDebug:   "debug DEBUG dbg D fine 7 20 DEBUG+1",
		parse.LevelInfo:    "info INFO Information inf notice NOTICE 5 6 30 35 INFO+2 SEVERITY_NUMBER_INFO",
		parse.LevelWarning: "warning WARN Warning wrn w 4 40 WARN+1 SEVERITY_NUMBER_WARN2",
		parse.LevelError:   "error ERROR err E severe 3 50 ERROR+2",
		parse.LevelFatal:   "fatal FATAL crit Critical panic DPANIC emerg alert EMERGENCY 0 1 2 60",
		parse.LevelUnknown: "banana 8 9 61 99 -1 1.5 info- +1 info+x info+ informationalinformational SEVERITY_NUMBER_",
	} {
		for _, name := range strings.Fields(names) {
			if got := parse.ParseLevel([]byte(name)); got != want {
				t.Errorf("%s: %s, want %s", name, got, want)
			}
		}
	}
	if got := parse.ParseLevel([]byte("  INFO \n")); got != parse.LevelInfo {
		t.Errorf("with space around: %s", got)
	}
	if got := parse.ParseLevel(nil); got != parse.LevelUnknown {
		t.Errorf("nothing: %s", got)
	}
}

func TestSeverityNumbersOfOTLP(t *testing.T) {
	p := newParser(t, parse.Options{})
	for n := range 26 {
		want := parse.LevelUnknown
		if n >= 1 && n <= 24 {
			want = parse.LevelTrace + parse.Level((n-1)/4)
		}
		p.Parse(parse.Input{Line: fmt.Appendf(nil, `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"severityNumber":%d}]}]}]}`, n)})
		if rec, ok := p.Next(); !ok || rec.Level != want {
			t.Errorf("%d: %s, want %s", n, rec.Level, want)
		}
	}
}

func TestParseTime(t *testing.T) {
	const stamp = "2019-09-24T09:29:07"
	for text, want := range map[string]string{
		stamp: stamp + "Z", stamp + "Z": stamp + "Z", stamp + ".0Z": stamp + "Z", stamp + ",068": stamp + ".068Z",
		"2019-09-24 09:29:07.068959383": stamp + ".068959383Z", stamp + ".0689593831234Z": stamp + ".068959383Z",
		stamp + "+02:00": "2019-09-24T07:29:07Z", stamp + "-0130": "2019-09-24T10:59:07Z", stamp + "+02": "2019-09-24T07:29:07Z",
		"2019-09-24 09:29:07.5 +0200 CEST": "2019-09-24T07:29:07.5Z", stamp + " UTC": stamp + "Z", " " + stamp + "Z ": stamp + "Z",
		"2020-02-29T23:59:60Z": "2020-03-01T00:00:00Z", "2000-02-29T00:00:00Z": "2000-02-29T00:00:00Z",
		"1678-01-01T00:00:00Z": "1678-01-01T00:00:00Z", "2261-12-31T23:59:59.999999999Z": "2261-12-31T23:59:59.999999999Z",
		"1969-12-31T23:59:59.5Z": "1969-12-31T23:59:59.5Z", "1900-02-28T00:00:00Z": "1900-02-28T00:00:00Z",
		"1569317347": "2019-09-24T09:29:07Z", "1569317347068": stamp + ".068Z", "1569317347068959": stamp + ".068959Z",
		"1569317347068959383": stamp + ".068959383Z", "1569317347.0689594": stamp + ".0689594Z",
		"1.5693173470689594e+09": stamp + ".0689594Z", "1569317347068.5": stamp + ".0685Z",
		"0": "1970-01-01T00:00:00Z", "-1": "1969-12-31T23:59:59Z", "-1.5": "1969-12-31T23:59:58.5Z",
		"-1569317347068": "1920-04-09T14:30:52.932Z", "99999999999": "",
		"": "", "x": "", "1900-02-29T00:00:00Z": "", "2019-02-29T00:00:00Z": "", "2019-13-01T00:00:00Z": "", "2019-00-01T00:00:00Z": "",
		"2019-09-31T00:00:00Z": "", "2019-09-24T24:00:00Z": "", "2019-09-24T09:60:00Z": "", "2019-09-24T09:29": "", stamp + ".Z": "",
		stamp + "+2": "", stamp + "+25:00": "", stamp + "x": "", "2019-09-24x09:29:07Z": "", "2019/09/24 09:29:07": "", stamp + "+02:": "",
		"1677-12-31T23:59:59Z": "", "2262-01-01T00:00:00Z": "", "1678-01-01T00:00:00+00:01": "", "99999999999999999999": "", "1e99": "", "1-2": "", "NaN": "",
	} {
		ns, ok := parse.ParseTime([]byte(text))
		got := ""
		if ok {
			got = time.Unix(0, ns).UTC().Format(time.RFC3339Nano)
		}
		if got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestEveryDay(t *testing.T) {
	for d := time.Date(1678, 1, 1, 12, 0, 0, 1, time.UTC); d.Year() < 2262; d = d.AddDate(0, 0, 1) {
		if ns, ok := parse.ParseTime(d.AppendFormat(nil, time.RFC3339Nano)); !ok || ns != d.UnixNano() {
			t.Fatalf("%s: %d %t", d, ns, ok)
		}
	}
}

func TestEpochUnits(t *testing.T) {
	at := time.Date(2019, 9, 24, 9, 29, 7, 0, time.UTC)
	for _, n := range []int64{at.Unix(), at.UnixMilli(), at.UnixMicro(), at.UnixNano()} {
		for _, line := range []string{`{"t":%d}`, `{"t":"%d"}`, `{"t":%d.0}`} {
			p := newParser(t, parse.Options{})
			p.Parse(parse.Input{Line: fmt.Appendf(nil, line, n)})
			if rec, _ := p.Next(); rec.TimeState != parse.Present || rec.Time != at.UnixNano() {
				t.Errorf(line+": %d", n, rec.Time)
			}
		}
	}
}

func TestFloatDurations(t *testing.T) {
	p := newParser(t, parse.Options{})
	for text, want := range map[string]float64{
		"81.253642": 81.253642, `"81.253642"`: 81.253642, "1e3": 1000, `"1e3"`: 1000, "1e-320": 1e-320, `"0.1ms"`: 0.1,
		`"1h1m1.5s"`: 3661500, `"250 ms"`: 250, `"-0"`: 0, "-0.0": 0, "123456789012345678901234567890": 1.2345678901234568e29,
	} {
		p.Parse(parse.Input{Line: []byte(`{"duration":` + text + `}`)})
		rec, _ := p.Next()
		if got := float64(rec.Duration); rec.DurationState != parse.Present || math.Abs(got-want) > want*1e-15 || math.Signbit(got) {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
	for _, text := range []string{`"-5ms"`, `"5"x`, `"ms"`, `"5 parsecs"`, `"Inf"`, "inf", "-inf", `"1ms1"`, `"1.2.3"`, `"1e"`} {
		p.Parse(parse.Input{Line: []byte(`{"duration":` + text + `}`)})
		if rec, ok := p.Next(); ok && rec.DurationState != parse.Mistyped {
			t.Errorf("%s: %v", text, rec.Duration)
		}
	}
}

func FuzzParseTime(f *testing.F) {
	for _, s := range []string{"2019-09-24T09:29:07.068959383Z", "2019-09-24T09:29:07+02:00", "2000-02-29T00:00:00-23:59", "1569317347", "-1.5e9"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := parse.ParseTime([]byte(s))
		if year := time.Unix(0, got).UTC().Year(); ok && (year < 1678 || year > 2261) {
			t.Fatalf("%q: year %d", s, year)
		}
		var want time.Time
		if want.UnmarshalText([]byte(s)) != nil || s[13] != ':' { // it lets hours of one digit pass
			return
		}
		if inRange := want.UTC().Year() >= 1678 && want.UTC().Year() <= 2261 && want.Year() >= 1678 && want.Year() <= 2261; ok != inRange {
			t.Fatalf("%q: ok is %t", s, ok)
		}
		if ok && got != want.UnixNano() {
			t.Fatalf("%q: %d, want %d", s, got, want.UnixNano())
		}
	})
}
