package prom_test

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"

	"github.com/logproc/logproc/internal/exphist"
	"github.com/logproc/logproc/redact"
	"github.com/logproc/logproc/rollup"
	"github.com/logproc/logproc/sinks/prom"
)

// TestExemplars checks them in OpenMetrics and, for native histograms, in protobuf.
func TestExemplars(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	e, err := prom.New(prom.Options{Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	h := &exphist.Histogram{}
	for _, seconds := range []float64{0.004, 0.9, 100} {
		h.Observe(seconds)
	}
	key := rollup.Key{Service: redact.Const("a"), Env: redact.Const("b"), Msg: redact.Const("c")}
	durations := func(value float64, lo uint64, at time.Time) rollup.Durations {
		return rollup.Durations{Service: key.Service, Env: key.Env, Msg: key.Msg, Histogram: h,
			Exemplar: rollup.Exemplar{TraceHi: 0xabc, TraceLo: lo, Value: value, Time: at.UnixNano()}}
	}
	e.Committed(&rollup.Commit{Counts: []rollup.Count{{Key: key, N: 3}},
		Exemplars: []rollup.SeriesExemplar{{Key: key, Exemplar: rollup.Exemplar{TraceLo: 0x12, Short: true, Value: 1, Time: now.Add(time.Hour).UnixNano()}}},
		Durations: []rollup.Durations{durations(0.9, 1, now.Add(-time.Second))}}, 0)
	e.Committed(&rollup.Commit{Durations: []rollup.Durations{durations(100, 2, now.Add(-time.Minute))}}, 0)

	request := httptest.NewRequest("GET", "/metrics", nil)
	request.Header.Set("Accept", "application/openmetrics-text;version=1.0.0")
	page := httptest.NewRecorder()
	e.Handler().ServeHTTP(page, request)
	for _, want := range []string{
		`log_events_total{env="b",level="unknown",msg="c",service="a"} 3.0 # {trace_id="0000000000000012"} 1.0 1.7952624e+09`,
		`log_event_duration_seconds_bucket{env="b",msg="c",service="a",le="1.0"} 4 # {trace_id="0000000000000abc0000000000000001"} 0.9`,
	} {
		if !strings.Contains(page.Body.String(), want) {
			t.Errorf("no %q in\n%s", want, page.Body)
		}
	}
	families, err := e.Registry().Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "log_event_duration_seconds" {
			checkNativeExemplars(t, f.Metric[0].Histogram)
		}
	}
}

// checkNativeExemplars wants those of both commits, in the order of their times.
func checkNativeExemplars(t *testing.T, h *dto.Histogram) {
	t.Helper()
	if len(h.Exemplars) != 2 || h.Exemplars[0].GetValue() != 100 || h.Exemplars[1].GetValue() != 0.9 {
		t.Errorf("exemplars of the native histogram: %v", h.Exemplars)
	}
}
