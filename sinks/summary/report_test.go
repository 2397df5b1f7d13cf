package summary_test

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/logproc/logproc/parse"
	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/rollup"
	"github.com/logproc/logproc/sinks/summary"
)

// report has every section, of the counts of awkward's first service.
func report(t testing.TB, service string) rollup.Report {
	t.Helper()
	var r rollup.Report
	for _, s := range summaries(t, awkward(t), rollup.Request{Day: september24}) {
		if s.Service.String() == service {
			r.Summary = s
		}
	}
	odd := redact.Stored("<b>odd</b>\r\n\u202ekey")
	r.NewKeys = []rollup.NewKey{{Msg: odd, Level: parse.LevelError, N: 1234}, {Msg: redact.Const("order-lost"), Level: parse.LevelWarning, N: 2}}
	r.Silent = []rollup.SilentKey{{Msg: redact.Const("order-sent"), Median: 120.5, Last: rollup.Date{Year: 2019, Month: time.September, Day: 21}}}
	r.Movers = []rollup.Mover{
		{Msg: redact.Const("order-paid"), N: 900, Median: 100, Score: 12}, {Msg: redact.Const("order-fail"), N: 10, Median: 40, Score: -5},
		{Msg: redact.Const("order-new"), N: 5, Score: 4},
	}
	r.Violations = []rollup.RuleCount{{Rule: "kebab-case", N: 42, Example: redact.Const("Order <n> failed"), Suggest: "order-fail"}, {Rule: "length", N: 1}}
	r.Redactions = []rollup.RedactionCount{{Rule: "email", N: 4000, Median: 2, Leaks: true}, {Rule: "ip", N: 9, Median: 9}}
	r.Slowest = []rollup.Operation{{Msg: redact.Const("order-pay"), N: 100, P50: 0.00012, P95: 0.25, P99: 12.345}}
	r.Findings = []rollup.Finding{{Kind: "server_missing", Name: redact.Const("pay.authorise"), N: 3}}
	r.Complete = rollup.Completeness{Share: 0.99899, Upto: time.Date(2019, 9, 25, 5, 15, 0, 0, time.UTC), Late: 120, Lost: 7, Lag: 1}
	for i := range 13 {
		r.NewKeys = append(r.NewKeys, rollup.NewKey{Msg: redact.Stored(fmt.Sprintf("order-%d", i)), Level: parse.LevelInfo, N: 1})
	}
	return r
}

type reportWriter func(w io.Writer, reports []rollup.Report, opts summary.ReportOptions) error

func TestReportGolden(t *testing.T) {
	picture := func(_ *rollup.Report, msg redact.Text) (string, string) {
		if msg.String() == "order-paid" {
			return "days-0@logproc", "28 days, most 7"
		}
		return "", ""
	}
	for _, test := range []struct {
		file  string
		write reportWriter
	}{{"report.txt", summary.ReportText}, {"report.json", summary.ReportJSON}, {"report.html", summary.ReportHTML}} {
		var out bytes.Buffer
		list := []rollup.Report{report(t, "shop"), {Summary: summaries(t, awkward(t), rollup.Request{Day: september24})[0]}}
		if err := test.write(&out, list, summary.ReportOptions{MaxKeys: 12, Picture: picture, Note: "This is a note."}); err != nil {
			t.Fatal(err)
		}
		golden(t, test.file, out.Bytes())
	}
}

// A report without anything to add is the summary, byte for byte.
func TestPlainReportIsTheSummary(t *testing.T) {
	list := summaries(t, ctrl(t), rollup.Request{Day: september24})
	reports := make([]rollup.Report, len(list))
	for i := range list {
		reports[i].Summary = list[i]
	}
	var want, got bytes.Buffer
	if err := summary.Text(&want, list, summary.Options{}); err != nil {
		t.Fatal(err)
	}
	if err := summary.ReportText(&got, reports, summary.ReportOptions{}); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), want.Bytes()) {
		t.Errorf("got:\n%s\nwant:\n%s", &got, &want)
	}
}

func TestLedgerLine(t *testing.T) {
	zone := time.FixedZone("", 2*3600)
	for _, test := range []struct {
		c    rollup.Completeness
		want string
	}{
		{rollup.Completeness{}, ""},
		{rollup.Completeness{Share: 1}, "100.0 % of the day's records counted"},
		{rollup.Completeness{Share: 0.99999}, "99.9 % of the day's records counted"},
		{rollup.Completeness{Share: 0.998, Late: 120}, "99.8 % of the day's records counted; 120 late events added since the last mail"},
		{rollup.Completeness{Upto: time.Date(2019, 9, 24, 23, 0, 0, 0, time.UTC), Lost: 1}, "complete to 2019-09-25 01:00; at most 1 record lost, of any day"},
	} {
		if got := summary.Ledger(&test.c, zone); got != test.want {
			t.Errorf("%+v: %q, want %q", test.c, got, test.want)
		}
	}
}

func TestCSV(t *testing.T) {
	s := rollup.Summary{Service: redact.Const("=cmd|calc"), Env: redact.Const("a,b"), Day: september24}
	s.Lines = []rollup.Line{{Msg: redact.Const("-1\nx\"y"), Level: parse.LevelError, N: 3}}
	var out bytes.Buffer
	if err := summary.CSV(&out, []rollup.Summary{s}, summary.Options{}); err != nil {
		t.Fatal(err)
	}
	want := "day,service,env,key,level,count\n2019-09-24,'=cmd|calc,\"a,b\",\"'-1\\nx\"\"y\",error,3\n"
	if out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}

// A picture's name can only be one that the program makes.
func TestPicturesAreOfTheMailOnly(t *testing.T) {
	for _, bad := range []string{"x\" onload=\"alert(1)", "a b", "http://example.org/x"} {
		var out bytes.Buffer
		err := summary.ReportHTML(&out, []rollup.Report{report(t, "shop")}, summary.ReportOptions{Picture: func(*rollup.Report, redact.Text) (string, string) { return bad, "" }})
		if err != nil || strings.Contains(out.String(), "<img") {
			t.Errorf("%q: %v, an image is shown", bad, err)
		}
	}
}
