package summary_test

import (
	"bytes"
	"encoding/csv"
	"testing"
	"time"

	"github.com/logproc/logproc/parse"
	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/rollup"
	"github.com/logproc/logproc/sinks/summary"
)

// twoDays has two services on 24 September, and three on the 23rd: one service and one key are gone, one of each
// is new, and one day before them has none.
func twoDays(t testing.TB) rollup.Store {
	t.Helper()
	var c rollup.Commit
	add := func(day rollup.Date, service, msg string, n uint64) {
		from, _ := day.Buckets(nil)
		k := rollup.Key{Service: redact.Stored(service), Env: redact.Const("anna"), Level: parse.LevelError, Msg: redact.Stored(msg)}
		c.Counts = append(c.Counts, rollup.Count{Key: k, Bucket: from + 40, N: n})
	}
	before := september24.AddDays(-1)
	add(before, "ctrl", "api-call-fail", 10)
	add(before, "ctrl", "api-gone-fail", 4)
	add(before, "ctrl", "same", 7)
	add(before, "gone", "=1+2", 1)
	add(september24, "ctrl", "api-call-fail", 12)
	add(september24, "ctrl", "new\tkey", 1)
	add(september24, "ctrl", "same", 7)
	add(september24, "@new", "+key", 3)
	return storeOf(t, c)
}

func TestComparisonsAndRanges(t *testing.T) {
	s := twoDays(t)
	today := summaries(t, s, rollup.Request{Day: september24})
	before := summaries(t, s, rollup.Request{Day: september24.AddDays(-1)})
	both := append(append([]rollup.Summary(nil), before...), today...)
	previous := &summary.Previous{Day: september24.AddDays(-1), Summaries: before}
	compared := summary.Options{Day: september24, First: september24, Previous: previous}
	days := summary.Options{Day: september24, First: september24.AddDays(-2)}
	for _, test := range []struct {
		file  string
		write writer
		list  []rollup.Summary
		opts  summary.Options
	}{
		{"compared.txt", summary.Text, today, compared},
		{"compared.csv", summary.CSV, today, compared},
		{"compared.json", summary.JSON, today, compared},
		{"compared.html", summary.HTML, today, compared},
		{"days.txt", summary.Text, both, days},
		{"days.csv", summary.CSV, both, days},
		{"none.csv", summary.CSV, nil, summary.Options{}},
	} {
		t.Run(test.file, func(t *testing.T) {
			var out bytes.Buffer
			if err := test.write(&out, test.list, test.opts); err != nil {
				t.Fatal(err)
			}
			golden(t, test.file, out.Bytes())
		})
	}
}

// TestCSVIsRead has another reader of CSV find a row for every key, with no cell that is a formula.
func TestCSVIsRead(t *testing.T) {
	list := summaries(t, awkward(t), rollup.Request{Day: september24, AllLevels: true})
	var out bytes.Buffer
	if err := summary.CSV(&out, list, summary.Options{Generated: time.Now()}); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&out).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	keys := 0
	for i := range list {
		keys += len(list[i].Lines)
	}
	if len(rows) != 1+keys {
		t.Errorf("%d rows for %d keys", len(rows), keys)
	}
	for _, row := range rows {
		for _, cell := range row {
			if cell != "" && bytes.ContainsAny([]byte(cell[:1]), "=+-@\t\r") {
				t.Errorf("a cell that is a formula: %q", cell)
			}
		}
	}
}
