//go:build e2e

package e2e

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/logproc/logproc/rollup"
	"github.com/logproc/logproc/rollup/stores"
)

// deployment is one `logproc run` as an operator would set it up: a topic, a group and a store file.
type deployment struct {
	t                   *testing.T
	topic, group, store string // store is a file
	url                 string // of another store than the file; empty for that
	listen              string
	args                []string // further arguments of run
}

func newDeployment(t *testing.T, topic string, args ...string) *deployment {
	t.Helper()
	return &deployment{t: t, topic: topic, group: topic, store: filepath.Join(t.TempDir(), "store.db"),
		listen: address(freePort(t)), args: args}
}

func (d *deployment) arguments() []string {
	return append([]string{"run", "--brokers", shared.kafka, "--topic", d.topic, "--group", d.group,
		"--store", d.storeURL(), "--listen", d.listen}, d.args...)
}

func (d *deployment) storeURL() string {
	if d.url != "" {
		return d.url
	}
	return "file:" + d.store
}

// start starts run without waiting for its end.
func (d *deployment) start() *process {
	d.t.Helper()
	return start(d.t, shared.program, d.arguments()...)
}

// untilEnd runs up to the topic's present end.
func (d *deployment) untilEnd() {
	d.t.Helper()
	must(d.t, nil, shared.program, append(d.arguments(), "--until-end")...)
}

// series is a line of the summed-up truth: msg, service and level.
type series struct{ msg, service, level string }

// totals reads the store's counts. Nobody else may have a file open.
func (d *deployment) totals() map[series]uint64 {
	d.t.Helper()
	store, err := stores.OpenURL(d.t.Context(), d.storeURL(), stores.Options{MustExist: true})
	if err != nil {
		d.t.Fatal(err)
	}
	defer store.Close()
	totals := make(map[series]uint64)
	err = store.Counts(d.t.Context(), rollup.Everything(), func(c rollup.Count) error {
		totals[series{c.Key.Msg.String(), c.Key.Service.String(), c.Key.Level.String()}] += c.N
		return nil
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return totals
}

// get reads a page of the running instance.
func (d *deployment) get(path, accept string) (string, error) {
	ctx, cancel := context.WithTimeout(d.t.Context(), 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+d.listen+path, nil)
	if err != nil {
		return "", err
	}
	if accept != "" {
		request.Header.Set("Accept", accept)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", path, response.Status)
	}
	return string(body), err
}

// errNoMetric: /metrics has no series of that name, yet.
var errNoMetric = errors.New("no such metric")

// metric sums up the samples of a metric whose labels include the given ones (name, value, …).
func (d *deployment) metric(name string, labels ...string) (float64, error) {
	page, err := d.get("/metrics", "text/plain")
	if err != nil {
		return 0, err
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(page))
	if err != nil {
		return 0, err
	}
	family := families[name]
	if family == nil {
		return 0, fmt.Errorf("%w: %s", errNoMetric, name)
	}
	var sum float64
	for _, m := range family.Metric {
		has := make(map[string]string)
		for _, l := range m.Label {
			has[l.GetName()] = l.GetValue()
		}
		matches := true
		for i := 0; i < len(labels); i += 2 {
			matches = matches && has[labels[i]] == labels[i+1]
		}
		if matches {
			sum += m.GetCounter().GetValue() + m.GetGauge().GetValue() + m.GetUntyped().GetValue()
		}
	}
	return sum, nil
}

// healthy waits until the instance answers.
func (d *deployment) healthy(p *process) {
	d.t.Helper()
	eventually(d.t, 30*time.Second, "be healthy", func() error {
		d.alive(p)
		_, err := d.get("/-/healthy", "")
		return err
	})
}

// alive fails the test when the instance has ended.
func (d *deployment) alive(p *process) {
	d.t.Helper()
	if !p.running() {
		d.t.Fatalf("logproc ended with exit code %d", p.wait(0))
	}
}

// counted waits until the running instance has counted at least n events, its replays not included.
func (d *deployment) counted(p *process, n uint64, limit time.Duration) {
	d.t.Helper()
	eventually(d.t, limit, fmt.Sprintf("count %d events", n), func() error {
		d.alive(p)
		got, err := d.metric("log_events_total")
		if err == nil && got < float64(n) {
			err = fmt.Errorf("%.0f so far", got)
		}
		return err
	})
}

// terminate ends a run as an init system does, and checks that it drains in time.
func terminate(t *testing.T, p *process) {
	t.Helper()
	if code := p.stop(sigterm, 15*time.Second); code != 0 {
		t.Errorf("exit code %d after SIGTERM, want 0", code)
	}
}

// compare reports every series whose counts differ.
func compare(t *testing.T, got, want map[series]uint64) {
	t.Helper()
	var wrong []error
	for s, n := range want {
		if got[s] != n {
			wrong = append(wrong, fmt.Errorf("%+v: counted %d, truth %d", s, got[s], n))
		}
	}
	for s, n := range got {
		if _, known := want[s]; !known && n > 0 {
			wrong = append(wrong, fmt.Errorf("%+v: counted %d, truth none", s, n))
		}
	}
	if len(wrong) > 0 {
		t.Errorf("%d of %d series differ:\n%s", len(wrong), len(want), tail(errors.Join(wrong...).Error(), 15))
	}
}
