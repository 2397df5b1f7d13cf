package prom_test

import (
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/logproc/logproc/internal/exphist"
	"github.com/logproc/logproc/parse"
	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/rollup"
	"github.com/logproc/logproc/sinks/prom"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var epoch = time.Date(2019, 9, 24, 12, 0, 0, 0, time.UTC)

func newExporter(t testing.TB, o prom.Options) *prom.Exporter {
	t.Helper()
	if o.Now == nil {
		o.Now = func() time.Time { return epoch }
	}
	e, err := prom.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// Values of the Accept header.
const (
	acceptText        = "text/plain;version=0.0.4"
	acceptOpenMetrics = "application/openmetrics-text;version=1.0.0"
	acceptProtobuf    = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"
)

func scrape(t testing.TB, e *prom.Exporter, accept string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
	r.Header.Set("Accept", accept)
	w := httptest.NewRecorder()
	e.Handler().ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	return w
}

// families gives what a scrape shows, as the parser of text or protobuf understands it.
func families(t testing.TB, e *prom.Exporter, accept string) map[string]*dto.MetricFamily {
	t.Helper()
	w := scrape(t, e, accept)
	d := expfmt.NewDecoder(w.Body, expfmt.ResponseFormat(w.Header()))
	out := make(map[string]*dto.MetricFamily)
	for {
		var f dto.MetricFamily
		if err := d.Decode(&f); err != nil {
			if err.Error() != "EOF" {
				t.Fatal(err)
			}
			return out
		}
		out[f.GetName()] = &f
	}
}

// value gives the value of the series with these labels, written as in text; ok is false when there is none.
func value(f map[string]*dto.MetricFamily, name, labels string) (v float64, ok bool) {
	for _, m := range f[name].GetMetric() {
		if labelText(m) == labels {
			return m.GetCounter().GetValue() + m.GetGauge().GetValue(), true
		}
	}
	return 0, false
}

func labelText(m *dto.Metric) string {
	set := make(model.LabelSet)
	for _, l := range m.GetLabel() {
		set[model.LabelName(l.GetName())] = model.LabelValue(l.GetValue())
	}
	return set.String()
}

func key(service, env string, level parse.Level, msg string) rollup.Key {
	return rollup.Key{Service: redact.Stored(service), Env: redact.Stored(env), Level: level, Msg: redact.Stored(msg)}
}

func durations(values ...float64) *exphist.Histogram {
	var h exphist.Histogram
	for _, v := range values {
		h.Observe(v)
	}
	return &h
}

// example is an exporter that has something to show in every family.
func example(t testing.TB) *prom.Exporter {
	now := epoch
	e := newExporter(t, prom.Options{
		Now:     func() time.Time { return now },
		Version: "1.2.3",
		Partitions: func() []prom.Partition {
			return []prom.Partition{
				{TopicPartition: rollup.TopicPartition{Topic: "logs", Partition: 3}, Assigned: true, LagKnown: true, Lag: 250,
					Fetched: 1020, Outcomes: rollup.Outcomes{Counted: 990, DeadLettered: 7, Skipped: 3}, Pending: 20,
					Lost:    map[rollup.LostReason]uint64{rollup.LostRetention: 40},
					LagTime: 90 * time.Second, IdleTime: 2500 * time.Millisecond},
				{TopicPartition: rollup.TopicPartition{Topic: "logs", Partition: 4},
					Fetched: 12, Outcomes: rollup.Outcomes{Counted: 10}, Discarded: 2},
			}
		},
		KafkaBytes:       func() (uint64, uint64) { return 123456, 789 },
		DeadLetterErrors: func() uint64 { return 2 },
	})
	e.Known([]rollup.Key{key("ctrl", "anna", parse.LevelError, "known-key"), key("ctrl", "anna", parse.LevelInfo, "request-done")})
	now = epoch.Add(10 * time.Second)
	bucket := rollup.BucketOf(epoch.UnixNano())
	c := &rollup.Commit{
		Counts: []rollup.Count{
			{Key: key("ctrl", "anna", parse.LevelInfo, "request-done"), Bucket: bucket, N: 40},
			{Key: key("ctrl", "anna", parse.LevelInfo, "request-done"), Bucket: bucket + 1, N: 2},
			{Key: key("fare", "", parse.LevelUnknown, `quote " backslash \`), Bucket: bucket, N: 3},
		},
		Durations: []rollup.Durations{{Service: redact.Const("ctrl"), Env: redact.Const("anna"), Msg: redact.Const("request-done"),
			Histogram: durations(0, 0.0009765625, 0.001, 0.1, 0.1, 0.3, 2, 90)}},
		Violations: []rollup.Violations{{Service: redact.Const("fare"), Rule: "segment", N: 3}},
		Overflowed: []rollup.Overflowed{{Service: redact.Const("fare"), N: 5}},
	}
	c.DeadLetters[parse.NotJSON] = 6
	c.DeadLetters[parse.TooLong] = 1
	e.Committed(c, 30*time.Millisecond)
	e.Conflict(rollup.Behind)
	return e
}

func TestExpositionGolden(t *testing.T) {
	e := example(t)
	for _, format := range []struct{ file, accept string }{{"metrics.txt", acceptText}, {"openmetrics.txt", acceptOpenMetrics}} {
		got := withoutRuntime(scrape(t, e, format.accept).Body.String())
		path := filepath.Join("testdata", format.file)
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s differs, run with -update and look at the difference; got:\n%s", path, got)
		}
	}
}

// withoutRuntime leaves out what differs from run to run.
func withoutRuntime(text string) string {
	var out strings.Builder
	for line := range strings.Lines(text) {
		name := strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(line, "# HELP "), "# TYPE "), "# UNIT ")
		if !strings.HasPrefix(name, "go_") && !strings.HasPrefix(name, "process_") && !strings.HasPrefix(name, "promhttp_") {
			out.WriteString(regexp.MustCompile(`goversion="[^"]*"`).ReplaceAllString(line, `goversion="GO"`))
		}
	}
	return out.String()
}

// TestOpenMetricsForm checks what the golden file cannot show to be right: the rules of OpenMetrics that
// scrapers insist on.
func TestOpenMetricsForm(t *testing.T) {
	text := scrape(t, example(t), acceptOpenMetrics).Body.String()
	if !strings.HasSuffix(text, "\n# EOF\n") || strings.Count(text, "# EOF") != 1 {
		t.Error("the end is not marked once")
	}
	kind, seen := "", make(map[string]bool)
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		switch {
		case fields[0] == "#" && len(fields) == 4 && fields[1] == "TYPE":
			// The Go collector has go_memstats_alloc_bytes as gauge and (…_total) as counter, which scrapers bear.
			if seen[fields[2]] && !strings.HasPrefix(fields[2], "go_") {
				t.Errorf("family %s comes twice", fields[2])
			}
			seen[fields[2]] = true
			kind = fields[3]
		case fields[0] != "#" && kind == "counter":
			name, _, _ := strings.Cut(fields[0], "{")
			if !strings.HasSuffix(name, "_total") && !strings.HasSuffix(name, "_created") {
				t.Errorf("a counter's sample is called %s", name)
			}
		}
	}
	if !strings.Contains(text, `log_events_created{env="anna",level="info",msg="request-done",service="ctrl"} 1.5693264e+09`) {
		t.Error("no created sample")
	}
}

func TestKnownSeriesStartAtZero(t *testing.T) {
	f := families(t, example(t), acceptProtobuf)
	if v, ok := value(f, "log_events_total", `{env="anna", level="error", msg="known-key", service="ctrl"}`); !ok || v != 0 {
		t.Errorf("known series: %v, %v", v, ok)
	}
	for name, labels := range map[string][]string{
		"logproc_dead_letters_total":    {`{reason="not_object"}`, `{reason="tombstone"}`},
		"logproc_state_conflicts_total": {`{outcome="fenced"}`, `{outcome="split"}`},
		"logproc_lost_offsets_total":    {`{partition="3", reason="corrupt", topic="logs"}`},
	} {
		for _, l := range labels {
			if v, ok := value(f, name, l); !ok || v != 0 {
				t.Errorf("%s%s: %v, %v", name, l, v, ok)
			}
		}
	}
	for _, l := range []string{`{reason="ok"}`, `{reason="held"}`} {
		if _, ok := value(f, "logproc_dead_letters_total", l); ok {
			t.Errorf("%s is no reason", l)
		}
	}
}

func TestCreatedIsWhenTheSeriesBegan(t *testing.T) {
	f := families(t, example(t), acceptProtobuf)
	for _, m := range f["log_events_total"].GetMetric() {
		want := epoch
		if strings.Contains(labelText(m), "fare") {
			want = epoch.Add(10 * time.Second)
		}
		if got := m.GetCounter().GetCreatedTimestamp().AsTime(); !got.Equal(want) {
			t.Errorf("%s: created %v, want %v", labelText(m), got, want)
		}
	}
}

func TestLedgerBalances(t *testing.T) {
	f := families(t, example(t), acceptText)
	for _, partition := range []string{"3", "4"} {
		get := func(outcome string) float64 {
			v, ok := value(f, "logproc_records_total", fmt.Sprintf(`{outcome=%q, partition=%q, topic="logs"}`, outcome, partition))
			if !ok {
				t.Errorf("no outcome %s", outcome)
			}
			return v
		}
		pending, _ := value(f, "logproc_records_pending", fmt.Sprintf(`{partition=%q, topic="logs"}`, partition))
		if sum := get("counted") + get("dead_lettered") + get("skipped") + get("discarded") + pending; sum != get("fetched") {
			t.Errorf("partition %s: %v accounted for of %v", partition, sum, get("fetched"))
		}
	}
	// Lag is shown by whoever works on the partition.
	if _, ok := value(f, "logproc_consumer_lag_records", `{partition="4", topic="logs"}`); ok {
		t.Error("lag of a partition that is not ours")
	}
}

// TestOverflow: beyond the budget events still count, under the service's own _overflow first.
func TestOverflow(t *testing.T) {
	e := newExporter(t, prom.Options{MaxSeries: 20})
	const services, keys = 100, 50
	for s := range services {
		c := &rollup.Commit{}
		for k := range keys {
			c.Counts = append(c.Counts, rollup.Count{Key: key(fmt.Sprintf("service-%d", s), "prod", parse.LevelInfo, fmt.Sprintf("key-%d", k)), N: 2})
		}
		for range 3 {
			e.Committed(c, 0)
		}
	}
	f := families(t, e, acceptText)
	var total, overflowed float64
	for _, m := range f["log_events_total"].GetMetric() {
		total += m.GetCounter().GetValue()
	}
	for _, m := range f["logproc_series_overflow_total"].GetMetric() {
		overflowed += m.GetCounter().GetValue()
	}
	if want := float64(services * keys * 2 * 3); total != want {
		t.Errorf("total %v, want %v", total, want)
	}
	if want := float64((services*keys - 20) * 2 * 3); overflowed != want {
		t.Errorf("overflowed %v, want %v", overflowed, want)
	}
	if n := len(f["log_events_total"].GetMetric()); n > 50 {
		t.Errorf("%d series with a budget of 20", n)
	}
	if n := len(f["logproc_series_overflow_total"].GetMetric()); n > 50 {
		t.Errorf("%d services named with a budget of 20", n)
	}
	if v, _ := value(f, "log_events_total", `{env="prod", level="info", msg="_overflow", service="service-0"}`); v != 30*6 {
		t.Errorf("the first service's overflow is %v", v)
	}
	if v, ok := value(f, "log_events_total", `{env="_overflow", level="info", msg="_overflow", service="_overflow"}`); !ok || v == 0 {
		t.Error("no series for services beyond the budget")
	}
}

func TestLabelsAreMadeValid(t *testing.T) {
	e := newExporter(t, prom.Options{Partitions: func() []prom.Partition {
		return []prom.Partition{
			{TopicPartition: rollup.TopicPartition{Topic: "file:\xff"}, Fetched: 1, Assigned: true, Lost: map[rollup.LostReason]uint64{rollup.LostCorrupt: 1}},
			{TopicPartition: rollup.TopicPartition{Topic: "file:\xfe"}, Fetched: 2, Lost: map[rollup.LostReason]uint64{rollup.LostCorrupt: 1}},
		}
	}})
	long := strings.Repeat("ä", 1000)
	e.Committed(&rollup.Commit{
		Counts: []rollup.Count{
			{Key: key("a\xff", "b\x00", parse.LevelInfo, "c\n"), N: 1},
			{Key: key("a\xfe", "b\x01", parse.LevelInfo, "c\r"), N: 2},
			{Key: key(long, long, parse.Level(99), long+"1"), N: 4},
			{Key: key(long, long, parse.Level(99), long+"2"), N: 8},
		},
		Violations: []rollup.Violations{{Service: redact.Const("\xff"), Rule: "\xff", N: 1}},
		Overflowed: []rollup.Overflowed{{Service: redact.Const("\xff"), N: 1}},
		Durations:  []rollup.Durations{{Service: redact.Const("\xff"), Env: redact.Const("\xff"), Msg: redact.Const("\xff"), Histogram: durations(1)}},
	}, 0)
	for _, accept := range []string{acceptText, acceptProtobuf} {
		f := families(t, e, accept)
		if v, _ := value(f, "log_events_total", "{env=\"b\ufffd\", level=\"info\", msg=\"c\ufffd\", service=\"a\ufffd\"}"); v != 3 {
			t.Errorf("keys that look alike: %v, want 3", v)
		}
		if n := len(f["log_events_total"].GetMetric()); n != 2 {
			t.Errorf("%d series, want 2", n)
		}
		for _, m := range f["log_events_total"].GetMetric() {
			for _, l := range m.GetLabel() {
				if len(l.GetValue()) > 256 {
					t.Errorf("label %s of %d bytes", l.GetName(), len(l.GetValue()))
				}
			}
		}
		if v, _ := value(f, "logproc_records_total", "{outcome=\"fetched\", partition=\"0\", topic=\"file:\ufffd\"}"); v != 3 {
			t.Errorf("files that look alike: %v, want 3", v)
		}
		if v, _ := value(f, "logproc_lost_offsets_total", "{partition=\"0\", reason=\"corrupt\", topic=\"file:\ufffd\"}"); v != 2 {
			t.Errorf("their losses: %v, want 2", v)
		}
	}
}

func TestPartitionsBeyondTheBound(t *testing.T) {
	e := newExporter(t, prom.Options{MaxPartitions: 3, Partitions: func() []prom.Partition {
		var all []prom.Partition
		for i := range int32(10) {
			all = append(all, prom.Partition{TopicPartition: rollup.TopicPartition{Topic: "logs", Partition: i}, Fetched: 1})
		}
		return all
	}})
	f := families(t, e, acceptText)
	if v, _ := value(f, "logproc_records_total", `{outcome="fetched", partition="0", topic="_overflow"}`); v != 7 {
		t.Errorf("the rest is %v, want 7", v)
	}
}

func TestServiceLogRate(t *testing.T) {
	now := epoch
	e := newExporter(t, prom.Options{Now: func() time.Time { return now }})
	rates := func() *dto.Summary {
		return families(t, e, acceptProtobuf)["logproc_service_log_rate"].GetMetric()[0].GetSummary()
	}
	if s := rates(); s.GetSampleCount() != 0 {
		t.Errorf("before the first event: %v", s)
	}
	for range 600 { // ten time constants of 10 and 1000 events a second
		now = now.Add(time.Second)
		e.Committed(&rollup.Commit{Counts: []rollup.Count{
			{Key: key("slow", "", parse.LevelInfo, "a"), N: 4}, {Key: key("slow", "", parse.LevelInfo, "b"), N: 6},
			{Key: key("fast", "", parse.LevelInfo, "a"), N: 1000},
		}}, 0)
	}
	s := rates()
	low, high := s.GetQuantile()[0].GetValue(), s.GetQuantile()[4].GetValue()
	if s.GetSampleCount() != 2 || !near(low, 10) || !near(high, 1000) || !near(s.GetSampleSum(), 1010) {
		t.Errorf("got %v", s)
	}
	now = now.Add(time.Minute)
	if s := rates(); !near(s.GetSampleSum(), 1010/2.718281828) {
		t.Errorf("after a silent minute: %v", s)
	}
}

func near(got, want float64) bool { return got > want*0.98 && got < want*1.02 }
