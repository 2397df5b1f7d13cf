package prom_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/logproc/logproc/sinks/prom"
)

// TestManualListsEveryMetric compares docs/metrics.md with what the registry describes: names and labels.
func TestManualListsEveryMetric(t *testing.T) {
	documented := documentedMetrics(t)
	e := newExporter(t, prom.Options{})
	_ = e.Handler() // registers its own
	if _, err := e.NewCorrelation(func() prom.CorrelationState { return prom.CorrelationState{} }); err != nil {
		t.Fatal(err)
	}
	described := make(map[string][]string)
	ch := make(chan *prometheus.Desc)
	go func() {
		e.Registry().Describe(ch)
		close(ch)
	}()
	pattern := regexp.MustCompile(`fqName: "([^"]+)".*variableLabels: \{([^}]*)\}`)
	for d := range ch {
		m := pattern.FindStringSubmatch(d.String())
		if m == nil {
			t.Fatalf("cannot read %s", d)
		}
		described[m[1]] = slices.Sorted(slices.Values(strings.FieldsFunc(m[2], func(r rune) bool { return r == ',' })))
	}
	for name, labels := range described {
		prefix, _, _ := strings.Cut(name, "_")
		if _, wholesale := documented[prefix+"_*"]; wholesale {
			continue
		}
		if want, ok := documented[name]; !ok || !slices.Equal(want, labels) {
			t.Errorf("%s has labels %q; the manual has it: %v, with %q", name, labels, ok, want)
		}
	}
	for name := range documented {
		if _, ok := described[name]; !ok && !strings.HasSuffix(name, "_*") {
			t.Errorf("the manual has %s, the program has not", name)
		}
	}
}

// documentedMetrics reads the tables of the manual: metric to sorted labels.
func documentedMetrics(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	code := regexp.MustCompile("`([^`]+)`")
	out := make(map[string][]string)
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(line, "|")
		if len(cells) < 5 || !strings.HasPrefix(strings.TrimSpace(cells[1]), "`") {
			continue
		}
		var labels []string
		for _, m := range code.FindAllStringSubmatch(cells[3], -1) {
			labels = append(labels, m[1])
		}
		for _, m := range code.FindAllStringSubmatch(cells[1], -1) {
			out[m[1]] = slices.Sorted(slices.Values(labels))
		}
	}
	return out
}
